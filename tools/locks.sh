#!/bin/sh
# Writes all locks anew from their .in files: newest allowed versions, for every system, without registry hosts.
set -eu
lock() {
    .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-emit-index-url --no-header "$@"
}
lock requirements/bootstrap.in -o requirements/bootstrap.lock
lock requirements/node.in -o requirements/node.lock
lock requirements/prod.in -o requirements/prod.lock
lock requirements/demo.in -c requirements/prod.lock -o requirements/demo.lock
lock requirements/dev.in -c requirements/demo.lock -o requirements/dev.lock
lock requirements/readers.in -o requirements/readers.lock
.venv/bin/python tools/node.py npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
