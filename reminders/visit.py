"""A visit in the client's chat: confirmed, moved or cancelled by buttons, from the first press to the word "done".

Buttons stand for the visit as it was when they were offered; pressed later they say what has changed meanwhile.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from bookings import lifecycle, slots
from bookings.models import UPCOMING, Booking, Staff
from bookings.slots import Slot
from conversations import buttons, outbox
from conversations.models import Author, ButtonAction, Conversation
from kit.templatetags import marzha
from reminders import dispatch, texts, times
from tenants import wall

ROW = 2  # buttons beside each other

Rows = list[list[dict[str, str]]]


# ---------------------------------------------------------------- what a press means
def press(action: ButtonAction, thread: Conversation, *, now: dt.datetime) -> None:
    """Does what a button of ours promises and answers in the thread."""
    known = Booking.objects.select_related("staff", "contact", "attendee")
    booking = known.filter(pk=action.payload.get("booking")).first()
    if booking is None:
        return
    told_for = dt.datetime.fromisoformat(action.payload.get("starts_at") or booking.starts_at.isoformat())
    with texts.spoken(wall.entered_tenant(), thread.contact):
        if booking.status not in UPCOMING:
            _answer(
                thread,
                _("This visit is no longer planned: %(status)s.") % {"status": _status(booking)},
                now=now,
            )
        elif booking.starts_at <= now:
            _answer(thread, _("This visit has begun already. Please call us."), now=now)
        elif action.payload.get("to") == booking.starts_at.isoformat():
            _stay(booking, thread, action.payload, now)  # pressed twice
        elif told_for != booking.starts_at:
            text = _("The visit was moved meanwhile: it is %(when)s now.") % {"when": when(booking, now)}
            _answer(thread, text, rows=dispatch.offer(thread, booking, now=now), now=now)
        else:
            _ACTIONS.get(action.action, _confirm)(booking, thread, action.payload, now)


def _confirm(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    confirm(booking, thread, now=now)


def confirm(booking: Booking, thread: Conversation, *, now: dt.datetime, author: str = Author.SYSTEM) -> None:
    """Notes that the client will come, and thanks."""
    try:
        lifecycle.confirm_by_client(booking, now=now)
    except lifecycle.Refused as refusal:
        _answer(thread, refusal.message, now=now, author=author)
        return
    text = _("Thank you! See you %(when)s.") % {"when": when(booking, now)}
    _answer(thread, text, now=now, lasting=True, author=author)


# ---------------------------------------------------------------- moving
def _move(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    offer_times(booking, thread, now=now)


def offer_times(
    booking: Booking,
    thread: Conversation,
    *,
    now: dt.datetime,
    opening: str = "",
    author: str = Author.SYSTEM,
) -> None:
    """The soonest free times for the same visit, with the same master while they have any."""
    zone, need = wall.entered_tenant().zone, slots.need_of_booking(booking)
    found = times.soonest(need, now=now, zone=zone, staff=booking.staff, ignoring=booking)
    found = found or times.soonest(need, now=now, zone=zone, ignoring=booking)
    offer_slots(booking, thread, found, now=now, opening=opening, author=author)


def offer_slots(
    booking: Booking,
    thread: Conversation,
    found: list[Slot],
    *,
    now: dt.datetime,
    opening: str = "",
    author: str = Author.SYSTEM,
) -> None:
    """These times as buttons, with a way to other days and a way out."""
    # Not the time that the visit has already.
    found = [slot for slot in found if slot.starts_at != booking.starts_at]
    if not found:
        text = _("There is no free time at the moment. Write to us here, and we will find one.")
        text, rows = "\n".join(filter(None, [opening, text])), [[_keep(booking, thread, now)]]
        _answer(thread, text, rows=rows, now=now, author=author)
        return
    opening = opening or _("You are booked %(when)s. Which time suits you better?") % {
        "when": when(booking, now)
    }
    rows = _rows([_time_button(booking, thread, slot, now) for slot in found])
    rows.append([_button(booking, thread, "days", _("Another day"), now), _keep(booking, thread, now)])
    _answer(thread, opening, rows=rows, now=now, author=author)


def _days(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    zone, need = wall.entered_tenant().zone, slots.need_of_booking(booking)
    days = times.free_days(need, now=now, zone=zone, staff=booking.staff, ignoring=booking)
    days = days or times.free_days(need, now=now, zone=zone, ignoring=booking)
    offered = [
        _button(booking, thread, "day", marzha.day(day, now), now, day=day.isoformat()) for day in days
    ]
    _answer(thread, _("Which day?"), rows=[*_rows(offered), [_keep(booking, thread, now)]], now=now)


def _day(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    zone, need = wall.entered_tenant().zone, slots.need_of_booking(booking)
    day = dt.date.fromisoformat(payload["day"])
    found = times.on_day(need, day, now=now, zone=zone, staff=booking.staff, ignoring=booking)
    found = found or times.on_day(need, day, now=now, zone=zone, ignoring=booking)
    opening = _("Free %(day)s:") % {"day": marzha.day(day, now)}
    offer_slots(booking, thread, times.spread(found), now=now, opening=opening)


def _move_to(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    starts_at = dt.datetime.fromisoformat(payload["to"])
    staff = Staff.objects.filter(pk=payload.get("staff"), active=True).first()
    try:
        lifecycle.move(booking, starts_at=starts_at, staff=staff, now=now, by=lifecycle.CLIENT)
    except lifecycle.NotFree as refusal:
        offer_slots(booking, thread, refusal.alternatives, now=now, opening=refusal.message)
        return
    except lifecycle.Refused as refusal:
        _answer(thread, refusal.message, now=now)
        return
    text = _("Done, the visit was moved: %(when)s, master: %(master)s.")
    _answer(thread, text % {"when": when(booking, now), "master": booking.staff.name}, now=now, lasting=True)


# ---------------------------------------------------------------- cancelling
def _cancel(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    ask_cancel(booking, thread, now=now)


def ask_cancel(
    booking: Booking, thread: Conversation, *, now: dt.datetime, author: str = Author.SYSTEM
) -> None:
    """Asks once: a time that was given back may be gone."""
    rows = [
        [_button(booking, thread, "cancel_sure", _("Yes, cancel it"), now)],
        [_button(booking, thread, "move", _("Move"), now), _keep(booking, thread, now)],
    ]
    text = _("Cancel the visit %(when)s?") % {"when": when(booking, now)}
    _answer(thread, text, rows=rows, now=now, author=author)


def _cancel_sure(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    told = when(booking, now)
    try:
        lifecycle.cancel(booking, now=now, by=lifecycle.CLIENT)
    except lifecycle.Refused as refusal:
        _answer(thread, refusal.message, now=now)
        return
    text = _("The visit %(when)s is cancelled. Write here when you would like to come.") % {"when": told}
    _answer(thread, text, now=now, lasting=True)


def _stay(booking: Booking, thread: Conversation, payload: dict[str, Any], now: dt.datetime) -> None:
    _answer(thread, _("Good, the visit stays: %(when)s.") % {"when": when(booking, now)}, now=now)


# ---------------------------------------------------------------- showing
def show(
    booking: Booking,
    thread: Conversation,
    *,
    now: dt.datetime,
    opening: str = "",
    key: str = "",
    author: str = Author.SYSTEM,
) -> None:
    """The visit with its facts and the buttons to change it."""
    tenant = wall.entered_tenant()
    known = texts.facts(booking, tenant=tenant, now=now)
    known["when"] = when(booking, now)
    template = "\n".join(["{when}", _("{services}, master: {master}."), "{price}", "{address}"])
    text = "\n".join(filter(None, [opening, texts.fill(template, known)]))
    _answer(
        thread,
        text,
        rows=dispatch.offer(thread, booking, now=now),
        now=now,
        key=key,
        lasting=True,
        author=author,
    )


def when(booking: Booking, now: dt.datetime) -> str:
    """The visit's day and time in words, in the active zone."""
    return marzha.when(booking.starts_at, now)


def _status(booking: Booking) -> str:
    return str(booking.get_status_display()).lower()


def _time_button(booking: Booking, thread: Conversation, slot: Slot, now: dt.datetime) -> dict[str, str]:
    label = marzha.when(slot.starts_at, now)
    return _button(booking, thread, "move_to", label, now, to=slot.starts_at.isoformat(), staff=slot.staff_id)


def _keep(booking: Booking, thread: Conversation, now: dt.datetime) -> dict[str, str]:
    return _button(booking, thread, "stay", _("Leave it as it is"), now)


def _button(
    booking: Booking, thread: Conversation, action: str, label: str, now: dt.datetime, **more: Any
) -> dict[str, str]:
    payload = {"booking": booking.pk, "starts_at": booking.starts_at.isoformat(), **more}
    return buttons.offer(thread, owner=dispatch.OWNER, action=action, payload=payload, label=label, now=now)


def _rows(offered: list[dict[str, str]]) -> Rows:
    return [offered[start : start + ROW] for start in range(0, len(offered), ROW)]


def _answer(
    thread: Conversation,
    text: str,
    *,
    now: dt.datetime,
    rows: Rows | None = None,
    lasting: bool = False,
    key: str = "",
    author: str = Author.SYSTEM,
) -> None:
    """Says it; a choice gives way to the client's next press, the word that something was done does not."""
    try:
        outbox.say(
            thread,
            text=text,
            buttons=rows or (),
            author=author,
            key=key or f"visit:{thread.pk}:{thread.generation}",
            now=now,
            generation=None if lasting else thread.generation,
        )
    except outbox.CannotWrite:
        return  # pressed in a chat that takes no answers: what was done stands all the same


_ACTIONS = {
    "confirm": _confirm,
    "move": _move,
    "days": _days,
    "day": _day,
    "move_to": _move_to,
    "cancel": _cancel,
    "cancel_sure": _cancel_sure,
    "stay": _stay,
}
