"""Raw leads: what came in and could not be read. A person reads it, has it read again, or makes a contact of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from connections import intake
from connections.models import InboundEvent
from connections.payload import SHOWN, Readable, readable
from conversations import contacts
from conversations.models import Contact
from integrations import registry
from kit import phones
from kit.text import storable
from leads import pipeline, signals, tasks
from leads.models import Lead, LeadStatus
from tenants.models import User
from work.rows import State

__all__ = ["SHOWN", "Readable", "readable"]


def task_key(event_id: int) -> str:
    """The to-do that stands for a raw lead (opened by the leads' room)."""
    return f"raw:{event_id}"


def guess(event: InboundEvent) -> dict[str, str]:
    """What a contact might be made of: the first phone in the body."""
    plain = bytes(event.raw)[:SHOWN].decode("utf-8", "replace")
    return {"phone": phones.find(plain) or ""}


def standing() -> Any:
    """Raw leads that nobody has dealt with, newest first."""
    return (
        Lead.objects.filter(contact=None)
        .exclude(status=LeadStatus.LOST)
        .select_related("connection", "event")
        .defer("connection__sealed_settings", "event__raw")
        .order_by("-created_at", "-id")
    )


def replay(lead: Lead) -> bool:
    """Has the event read again; False when that is under way or done already."""
    if lead.event is None or lead.event.state != State.DEAD:
        return False
    intake.replay(lead.event)
    return True


def can_replay(lead: Lead) -> bool:
    """Whether there is something to read again, and a wire to read it."""
    return (
        lead.event is not None and lead.event.state == State.DEAD and lead.channel_kind in registry.channels
    )


def adopt(lead: Lead, *, phone: str, name: str, by: User, now: dt.datetime) -> Contact:
    """Makes the raw lead a person's. `phone` is E.164, or empty when only a name could be read."""
    if phone:
        contact = contacts.by_phone(phone, name=name, now=now)
    else:
        contact = Contact.objects.create(name=storable(name)[:200], created_at=now)
    _give(lead, contact, now=now)
    _done(lead, by=by, now=now)
    return contact


def read_after_all(event: InboundEvent | None, *, contact: Contact, now: dt.datetime) -> None:
    """The event of a raw lead was read at last: the lead is the contact's, or a double of their open one."""
    if event is None:
        return
    lead = Lead.objects.filter(event=event, contact=None).first()
    if lead is not None:
        _give(lead, contact, now=now)
        _done(lead, by=None, now=now)


def _give(lead: Lead, contact: Contact, *, now: dt.datetime) -> None:
    open_lead = pipeline.open_of(contact)
    if open_lead is not None and open_lead.pk != lead.pk:
        lead.duplicate_of = open_lead
        lead.save(update_fields=["duplicate_of"])
        pipeline.lose(lead, reason=_("The same request, read later"), now=now)
        return
    lead.contact = contact
    lead.save(update_fields=["contact"])
    signals.lead_changed.send(Lead, lead=lead, now=now)


def drop(lead: Lead, *, by: User, now: dt.datetime) -> None:
    """Nothing of value in it."""
    pipeline.lose(lead, reason=_("Not a request"), now=now)
    _done(lead, by=by, now=now)


def restore(lead: Lead, *, now: dt.datetime) -> None:
    """Undoes `drop`."""
    lead.status, lead.lost_reason, lead.closed_at = LeadStatus.NEW, "", None
    lead.save(update_fields=["status", "lost_reason", "closed_at"])
    if lead.event_id:
        tasks.open_task(
            _("Something came in that could not be read: look at it"),
            due_at=now,
            now=now,
            reason="raw_lead",
            key=task_key(lead.event_id),
            lead=lead,
        )
    signals.lead_changed.send(Lead, lead=lead, now=now)


def _done(lead: Lead, *, by: User | None, now: dt.datetime) -> None:
    if lead.event_id:
        tasks.close_by_key(task_key(lead.event_id), by=by, now=now)
