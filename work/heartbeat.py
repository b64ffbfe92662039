"""Signs of life of the loops, for /metrics and the watchful: one row a loop, renewed every few seconds."""

from __future__ import annotations

import time

from work.models import Heartbeat

_last: dict[str, float] = {}
EVERY_SECONDS = 5.0


def beat(name: str) -> None:
    """Renews the row of a loop, at most every `EVERY_SECONDS`."""
    now = time.monotonic()
    if now - _last.get(name, -EVERY_SECONDS) < EVERY_SECONDS:
        return
    _last[name] = now
    Heartbeat.renew(name)
