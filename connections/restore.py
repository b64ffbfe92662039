"""A look at an account's health that mends what it can: an address that is gone is registered again, once a day.

More often would be a quarrel with whoever takes it away; then the owner decides.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.utils import translation
from django.utils.translation import gettext as _

from connections import condition, connect, health, signals
from connections.models import Connection, Trouble
from integrations.errors import FAILURES
from tenants import clock, wall

log = logging.getLogger(__name__)

ONCE_IN = dt.timedelta(hours=24)
# What registering the address again may cure. Rights, and a provider that does not get through, it does not.
CURABLE = frozenset({Trouble.HOOK, Trouble.TAKEN, Trouble.OTHER})


def look(tenant_id: int, connection_id: int) -> health.Look:
    """Looks; where the address is gone, registers it again and looks once more; tells the owner what was found."""
    found = health.look(tenant_id, connection_id)
    if not found.reached or not found.trouble or found.trouble == Trouble.TOKEN:
        return found  # a dead key is told by `broke`, a provider out of reach by the look itself
    restored = False
    if found.trouble in CURABLE and _may(tenant_id, connection_id):
        lost = found.trouble
        try:
            connect.register(tenant_id, connection_id)
        except FAILURES as failure:
            log.info("connection %s could not be registered again: %s", connection_id, failure)
        found = health.look(tenant_id, connection_id)
        restored = found.well
        if restored and lost in (Trouble.HOOK, Trouble.TAKEN):
            _tell_restored(tenant_id, connection_id, lost)
    if not restored and found.trouble:
        _tell(tenant_id, connection_id)
    return found


def _may(tenant_id: int, connection_id: int) -> bool:
    """Whether it is time to mend; notes that it was."""
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
        now = clock.now()
        if connection.restored_at and now - connection.restored_at < ONCE_IN:
            return False
        connection.restored_at = now
        connection.save(update_fields=["restored_at"])
    return True


def _tell_restored(tenant_id: int, connection_id: int, lost: str) -> None:
    with wall.tenant_tx(tenant_id), translation.override(wall.entered_tenant().language):
        connection = Connection.objects.get(pk=connection_id)
        names = _names(connection)
        why = (
            _("Another service had taken its messages.")
            if lost == Trouble.TAKEN
            else _("%(provider)s had lost our address.") % names
        )
        signals.attention.send(
            Connection,
            connection=connection,
            key=health.key(connection, "restored", connection.restored_at),
            subject=_("%(name)s was cut off and is connected again") % names,
            text=why
            + " "
            + _("We registered it again. Look whether everything came in that clients wrote meanwhile."),
            now=clock.now(),
        )


def _tell(tenant_id: int, connection_id: int) -> None:
    """Tells what stays wrong, once for each time that it begins."""
    with wall.tenant_tx(tenant_id), translation.override(wall.entered_tenant().language):
        connection = Connection.objects.get(pk=connection_id)
        if not connection.trouble or connection.trouble == Trouble.TOKEN:
            return
        names = {
            **_names(connection),
            "what": Trouble(connection.trouble).label,
            "reason": connection.last_error,
        }
        signals.attention.send(
            Connection,
            connection=connection,
            key=health.key(connection, connection.trouble, connection.trouble_at),
            subject=_("%(name)s: %(what)s") % names,
            text=_("%(provider)s says: %(reason)s. Open the channel: it says what to do.") % names,
            now=clock.now(),
        )


def _names(connection: Connection) -> dict[str, str]:
    return {"name": connection.name, "provider": condition.provider_of(connection)}
