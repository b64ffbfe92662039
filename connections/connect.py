"""Checks an account at its provider and registers our hook there: outside calls, so outside transactions."""

from __future__ import annotations

from django.conf import settings as django_settings

from connections import accounts
from connections.models import Connection, ConnectionState
from integrations.protocols.channel import Connected, Health
from kit import http
from tenants import wall


def register(tenant_id: int, connection_id: int) -> Connected:
    """Asks the provider who the account is, registers the hook and keeps what was told.

    Raises:
        integrations.errors: Rejected (a wrong token), Retry, Unreachable, Uncertain; nothing is changed then.
    """
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values = accounts.settings_of(connection)
        address = django_settings.PUBLIC_URL + accounts.hook_path(connection)
    connected: Connected = http.run(accounts.wire_of(connection.kind).connect(values, address))
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
