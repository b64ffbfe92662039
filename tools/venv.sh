#!/bin/sh
# Makes .venv with its installer in it: `sh tools/venv.sh PYTHON`.
set -eu
python=$1
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    # Debian ships Python without the means to make a venv.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q >/dev/null
        apt-get install -qy --no-install-recommends python3-venv >/dev/null
    else
        echo "This Python cannot make virtual environments; install the package python3-venv." >&2
        exit 1
    fi
fi
# One that another Python made, or that was moved from elsewhere, is made anew.
if [ -e .venv ] && ! .venv/bin/python -m pip --version 2>/dev/null | grep -qF "$(pwd -P)/"; then
    rm -rf .venv
fi
"$python" -m venv .venv
exec .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements/bootstrap.lock
