"""Rows behind figures in words: who, what, and where the row opens."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Max
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingItem
from conversations.models import Contact, Conversation
from economics.listing import Row
from economics.metric import Kind
from economics.models import Spend
from economics.words import source_name
from leads.models import Lead


@dataclasses.dataclass(frozen=True)
class Described:
    """A row as a person reads it; `url` is empty where there is no page of its own."""

    title: str
    detail: str
    url: str


def describe(rows: Sequence[Row]) -> list[Described]:
    """In the order of `rows`; a handful of queries however many rows."""
    leads = _by_id(Lead, rows, Kind.LEAD)
    bookings = Booking.objects.select_related("staff").in_bulk(_ids(rows, Kind.BOOKING, Kind.VISIT))
    spends = _by_id(Spend, rows, Kind.SPEND)
    people = Contact.objects.in_bulk({row.contact_id for row in rows if row.contact_id})
    services = _services(bookings)
    threads = _threads(people)
    return [_one(row, leads, bookings, spends, people, services, threads) for row in rows]


def _ids(rows: Iterable[Row], *kinds: Kind) -> set[int]:
    return {row.id for row in rows if row.kind in kinds}


def _by_id(model: Any, rows: Sequence[Row], kind: Kind) -> dict[int, Any]:
    found: dict[int, Any] = model.objects.in_bulk(_ids(rows, kind))
    return found


def _services(bookings: Mapping[int, Booking]) -> dict[int, str]:
    names: dict[int, list[str]] = {}
    for booking_id, name in (
        BookingItem.objects.filter(booking__in=list(bookings))
        .order_by("position", "id")
        .values_list("booking_id", "name")
    ):
        names.setdefault(booking_id, []).append(name)
    return {booking_id: ", ".join(listed) for booking_id, listed in names.items()}


def _threads(people: Mapping[int, Contact]) -> dict[int, int]:
    """The newest thread of each contact."""
    newest = Conversation.objects.filter(contact__in=list(people)).values("contact").annotate(last=Max("id"))
    return {row["contact"]: row["last"] for row in newest}


def _one(
    row: Row,
    leads: Mapping[int, Lead],
    bookings: Mapping[int, Booking],
    spends: Mapping[int, Spend],
    people: Mapping[int, Contact],
    services: Mapping[int, str],
    threads: Mapping[int, int],
) -> Described:
    person = people.get(row.contact_id or 0)
    title = str(person) if person else _("Without a contact")
    thread = threads.get(row.contact_id or 0)
    detail = ""
    if row.kind is Kind.SPEND:
        spend = spends.get(row.id)
        if spend is None:
            return Described(_("Spend"), "", "")
        name = source_name(spend.source or None)
        detail = " · ".join(part for part in (spend.get_kind_display(), spend.campaign, spend.note) if part)
        return Described(name, detail, _reverse("economics:spend-edit", row.id))
    if row.kind is Kind.LEAD and (lead := leads.get(row.id)):
        thread = lead.conversation_id or thread
        detail = " · ".join([source_name(lead.channel_kind or None), str(lead.get_status_display())])
    if row.kind in (Kind.BOOKING, Kind.VISIT) and (booking := bookings.get(row.id)):
        parts = (services.get(booking.pk, ""), booking.staff.name, str(booking.get_status_display()))
        detail = " · ".join(part for part in parts if part)
    return Described(title, detail, _reverse("inbox:thread", thread) if thread else "")


def _reverse(name: str, *args: int) -> str:
    """The address of a page of whichever room has it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
