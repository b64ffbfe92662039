"""Threads that carry rows out beside the next batches: a slow provider holds up its own rows alone."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from django.db import connection as database

from work.claim import Claim

log = logging.getLogger(__name__)

THREADS = 8
# So many may be begun and not ended; beyond it no more are claimed.
UNDER_WAY = 2 * THREADS
PATIENCE_SECONDS = 0.3


class Crew:
    """Daemon threads, made at the first use: they do not survive the fork of a worker."""

    def __init__(self, name: str, work: Callable[[Claim], None]) -> None:
        self._name, self._work = name, work
        self._todo: queue.SimpleQueue[Claim] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._under_way = 0
        self._threads = 0

    def carry(self, claims: Sequence[Claim]) -> None:
        """Begins them, waits a moment for their end, and longer where too many are under way."""
        with self._changed:
            self._under_way += len(claims)
            while self._threads < min(THREADS, self._under_way):
                self._threads += 1
                threading.Thread(target=self._run, name=f"{self._name}-{self._threads}", daemon=True).start()
        for claim in claims:
            self._todo.put(claim)
        end = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, timeout=max(0.0, end - time.monotonic()))
            self._changed.wait_for(lambda: self._under_way <= UNDER_WAY - THREADS)

    def wait(self) -> int:
        """Returns when none is under way any more; says how many were."""
        with self._changed:
            were = self._under_way
            self._changed.wait_for(lambda: not self._under_way)
        return were

    def _run(self) -> None:
        while True:
            claim = self._todo.get()
            try:
                self._work(claim)
            except Exception:
                log.exception("%s %s failed", self._name, claim.id)
            finally:
                database.close()
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()
