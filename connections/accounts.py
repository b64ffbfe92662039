"""Makes connections and opens their sealed settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from connections import signals
from connections.models import Connection, ConnectionState
from integrations import registry
from tenants import secrets, wall
from tenants.models import digest, new_token

SETTINGS_PLACE = "connection:settings"
TOKEN_PLACE = "connection:token"


def wire_of(kind: str) -> Any:
    """The wire of a kind, a channel's or a CRM's.

    Raises:
        integrations.registry.UnknownKind: there is none.
    """
    return registry.channel(kind) if kind in registry.channels else registry.crm(kind)


def create(kind: str, *, settings: Mapping[str, str], name: str = "") -> Connection:
    """A connection of the entered tenant; asks nobody outside.

    Raises:
        integrations.registry.UnknownKind: there is no such kind.
        ValidationError: a setting is unknown or a required one is missing.
    """
    wire = wire_of(kind)
    known = {field.name: field for field in wire.fields}
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValidationError({key: _("There is no such setting.") for key in unknown})
    values = {key: value for key, value in settings.items() if value}
    missing = [name for name, field in known.items() if field.required and not values.get(name)]
    if missing:
        raise ValidationError({key: _("Fill this in.") for key in missing})
    for field in wire.fields:
        if getattr(field, "generated", False) and not values.get(field.name):
            values[field.name] = new_token(24)
    token = new_token(24)
    tenant_id = wall.current_tenant_id()
    connection = Connection.objects.create(
        kind=kind,
        name=name or str(wire.label),
        sealed_settings=secrets.seal(json.dumps(values), tenant_id=tenant_id, place=SETTINGS_PLACE),
        token_hash=digest(token),
        sealed_token=secrets.seal(token, tenant_id=tenant_id, place=TOKEN_PLACE),
    )
    signals.connected.send(Connection, connection=connection)
    return connection


def settings_of(connection: Connection) -> dict[str, str]:
    """The plain settings of a connection.

    Raises:
        tenants.secrets.CannotOpen: the key ring does not fit.
    """
    return open_settings(connection.sealed_settings, tenant_id=connection.tenant_id)


def open_settings(sealed: bytes | memoryview, *, tenant_id: int) -> dict[str, str]:
    """Plain settings from their sealed form."""
    found: dict[str, str] = json.loads(secrets.unseal(sealed, tenant_id=tenant_id, place=SETTINGS_PLACE))
    return found


def change_settings(connection: Connection, changes: Mapping[str, str]) -> None:
    """Puts new values in; the former value of a secret stays valid under `<name>_previous` while it rotates."""
    values = settings_of(connection)
    for field in wire_of(connection.kind).fields:
        new = changes.get(field.name)
        if new and new != values.get(field.name):
            if field.secret and values.get(field.name):
                values[f"{field.name}_previous"] = values[field.name]
            values[field.name] = new
    connection.sealed_settings = secrets.seal(
        json.dumps(values), tenant_id=connection.tenant_id, place=SETTINGS_PLACE
    )
    connection.save(update_fields=["sealed_settings"])


def token_of(connection: Connection) -> str:
    """The secret part of the hook's address."""
    return secrets.unseal(connection.sealed_token, tenant_id=connection.tenant_id, place=TOKEN_PLACE)


def hook_path(connection: Connection) -> str:
    """Where the provider posts to, below PUBLIC_URL."""
    return f"/hooks/{connection.kind}/{token_of(connection)}/"


def note_trouble(connection: Connection, *, reason: str, broken: bool) -> None:
    """Remembers the last error in words; `broken` stops sending until somebody mends it."""
    from tenants import clock

    connection.last_error = reason[:500]
    connection.last_error_at = clock.now()
    if broken:
        connection.state = ConnectionState.BROKEN
    connection.save(update_fields=["last_error", "last_error_at", "state"])
    if broken:
        signals.broke.send(Connection, connection=connection)
