"""The present of the demo tenant: words in the threads, visits of today and of the days ahead."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q

from bookings import lifecycle, slots
from bookings.models import Booking, Service, Staff
from connections.models import Connection
from conversations.models import Contact, Conversation, Holder, Message
from economics.ledger.threads import CHAT
from kit.templatetags import marzha
from leads.models import Lead
from onboarding.demo.story import Dice, story
from tenants.models import Tenant

# Threads with words, and those of them that are open still.
TALKS, OPEN = 60, 16


def put_words(tenant: Tenant, *, chat: Connection) -> None:
    """Gives the last weeks' threads their words; those of the site chat move to the living connection."""
    dice = Dice(11)
    threads = list(
        Conversation.objects.filter(chat__startswith=CHAT)
        .select_related("contact", "connection")
        .order_by("-last_message_at")[:TALKS]
    )
    still_open = 0
    for thread in threads:
        messages = list(Message.objects.filter(conversation=thread).order_by("created_at", "id"))
        lead = Lead.objects.filter(conversation=thread).order_by("-id").first()
        booking = Booking.objects.filter(lead=lead).order_by("id").first() if lead else None
        _word(messages, _talk(dice, booked=booking is not None, length=len(messages)), _facts(booking, dice))
        Message.objects.bulk_update(messages, ["text"])
        thread.last_text = messages[-1].text[:200] if messages else ""
        # Only the site chat lives on: the other channels are history until they are connected.
        is_open = thread.connection.kind == "webchat" and still_open < OPEN
        still_open += is_open
        thread.state = Conversation.State.OPEN if is_open else Conversation.State.CLOSED
        # Whoever had the last word without being booked waits for an answer.
        waits = is_open and bool(messages) and messages[-1].direction == "in" and booking is None
        thread.waiting_since = messages[-1].created_at if waits else None
        thread.unread = 1 if waits else 0
        thread.holder = Holder.PERSON
        thread.save(update_fields=["last_text", "state", "waiting_since", "unread", "holder"])
    Conversation.objects.filter(Q(connection__kind="webchat") & ~Q(connection=chat)).update(connection=chat)


def _talk(dice: Dice, *, booked: bool, length: int) -> list[str]:
    fitting = [
        t["lines"] for t in story()["talks"] if t["booked"] == booked and len(t["lines"]) >= min(length, 1)
    ]
    same = [lines for lines in fitting if len(lines) == length]
    return list(dice.pick(same or fitting))


def _facts(booking: Booking | None, dice: Dice) -> dict[str, str]:
    if booking is None:
        service: Any = dice.pick(list(Service.objects.all()))
        return {"service": service.name, "day": "", "time": ""}
    item = booking.items.order_by("position").first()
    return {
        "service": item.name if item else "",
        "day": marzha.day(booking.starts_at),
        "time": marzha.clock(booking.starts_at),
    }


def _word(messages: list[Message], lines: list[str], facts: dict[str, str]) -> None:
    for number, message in enumerate(messages):
        fitting = [line.partition(": ")[2] for line in lines if line.startswith(f"{message.direction}:")]
        said = sum(1 for earlier in messages[:number] if earlier.direction == message.direction)
        if fitting:
            text = fitting[min(said, len(fitting) - 1)]
            for name, value in facts.items():
                text = text.replace("{" + name + "}", value)
            message.text = text


def fill_calendar(tenant: Tenant, *, now: dt.datetime) -> int:
    """Visits of today and the six days after it, agreed by the ordinary rules, reminders included."""
    dice = Dice(13)
    services = {service.external_id: service for service in Service.objects.all()}
    weights = story()["weights"]
    masters = {master.pk: master for master in Staff.objects.all()}
    people = list(Contact.objects.exclude(phone="").order_by("id"))
    today = now.astimezone(tenant.zone).date()
    made = 0
    for ahead in range(7):
        day = today + dt.timedelta(days=ahead)
        for _ in range(max(2, 9 - ahead)):
            service = services[dice.pick(list(weights), list(weights.values()))]
            free = slots.find(services=[service], addons=[], first_day=day, last_day=day, now=now)
            if not free:
                continue
            slot = dice.pick(free)
            try:
                lifecycle.book(
                    contact=dice.pick(people),
                    services=[service],
                    staff=masters[slot.staff_id],
                    starts_at=slot.starts_at,
                    now=now,
                    origin="desk",
                    by="salon",
                )
                made += 1
            except lifecycle.SlotTaken:
                continue
    return made
