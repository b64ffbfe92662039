"""What a pressed button means for the dialogue, and the answer to it. Old buttons work as far as they make sense."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from assistant import existing, facts, handover, steps
from assistant.memory import SAID
from assistant.talk import Reply, Talk
from assistant.understanding.moments import Wish
from bookings.models import Booking, Staff
from bookings.slots import Slot


def by_press(talk: Talk, action: str, payload: dict[str, Any]) -> Reply:
    """The answer to a button; one of an earlier booking says what has become of it."""
    talk.memory.misunderstood = 0
    talk.memory.greeted = SAID
    handler = _PRESSES.get(action)
    if handler is None:
        return steps.again(talk).opened_by(talk.phrase("old_button"))
    if payload.get("round", 0) != talk.memory.round and action in _OF_A_REQUEST:
        stands = Booking.objects.filter(pk=talk.memory.booking_id or 0).first()
        if stands is not None and stands in facts.visits(talk.thread, now=talk.now):
            return _after_booking(talk, stands, action, payload)
    return handler(talk, payload)


def answers(action: str, *, stage: str) -> bool:
    """Whether a label that was typed answers what was asked last; else it is words like any others."""
    return action != "addon" or stage == "addon"


def _after_booking(talk: Talk, booking: Booking, action: str, payload: dict[str, Any]) -> Reply:
    if action == "slot":
        starts_at = dt.datetime.fromisoformat(payload["starts_at"])
        if starts_at != booking.starts_at and starts_at > talk.now:
            length = booking.ends_at - booking.starts_at
            return existing.offer_instead(
                talk, booking, Slot(starts_at, starts_at + length, booking.staff_id)
            )
    return existing.with_visit(talk, booking, "visits")


def _service(talk: Talk, payload: dict[str, Any]) -> Reply:
    memory, one = talk.memory, payload.get("id")
    if one not in {service.pk for service in talk.catalogue}:
        return steps.next_reply(talk).opened_by(talk.phrase("not_served"))
    asked = next((group for group in memory.groups if one in group), None)
    if asked is None:
        memory.groups, memory.service_ids = [[one]], []
    else:
        memory.groups = [[one], *(group for group in memory.groups if group is not asked)]
    memory.addon_ids, memory.addon_asked, memory.slot = [], False, None
    return steps.next_reply(talk)


def _all_services(talk: Talk, payload: dict[str, Any]) -> Reply:
    talk.memory.forget_request()
    return steps.next_reply(talk)


def _category(talk: Talk, payload: dict[str, Any]) -> Reply:
    talk.memory.stage = "service"
    name = payload.get("name")
    inside = [service for service in talk.catalogue if not name or service.category == name]
    return steps.services_page(talk, inside or talk.catalogue, start=int(payload.get("start", 0)))


def _addon(talk: Talk, payload: dict[str, Any]) -> Reply:
    memory = talk.memory
    if not memory.service_ids and payload.get("services"):
        memory.service_ids = list(payload["services"])
    memory.addon_asked = True
    memory.addon_ids = [payload["id"]] if payload.get("yes") else []
    memory.slot = None
    return steps.next_reply(talk)


def _slot(talk: Talk, payload: dict[str, Any]) -> Reply:
    """A time is self-contained: it books what stood under it, whatever was looked at since."""
    memory = talk.memory
    memory.groups, memory.service_ids = [], list(payload["services"])
    memory.addon_ids, memory.addon_asked = list(payload["addons"]), True
    memory.staff_id = payload.get("staff")
    memory.slot = {"starts_at": payload["starts_at"], "staff_id": payload.get("staff")}
    return steps.next_reply(talk)


def _days(talk: Talk, payload: dict[str, Any]) -> Reply:
    if _undecided(talk):
        return steps.next_reply(talk)
    talk.memory.stage, talk.memory.slot = "day", None
    talk.memory.wish = Wish()
    return steps.ask_day(talk)


def _day(talk: Talk, payload: dict[str, Any]) -> Reply:
    if _undecided(talk):
        return steps.next_reply(talk)
    talk.memory.stage, talk.memory.slot = "time", None
    day = dt.date.fromisoformat(payload["day"])
    return steps.offer_day(talk, day, after=dt.time.fromisoformat(payload.get("after") or "00:00"))


def _masters(talk: Talk, payload: dict[str, Any]) -> Reply:
    return steps.next_reply(talk) if _undecided(talk) else steps.ask_master(talk)


def _master(talk: Talk, payload: dict[str, Any]) -> Reply:
    chosen = Staff.objects.filter(pk=payload.get("id") or 0, active=True).first()
    talk.memory.staff_id = chosen.pk if chosen else None
    talk.memory.slot = None
    return steps.next_reply(talk)


def _undecided(talk: Talk) -> bool:
    """Whether it is not known yet what to book, so that no times can be shown."""
    return not facts.chosen(talk.catalogue, talk.memory.service_ids)


def _no_phone(talk: Talk, payload: dict[str, Any]) -> Reply:
    talk.memory.phone_refused = True
    return steps.next_reply(talk)


def _human(talk: Talk, payload: dict[str, Any]) -> Reply:
    return handover.hand_over(talk)


def _visits(talk: Talk, payload: dict[str, Any]) -> Reply:
    reply = existing.answer(talk, "visits")
    return reply or steps.next_reply(talk).opened_by(talk.phrase("no_visit"))


def _visit(talk: Talk, payload: dict[str, Any]) -> Reply:
    chosen = next(
        (one for one in facts.visits(talk.thread, now=talk.now) if one.pk == payload.get("booking")), None
    )
    if chosen is None:
        return steps.next_reply(talk).opened_by(talk.phrase("no_visit"))
    return existing.with_visit(talk, chosen, str(payload.get("what")))


_PRESSES: dict[str, Callable[[Talk, dict[str, Any]], Reply]] = {
    "service": _service,
    "services": _all_services,
    "anew": _all_services,
    "category": _category,
    "more": _category,
    "addon": _addon,
    "slot": _slot,
    "days": _days,
    "day": _day,
    "masters": _masters,
    "master": _master,
    "no_phone": _no_phone,
    "human": _human,
    "visits": _visits,
    "visit": _visit,
}
# Buttons that mean something only until their visit was booked.
_OF_A_REQUEST = ("addon", "slot", "days", "day", "masters", "master", "no_phone")
