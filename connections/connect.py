"""Checks an account at its provider and registers our hook there: outside calls, so outside transactions."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings as django_settings

from connections import accounts
from connections.models import Connection, ConnectionState
from integrations.protocols.channel import Connected, Health
from kit import http
from tenants import wall

# An account is asked again when it gave a setting that must be kept before it tries our hook; more often than this
# it gives another one each time, and the last is kept.
MOST_ROUNDS = 3


def register(tenant_id: int, connection_id: int) -> Connected:
    """Asks the provider who the account is, registers the hook and keeps what was told.

    Raises:
        integrations.errors: Rejected (a wrong token), Retry, Unreachable, Uncertain; nothing is changed then
            but for settings that the provider had given by that time.
    """
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values = accounts.settings_of(connection)
        address = django_settings.PUBLIC_URL + accounts.hook_path(connection)
    wire = accounts.wire_of(connection.kind)
    for _round in range(MOST_ROUNDS):
        connected: Connected = http.run(wire.connect(values, address))
        given = {key: value for key, value in connected.settings.items() if values.get(key) != value}
        if not given:
            break
        values = _keep(tenant_id, connection_id, given)
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        connection.account |= {
            "name": connected.name,
            "external_id": connected.external_id,
            "link_base": connected.link_base,
            **connected.details,
        }
        connection.name = connected.name or connection.name
        connection.state = ConnectionState.OK
        connection.last_error = ""
        connection.save(update_fields=["account", "name", "state", "last_error"])
    return connected


def _keep(tenant_id: int, connection_id: int, given: Mapping[str, str]) -> dict[str, str]:
    """Commits settings that a provider gave; returns them all."""
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        accounts.change_settings(connection, given)
        return accounts.settings_of(connection)


def check(tenant_id: int, connection_id: int) -> Health:
    """Asks the provider whether the account is alive and still reports to us; keeps the answer."""
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values = accounts.settings_of(connection)
        address = django_settings.PUBLIC_URL + accounts.hook_path(connection)
    health: Health = http.run(accounts.wire_of(connection.kind).health(values, address))
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        if not health.ok:
            accounts.note_trouble(connection, reason=health.reason, broken=False)
    return health
