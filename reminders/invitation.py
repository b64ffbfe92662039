"""One SMS for a visit entered at the desk, with the link that brings its reminders into a messenger.

Whoever is booked by phone has no chat with us. An SMS costs money and its delivery is all we learn of it; a messenger
costs nothing and its buttons answer. So one text invites there, and the reminders follow.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import Booking
from connections.models import Connection, ConnectionState
from conversations import outbox
from conversations.models import Author, Message
from conversations.threads import thread_of
from integrations.protocols.channel import Person
from kit import phones
from reminders import attach, reach, texts
from tenants import wall
from tenants.models import Tenant

SETTING = "visit_sms"
KEY = "visit-sms:"
# Entered at the desk or by a passer-by: who booked by themselves was in a chat or on our page.
ORIGINS = ("desk", "walk_in")
# Sooner than this nobody needs a reminder.
AHEAD = dt.timedelta(hours=2)
KEEPS = dt.timedelta(hours=3)


def is_on(tenant: Tenant) -> bool:
    """Whether the tenant wants it; one who never chose does, once an account for SMS is connected."""
    return tenant.settings.get(SETTING) is not False


def choose(tenant: Tenant, *, on: bool) -> None:
    """Keeps the choice."""
    tenant.settings[SETTING] = on
    tenant.save(update_fields=["settings"])


def account() -> Connection | None:
    """The account for SMS, the oldest of several."""
    return Connection.objects.filter(kind="sms", state=ConnectionState.OK).order_by("id").first()


def send(booking: Booking, *, now: dt.datetime) -> Message | None:
    """The SMS of a visit that was just agreed; None when none is due. Never twice for one visit."""
    tenant, client = wall.entered_tenant(), booking.attendee or booking.contact
    sender = account()
    if sender is None or client is None or not is_on(tenant) or booking.origin not in ORIGINS:
        return None
    if not client.phone or not phones.is_mobile(client.phone) or booking.starts_at - now < AHEAD:
        return None
    if not attach.links(booking) or any(reach.obstacle(t, now=now) is None for t in reach.threads(booking)):
        return None
    person = Person(external_id=client.phone, phone=client.phone, phone_verified=client.phone_verified)
    thread = thread_of(sender, client.phone, person, now=now)
    with texts.spoken(tenant, client):
        facts = texts.facts(booking, tenant=tenant, now=now)
        text = _("{salon}: you are booked, {when}. Reminders in your messenger: {link}")
        text = texts.fill(text, {**facts, "link": address(booking)})
    try:
        return outbox.say(
            thread,
            text=text,
            author=Author.SYSTEM,
            key=f"{KEY}{booking.pk}",
            now=now,
            expires_at=now + KEEPS,
        )
    except outbox.CannotWrite:
        return None


def address(booking: Booking) -> str:
    """The page with the messengers to choose from."""
    return settings.PUBLIC_URL + reverse("reminders:messengers", args=[booking.public_token])
