"""Fetches what a hook has not told: it goes through the same door as what the hook brings.

Rows first, then the place where the next look begins: a death between the two brings the same rows again, and they
stand already.
"""

from __future__ import annotations

import datetime as dt
import logging

from connections import accounts, events, health
from connections.models import Connection
from integrations import registry
from integrations.errors import FAILURES, Rejected, Retry
from integrations.protocols.channel import Polled
from tenants import clock, wall

log = logging.getLogger(__name__)


def look(tenant_id: int, connection_id: int) -> int | None:
    """Stores what was missed; returns how many requests the provider gave, None when it could not be asked."""
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values, cursor = accounts.settings_of(connection), connection.cursor
    wire = registry.channel(connection.kind)
    call = wire.poll(values, cursor)
    if call is None:
        return 0
    try:
        polled: Polled = accounts.run(values, call)
    except Retry:
        return None
    except FAILURES as failure:
        log.info("%s %s could not be asked for what was missed: %s", connection.kind, connection_id, failure)
        _failed(tenant_id, connection_id, failure)
        return None
    now = dt.datetime.now(dt.UTC)
    rows = [
        events.row(wire, request, tenant_id=tenant_id, connection_id=connection_id, received_at=now)
        for request in polled.requests
    ]
    if rows:
        door = events.connect()
        try:
            events.insert(door, rows)
        finally:
            door.close()
    if polled.cursor != cursor:
        with wall.tenant_tx(tenant_id):
            Connection.objects.filter(pk=connection_id).update(cursor=polled.cursor)
    return len(rows)


def _failed(tenant_id: int, connection_id: int, failure: Exception) -> None:
    """A dead key or a provider out of reach is known at once; other refusals are for the look at the health."""
    if isinstance(failure, Rejected) and not failure.revoked:
        return
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
        health.record(connection, failure, now=clock.now())  # type: ignore[arg-type]
