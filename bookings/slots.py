"""Which times are free: the list a client chooses from and the last check before a visit is written are one function.

Everything is whole seconds of the epoch. A start is free when the visit lies within one interval of the master's
work and the visit with its buffer touches nobody else's time. The buffer may run over the end of work: it is no
part of the visit.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count

from bookings import hours
from bookings.hours import Interval
from bookings.models import OCCUPYING, Addon, Booking, Service, ServiceStaff, Staff
from kit import periods
from tenants import wall

STEP_MINUTES = 15
# How many days a list of times may span.
MOST_DAYS = 100
# How far around a time that was lost its neighbours are sought, in days before and after.
_NEAR, _FAR = (1, 2), (7, 60)


class Slot(NamedTuple):
    """A start that is free at a master; times are aware, in UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    staff_id: int


class Verdict(enum.Enum):
    """What a master's time says to a start."""

    FREE = "free"
    TAKEN = "taken"
    CLOSED = "closed"  # outside working hours


@dataclasses.dataclass(frozen=True)
class Need:
    """What a visit asks of a master: the services they must do and the time it takes."""

    service_ids: frozenset[int]
    minutes: int
    buffer_minutes: int

    @property
    def length(self) -> int:
        """Seconds the client is there."""
        return self.minutes * 60

    @property
    def tail(self) -> int:
        """Seconds afterwards during which the master is not free."""
        return self.buffer_minutes * 60


def need_of(services: Iterable[Service], addons: Iterable[Addon] = ()) -> Need:
    """The need of several services by one master, one after another; of their buffers the longest counts, once."""
    services = list(services)
    return Need(
        service_ids=frozenset(service.pk for service in services),
        minutes=sum(service.minutes for service in services) + sum(addon.minutes for addon in addons),
        buffer_minutes=max((service.buffer_minutes for service in services), default=0),
    )


def need_of_booking(booking: Booking) -> Need:
    """The need of a visit as it was agreed, whatever the price list says today."""
    return Need(
        service_ids=frozenset(item.service_id for item in booking.items.all() if item.service_id),
        minutes=int((booking.ends_at - booking.starts_at).total_seconds()) // 60,
        buffer_minutes=int((_until(booking) - booking.ends_at).total_seconds()) // 60,
    )


def _until(booking: Booking) -> dt.datetime:
    assert booking.during.upper is not None  # every visit ends
    return booking.during.upper


def masters(need: Need, *, staff: Staff | None = None) -> list[Staff]:
    """Active masters who do all the services, in the salon's order; only `staff` when given."""
    able = (
        ServiceStaff.objects.filter(service_id__in=need.service_ids)
        .values("staff_id")
        .annotate(services=Count("service_id", distinct=True))
        .filter(services=len(need.service_ids))
        .values("staff_id")
    )
    found = Staff.objects.filter(active=True, pk__in=able).order_by("position", "name", "id")
    return list(found.filter(pk=staff.pk) if staff else found)


# ---------------------------------------------------------------- questions
def find(
    *,
    services: Sequence[Service],
    addons: Sequence[Addon] = (),
    staff: Staff | None = None,
    first_day: dt.date,
    last_day: dt.date,
    now: dt.datetime,
    step_minutes: int = STEP_MINUTES,
) -> list[Slot]:
    """Free starts on the local days, both included, on a grid of `step_minutes` of the wall clock; soonest first.

    With no master given, every master who does all the services is asked, and one start may appear once for each.

    Raises:
        ValueError: the step does not divide the day, or the days are more than `MOST_DAYS`.
    """
    return find_for(
        need_of(services, addons),
        staff=staff,
        first_day=first_day,
        last_day=last_day,
        now=now,
        step_minutes=step_minutes,
    )


def find_for(
    need: Need,
    *,
    staff: Staff | None = None,
    first_day: dt.date,
    last_day: dt.date,
    now: dt.datetime,
    step_minutes: int = STEP_MINUTES,
    ignoring: Booking | None = None,
) -> list[Slot]:
    """As `find`, for a need that is known already; `ignoring` is a visit that is to be moved."""
    if step_minutes <= 0 or 24 * 60 % step_minutes:
        raise ValueError("the step must divide the day")
    if not 0 <= (last_day - first_day).days < MOST_DAYS:
        raise ValueError(f"from one to {MOST_DAYS} days")
    asked = masters(need, staff=staff) if need.service_ids else []
    zone = wall.entered_tenant().zone
    free = _free_starts(
        [s.pk for s in asked],
        need,
        first_day=first_day,
        last_day=last_day,
        zone=zone,
        now=now,
        ignoring=ignoring,
    )
    starts = [
        (start, place, staff_id)
        for place, (staff_id, ranges) in enumerate(free.items())
        for low, high in ranges
        for start in _grid(low, high, step_minutes * 60, zone)
    ]
    starts.sort()
    # Masters share their starts: each instant is made once.
    times = {
        start: (
            dt.datetime.fromtimestamp(start, dt.UTC),
            dt.datetime.fromtimestamp(start + need.length, dt.UTC),
        )
        for start, _, _ in starts
    }
    return [Slot(*times[start], staff_id) for start, _, staff_id in starts]


def verdicts(
    need: Need,
    *,
    staff_ids: Collection[int],
    starts_at: dt.datetime,
    now: dt.datetime,
    ignoring: Booking | None = None,
    spare_lapsed: bool = True,
) -> dict[int, Verdict]:
    """Per master whether the visit can start at that very minute; `ignoring` is a visit that is to be moved.

    `spare_lapsed=False` counts holds that ran out as taken, for a caller who has just cleared away those it could.
    """
    zone = wall.entered_tenant().zone
    day = starts_at.astimezone(zone).date()
    start = int(starts_at.timestamp())
    found = {}
    times = _Times.load(
        staff_ids,
        need,
        first_day=day,
        last_day=day,
        zone=zone,
        now=now,
        ignoring=ignoring,
        spare_lapsed=spare_lapsed,
    )
    for staff_id in staff_ids:
        if _within(start, _start_ranges(times.work[staff_id], times.busy[staff_id], need)):
            found[staff_id] = Verdict.FREE
        elif _within(start, _start_ranges(times.work[staff_id], [], need)):
            found[staff_id] = Verdict.TAKEN
        else:
            found[staff_id] = Verdict.CLOSED
    return found


def is_free(
    *,
    services: Sequence[Service],
    addons: Sequence[Addon] = (),
    staff: Staff,
    starts_at: dt.datetime,
    now: dt.datetime,
    ignoring: Booking | None = None,
) -> bool:
    """Whether the visit can start at that minute, on the grid or not. Says nothing about the past."""
    need = need_of(services, addons)
    return (
        verdicts(need, staff_ids=[staff.pk], starts_at=starts_at, now=now, ignoring=ignoring)[staff.pk]
        is Verdict.FREE
    )


def nearest(
    *,
    services: Sequence[Service],
    addons: Sequence[Addon] = (),
    staff: Staff | None = None,
    around: dt.datetime,
    now: dt.datetime,
    count: int = 3,
    step_minutes: int = STEP_MINUTES,
) -> list[Slot]:
    """The free starts nearest to `around` for the same request, in order of time; fewer when there are fewer."""
    return nearest_for(
        need_of(services, addons), staff=staff, around=around, now=now, count=count, step_minutes=step_minutes
    )


def nearest_for(
    need: Need,
    *,
    staff: Staff | None = None,
    around: dt.datetime,
    now: dt.datetime,
    count: int = 3,
    step_minutes: int = STEP_MINUTES,
    ignoring: Booking | None = None,
) -> list[Slot]:
    """As `nearest`, for a need that is known already. Different times count, not the same time at several masters."""
    zone = wall.entered_tenant().zone
    today, day = now.astimezone(zone).date(), around.astimezone(zone).date()
    best: list[Slot] = []
    for before, after in (_NEAR, _FAR):
        first = max(today, day - dt.timedelta(days=before))
        last = max(first, day + dt.timedelta(days=after))
        times: dict[dt.datetime, Slot] = {}
        for slot in find_for(
            need,
            staff=staff,
            first_day=first,
            last_day=last,
            now=now,
            step_minutes=step_minutes,
            ignoring=ignoring,
        ):
            times.setdefault(slot.starts_at, slot)
        best = sorted(times.values(), key=lambda slot: (abs(slot.starts_at - around), slot.starts_at))[:count]
        if len(best) == count:
            break
    return sorted(best)


# ---------------------------------------------------------------- the sweep
@dataclasses.dataclass(frozen=True)
class _Times:
    """Masters' working and taken time around some local days."""

    work: dict[int, list[Interval]]
    busy: dict[int, list[Interval]]

    @classmethod
    def load(
        cls,
        staff_ids: Collection[int],
        need: Need,
        *,
        first_day: dt.date,
        last_day: dt.date,
        zone: ZoneInfo,
        now: dt.datetime,
        ignoring: Booking | None = None,
        spare_lapsed: bool = True,
    ) -> _Times:
        """Reads what may matter for starts on those days: a visit may run over midnight, and days after it."""
        span = dt.timedelta(days=1 + (need.minutes + need.buffer_minutes) // (24 * 60))
        work = hours.open_intervals(staff_ids, first_day=first_day, last_day=last_day + span, zone=zone)
        window = periods.days(first_day, last_day + span, zone)
        busy = _busy(staff_ids, window, now if spare_lapsed else None, ignoring)
        return cls(work=work, busy=busy)


def _busy(
    staff_ids: Collection[int],
    window: periods.Period,
    lapsed_at: dt.datetime | None,
    ignoring: Booking | None,
) -> dict[int, list[Interval]]:
    """Per master the taken intervals of the window, in order. Holds that ran out by `lapsed_at` take no time."""
    with connection.cursor() as cursor:
        # Integers straight from the server: making a thousand datetimes costs more than the sweep.
        cursor.execute(
            "SELECT staff_id, extract(epoch FROM lower(during))::bigint,"
            " ceil(extract(epoch FROM upper(during)))::bigint"
            " FROM bookings_booking WHERE tenant_id = %s AND staff_id = ANY(%s) AND status = ANY(%s)"
            " AND during && tstzrange(%s, %s) AND id <> %s"
            " AND (hold_until IS NULL OR status NOT IN ('held', 'awaiting_payment') OR hold_until > %s)"
            " ORDER BY 2",
            [
                wall.current_tenant_id(),
                list(staff_ids),
                list(OCCUPYING),
                window.start,
                window.end,
                ignoring.pk if ignoring else 0,
                lapsed_at or dt.datetime.min.replace(tzinfo=dt.UTC),
            ],
        )
        busy: dict[int, list[Interval]] = defaultdict(list)
        for staff_id, begin, end in cursor.fetchall():
            busy[staff_id].append((begin, end))
    return busy


def _free_starts(
    staff_ids: Sequence[int],
    need: Need,
    *,
    first_day: dt.date,
    last_day: dt.date,
    zone: ZoneInfo,
    now: dt.datetime,
    ignoring: Booking | None,
) -> dict[int, list[Interval]]:
    """Per master the ranges of free starts on those days, not before `now`; both ends of a range are starts."""
    if not staff_ids:
        return {}
    times = _Times.load(
        staff_ids, need, first_day=first_day, last_day=last_day, zone=zone, now=now, ignoring=ignoring
    )
    asked = periods.days(first_day, last_day, zone)
    earliest = max(int(asked.start.timestamp()), -int(-now.timestamp() // 1))
    latest = int(asked.end.timestamp()) - 1
    return {
        staff_id: [
            (max(low, earliest), min(high, latest))
            for low, high in _start_ranges(times.work[staff_id], times.busy[staff_id], need)
            if high >= earliest and low <= latest
        ]
        for staff_id in staff_ids
    }


def _start_ranges(work: Sequence[Interval], busy: Sequence[Interval], need: Need) -> list[Interval]:
    """Ranges of starts, both ends included, at which the need fits; `work` and `busy` are sorted and disjoint."""
    length, taken = need.length, need.length + need.tail
    ranges: list[Interval] = []
    first = 0
    for opens, closes in work:
        latest = closes - length
        if latest < opens:
            continue
        while first < len(busy) and busy[first][1] <= opens:
            first += 1
        cursor = opens
        for begin, end in itertools.islice(busy, first, None):
            if begin >= latest + taken or cursor > latest:
                break
            if begin - taken >= cursor:
                ranges.append((cursor, min(latest, begin - taken)))
            cursor = max(cursor, end)
        if cursor <= latest:
            ranges.append((cursor, latest))
    return ranges


def _within(start: int, ranges: Iterable[Interval]) -> bool:
    return any(low <= start <= high for low, high in ranges)


def _grid(low: int, high: int, step: int, zone: ZoneInfo) -> Iterator[int]:
    """Starts from `low` to `high` at which a clock in `zone` shows a multiple of `step` seconds since midnight."""
    offset, at_end = _offset(low, zone), _offset(high, zone)
    if offset == at_end:
        return iter(range(low + -(low + offset) % step, high + 1, step))
    # The clocks change in between, twice a year: look at each minute.
    return (at for at in range(low + -low % 60, high + 1, 60) if (at + _offset(at, zone)) % step == 0)


def _offset(at: int, zone: ZoneInfo) -> int:
    shift = dt.datetime.fromtimestamp(at, zone).utcoffset()
    assert shift is not None
    return int(shift.total_seconds())
