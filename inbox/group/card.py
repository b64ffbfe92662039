"""The client's card in a topic: what a colleague needs to know, and the buttons that make sense now."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings.models import Booking, BookingStatus, Service
from conversations.models import Conversation, Holder
from inbox import card as cards
from inbox.group import words
from inbox.group.models import Topic
from integrations import registry
from integrations.protocols.channel import Button
from integrations.protocols.group import Rows
from kit.templatetags import marzha
from tenants import clock, wall

# A visit that was forgotten to be marked is asked for until so long after its end.
ASKED_FOR = dt.timedelta(hours=12)


@dataclasses.dataclass(frozen=True)
class Shown:
    """A card as it is to stand there."""

    text: str
    buttons: Rows

    @property
    def digest(self) -> str:
        """The same for the same card."""
        rows = [[(button.label, button.value) for button in row] for row in self.buttons]
        return hashlib.sha256(json.dumps([self.text, rows]).encode()).hexdigest()


def of(topic: Topic, *, now: dt.datetime) -> Shown:
    """The card of a topic's client at this moment, in the tenant's words (`plan.in_tenants_words`)."""
    thread = topic.conversation
    found = cards.of(thread.pk, thread.contact_id, now=now)
    contact = found.contact
    lines = [
        f"{words.client(thread)} · {words.channel(thread)}",
        marzha.phone(contact.phone) if contact.phone else "",
        _lead(found),
        *(_("Next visit: %(visit)s") % {"visit": visit(booking, now)} for booking in found.upcoming[:2]),
        _visits(found, now),
        contact.note[:300],
        _holder(thread),
        words.link(thread),
    ]
    text = "\n".join(line for line in lines if line)
    return Shown(text, _buttons(topic, found, now=now))


def visit(booking: Booking, now: dt.datetime) -> str:
    """A visit in a line: when, what, at whom, how it went."""
    what = ", ".join(item.name for item in booking.items.all())
    parts = [marzha.when(booking.starts_at, now), what, booking.staff.name]
    if booking.status not in (BookingStatus.CONFIRMED, BookingStatus.COMPLETED):
        parts.append(str(BookingStatus(booking.status).label).lower())
    return " · ".join(part for part in parts if part)


def _lead(found: cards.Card) -> str:
    lead = found.open_lead or (found.leads[0] if found.leads else None)
    if lead is None:
        return ""
    parts = [_("Request: %(status)s") % {"status": str(lead.get_status_display()).lower()}]
    if lead.source:
        parts.append(_("from %(source)s") % {"source": lead.campaign or lead.source})
    return " · ".join(parts)


def _visits(found: cards.Card, now: dt.datetime) -> str:
    if not found.visits and not found.no_shows:
        return pgettext("visits", "No visits yet") if not found.upcoming else ""
    parts = [_("Visits: %(count)d") % {"count": found.visits}]
    if found.no_shows:
        parts.append(_("did not come: %(count)d") % {"count": found.no_shows})
    last = next((b for b in found.past if b.status == BookingStatus.COMPLETED), None)
    if last is not None:
        parts.append(_("last %(day)s") % {"day": marzha.day(last.starts_at, now)})
    return ", ".join(parts)


def _holder(thread: Conversation) -> str:
    if thread.state == Conversation.State.CLOSED:
        return _("The conversation is closed")
    if thread.assignee is not None:
        return _("With: %(name)s") % {"name": thread.assignee.get_full_name()}
    if thread.holder == Holder.ASSISTANT:
        return _("The assistant answers")
    return _("A colleague answers")


# ---------------------------------------------------------------- buttons
def button(label: str, action: str, topic: Topic, *more: int) -> Button:
    """A button whose value names what to do and with what. The value is looked up, never trusted."""
    most = registry.groups[topic.group.connection.kind].capabilities.max_label
    value = ":".join([action, str(topic.pk), *(str(one) for one in more)])
    return Button(label if len(label) <= most else f"{label[: most - 1]}…", value)


def _buttons(topic: Topic, found: cards.Card, *, now: dt.datetime) -> Rows:
    thread = topic.conversation
    if thread.not_a_client or thread.is_private:
        return ()
    rows = []
    first = []
    if thread.holder != Holder.PERSON:
        first.append(button(_("Take"), "take", topic))
    if Service.objects.filter(active=True).exists():
        first.append(button(_("Free times"), "times", topic))
    rows.append(first)
    booking = of_today([*found.upcoming, *reversed(found.past)], now=now)
    if booking is not None:
        rows.append(_marks(topic, booking, now=now))
    if thread.state != Conversation.State.CLOSED:
        rows.append([button(_("Close"), "close", topic)])
    return tuple(tuple(row) for row in rows if row)


def of_today(bookings: list[Booking], *, now: dt.datetime) -> Booking | None:
    """The visit whose mark is wanted: today's, or one that was not marked some hours ago."""
    today = clock.local_day(now, tenant=wall.entered_tenant())
    open_ones = [
        booking
        for booking in bookings
        if booking.status in (BookingStatus.CONFIRMED, BookingStatus.ARRIVED)
        and (booking.local_day == today or booking.starts_at <= now <= booking.ends_at + ASKED_FOR)
    ]
    if open_ones:
        return min(open_ones, key=lambda booking: booking.starts_at)
    marked = [
        booking
        for booking in bookings
        if booking.status in (BookingStatus.COMPLETED, BookingStatus.NO_SHOW) and booking.local_day == today
    ]
    return max(marked, key=lambda booking: booking.starts_at) if marked else None


def _marks(topic: Topic, booking: Booking, *, now: dt.datetime) -> list[Button]:
    if booking.status == BookingStatus.CONFIRMED:
        marks = [button(_("Came"), "came", topic, booking.pk)]
        if booking.starts_at <= now:
            marks.append(button(_("No-show"), "missed", topic, booking.pk))
        return marks
    if booking.status == BookingStatus.ARRIVED:
        return [
            button(_("Visit done"), "done", topic, booking.pk),
            button(_("Take the mark back"), "unmark", topic, booking.pk),
        ]
    return [button(_("Take the mark back"), "unmark", topic, booking.pk)]
