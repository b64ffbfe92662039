"""What an account needs again and again: a key that would run out, the texts its provider approved.

Done beside the look at its health, once a day. It may be done twice: each step begins by asking what is there.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection
from integrations.errors import FAILURES
from tenants import clock, wall

log = logging.getLogger(__name__)

EVERY = dt.timedelta(days=1)
REMINDER = "reminder"
# How our text is called at the provider.
REMINDER_NAME = "marzha_visit_reminder"


def look(tenant_id: int, connection_id: int) -> None:
    """Renews what is due. A failure is tried again tomorrow: keys live for weeks."""
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        now = clock.now()
        wire = accounts.wire_of(connection.kind)
        last = str(connection.account.get("renewed_at") or "")
        if last and now - dt.datetime.fromisoformat(last) < EVERY:
            return
        settings, language = accounts.settings_of(connection), wall.entered_tenant().language
        connection.account |= {"renewed_at": now.isoformat()}
        connection.save(update_fields=["account"])
    try:
        if hasattr(wire, "renew"):
            _keep_key(tenant_id, connection_id, accounts.run(settings, wire.renew(settings)))
        if wire.capabilities.templates:
            _keep_templates(tenant_id, connection_id, _templates(wire, settings, language))
    except FAILURES as failure:
        log.info("connection %s could not be renewed: %s", connection_id, failure)


def _keep_key(tenant_id: int, connection_id: int, renewed: Any) -> None:
    if renewed is None or not renewed.changes:
        return
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        accounts.change_settings(connection, renewed.changes)


def _templates(wire: Any, settings: dict[str, str], language: str) -> dict[str, dict[str, str]]:
    """The provider's word on each of our texts; one that is not there yet is handed in for approval."""
    listed = accounts.run(settings, wire.templates(settings))
    ours = next((one for one in listed if one.name == REMINDER_NAME and one.language[:2] == language), None)
    if ours is None:
        with translation.override(language):
            call = wire.create_template(
                settings,
                name=REMINDER_NAME,
                language=language,
                text=_("Hello, {{1}}! A reminder of your visit: {{2}}. Will you come?"),
                examples=[_("Anna"), _("tomorrow, 15:00")],
                replies=[_("I will come"), _("Move"), _("Cancel the visit")],
            )
        ours = accounts.run(settings, call)
    return {REMINDER: {"name": ours.name, "language": ours.language, "state": ours.status}}


def _keep_templates(tenant_id: int, connection_id: int, found: dict[str, dict[str, str]]) -> None:
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        connection.account |= {"templates": found}
        connection.save(update_fields=["account"])
