"""Through which chats a client can be reached, best first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from bookings.models import Booking
from connections.models import ConnectionState
from conversations import window
from conversations.models import Contact, Conversation
from integrations import registry
from reminders.models import Reason

PURPOSE = "reminder"


def obstacle(thread: Conversation, *, now: dt.datetime) -> Reason | None:
    """Why nothing can be written there, None when it can."""
    if registry.channel(thread.connection.kind).capabilities.inbound_only:
        return Reason.NO_CHAT
    if thread.blocked_at is not None:
        return Reason.BLOCKED
    if thread.connection.state != ConnectionState.OK:
        return Reason.CHANNEL_DOWN
    if not window.of(thread).open(now) and template(thread, now=now) is None:
        return Reason.WINDOW
    return None


def template(thread: Conversation, *, now: dt.datetime) -> dict[str, Any] | None:
    """The approved text to remind by where free words are over, None where they are not or there is none."""
    until = window.of(thread)
    if until.open(now) or not until.templates:
        return None
    return window.template_of(thread.connection.account, PURPOSE)


def threads(booking: Booking) -> Iterator[Conversation]:
    """Where the visit was agreed, then the client's other threads, the latest first; whether they can be written to
    is another question."""
    own = booking.conversation
    if own is not None:
        yield own
    if booking.contact is None:
        return
    others = Conversation.objects.filter(contact=survivor(booking.contact)).select_related(
        "connection", "contact"
    )
    yield from others.exclude(pk=own.pk if own else None).order_by("-last_message_at", "-id")


def survivor(contact: Contact) -> Contact:
    """The contact that this one was merged into, or itself."""
    while contact.merged_into is not None:
        contact = contact.merged_into
    return contact
