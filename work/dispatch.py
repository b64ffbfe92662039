"""The loop that carries out due rows: LISTEN wakes it, a poll each second makes sure.

Fast queues get a thread each. Slow ones are given to Celery by one message a batch; with Redis dead or no worker
taking them they are swept here.
"""

from __future__ import annotations

import gc
import logging
import select
import sys
import threading
import time

import psycopg2
import psycopg2.extensions
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from work import claim, heartbeat, sweep

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Each loop's trip to the database ends in a wait for the interpreter; with the usual 5 ms a busy loop would hold up the
# others for longer than the database does.
SWITCH_SECONDS = 0.0005
# A slow row that nobody took for so long after a nudge is done here.
PATIENCE_SECONDS = 20.0


class Dispatcher:
    """All loops of one `dispatch` process; those of one queue share its bell."""

    def __init__(self, queues: list[sweep.Queue]) -> None:
        self.queues = queues
        self.stopping = threading.Event()
        self.bells = {queue.name: threading.Event() for queue in queues}

    def run(self) -> None:
        """Works until `stop`; a database that went away is waited for."""
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.freeze()  # what was loaded stays; looking through it again would stop all loops for a tenth of a second
        threads = [
            threading.Thread(target=self._loop, args=(queue,), name=queue.name, daemon=True)
            for queue in self.queues
            for _ in range(queue.loops)
        ]
        threads.append(threading.Thread(target=self._chores, name="chores", daemon=True))
        for thread in threads:
            thread.start()
        while not self.stopping.is_set():
            try:
                self._listen()
            except psycopg2.Error as error:
                log.warning("listening stopped: %s", str(error).strip())
                self.stopping.wait(1.0)
        for bell in self.bells.values():
            bell.set()
        for thread in threads:
            thread.join(timeout=15)

    def stop(self) -> None:
        """Lets every loop finish its batch and end."""
        self.stopping.set()
        for bell in self.bells.values():
            bell.set()

    def _listen(self) -> None:
        parameters = connection.get_connection_params()
        parameters.pop("cursor_factory", None)
        listener = psycopg2.connect(**parameters)
        try:
            listener.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
            with listener.cursor() as cursor:
                cursor.execute("LISTEN work")
            for bell in self.bells.values():
                bell.set()  # whatever was announced while nobody listened
            while not self.stopping.is_set():
                if not select.select([listener], [], [], 0.5)[0]:
                    continue
                listener.poll()
                while listener.notifies:
                    named = self.bells.get(listener.notifies.pop(0).payload)
                    if named is not None:
                        named.set()
        finally:
            listener.close()

    def _loop(self, queue: sweep.Queue) -> None:
        bell = self.bells[queue.name]
        while not self.stopping.is_set():
            bell.clear()
            try:
                heartbeat.beat(queue.name)
                busy = self._carry_on(queue)
            except (OperationalError, InterfaceError) as error:
                log.warning("%s: database away: %s", queue.name, str(error).strip())
                busy = False
                self.stopping.wait(0.5)
            except Exception:
                log.exception("%s: sweep failed", queue.name)
                busy = False
            close_old_connections()
            if not busy:
                bell.wait(sweep.next_look(queue.name, within=POLL_SECONDS))
        if queue.wait:
            queue.wait()
        connection.close()

    def _chores(self) -> None:
        while not self.stopping.wait(POLL_SECONDS):
            sweep.do_chores()
            close_old_connections()
        connection.close()

    def _carry_on(self, queue: sweep.Queue) -> bool:
        """One round; says whether there was anything to do."""
        return self._hand_over(queue) if queue.lane == sweep.SLOW else sweep.run(queue, linger=False) > 0

    def _hand_over(self, queue: sweep.Queue) -> bool:
        """Nudges Celery once when rows are due; does them itself when nobody takes them."""
        sweep.free_stale(queue)
        claim.promote(queue.model)
        overdue = claim.overdue_seconds(queue.model)
        if overdue is None:
            return False
        if overdue > PATIENCE_SECONDS or not _nudge_celery(queue.name):
            return sweep.run(queue) > 0
        self.stopping.wait(0.5)
        return False


_broken_until = 0.0


def _nudge_celery(name: str) -> bool:
    """Publishes one message; False when the broker did not take it. A broken broker is left alone for 10 s."""
    global _broken_until
    if time.monotonic() < _broken_until:
        return False
    from work import jobs

    try:
        jobs.sweep_queue.apply_async(kwargs={"name": name}, retry=False, expires=60)
    except Exception as error:
        log.warning("nudge failed: %s", error)
        _broken_until = time.monotonic() + 10.0
        return False
    return True
