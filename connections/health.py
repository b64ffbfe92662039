"""How an account fares: a look at its provider, and what the look means.

"Unreachable from our server" and "the key is dead" are kept apart: the first says nothing of the account, loses
nothing and passes by itself; the second waits for a person.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.conf import settings as django_settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from connections import accounts, condition, kinds, signals, words
from connections.models import Connection, ConnectionState, Trouble
from integrations.errors import FAILURES, Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Health
from kit.text import storable
from tenants import clock, wall

# A provider that does not answer is the owner's business only when it lasts.
PATIENCE = dt.timedelta(minutes=15)

Found = Health | Retry | Rejected | Unreachable | Uncertain

_BY_CODE = {
    "hook": Trouble.HOOK,
    "taken": Trouble.TAKEN,
    "rights": Trouble.RIGHTS,
    "delivery": Trouble.DELIVERY,
}


_KEPT = (
    "state",
    "checked_at",
    "accepted_at",
    "trouble",
    "trouble_at",
    "unreachable_since",
    "unreachable_told_at",
    "waiting",
    "last_error",
    "last_error_at",
)


@dataclasses.dataclass(frozen=True)
class Look:
    """What a look found, as it was recorded. `trouble` is a `Trouble` or ""."""

    found: Found
    trouble: str
    reached: bool

    @property
    def well(self) -> bool:
        """Alive, and it reports to us."""
        return self.reached and not self.trouble


def look(tenant_id: int, connection_id: int) -> Look:
    """Asks the provider whether the account is alive and reports to us, and records the answer.

    An outside call: with no transaction open.
    """
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        values = accounts.settings_of(connection)
        address = django_settings.PUBLIC_URL + accounts.hook_path(connection)
    found: Found
    try:
        found = accounts.run(values, kinds.wire_of(connection.kind).health(values, address))
    except FAILURES as failure:
        found = failure
    with wall.tenant_tx(tenant_id):
        # The weaker lock: an event's row, whose key points here, must not wait for it.
        connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
        return record(connection, found, now=clock.now())


def record(connection: Connection, found: Found, *, now: dt.datetime) -> Look:
    """Keeps what a look found, and announces what is new in it."""
    reached = not isinstance(found, Unreachable | Uncertain)
    with translation.override(wall.entered_tenant().language):
        if connection.state == ConnectionState.OFF:
            return Look(found, connection.trouble, reached)
        before = _standing(connection)
        connection.checked_at = now
        if not reached:
            _out_of_reach(connection, found, now=now)
        else:
            if connection.unreachable_since is not None:
                _relieve(connection, "unreachable")
            connection.unreachable_since = connection.unreachable_told_at = None
            _told(connection, found, now=now)
        connection.save(update_fields=_KEPT)
    if _standing(connection) != before:
        signals.changed.send(Connection, connection=connection)
    return Look(found, connection.trouble, reached)


def key(connection: Connection, matter: str, at: dt.datetime | None = None) -> str:
    """The name of a matter to tell; with its moment it is this one time of it."""
    return f"channel:{connection.pk}:{matter}:" + (f"{at:%Y%m%d%H%M%S}" if at else "")


def _out_of_reach(connection: Connection, found: Found, *, now: dt.datetime) -> None:
    if connection.unreachable_since is None:
        connection.unreachable_since = now
    connection.last_error = storable(
        str(words.of(_as_error(found), provider=condition.provider_of(connection)))
    )[:500]
    connection.last_error_at = now
    if connection.unreachable_told_at is None and now - connection.unreachable_since >= PATIENCE:
        connection.unreachable_told_at = now
        names = {
            "name": connection.name,
            "provider": condition.provider_of(connection),
            "time": timezone.localtime(connection.unreachable_since, wall.entered_tenant().zone).strftime(
                "%H:%M"
            ),
        }
        signals.attention.send(
            Connection,
            connection=connection,
            key=key(connection, "unreachable", connection.unreachable_since),
            subject=_("%(name)s: %(provider)s cannot be reached from our server") % names,
            text=_(
                "Since %(time)s. Nothing is lost: what clients write waits there, your answers wait here, and both go"
                " on by themselves. Your key is not at fault. If it lasts, give a proxy in the channel's settings."
            )
            % names,
            now=now,
        )


def _told(connection: Connection, found: Found, *, now: dt.datetime) -> None:
    """What the provider itself said."""
    match found:
        case Retry():
            return  # it is there, and busy; what it said before stands
        case Health():
            trouble = "" if found.ok else _BY_CODE.get(found.code, Trouble.OTHER)
            connection.accepted_at = now
            connection.waiting = max(found.pending, 0) if found.pending is not None else None
            reason = str(found.reason)
        case Rejected() if found.revoked:
            trouble, reason = Trouble.TOKEN, found.reason
        case Rejected() if found.code in words.RIGHTS:
            trouble, reason = Trouble.RIGHTS, found.reason
            connection.accepted_at = now
        case _:
            trouble, reason = Trouble.OTHER, str(found)
    before, was = connection.trouble, connection.state
    connection.trouble = trouble
    if trouble != before:
        connection.trouble_at = now if trouble else None
        if before:
            _relieve(connection, before)
    if not trouble:
        connection.last_error = ""
        if was == ConnectionState.BROKEN:
            connection.state = ConnectionState.OK
        return
    connection.last_error, connection.last_error_at = storable(reason)[:500], now
    if trouble == Trouble.TOKEN:
        connection.state = ConnectionState.BROKEN
        if was != ConnectionState.BROKEN:
            connection.save(update_fields=_KEPT)
            signals.broke.send(Connection, connection=connection, again=False)


def _standing(connection: Connection) -> tuple[Any, ...]:
    return connection.state, connection.trouble, connection.unreachable_since


def _relieve(connection: Connection, matter: str) -> None:
    signals.relieved.send(Connection, connection=connection, key=key(connection, matter))


def _as_error(found: Found) -> Exception:
    return found if isinstance(found, Exception) else Uncertain()
