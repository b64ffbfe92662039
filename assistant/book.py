"""Books what was chosen and says it back from the rows of the visit."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from assistant import facts
from assistant.talk import Reply, Talk
from bookings import lifecycle, slots
from bookings.models import Booking, Staff
from bookings.slots import Slot
from leads import pipeline
from reminders import texts, times
from reminders.models import Reminder
from work.rows import State


@dataclasses.dataclass(frozen=True)
class Gone:
    """The time or the service cannot be had any more; `phrase` says why."""

    phrase: str
    alternatives: Sequence[Slot]


def book(talk: Talk) -> Reply | Gone:
    """The visit with the chosen services at the chosen time."""
    memory = talk.memory
    assert memory.slot is not None
    services, addons = facts.chosen(talk.catalogue, memory.service_ids), facts.addons(memory.addon_ids)
    starts_at = dt.datetime.fromisoformat(memory.slot["starts_at"])
    master = Staff.objects.filter(pk=memory.staff_id, active=True).first() if memory.staff_id else None
    try:
        booking = lifecycle.book(
            contact=talk.contact,
            services=services,
            addons=addons,
            staff=master,
            starts_at=starts_at,
            now=talk.now,
            origin="lead",
            by=lifecycle.ASSISTANT,
            lead=pipeline.open_of(talk.contact),
            conversation=talk.thread,
            addons_offered=memory.addon_asked,
        )
    except lifecycle.NotFree as refusal:
        return Gone("taken", refusal.alternatives)
    except lifecycle.PastDate:
        need = slots.need_of(services, addons)
        return Gone("time_passed", times.soonest(need, now=talk.now, zone=talk.zone, staff=master, count=3))
    except lifecycle.Refused:
        return Gone("not_served", ())
    memory.forget_request()
    memory.booking_id = booking.pk
    memory.round += 1
    return confirmation(talk, booking)


def confirmation(talk: Talk, booking: Booking) -> Reply:
    """What was booked, every word of it from the visit's rows, with the ways to change it."""
    told = texts.facts(booking, tenant=talk.tenant, now=talk.now)
    text = talk.phrase(
        "booked",
        when=talk.when(booking.starts_at),
        services=told["services"],
        master=told["master"],
        price=told["price"],
        address=told["address"],
    )
    planned = Reminder.objects.filter(booking=booking, state=State.WAITING).exists()
    after = " ".join(filter(None, [talk.phrase("will_remind") if planned else "", talk.phrase("can_change")]))
    choices = [talk.choice("my_visit", "visits"), talk.choice("book_anew", "anew")]
    return Reply(f"{text}\n\n{after}", choices, lasting=True)
