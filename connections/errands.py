"""What a person asked for at a provider: connect, check, disconnect. A durable row each; their page follows its steps.

It is done at once and by nobody twice at the same time; a worker that dies leaves a row that is done again, which
harms nothing: a provider takes the same address as often as it is given.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Collection, Mapping, Sequence

from django.db import connection as database
from django.utils import translation

from connections import accounts, condition, connect, health, kinds, looks, signals, words
from connections.models import Connection, ConnectionState, Errand
from integrations.errors import FAILURES, Rejected
from kit.text import storable
from tenants import clock, wall
from tenants.models import User
from work import sweep
from work.claim import Claim
from work.rows import OPEN_STATES, AppNow, LeaseLost, State

log = logging.getLogger(__name__)

QUEUE = "errands"
# Longer than an errand takes: connecting, where the provider hands out settings, is three calls of a minute each.
LEASE = dt.timedelta(minutes=5)
AT_ONCE = 8
PATIENCE_SECONDS = 0.3
# Time to take a switch-off back before the provider hears of it.
REGRET = dt.timedelta(seconds=10)


def send(
    connection: Connection,
    job: str,
    *,
    by: User | None,
    former: bytes | memoryview | None = None,
    after: dt.timedelta = dt.timedelta(),
) -> Errand:
    """Asks for something; what was asked for before of the same account and has not begun is taken back.

    `former` are the sealed settings to return to when it fails.
    """
    Errand.objects.filter(connection=connection, state__in=(State.WAITING, State.PENDING)).update(
        state=State.CANCELLED
    )
    made = Errand.objects.create(
        connection=connection,
        job=job,
        user=by,
        sealed_settings=bytes(former) if former is not None else None,
        state=State.WAITING if after else State.PENDING,
        due_at=AppNow() + after,
        created_at=clock.now(),
    )
    sweep.nudge(QUEUE)
    return made


def change(
    connection: Connection,
    changes: Mapping[str, str],
    *,
    clear: Collection[str] = (),
    by: User | None,
) -> Errand:
    """Puts new settings in and tries them at the provider; when they do not work there the former ones return.

    Raises:
        ValidationError: the settings make no sense; nothing was changed.
    """
    former = bytes(connection.sealed_settings)
    accounts.change_settings(connection, changes, clear=clear)
    return send(connection, Errand.Job.CONNECT, by=by, former=former)


def latest(connection: Connection) -> Errand | None:
    """The errand a page shows: the last one that was not taken back."""
    return Errand.objects.filter(connection=connection).exclude(state=State.CANCELLED).order_by("-id").first()


def under_way(errand: Errand | None) -> bool:
    """Whether somebody is at it."""
    return errand is not None and errand.state in OPEN_STATES


# Carrying out --------------------------------------------------------------------------------------------------------


class _Crew:
    """Threads that carry errands out beside the next batches."""

    def __init__(self) -> None:
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._busy: set[concurrent.futures.Future[None]] = set()
        self._lock = threading.Lock()

    def carry(self, claims: Sequence[Claim]) -> None:
        """Begins all; returns soon, whether or not they have ended."""
        with self._lock:
            # Made at the first use: threads do not survive the fork of a worker.
            self._pool = self._pool or concurrent.futures.ThreadPoolExecutor(
                AT_ONCE, thread_name_prefix="errand"
            )
            begun = [self._pool.submit(_carry, claim) for claim in claims]
            self._busy = {one for one in self._busy if not one.done()} | set(begun)
        concurrent.futures.wait(begun, timeout=PATIENCE_SECONDS)

    def wait(self) -> int:
        """Returns when nothing is under way; says how much was."""
        with self._lock:
            busy = [one for one in self._busy if not one.done()]
        concurrent.futures.wait(busy)
        return len(busy)


_crew = _Crew()
carry, wait = _crew.carry, _crew.wait


def _carry(claim: Claim) -> None:
    try:
        with wall.tenant_tx(claim.tenant_id):
            row = Errand.objects.get(pk=claim.id)
            if row.lease_token != claim.token:
                return
            job, connection_id = row.job, row.connection_id
        {Errand.Job.CONNECT: _connect, Errand.Job.CHECK: _check, Errand.Job.DISCONNECT: _disconnect}[
            Errand.Job(job)
        ](claim, connection_id)
    except LeaseLost:
        log.info("errand %s is somebody else's by now", claim.id)
    except Exception as error:
        log.exception("errand %s failed", claim.id)
        with contextlib.suppress(Exception):
            sweep.put_off(Errand, claim, error)
    finally:
        database.close()


def _connect(claim: Claim, connection_id: int) -> None:
    """Asks the provider, registers our address there, looks whether it took it."""
    try:
        connect.register(claim.tenant_id, connection_id, accepted=lambda: _goes_on(claim, Errand.Step.HOOK))
    except FAILURES as failure:
        _failed(claim, failure)
        return
    _goes_on(claim, Errand.Step.CHECK)
    _check(claim, connection_id)


def _check(claim: Claim, connection_id: int) -> None:
    found = health.look(claim.tenant_id, connection_id)
    if found.well or not isinstance(found.found, Exception):
        with wall.tenant_tx(claim.tenant_id):
            row = Errand.objects.select_related("connection").get(pk=claim.id)
            error = "" if found.well else row.connection.last_error
            row.finish(
                token=claim.token,
                state=State.DEAD if error else State.DONE,
                error=error,
                step=Errand.Step.CHECK,
                sealed_settings=None,
            )
            signals.changed.send(Connection, connection=row.connection)
        return
    with wall.tenant_tx(claim.tenant_id):
        row = Errand.objects.select_related("connection").get(pk=claim.id)
        said = _said(row.connection, found.found)
        row.finish(
            token=claim.token, state=State.DEAD, error=said, step=Errand.Step.CHECK, sealed_settings=None
        )
        signals.changed.send(Connection, connection=row.connection)


def _disconnect(claim: Claim, connection_id: int) -> None:
    """Takes our address back. A provider out of reach is tried again; a dead key cannot be used and need not be."""
    error: Exception | None = None
    with wall.tenant_tx(claim.tenant_id):
        row = Errand.objects.select_related("connection").get(pk=claim.id)
        if row.connection.state != ConnectionState.OFF:
            row.finish(token=claim.token, state=State.CANCELLED)
            return
    try:
        connect.disconnect(claim.tenant_id, connection_id)
    except FAILURES as failure:
        error = failure
    with wall.tenant_tx(claim.tenant_id):
        row = Errand.objects.select_related("connection").get(pk=claim.id)
        if error is None or isinstance(error, Rejected):
            row.finish(token=claim.token, error=storable(str(error or "")))
        else:
            row.retry(token=claim.token, error=storable(str(error)))
        if row.connection.deleted_at and row.state not in OPEN_STATES:
            _forget(row.connection)
        elif row.connection.state != ConnectionState.OFF:
            # Switched on again while the provider was told: whichever call came first, the address must stand.
            send(row.connection, Errand.Job.CONNECT, by=None)


def _goes_on(claim: Claim, step: str) -> None:
    with wall.tenant_tx(claim.tenant_id):
        Errand.objects.filter(pk=claim.id, lease_token=claim.token).update(step=step)


def _failed(claim: Claim, failure: Exception) -> None:
    """Ends an errand that did not connect; former settings return and what was typed is kept to be shown again."""
    with wall.tenant_tx(claim.tenant_id):
        row = Errand.objects.select_for_update(of=("self",)).get(pk=claim.id)
        connection = Connection.objects.select_for_update(no_key=True).get(pk=row.connection_id)
        typed = None
        if row.sealed_settings is not None:
            typed, connection.sealed_settings = connection.sealed_settings, row.sealed_settings
            connection.save(update_fields=["sealed_settings"])
        row.finish(
            token=claim.token,
            state=State.DEAD,
            error=_said(connection, failure),
            sealed_settings=bytes(typed) if typed is not None else None,
        )
        if typed is None and connection.state not in (ConnectionState.NEW, ConnectionState.OFF):
            health.record(connection, failure, now=clock.now())  # type: ignore[arg-type]
        signals.changed.send(Connection, connection=connection)


def _said(connection: Connection, failure: Exception) -> str:
    with translation.override(wall.entered_tenant().language):
        said = words.of(failure, provider=condition.provider_of(connection))
        return storable(f"{said.title}\n{said.advice}")


# On, off and gone ----------------------------------------------------------------------------------------------------


def switch_off(connection: Connection, *, by: User | None) -> None:
    """Nothing comes in or goes out any more; the provider is told after a moment in which it can be taken back."""
    connection.state = ConnectionState.OFF
    connection.save(update_fields=["state"])
    if kinds.calls(connection.kind, connection.account):
        send(connection, Errand.Job.DISCONNECT, by=by, after=REGRET)


def switch_on(connection: Connection, *, by: User | None) -> None:
    """Works again; our address is registered anew where a provider has to know it."""
    connection.state = ConnectionState.OK
    connection.silence_told_at = None
    connection.save(update_fields=["state", "silence_told_at"])
    looks.plan(connection)
    if kinds.calls(connection.kind, connection.account):
        send(connection, Errand.Job.CONNECT, by=by)


def delete(connection: Connection, *, by: User | None) -> None:
    """Hides an account for good. Its threads stay; its secrets go once the provider has been told."""
    connection.state = ConnectionState.OFF
    connection.deleted_at = clock.now()
    connection.save(update_fields=["state", "deleted_at"])
    if kinds.calls(connection.kind, connection.account) and connection.accepted_at is not None:
        send(connection, Errand.Job.DISCONNECT, by=by)
    else:
        _forget(connection)


def _forget(connection: Connection) -> None:
    connection.sealed_settings = accounts.seal({}, tenant_id=connection.tenant_id)
    connection.save(update_fields=["sealed_settings"])
    Errand.objects.filter(connection=connection).update(sealed_settings=None)
