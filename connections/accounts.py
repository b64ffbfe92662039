"""Makes connections, opens their sealed settings, and the way out that each of them takes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from connections import kinds, signals
from connections.models import Connection, ConnectionState, Trouble
from kit import http
from tenants import secrets, wall
from tenants.models import digest, new_token

SETTINGS_PLACE = "connection:settings"
TOKEN_PLACE = "connection:token"
FORMER = "_previous"

T = TypeVar("T")

wire_of = kinds.wire_of


def create(
    kind: str, *, settings: Mapping[str, str], name: str = "", state: str = ConnectionState.OK
) -> Connection:
    """A connection of the entered tenant; asks nobody outside.

    Raises:
        integrations.registry.UnknownKind: there is no such kind.
        ValidationError: a setting is unknown or a required one is missing.
    """
    wire = wire_of(kind)
    values = {key: value for key, value in settings.items() if value}
    kinds.check(kind, values)
    for field in kinds.fields_for(kind, values.get(kinds.PROVIDER, "")):
        if getattr(field, "generated", False) and not values.get(field.name):
            values[field.name] = new_token(24)
    token = new_token(24)
    tenant_id = wall.current_tenant_id()
    connection = Connection.objects.create(
        kind=kind,
        name=name or str(wire.label),
        sealed_settings=seal(values, tenant_id=tenant_id),
        token_hash=digest(token),
        sealed_token=secrets.seal(token, tenant_id=tenant_id, place=TOKEN_PLACE),
        state=state,
        account={
            **({"named": True} if name else {}),
            **({kinds.PROVIDER: values[kinds.PROVIDER]} if values.get(kinds.PROVIDER) else {}),
        },
    )
    signals.connected.send(Connection, connection=connection)
    return connection


def settings_of(connection: Connection) -> dict[str, str]:
    """The plain settings of a connection, with those that this installation fills.

    Raises:
        tenants.secrets.CannotOpen: the key ring does not fit.
    """
    return open_settings(connection.sealed_settings, tenant_id=connection.tenant_id, kind=connection.kind)


def own_settings(connection: Connection) -> dict[str, str]:
    """The tenant's own plain settings alone."""
    return open_settings(connection.sealed_settings, tenant_id=connection.tenant_id)


def open_settings(sealed: bytes | memoryview, *, tenant_id: int, kind: str = "") -> dict[str, str]:
    """Plain settings from their sealed form; with a kind, what this installation fills stands below them."""
    found: dict[str, str] = json.loads(secrets.unseal(sealed, tenant_id=tenant_id, place=SETTINGS_PLACE))
    return {**kinds.platform(kind), **found} if kind else found


def seal(values: Mapping[str, str], *, tenant_id: int) -> bytes:
    """The sealed form of plain settings."""
    return secrets.seal(json.dumps(dict(values)), tenant_id=tenant_id, place=SETTINGS_PLACE)


def change_settings(
    connection: Connection, changes: Mapping[str, str], *, clear: Collection[str] = ()
) -> None:
    """Puts new values in; the former value of a secret stays valid under `<name>_previous` while it rotates.

    An empty value changes nothing; what is to be without a value stands in `clear`.

    Raises:
        ValidationError: the settings would make no sense then.
    """
    values = own_settings(connection)
    for field in kinds.fields(connection.kind):
        new = changes.get(field.name)
        if new and new != values.get(field.name):
            if field.secret and values.get(field.name):
                values[f"{field.name}{FORMER}"] = values[field.name]
            values[field.name] = new
        elif field.name in clear:
            values.pop(field.name, None)
            values.pop(f"{field.name}{FORMER}", None)
    names = {field.name for field in kinds.fields(connection.kind)}
    kinds.check(connection.kind, {name: value for name, value in values.items() if name in names})
    connection.sealed_settings = seal(values, tenant_id=connection.tenant_id)
    connection.save(update_fields=["sealed_settings"])


def token_of(connection: Connection) -> str:
    """The secret part of the hook's address."""
    return secrets.unseal(connection.sealed_token, tenant_id=connection.tenant_id, place=TOKEN_PLACE)


def hook_path(connection: Connection) -> str:
    """Where the provider posts to, below PUBLIC_URL."""
    return f"/hooks/{connection.kind}/{token_of(connection)}/"


def way_out(settings: Mapping[str, str]) -> str:
    """The proxy that calls of a connection go through, "" for none: `proxy=` of `http.run` and `http.arun`."""
    return settings.get(kinds.PROXY.name, "")


def run(settings: Mapping[str, str], call: http.Call[T]) -> T:
    """Makes a call of a connection in this thread, by the way its settings name. Raises as `http.run`."""
    return http.run(call, proxy=way_out(settings))


def note_trouble(connection: Connection, *, reason: str, broken: bool) -> None:
    """Remembers the last error in words; `broken` stops sending until somebody mends it."""
    from tenants import clock

    now = clock.now()
    before = connection.state
    connection.last_error = str(reason)[:500]
    connection.last_error_at = now
    changed = ["last_error", "last_error_at", "state"]
    broken = broken and connection.state != ConnectionState.OFF
    if broken:
        connection.state = ConnectionState.BROKEN
        if connection.trouble != Trouble.TOKEN:
            connection.trouble, connection.trouble_at = Trouble.TOKEN, now
            changed += ["trouble", "trouble_at"]
    connection.save(update_fields=changed)
    if broken:
        signals.broke.send(Connection, connection=connection, again=before == ConnectionState.BROKEN)


def rename(connection: Connection, name: str) -> None:
    """Gives an account a name of the owner's own, which no provider's name replaces."""
    connection.name = name.strip()[:200]
    connection.account |= {"named": True}
    connection.save(update_fields=["name", "account"])


def facts_of(connection: Connection) -> dict[str, Any]:
    """What a page may show of the settings: the plain ones, and of secret ones only that they are there."""
    values = own_settings(connection)
    return {
        field.name: True if field.secret else values[field.name]
        for field in kinds.fields(connection.kind)
        if values.get(field.name)
    }
