#!/bin/sh
# Installs a lock into .venv or a place named after it, each file checked by its hash:
# `sh tools/packages.sh requirements/demo.lock [PLACE]`.
set -eu
lock=$1 place=${2:-.venv}
# pip may be pointed to a mirror; uv reads none of pip's settings.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    mirror=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ]; then
        export UV_DEFAULT_INDEX="$mirror"
    fi
fi
if .venv/bin/python -m uv pip install --quiet --python "$place/bin/python" --require-hashes -r "$lock"; then
    exit 0
fi
echo "  once more, by pip" >&2
exec .venv/bin/python -m pip --python "$place/bin/python" install --quiet --disable-pip-version-check --require-hashes -r "$lock"
