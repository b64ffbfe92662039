"""Wakes the queue of answers at the moment one is due, instead of at its next poll.

`dispatch` is woken by a nudge or after a second; an answer is due a fraction of a second after the client's word. A
lost alarm costs that second and nothing else: what is to be done stands in the rows.
"""

from __future__ import annotations

import datetime as dt
import heapq
import logging
import threading
import time

from django.db import connection, transaction

from work import sweep

log = logging.getLogger(__name__)

# Rung a little late rather than a little early: a row that is not due yet would wait for the next poll.
_LATE = 0.01


class _Clock:
    """One thread that waits for the next alarm."""

    def __init__(self) -> None:
        self._due: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def set(self, at: float, queue: str) -> None:
        """Wakes `queue` at the monotonic time `at`."""
        with self._changed:
            heapq.heappush(self._due, (at, queue))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._wait, name="alarms", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _wait(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                _at, queue = heapq.heappop(self._due)
            try:
                sweep.nudge(queue)
            except Exception as error:
                log.info("an alarm was lost: %s", str(error).strip())
                connection.close()


_clock = _Clock()


def ring(queue: str, *, after: dt.timedelta) -> None:
    """Wakes a queue so long after this call, once the present transaction has been committed."""
    at = time.monotonic() + max(after.total_seconds(), 0.0) + _LATE
    transaction.on_commit(lambda: _clock.set(at, queue))
