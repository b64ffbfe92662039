"""Stored events become facts: parsed by the wire, told to the room that knows them, in one transaction."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import logging
from collections.abc import Sequence
from typing import Any

import psycopg2
from django.db import transaction

from connections import accounts, events, hooks, signals, silence, spool
from connections.models import Connection, InboundEvent
from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import OF_GROUPS, Fact, HookRequest, Ignored
from kit.text import storable
from tenants.models import digest
from work import sweep
from work.claim import Claim
from work.rows import DurableRow, State

log = logging.getLogger(__name__)

AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError)

# Acknowledging a pressed button is a courtesy with a deadline of its own: done beside the transaction, never repeated.
_courtesies = concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="courtesy")


def request_of(event: InboundEvent) -> HookRequest:
    """The stored request as it came."""
    return HookRequest(
        method=event.method,
        subpath=event.subpath,
        query=json.loads(event.query or "{}"),
        headers=event.headers,
        body=bytes(event.raw),
    )


def take_in(row: DurableRow, taken: Claim) -> None:
    """Reads one event and tells its facts; ends it `done`, `ignored` or, unreadable, `dead` with a raw lead."""
    assert isinstance(row, InboundEvent)
    connection = Connection.objects.get(pk=row.connection_id)
    wire = registry.channel(connection.kind)
    settings = accounts.settings_of(connection)
    Connection.objects.filter(pk=connection.pk).update(last_event_at=row.received_at)
    silence.heard(connection)
    try:
        facts = wire.parse(settings, request_of(row))
    except ParseError as error:
        reason = storable(str(error))
        row.finish(token=taken.token, state=State.DEAD, error=reason)
        signals.unreadable.send(InboundEvent, connection=connection, event=row, reason=reason)
        return
    heard = False
    passed_over = []
    for fact in facts:
        if isinstance(fact, Ignored):
            passed_over.append(fact.reason)
            continue
        told = signals.fact_received.send(Connection, connection=connection, event=row, fact=fact)
        if isinstance(fact, OF_GROUPS) and not any(taken for _receiver, taken in told):
            passed_over.append("in a group that is none of ours")
            continue
        heard = True
        courtesy = wire.react(settings, fact)
        if courtesy is not None:
            transaction.on_commit(functools.partial(_courtesies.submit, _react, wire, settings, fact))
    if not heard:
        reasons = "; ".join(storable(reason) for reason in passed_over)
        row.finish(token=taken.token, state=State.IGNORED, error=reasons)


def _react(wire: registry.Channel, settings: dict[str, str], fact: Fact) -> None:
    call = wire.react(settings, fact)
    try:
        if call is not None:
            accounts.run(settings, call)
    except Exception as error:
        log.info("courtesy to %s failed: %s", wire.kind, error)


def gave_up(row: DurableRow) -> None:
    """Tells that an event could not be taken in at all, so that it still stands before a person."""
    assert isinstance(row, InboundEvent)
    connection = Connection.objects.get(pk=row.connection_id)
    signals.unreadable.send(InboundEvent, connection=connection, event=row, reason=row.last_error)


def replay(event: InboundEvent) -> None:
    """Puts a dead event back for another try (after the parser was mended)."""
    event.state = State.PENDING
    event.attempts = 0
    event.last_error = ""
    event.save(update_fields=["state", "attempts", "last_error"])
    sweep.nudge("inbound")


def drain_spool() -> int:
    """Moves what waits in the spool into the database; returns records moved."""
    if not spool.files():
        return 0
    connection = events.connect()
    try:
        return spool.drain(functools.partial(_store, connection, {}))
    finally:
        connection.close()


Accounts = dict[bytes, hooks.Account | None]


def _store(connection: Any, known: Accounts, records: Sequence[spool.Kept]) -> list[spool.Kept]:
    """Commits spooled requests together; returns those that cannot be stored. `known` are accounts by token."""
    rows: list[tuple[spool.Kept, events.Row]] = []
    refused: list[spool.Kept] = []
    for kept in records:
        try:
            row = _row_of(connection, known, kept)
        except AWAY:
            raise
        except Exception:
            log.exception("spool: a request cannot be stored")
            refused.append(kept)
        else:
            rows += [(kept, row)] if row else []
    try:
        events.insert(connection, [row for _, row in rows])
    except AWAY:
        raise
    except Exception:
        refused += [kept for kept, row in rows if not _insert_alone(connection, row)]
    return refused


def _row_of(connection: Any, known: Accounts, kept: spool.Kept) -> events.Row | None:
    """The row of a spooled request; None when nobody's or not authentic."""
    token = digest(kept.token)
    if token not in known:
        known[token] = hooks.resolve(connection, token)
    account = known[token]
    if account is None or account.kind != kept.kind:
        log.warning("spool: no such channel any more, dropped")
        return None
    wire = registry.channel(kept.kind)
    if not kept.verified and not wire.verify(account.settings, kept.request):
        log.warning("spool: wrong signature, dropped")
        return None
    return events.row(
        wire,
        kept.request,
        tenant_id=account.tenant_id,
        connection_id=account.connection_id,
        received_at=kept.received_at,
    )


def _insert_alone(connection: Any, row: events.Row) -> bool:
    """Whether the database took it; one bad row must not take the others with it."""
    try:
        events.insert(connection, [row])
    except AWAY:
        raise
    except Exception:
        log.exception("spool: a row was refused, set aside")
        return False
    return True
