"""Checks an account at its provider and registers our hook there: outside calls, so outside transactions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.conf import settings as django_settings

from connections import accounts, looks, signals
from connections.models import Connection, ConnectionState
from integrations.protocols.channel import Connected
from kit import http
from tenants import clock, wall

log = logging.getLogger(__name__)

# An account is asked again when it gave a setting that must be kept before it tries our hook; more often than this
# it gives another one each time, and the last is kept.
MOST_ROUNDS = 3

T = TypeVar("T")


def register(tenant_id: int, connection_id: int, *, accepted: Callable[[], None] | None = None) -> Connected:
    """Asks the provider who the account is, registers the hook and keeps what was told.

    `accepted` is called once the provider has taken the first request, which is the one that shows the key.

    Raises:
        integrations.errors: Rejected (a wrong token), Retry, Unreachable, Uncertain; nothing is changed then.
    """
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values = accounts.settings_of(connection)
        address = django_settings.PUBLIC_URL + accounts.hook_path(connection)
    wire = accounts.wire_of(connection.kind)
    for _round in range(MOST_ROUNDS):
        call = wire.connect(values, address)
        connected: Connected = accounts.run(values, watched(call, accepted) if accepted else call)
        given = {key: value for key, value in connected.settings.items() if values.get(key) != value}
        if not given:
            break
        values = _keep(tenant_id, connection_id, given)
    with wall.tenant_tx(tenant_id):
        _connected(Connection.objects.select_for_update(no_key=True).get(pk=connection_id), connected)
    return connected


def disconnect(tenant_id: int, connection_id: int) -> None:
    """Takes our hook back at the provider; harmless when it is not there.

    Raises:
        integrations.errors: as `register`.
    """
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values = accounts.settings_of(connection)
        address = django_settings.PUBLIC_URL + accounts.hook_path(connection)
    accounts.run(values, accounts.wire_of(connection.kind).disconnect(values, address))


def watched(call: http.Call[T], accepted: Callable[[], None]) -> http.Call[T]:
    """The same call; says once when the wire goes on after its first answer, which it does when it liked it."""
    told = False
    answer: Any = None
    failure: Exception | None = None
    try:
        while True:
            step = call.send(answer) if failure is None else call.throw(failure)
            if told is False and answer is not None:
                told = True
                accepted()
            failure = None
            try:
                answer = yield step
            except (http.Unreachable, http.Uncertain) as error:
                answer, failure = None, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        call.close()


def _connected(connection: Connection, connected: Connected) -> None:
    first = connection.state == ConnectionState.NEW
    connection.account |= {
        "name": connected.name,
        "external_id": connected.external_id,
        "link_base": connected.link_base,
        **connected.details,
    }
    if connected.name and not connection.account.get("named"):
        connection.name = connected.name[:200]
    if connection.state != ConnectionState.OFF:  # switched off while the provider was asked
        connection.state = ConnectionState.OK
    connection.last_error = connection.trouble = ""
    connection.trouble_at = connection.unreachable_since = connection.unreachable_told_at = None
    connection.accepted_at = connection.checked_at = clock.now()
    connection.save()
    looks.plan(connection)
    if first:
        log.info("%s %s is connected", connection.kind, connection.pk)
    signals.changed.send(Connection, connection=connection)


def _keep(tenant_id: int, connection_id: int, given: Mapping[str, str]) -> dict[str, str]:
    """Commits settings that a provider gave; returns them all."""
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        accounts.change_settings(connection, given)
        return accounts.settings_of(connection)
