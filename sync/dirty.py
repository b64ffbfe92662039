"""Marks what the CRM does not know yet, in the transaction of the change itself."""

from __future__ import annotations

import datetime as dt

from django.db.models import F

from connections.models import Connection, ConnectionState
from integrations import registry
from leads.models import Lead
from sync.models import Link, Portal
from work import sweep
from work.rows import State

QUEUE = "sync"
# Changes of one moment (a booking and the lead's new state) become one push.
TOGETHER = dt.timedelta(seconds=1)


def portals() -> list[Connection]:
    """The connected CRMs of the entered tenant."""
    return list(Connection.objects.filter(kind__in=list(registry.crms)).exclude(state=ConnectionState.OFF))


def touch(lead: Lead, *, now: dt.datetime) -> None:
    """The lead, its contact or its visit changed: every connected CRM owes a push."""
    if lead.contact_id is None or lead.is_spam or lead.is_test:
        return
    for connection in portals():
        link, made = Link.objects.get_or_create(
            connection=connection,
            kind=Link.Kind.LEAD,
            local_id=lead.pk,
            defaults={"dirty_since": now, "due_at": now + TOGETHER},
        )
        if not made:
            changes = {"version": F("version") + 1, "parked": False, "attempts": 0}
            if link.dirty_since is None or link.parked:
                changes |= {"dirty_since": now, "due_at": now + TOGETHER}
            Link.objects.filter(pk=link.pk).update(**changes)
        wake(connection, now=now + TOGETHER)


def wake(connection: Connection, *, now: dt.datetime) -> None:
    """Makes the portal's row due. A writer at work looks for more before it ends, so it is left alone."""
    portal, made = Portal.objects.get_or_create(connection=connection, defaults={"due_at": now})
    if not made:
        Portal.objects.filter(pk=portal.pk, state__in=(State.DONE, State.DEAD)).update(
            state=State.PENDING, due_at=now, attempts=0
        )
    sweep.nudge(QUEUE)
