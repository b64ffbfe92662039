"""A day of the calendar: a column a master, with work, visits and free places between them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from bookings import hours
from bookings.models import OCCUPYING, Booking, BookingItem, BookingStatus, Staff
from kit import periods

# What one sees of an empty day, in hours of the wall clock.
USUAL = (9, 21)
# A free place to click on.
CELL = dt.timedelta(minutes=30)
TONES = {
    BookingStatus.HELD: "wait",
    BookingStatus.AWAITING_PAYMENT: "wait",
    BookingStatus.ARRIVED: "gain",
    BookingStatus.COMPLETED: "gain",
    BookingStatus.NO_SHOW: "loss",
    BookingStatus.CANCELLED: "mute",
    BookingStatus.EXPIRED: "mute",
}


@dataclasses.dataclass(frozen=True)
class Stretch:
    """A piece of a column."""

    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclasses.dataclass(frozen=True)
class Placed:
    """A visit with the part of it that lies on this day."""

    booking: Booking
    starts_at: dt.datetime
    ends_at: dt.datetime
    tone: str


@dataclasses.dataclass(frozen=True)
class Column:
    """A master's day."""

    staff: Staff
    visits: list[Placed]
    closed: list[Stretch]
    free: list[Stretch]
    works: bool


@dataclasses.dataclass(frozen=True)
class Day:
    """What the page shows; `first_hour` and `last_hour` bound the grid, `gone` are visits that gave their time back."""

    day: dt.date
    columns: list[Column]
    first_hour: int
    last_hour: int
    visits: list[Placed]
    gone: list[Placed]

    @property
    def marks(self) -> list[dt.time]:
        """The hours beside the grid."""
        return [dt.time(hour) for hour in range(self.first_hour, self.last_hour)]


def of(staff: Iterable[Staff], *, day: dt.date, zone: ZoneInfo, now: dt.datetime) -> Day:
    """The day of these masters, in their order."""
    masters = list(staff)
    whole = periods.day(day, zone)
    work = hours.open_intervals([s.pk for s in masters], first_day=day, last_day=day, zone=zone)
    items = BookingItem.objects.order_by("position", "id")
    found = (
        Booking.objects.filter(staff__in=masters, during__overlap=(whole.start, whole.end))
        .select_related("contact", "attendee", "staff")
        .prefetch_related(Prefetch("items", items))
        .order_by("starts_at", "id")
    )
    visits: list[Placed] = []
    gone: list[Placed] = []
    for booking in found:
        if booking.starts_at >= whole.end or booking.ends_at <= whole.start:
            continue  # only its buffer reaches into this day
        placed = _placed(booking, whole)
        (visits if booking.status in OCCUPYING else gone).append(placed)
    columns = [
        _column(
            master,
            [_stretch(begin, end, zone) for begin, end in work[master.pk]],
            [v for v in visits if v.booking.staff_id == master.pk],
            whole,
            now,
        )
        for master in masters
    ]
    first, last = _bounds(columns, zone, whole)
    top = dt.datetime.combine(day, dt.time(first), zone)
    bottom = dt.datetime.combine(day, dt.time(last), zone) if last < 24 else whole.end
    columns = [dataclasses.replace(c, closed=_cut(c.closed, top, bottom)) for c in columns]
    return Day(day, columns, first, last, visits, gone)


def _placed(booking: Booking, whole: periods.Period) -> Placed:
    return Placed(
        booking,
        max(booking.starts_at, whole.start),
        min(booking.ends_at, whole.end),
        TONES.get(BookingStatus(booking.status), ""),
    )


def _stretch(begin: int, end: int, zone: ZoneInfo) -> Stretch:
    return Stretch(dt.datetime.fromtimestamp(begin, zone), dt.datetime.fromtimestamp(end, zone))


def _column(
    staff: Staff, work: list[Stretch], visits: list[Placed], whole: periods.Period, now: dt.datetime
) -> Column:
    taken = [Stretch(v.booking.starts_at, v.booking.during.upper or v.booking.ends_at) for v in visits]
    return Column(
        staff,
        visits,
        closed=_gaps(work, Stretch(whole.start, whole.end)),
        free=[cell for place in work for gap in _gaps(taken, place) for cell in _cells(gap, now)],
        works=bool(work),
    )


def _gaps(taken: Iterable[Stretch], within: Stretch) -> list[Stretch]:
    """What of `within` no taken stretch covers."""
    gaps, cursor = [], within.starts_at
    for one in sorted(taken, key=lambda s: s.starts_at):
        if one.starts_at > cursor:
            gaps.append(Stretch(cursor, min(one.starts_at, within.ends_at)))
        cursor = max(cursor, one.ends_at)
        if cursor >= within.ends_at:
            return gaps
    return [*gaps, Stretch(cursor, within.ends_at)]


def _cut(stretches: Iterable[Stretch], top: dt.datetime, bottom: dt.datetime) -> list[Stretch]:
    """The parts that lie in the grid."""
    cut = [Stretch(max(one.starts_at, top), min(one.ends_at, bottom)) for one in stretches]
    return [one for one in cut if one.starts_at < one.ends_at]


def _cells(gap: Stretch, now: dt.datetime) -> Iterable[Stretch]:
    """Places to click on, at half hours where they can be; none in the past."""
    start, end = gap.starts_at.astimezone(dt.UTC), gap.ends_at.astimezone(dt.UTC)
    while start < end:
        past_half_hour = dt.timedelta(minutes=start.minute % 30, seconds=start.second)
        stop = min(start - past_half_hour + CELL, end)
        if start >= now:
            yield Stretch(start, stop)
        start = stop


def _bounds(columns: Iterable[Column], zone: ZoneInfo, whole: periods.Period) -> tuple[int, int]:
    first, last = USUAL
    for column in columns:
        edges = [(v.starts_at, v.ends_at) for v in column.visits]
        if column.works:
            # Work is what lies between the closed stretches at both ends of the day.
            opens = (
                column.closed[0].ends_at
                if column.closed and column.closed[0].starts_at == whole.start
                else whole.start
            )
            closes = (
                column.closed[-1].starts_at
                if column.closed and column.closed[-1].ends_at == whole.end
                else whole.end
            )
            edges.append((opens, closes))
        for begin, end in edges:
            first = min(first, begin.astimezone(zone).hour)
            local_end = end.astimezone(zone)
            last = max(last, 24 if end >= whole.end else local_end.hour + bool(local_end.minute))
    return first, last
