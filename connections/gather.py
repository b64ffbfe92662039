"""Gathers the rows of concurrent requests into one commit; each request waits for its own.

One thread owns one connection of the ingest role. While it commits, the next rows gather, so the number of commits
follows the disk and not the number of requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from typing import NamedTuple

import psycopg2
import psycopg2.errors

from connections import events

log = logging.getLogger(__name__)

# So much goes into one commit.
MOST, MOST_BYTES = 500, 8 * 1024 * 1024
# A connection that had nothing to do for so long is given back.
IDLE_SECONDS = 20.0
# After a failed connection the database is left alone for a moment, and requests go to the spool at once.
REST_SECONDS = 0.5


class DatabaseDown(Exception):
    """The rows are not in the database, as far as is known."""


class Waiting(NamedTuple):
    """A row and who waits for its commit."""

    row: events.Row
    done: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop


class Gatherer:
    """See the module."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._left: Waiting | None = None  # taken out of the queue, and too large for the commit under way
        self._connection: psycopg2.extensions.connection | None = None
        self._down_until = 0.0
        self._committing_since: float | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    async def store(self, row: events.Row, *, patience: float = 3.0) -> None:
        """Returns when the row is committed.

        Raises:
            DatabaseDown: it is not, or not known to be; storing it again is harmless.
        """
        now = time.monotonic()
        # A commit that hangs will not come back for this row either: it need not wait to learn that.
        if now < self._down_until or now - (self._committing_since or now) > patience:
            raise DatabaseDown
        if self._thread is None:
            self._start()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        # A bare timer: asyncio.wait_for costs more than everything else here.
        timer = loop.call_later(patience, self._give_up, done)
        self._waiting.put(Waiting(row, done, loop))
        try:
            await done
        finally:
            timer.cancel()

    def _give_up(self, done: asyncio.Future[None]) -> None:
        if not done.done():
            self._down_until = time.monotonic() + REST_SECONDS
            done.set_exception(DatabaseDown("no answer in time"))

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gather", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = self._next()
            self._committing_since = time.monotonic()
            try:
                self._commit(batch)
            finally:
                self._committing_since = None

    def _next(self) -> list[Waiting]:
        """The rows of the next commit; one that is too large for any stands alone."""
        batch = [self._left or self._first()]
        self._left = None
        size = len(batch[0].row.raw)
        while len(batch) < MOST and size < MOST_BYTES:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            size += len(waiting.row.raw)
            if size > MOST_BYTES:
                self._left = waiting
                break
            batch.append(waiting)
        return batch

    def _first(self) -> Waiting:
        """The next row, whenever it comes."""
        try:
            return self._waiting.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            return self._waiting.get()

    def _commit(self, batch: list[Waiting]) -> None:
        try:
            self._insert([waiting.row for waiting in batch])
        except Exception as error:
            # Two processes that hold the same events in another order wait for each other; alone a row waits for none.
            away = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
            if away and not isinstance(error, psycopg2.errors.DeadlockDetected):
                log.warning("ingest: database away: %s", str(error).strip())
                self._down_until = time.monotonic() + REST_SECONDS
                self._settle(batch, DatabaseDown(str(error)))
            elif len(batch) == 1:
                log.exception("ingest: a row was refused")
                self._settle(batch, DatabaseDown(str(error)))
            else:
                for each in batch:  # one bad row must not take the others with it
                    self._commit([each])
        else:
            self._settle(batch, None)

    def _insert(self, rows: list[events.Row]) -> None:
        if self._connection is not None:
            try:
                events.insert(self._connection, rows)
                return
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                if not self._connection.closed:
                    raise
                # A server restart breaks a lasting connection once; repeating is safe, the ids are unique.
                self._connection = None
        self._connection = events.connect()
        events.insert(self._connection, rows)

    @staticmethod
    def _settle(batch: list[Waiting], error: Exception | None) -> None:
        """Wakes each event loop once for all of its requests."""
        loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for waiting in batch:
            loops.setdefault(waiting.loop, []).append(waiting.done)
        for loop, waiters in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits
                loop.call_soon_threadsafe(_wake, waiters, error)


def _wake(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    for done in waiters:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
