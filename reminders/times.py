"""A handful of free times out of many: what a client is offered as buttons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bookings import slots
from bookings.models import Booking, Staff
from bookings.slots import Need, Slot

# Times of one day that are offered at once, and days to choose from.
A_DAY, DAYS = 6, 8
APART = dt.timedelta(minutes=60)
# Looked through one after another until there is enough to choose from.
WINDOWS = (3, 14, 60)


def distinct(found: Sequence[Slot]) -> list[Slot]:
    """One slot for each start, in order of time; which master is free then is decided when it is booked."""
    starts: dict[dt.datetime, Slot] = {}
    for slot in sorted(found):
        starts.setdefault(slot.starts_at, slot)
    return list(starts.values())


def soonest(
    need: Need,
    *,
    now: dt.datetime,
    zone: ZoneInfo,
    staff: Staff | None = None,
    ignoring: Booking | None = None,
    count: int = A_DAY,
    each_day: int = 3,
) -> list[Slot]:
    """Up to `count` free times from now on, the soonest first and not too close together."""
    today = now.astimezone(zone).date()
    chosen: list[Slot] = []
    for days in WINDOWS:
        found = slots.find_for(
            need,
            staff=staff,
            first_day=today,
            last_day=today + dt.timedelta(days=days - 1),
            now=now,
            ignoring=ignoring,
        )
        chosen = _apart(distinct(found), zone=zone, count=count, each_day=each_day)
        if len(chosen) >= 3:
            break
    return chosen


def _apart(found: Sequence[Slot], *, zone: ZoneInfo, count: int, each_day: int) -> list[Slot]:
    chosen: list[Slot] = []
    for slot in found:
        local = slot.starts_at.astimezone(zone)
        same_day = [one for one in chosen if one.starts_at.astimezone(zone).date() == local.date()]
        if len(same_day) >= each_day or (same_day and slot.starts_at - same_day[-1].starts_at < APART):
            continue
        # After the very first, round times are easier to say and to remember.
        if chosen and local.minute % 30 and _rounder_follows(slot, found, zone):
            continue
        chosen.append(slot)
        if len(chosen) == count:
            break
    return chosen


def _rounder_follows(slot: Slot, found: Sequence[Slot], zone: ZoneInfo) -> bool:
    until = slot.starts_at + dt.timedelta(minutes=30)
    between = (other for other in found if slot.starts_at < other.starts_at < until)
    return any(other.starts_at.astimezone(zone).minute % 30 == 0 for other in between)


def on_day(
    need: Need,
    day: dt.date,
    *,
    now: dt.datetime,
    zone: ZoneInfo,
    staff: Staff | None = None,
    ignoring: Booking | None = None,
    after: dt.time = dt.time.min,
    until: dt.time = dt.time.max,
) -> list[Slot]:
    """Every free time of a local day that begins between `after` and `until`, both included."""
    found = slots.find_for(need, staff=staff, first_day=day, last_day=day, now=now, ignoring=ignoring)
    return [slot for slot in distinct(found) if after <= slot.starts_at.astimezone(zone).time() <= until]


def spread(found: Sequence[Slot], *, count: int = A_DAY) -> list[Slot]:
    """Up to `count` of a day's times, from its first to its last, evenly."""
    if len(found) <= count:
        return list(found)
    rounds = [slot for slot in found if slot.starts_at.minute % 30 == 0]
    pool = rounds if len(rounds) >= count else list(found)
    step = (len(pool) - 1) / (count - 1)
    return [pool[round(place * step)] for place in range(count)]


def free_days(
    need: Need,
    *,
    now: dt.datetime,
    zone: ZoneInfo,
    staff: Staff | None = None,
    ignoring: Booking | None = None,
    count: int = DAYS,
) -> list[dt.date]:
    """The next local days with a free time."""
    today = now.astimezone(zone).date()
    days: list[dt.date] = []
    for window in WINDOWS[1:]:
        last = today + dt.timedelta(days=window - 1)
        found = slots.find_for(need, staff=staff, first_day=today, last_day=last, now=now, ignoring=ignoring)
        days = sorted({slot.starts_at.astimezone(zone).date() for slot in found})[:count]
        if len(days) == count:
            break
    return days


def nearest(
    need: Need,
    *,
    around: dt.datetime,
    now: dt.datetime,
    staff: Staff | None = None,
    ignoring: Booking | None = None,
    count: int = 3,
) -> list[Slot]:
    """The free times nearest to a moment."""
    return slots.nearest_for(need, staff=staff, around=around, now=now, count=count, ignoring=ignoring)
