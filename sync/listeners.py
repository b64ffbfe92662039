"""Hears what changes for the CRM: leads, contacts, visits, a new connection."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from bookings import signals as booking_signals
from connections import signals as connection_signals
from conversations import signals as conversation_signals
from integrations import registry
from leads import pipeline
from leads import signals as lead_signals
from leads.models import Lead
from sync import dirty, links
from tenants import clock


@receiver([lead_signals.lead_opened, lead_signals.lead_changed])
def lead_moved(sender: Any, lead: Lead, now: Any, **_: Any) -> None:
    """A lead was opened or moved."""
    dirty.touch(lead, now=now)


@receiver(conversation_signals.contact_changed)
def contact_learned(sender: Any, contact: Any, now: Any, **_: Any) -> None:
    """A name or a phone became known while the person has something open."""
    lead = pipeline.open_of(contact) or Lead.objects.filter(contact=contact).order_by("-id").first()
    if lead is not None:
        dirty.touch(lead, now=now)


@receiver(conversation_signals.contacts_merged)
def people_merged(sender: Any, merge: Any, now: Any, **_: Any) -> None:
    """Two contacts are one: so are their twins, and the deals that changed hands say so."""
    links.adopt(merge)
    _touch_moved(merge, now=now)


@receiver(conversation_signals.contacts_parted)
def people_parted(sender: Any, merge: Any, now: Any, **_: Any) -> None:
    """Two people again."""
    links.give_back(merge)
    _touch_moved(merge, now=now)


def _touch_moved(merge: Any, *, now: Any) -> None:
    ids = merge.moved["rows"].get("leads.Lead.contact", [])
    for lead in Lead.objects.select_related("contact").filter(pk__in=ids):
        dirty.touch(lead, now=now)


@receiver(
    [
        booking_signals.booked,
        booking_signals.moved,
        booking_signals.cancelled,
        booking_signals.completed,
        booking_signals.no_show,
        booking_signals.client_confirmed,
    ]
)
def visit_changed(sender: Any, booking: Any, now: Any, **_: Any) -> None:
    """A visit of a lead changed."""
    if booking.lead_id is not None:
        dirty.touch(Lead.objects.select_related("contact").get(pk=booking.lead_id), now=now)


@receiver(connection_signals.connected)
def portal_connected(sender: Any, connection: Any, **_: Any) -> None:
    """A CRM was connected: it is looked at by the next turn."""
    if connection.kind in registry.crms:
        dirty.wake(connection, now=clock.now())
