"""Local dates and instants: half-open periods, days in the salon's own zone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """Instants from `start` up to but without `end`, both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a period is made of aware times")
        if self.end < self.start:
            raise ValueError("a period ends after it starts")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def overlaps(self, other: Period) -> bool:
        """Is there an instant in both? Touching ends do not overlap."""
        return self.start < other.end and other.start < self.end

    @property
    def length(self) -> timedelta:
        """Elapsed time (a day with a clock change is 23 or 25 hours)."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)


def instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which clocks in `zone` show `clock` on `day`.

    A time that the clocks skip is moved forward by the gap; one that comes twice is its first occurrence.
    """
    # PEP 495: with fold=0 the offset before the change is used, which gives just these two answers.
    return datetime.combine(day, clock, zone).replace(fold=0).astimezone(UTC)


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The first instant of the local `day`, in UTC (not always midnight: some zones skip it)."""
    begin = instant(day, time.min, zone)
    # The gap rule above lands inside the day, at its first existing instant only when midnight exists.
    local = begin.astimezone(zone)
    if local.date() == day and local.time() != time.min:
        while (earlier := begin - timedelta(minutes=15)).astimezone(zone).date() == day:
            begin = earlier
    return begin


def days(first: date, last: date, zone: tzinfo) -> Period:
    """The period of the local days `first` to `last`, both included."""
    return Period(start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone))


def day(one: date, zone: tzinfo) -> Period:
    """The period of one local day."""
    return days(one, one, zone)


def month(one: date, zone: tzinfo) -> Period:
    """The period of the local month that `one` lies in."""
    first = one.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return days(first, following - timedelta(days=1), zone)


def local_date(at: datetime, zone: tzinfo) -> date:
    """The day on which the aware instant `at` falls in `zone`."""
    if at.tzinfo is None:
        raise ValueError("an instant is aware")
    return at.astimezone(zone).date()


def each_day(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
