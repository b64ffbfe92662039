"""Facts the assistant speaks of, each from the rows of this moment: price list, masters, visits, hours."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS_ABBR

from bookings import hours
from bookings.models import UPCOMING, Addon, Booking, Service, ServiceAddon, ServiceStaff, Staff, WorkingHours
from conversations.models import Conversation

# How far ahead the next opening is looked for.
_AHEAD = dt.timedelta(days=14)


def catalogue() -> list[Service]:
    """What can be booked: active services that somebody does, in the price list's order."""
    done = ServiceStaff.objects.filter(staff__active=True).values("service_id")
    return list(Service.objects.filter(active=True, pk__in=done).order_by("position", "name", "id"))


def masters() -> list[Staff]:
    """Active masters."""
    return list(Staff.objects.filter(active=True).order_by("position", "name", "id"))


def chosen(catalogue: Sequence[Service], ids: Sequence[int]) -> list[Service]:
    """The services with these ids that can still be booked, in this order."""
    known = {service.pk: service for service in catalogue}
    return [known[one] for one in ids if one in known]


def addon_for(services: Sequence[Service]) -> Addon | None:
    """The one add-on to offer with these services."""
    links = ServiceAddon.objects.filter(service__in=services, addon__active=True).select_related("addon")
    link = links.order_by("position", "id").first()
    return link.addon if link else None


def addons(ids: Sequence[int]) -> list[Addon]:
    """Active add-ons with these ids."""
    return list(Addon.objects.filter(pk__in=ids, active=True).order_by("pk"))


def visits(thread: Conversation, *, now: dt.datetime) -> list[Booking]:
    """The client's coming visits, the soonest first."""
    coming = Booking.objects.filter(status__in=UPCOMING, starts_at__gt=now).select_related(
        "staff", "contact", "attendee"
    )
    mine = coming.filter(contact_id=thread.contact_id) | coming.filter(conversation=thread)
    return list(mine.distinct().order_by("starts_at", "id")[:5])


def opens_at(*, now: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """When somebody is there: `now` while the place is open, else the next opening; None when no hours are known."""
    today = now.astimezone(zone).date()
    staff_ids = list(Staff.objects.filter(active=True).values_list("pk", flat=True))
    found = hours.open_intervals(staff_ids, first_day=today, last_day=today + _AHEAD, zone=zone)
    moment = int(now.timestamp())
    later = [
        begin for begin, end in hours.joined(itertools.chain.from_iterable(found.values())) if end > moment
    ]
    if not later:
        return None
    return max(now, dt.datetime.fromtimestamp(later[0], dt.UTC))


def week_in_words() -> str:
    """When the place is open, days with the same hours together: "Mon–Fri 10:00–20:00, Sat 11:00–18:00"."""
    daily: dict[int, tuple[dt.time, dt.time]] = {}
    for shift in WorkingHours.objects.filter(staff__active=True):
        starts, ends = daily.get(shift.weekday, (shift.starts, shift.ends))
        daily[shift.weekday] = (min(starts, shift.starts), _later(ends, shift.ends))
    runs: list[tuple[int, int, tuple[dt.time, dt.time]]] = []
    for weekday in sorted(daily):
        if runs and runs[-1][1] == weekday - 1 and runs[-1][2] == daily[weekday]:
            runs[-1] = (runs[-1][0], weekday, daily[weekday])
        else:
            runs.append((weekday, weekday, daily[weekday]))
    return ", ".join(_run(*run) for run in runs)


def _later(one: dt.time, other: dt.time) -> dt.time:
    """The later of two ends; 00:00 is the end of the day."""
    return dt.time.min if dt.time.min in (one, other) else max(one, other)


def _run(first: int, last: int, times: tuple[dt.time, dt.time]) -> str:
    names = [str(WEEKDAYS_ABBR[weekday - 1]) for weekday in (first, last)]
    days = names[0] if first == last else "\u2013".join(names)
    ends = "24:00" if times[1] == dt.time.min else f"{times[1]:%H:%M}"
    return f"{days} {times[0]:%H:%M}\u2013{ends}"
