#!/bin/sh
# The web process of the image. A stream of live events counts as a request, so the limits on them are raised.
set -eu
exec granian --interface asgi config.asgi:application --host "${HOST:-0.0.0.0}" --port "${PORT:-8000}" \
    --workers "${WEB_WORKERS:-1}" --backlog 4096 --backpressure 20000 --workers-kill-timeout 10 --no-ws \
    --respawn-failed-workers --log-level warning
