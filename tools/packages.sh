#!/bin/sh
# Installs a lock into .venv, each file checked by its hash: `sh tools/packages.sh requirements/demo.lock`.
set -eu
lock=$1
# pip may be pointed to a mirror; uv reads none of pip's settings.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    mirror=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ]; then
        export UV_DEFAULT_INDEX="$mirror"
    fi
fi
if .venv/bin/python -m uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock"; then
    exit 0
fi
echo "  once more, by pip" >&2
exec .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
