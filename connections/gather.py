"""Gathers the rows of concurrent requests into one commit; each request waits for its own.

One thread owns one connection of the ingest role. While it commits, the next rows gather, so the number of commits
follows the disk and not the number of requests.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import queue
import threading
import time

import psycopg2

from connections import events

log = logging.getLogger(__name__)

MOST = 500
# After a failed connection the database is left alone for a moment, and requests go to the spool at once.
REST_SECONDS = 0.5


class DatabaseDown(Exception):
    """The rows are not in the database, as far as is known."""


class Gatherer:
    """See the module."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[events.Row, concurrent.futures.Future[None]]] = queue.SimpleQueue()
        self._connection: psycopg2.extensions.connection | None = None
        self._down_until = 0.0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    async def store(self, row: events.Row, *, patience: float = 3.0) -> None:
        """Returns when the row is committed.

        Raises:
            DatabaseDown: it is not, or not known to be; storing it again is harmless.
        """
        if time.monotonic() < self._down_until:
            raise DatabaseDown
        if self._thread is None:
            self._start()
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._waiting.put((row, done))
        try:
            await asyncio.wait_for(asyncio.wrap_future(done), patience)
        except TimeoutError as error:
            self._down_until = time.monotonic() + REST_SECONDS
            raise DatabaseDown from error

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gather", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < MOST:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            batch = [(row, done) for row, done in batch if not done.cancelled()]
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[tuple[events.Row, concurrent.futures.Future[None]]]) -> None:
        try:
            self._insert([row for row, _ in batch])
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            log.warning("ingest: database away: %s", str(error).strip())
            self._down_until = time.monotonic() + REST_SECONDS
            self._settle(batch, DatabaseDown(str(error)))
        except psycopg2.Error as error:
            if len(batch) == 1:
                log.exception("ingest: a row was refused")
                self._settle(batch, DatabaseDown(str(error)))
                return
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
                # A server restart breaks a lasting connection once; repeating is safe, the ids are unique.
                self._connection.close()
                self._connection = None
        self._connection = events.connect()
        events.insert(self._connection, rows)

    @staticmethod
    def _settle(
        batch: list[tuple[events.Row, concurrent.futures.Future[None]]], error: Exception | None
    ) -> None:
        for _, done in batch:
            if done.set_running_or_notify_cancel():
                done.set_exception(error) if error else done.set_result(None)
