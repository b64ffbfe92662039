"""A portal's limits, kept by ourselves: asking too often costs everybody on our address.

Two ledgers of the vendor's (limits.md): a leaky bucket of requests per portal and our address (holds 50,
leaks 2 a second), and `operating`, the seconds a method worked for us in the last ten minutes. We stay a
little below both, so that clocks and other programs of the same office do not push us over.

The bucket is shared by our processes. The second ledger is kept here alone: it comes back with every
answer, so another process learns of it by its first call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from integrations import errors
from kit import limits

HOLDS = 45.0
LEAKS = 1.9
FLOOD_PAUSE = 5.0
OPERATING = 480.0
"""Seconds of one method in ten minutes; the vendor sets the real threshold, this is its own example."""
SHARE = 0.8


class Pace:
    """Says `Retry` before a portal would have to. Safe to share between threads.

    `clock` gives seconds since the epoch: the portal's reset times are told in them.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._closed: dict[tuple[str, str], float] = {}

    def before(self, portal: str, methods: Iterable[str]) -> None:
        """Take one request's place; raises `Retry` with the seconds to wait, having taken nothing."""
        now = self._clock()
        with self._lock:
            for method in methods:
                until = self._closed.get((portal, method), 0.0)
                if until > now:
                    raise errors.Retry(until - now, "operating")
                self._closed.pop((portal, method), None)
        wait = limits.take(_key(portal), rate=LEAKS, burst=HOLDS)
        if wait > 0:
            raise errors.Retry(wait, "rate", whole_account=True)

    def spent(self, portal: str, method: str, block: Mapping[str, Any]) -> None:
        """Read the `time` block of one answer; close the method until its reset when it is nearly used up."""
        operating, reset = block.get("operating"), block.get("operating_reset_at")
        if isinstance(operating, (int, float)) and operating >= OPERATING * SHARE:
            self.close(portal, method, reset if isinstance(reset, (int, float)) else None)

    def close(self, portal: str, method: str, until: float | None = None) -> float:
        """No more of this method until then (a minute from now when unknown); returns the seconds to wait."""
        now = self._clock()
        until = until if until is not None and until > now else now + 60.0
        with self._lock:
            until = max(until, self._closed.get((portal, method), 0.0))
            self._closed[portal, method] = until
        return until - now

    def flooded(self, portal: str) -> float:
        """The portal said that its bucket is full: somebody else on our address fills it too."""
        limits.pause(_key(portal), FLOOD_PAUSE, rate=LEAKS)
        return FLOOD_PAUSE


def _key(portal: str) -> str:
    return f"bitrix24:{portal}"
