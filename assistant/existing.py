"""A visit that stands already: shown, confirmed, moved or cancelled by the room that owns its buttons."""

from __future__ import annotations

import datetime as dt

from assistant import facts
from assistant.handover import hand_over
from assistant.talk import Choice, Reply, Talk
from assistant.understanding.moments import Wish
from assistant.understanding.reading import Reading
from bookings import slots
from bookings.models import Booking
from conversations.models import Author
from reminders import times, visit

# Intents about a visit that stands, in the order of who leads.
ABOUT = ("late", "cancel", "move", "confirm", "visits")


def about(reading: Reading) -> str | None:
    """What the words want with a visit that stands."""
    if reading.groups and "move" not in reading.intents and "cancel" not in reading.intents:
        return None
    return next((intent for intent in ABOUT if intent in reading.intents), None)


def answer(talk: Talk, what: str, *, wish: Wish | None = None) -> Reply | None:
    """Does it with the client's one coming visit, or asks which; None when there is none and nothing is to be said."""
    coming = facts.visits(talk.thread, now=talk.now)
    if not coming:
        return None
    if what == "late":
        return hand_over(talk, phrase="late_noted")
    if len(coming) > 1:
        choices = [
            Choice(talk.when(one.starts_at), "visit", {"booking": one.pk, "what": what}) for one in coming
        ]
        return Reply(talk.phrase("which_visit"), choices)
    return with_visit(talk, coming[0], what, wish=wish)


def with_visit(talk: Talk, booking: Booking, what: str, *, wish: Wish | None = None) -> Reply:
    """Says it through the visit's own room, whose buttons finish it."""
    thread, now = talk.thread, talk.now
    if what == "cancel":
        visit.ask_cancel(booking, thread, now=now, author=Author.ASSISTANT)
    elif what == "move":
        _offer_move(talk, booking, wish)
    elif what == "confirm":
        visit.confirm(booking, thread, now=now, author=Author.ASSISTANT)
    else:
        visit.show(
            booking,
            thread,
            now=now,
            opening=talk.phrase("already_booked"),
            author=Author.ASSISTANT,
            key=_key(talk),
        )
    return Reply(said=True)


def _key(talk: Talk) -> str:
    return f"visit:{talk.thread.pk}:{talk.thread.generation}"


def _offer_move(talk: Talk, booking: Booking, wish: Wish | None) -> None:
    """Times on the wished day when one was named, else the soonest."""
    days = [day for day in (wish.dates if wish else []) if day != booking.local_day or len(wish.dates) == 1]  # type: ignore[union-attr]
    found = []
    if wish and (days or wish.starts):
        need = slots.need_of_booking(booking)
        for day in days or [booking.local_day]:
            found += times.on_day(
                need, day, now=talk.now, zone=talk.zone, staff=booking.staff, ignoring=booking,
                after=wish.starts or dt.time.min, until=wish.until or dt.time.max,
            )  # fmt: skip
    if found:
        visit.offer_slots(booking, talk.thread, times.spread(found), now=talk.now, author=Author.ASSISTANT)
    else:
        visit.offer_times(booking, talk.thread, now=talk.now, author=Author.ASSISTANT)


def offer_instead(talk: Talk, booking: Booking, slot: slots.Slot) -> Reply:
    """A time of an earlier offer was pressed after the visit was booked: is it to be moved there?"""
    opening = f"{talk.phrase('already_booked')} {talk.when(booking.starts_at)}"
    visit.offer_slots(booking, talk.thread, [slot], now=talk.now, opening=opening, author=Author.ASSISTANT)
    return Reply(said=True)
