"""Ties a messenger to a visit: the client opens a link or scans a code, and reminders go there from then on.

The link starts the chat with `visit_<the visit's public token>`. It is recognised before the rooms below take the
message in (see `reminders/apps.py`), so that a messenger nobody knew belongs to the visit's client from its first word.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from bookings.models import UPCOMING, Booking
from connections import accounts
from connections.models import Connection, ConnectionState
from conversations.models import Conversation, Identity
from integrations import registry
from integrations.protocols import channel
from kit.text import storable
from leads import pipeline
from leads.models import Lead, LeadStatus
from reminders import reach, texts, visit
from reminders.models import Reminder
from tenants import clock, wall

PREFIX = "visit_"
# Best known first: what a client most likely has.
ORDER = ("telegram", "max", "vk", "whatsapp", "webchat")


@dataclasses.dataclass(frozen=True)
class Link:
    """Where a client opens a chat that will know the visit."""

    kind: str
    label: str
    url: str


def links(booking: Booking) -> list[Link]:
    """One link for each connected channel that has deep links, the likeliest first."""
    found = []
    for account in Connection.objects.filter(state=ConnectionState.OK).order_by("id"):
        if account.kind not in registry.channels:
            continue
        wire = registry.channel(account.kind)
        url = wire.link(_base(account), PREFIX + booking.public_token)
        if url and not wire.capabilities.inbound_only:
            found.append(Link(account.kind, str(wire.label), url))
    return sorted(found, key=lambda link: ORDER.index(link.kind) if link.kind in ORDER else len(ORDER))


def _base(account: Connection) -> str:
    """What a deep link is built on: told by the provider, or the page of our own chat."""
    told = str(account.account.get("link_base") or "")
    if told or account.kind != "webchat":
        return told
    try:
        return settings.PUBLIC_URL + reverse("conversations:chat", args=[accounts.token_of(account)])
    except NoReverseMatch:
        return ""


def visit_of(touch: channel.Touch | None) -> Booking | None:
    """The coming visit that a touch names."""
    if touch is None or not touch.code.startswith(PREFIX):
        return None
    token = touch.code.removeprefix(PREFIX)
    return Booking.objects.select_related("contact").filter(public_token=token, status__in=UPCOMING).first()


# ---------------------------------------------------------------- before the thread is made
def foresee(sender: Any, connection: Connection, event: Any, fact: Any, **_kwargs: Any) -> None:
    """Receiver of `connections.signals.fact_received`, before all others: an unknown messenger is the client's."""
    if not isinstance(fact, channel.MessageReceived | channel.ChatOpened):
        return
    booking = visit_of(fact.touch)
    if booking is None or booking.contact is None:
        return
    try:
        with transaction.atomic():
            Identity.objects.create(
                contact=reach.survivor(booking.contact),
                channel_kind=connection.kind,
                external_id=storable(fact.person.external_id)[:200],
                username=storable(fact.person.username)[:100],
                created_at=clock.now(),
            )
    except IntegrityError:
        return  # we know this messenger already, as somebody's


# ---------------------------------------------------------------- once it is there
def attach(thread: Conversation, touch: channel.Touch | None, *, now: dt.datetime) -> bool:
    """Sends the visit's reminders to this thread and says so; False when the touch names no coming visit."""
    booking = visit_of(touch)
    if booking is None:
        return False
    if booking.contact is None:
        booking.contact = thread.contact
    booking.conversation = thread
    booking.save(update_fields=["contact", "conversation"])
    Reminder.objects.filter(booking=booking, to_call=True, called_at=None).update(to_call=False)
    _close_request(thread, touch, now=now)
    with texts.spoken(wall.entered_tenant(), thread.contact):
        opening = _("We will remind you of your visit here.")
        visit.show(
            booking,
            thread,
            now=now,
            opening=opening,
            key=f"attach:{booking.pk}:{thread.pk}:{thread.generation}",
        )
    return True


def _close_request(thread: Conversation, touch: channel.Touch | None, *, now: dt.datetime) -> None:
    """Opening the chat by a visit's link asks for nothing: a request that it opened is not counted as one."""
    asked = Lead.objects.filter(
        contact_id=thread.contact_id, conversation=thread, created_at=now, status=LeadStatus.NEW
    )
    for lead in asked.filter(touches__code=touch.code if touch else ""):
        lead.is_test = True
        lead.save(update_fields=["is_test"])
        pipeline.lose(lead, reason=_("A messenger was attached to a visit"), now=now)
