"""The client's card beside a thread: who they are, where from, what they asked, their visits and their money."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, Sum

from bookings.models import UPCOMING, Booking, BookingItem, BookingStatus
from conversations import contacts, signals
from conversations.models import Contact, Conversation, Identity
from inbox import merges
from kit.text import storable
from leads.models import OPEN_STATUSES, Lead, Task

MOST_LEADS, MOST_VISITS, MOST_TAGS = 5, 6, 20


@dataclasses.dataclass
class Card:
    """All that the card shows."""

    contact: Contact
    identities: list[Identity]
    leads: list[Lead]
    open_lead: Lead | None
    upcoming: list[Booking]
    past: list[Booking]
    visits: int
    no_shows: int
    spent: Decimal
    tasks: list[Task]
    elsewhere: list[Conversation]
    questions: list[merges.Question]
    merges: list[merges.Past]


def of(conversation_id: int | None, contact_id: int, *, now: dt.datetime) -> Card:
    """The card of a thread's client, or of a contact without a thread."""
    contact = Contact.objects.get(pk=contact_id)
    leads = list(
        Lead.objects.filter(contact=contact)
        .select_related("connection")
        .defer("connection__sealed_settings")
        .order_by("-created_at", "-id")[:MOST_LEADS]
    )
    visits = (
        Booking.objects.filter(Q(contact=contact) | Q(attendee=contact))
        .exclude(status=BookingStatus.EXPIRED)
        .select_related("staff")
        .prefetch_related(Prefetch("items", BookingItem.objects.order_by("position", "id")))
    )
    done = Q(status=BookingStatus.COMPLETED)
    totals: dict[str, Any] = Booking.objects.filter(contact=contact).aggregate(
        visits=Count("id", filter=done),
        no_shows=Count("id", filter=Q(status=BookingStatus.NO_SHOW)),
        spent=Sum("total", filter=done),
        discount=Sum("discount", filter=done),
    )
    coming = Q(status__in=UPCOMING, ends_at__gt=now) | Q(status=BookingStatus.ARRIVED)
    return Card(
        contact=contact,
        identities=list(Identity.objects.filter(contact=contact).order_by("id")),
        leads=leads,
        open_lead=next((lead for lead in leads if lead.status in OPEN_STATUSES), None),
        upcoming=list(visits.filter(coming).order_by("starts_at")[:MOST_VISITS]),
        past=list(visits.exclude(coming).order_by("-starts_at")[:MOST_VISITS]),
        visits=totals["visits"],
        no_shows=totals["no_shows"],
        spent=(totals["spent"] or Decimal(0)) - (totals["discount"] or Decimal(0)),
        tasks=list(
            Task.objects.filter(contact=contact, done_at=None)
            .select_related("assignee")
            .order_by("due_at", "id")
        ),
        elsewhere=list(
            Conversation.objects.filter(contact=contact, is_private=False)
            .exclude(pk=conversation_id)
            .select_related("connection")
            .defer("connection__sealed_settings")
            .order_by("-last_message_at")[:5]
        ),
        questions=merges.questions(contact),
        merges=merges.past(contact),
    )


def change(contact: Contact, *, name: str, phone: str, tags: list[str], note: str, now: dt.datetime) -> None:
    """What a colleague typed over; `phone` is E.164 or empty. Only a number that changed loses its proof."""
    contact.tags = list(dict.fromkeys(storable(tag).strip()[:40] for tag in tags if tag.strip()))[:MOST_TAGS]
    contact.note = storable(note)[:5000]
    contact.name = storable(name).strip()[:200]
    contact.save(update_fields=["name", "tags", "note"])
    signals.contact_changed.send(Contact, contact=contact, now=now)
    contacts.correct(contact, phone=phone, now=now)
