"""When masters work: weekly hours with breaks and days off, as intervals of real time.

Hours are wall-clock times of the salon's zone. Here they become instants once, so that everything after this module
reckons in whole seconds of the epoch and a change of clocks is an interval an hour longer or shorter.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.models import DayOff, Staff, WorkingHours
from kit import periods

# ISO weekday 1 is Monday.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 3600

# [from, to) in seconds of the epoch.
Interval = tuple[int, int]


class BadHours(ValueError):
    """Weekly hours that cannot be meant; the message says what is wrong and where."""


class Shift(NamedTuple):
    """A stretch of work on a weekday (1–7); an end at 00:00 is the end of the day."""

    weekday: int
    starts: dt.time
    ends: dt.time


def open_intervals(
    staff_ids: Collection[int], *, first_day: dt.date, last_day: dt.date, zone: ZoneInfo
) -> dict[int, list[Interval]]:
    """Per master the intervals of work on the local days, both included: sorted, disjoint, touching ones joined."""
    weekly: dict[int, dict[int, list[tuple[dt.time, dt.time]]]] = defaultdict(lambda: defaultdict(list))
    rows = WorkingHours.objects.filter(staff_id__in=staff_ids).order_by("starts")
    for staff_id, weekday, starts, ends in rows.values_list("staff_id", "weekday", "starts", "ends"):
        weekly[staff_id][weekday].append((starts, ends))
    off = _days_off(staff_ids, first_day, last_day)

    found: dict[int, list[Interval]] = {staff_id: [] for staff_id in staff_ids}
    midnight = _midnight(first_day, zone)
    for day in periods.each_day(first_day, last_day):
        following = _midnight(day + dt.timedelta(days=1), zone)
        weekday = day.isoweekday()
        for staff_id, week in weekly.items():
            if weekday not in week or day in off[staff_id]:
                continue
            for starts, ends in week[weekday]:
                if following - midnight == DAY:
                    begin = midnight + starts.hour * 3600 + starts.minute * 60
                    end = midnight + (ends.hour * 3600 + ends.minute * 60 or DAY)
                else:
                    begin = int(periods.instant(day, starts, zone).timestamp())
                    end = (
                        int(periods.instant(day, ends, zone).timestamp())
                        if ends != dt.time.min
                        else following
                    )
                if begin < end:  # a shift inside the hour that the clocks skip has no length
                    found[staff_id].append((begin, end))
        midnight = following
    return {staff_id: joined(intervals) for staff_id, intervals in found.items()}


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    return int(periods.start_of_day(day, zone).timestamp())


def _days_off(staff_ids: Collection[int], first_day: dt.date, last_day: dt.date) -> dict[int, set[dt.date]]:
    off: dict[int, set[dt.date]] = defaultdict(set)
    rows = DayOff.objects.filter(staff_id__in=staff_ids, first_day__lte=last_day, last_day__gte=first_day)
    for staff_id, first, last in rows.values_list("staff_id", "first_day", "last_day"):
        off[staff_id].update(periods.each_day(max(first, first_day), min(last, last_day)))
    return off


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The same stretches of time, sorted, with those that touch or overlap made one."""
    made: list[Interval] = []
    for begin, end in sorted(intervals):
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((begin, end))
    return made


# ---------------------------------------------------------------- written form
def parse_week(data: Any) -> list[Shift]:
    """Shifts of `{"mon": ["10:00", "20:00"], …}`; a day may hold several pairs, which leaves breaks between them.

    An end that is not after its start lies on the next day: ("22:00", "06:00") is two shifts.

    Raises:
        BadHours: another shape, a time that is none, pairs that overlap.
    """
    if not isinstance(data, Mapping):
        raise BadHours(_("Working hours are a table of weekdays."))
    shifts: list[Shift] = []
    for name, times in data.items():
        if name not in WEEKDAYS:
            raise BadHours(
                _("There is no weekday “%(name)s”: use mon, tue, wed, thu, fri, sat, sun.") % {"name": name}
            )
        shifts += _day(WEEKDAYS.index(name) + 1, name, _flat(times, name))
    for weekday in range(1, 8):
        _refuse_overlaps(sorted(s for s in shifts if s.weekday == weekday), WEEKDAYS[weekday - 1])
    return sorted(shifts)


def _flat(times: Any, name: str) -> list[Any]:
    if times is None:
        return []
    if not isinstance(times, list):
        raise BadHours(_("Hours of %(day)s must be a list of times.") % {"day": name})
    flat = (
        [time for pair in times for time in pair] if all(isinstance(pair, list) for pair in times) else times
    )
    if len(flat) % 2:
        raise BadHours(_("Hours of %(day)s must be pairs of a start and an end.") % {"day": name})
    return flat


def _day(weekday: int, name: str, times: list[Any]) -> list[Shift]:
    shifts = []
    for begin, end in zip(times[::2], times[1::2], strict=True):
        starts, ends = parse_time(begin, name), parse_time(end, name)
        if ends == dt.time.min or starts < ends:
            shifts.append(Shift(weekday, starts, ends))
        elif starts == ends:
            raise BadHours(_("A shift on %(day)s ends when it begins.") % {"day": name})
        else:
            shifts += [Shift(weekday, starts, dt.time.min), Shift(weekday % 7 + 1, dt.time.min, ends)]
    return shifts


def parse_time(text: Any, where: str) -> dt.time:
    """`"09:30"` as a time; `"24:00"` is 00:00.

    Raises:
        BadHours: it is no such time; the message names `where`.
    """
    if text == "24:00":
        return dt.time.min
    try:
        if not isinstance(text, str) or len(text) not in (4, 5):
            raise ValueError
        hour, minute = text.split(":")
        return dt.time(int(hour), int(minute))
    except ValueError:
        raise BadHours(
            _("“%(text)s” on %(day)s is no time: write 09:30.") % {"text": text, "day": where}
        ) from None


def _refuse_overlaps(day: list[Shift], name: str) -> None:
    for before, after in itertools.pairwise(day):
        if before.ends == dt.time.min or after.starts < before.ends:
            raise BadHours(_("Shifts on %(day)s overlap.") % {"day": name})


def format_week(shifts: Iterable[Shift | WorkingHours]) -> dict[str, list[str]]:
    """The written form of shifts: `{"mon": ["10:00", "14:00", "15:00", "20:00"]}`, days without work left out."""
    week: dict[str, list[str]] = {}
    for shift in sorted(shifts, key=lambda s: (s.weekday, s.starts)):
        end = "24:00" if shift.ends == dt.time.min else f"{shift.ends:%H:%M}"
        week.setdefault(WEEKDAYS[shift.weekday - 1], []).extend([f"{shift.starts:%H:%M}", end])
    return week


def set_week(staff: Staff, shifts: Iterable[Shift]) -> None:
    """Replaces a master's weekly hours. Visits that stand already are left alone."""
    WorkingHours.objects.filter(staff=staff).delete()
    WorkingHours.objects.bulk_create(WorkingHours(staff=staff, **shift._asdict()) for shift in shifts)


def set_days_off(staff: Staff, days: Iterable[tuple[dt.date, dt.date, str]]) -> None:
    """Replaces a master's days off, each given as first day, last day and a note."""
    DayOff.objects.filter(staff=staff).delete()
    DayOff.objects.bulk_create(
        DayOff(staff=staff, first_day=first, last_day=last, note=note) for first, last, note in days
    )
