"""Takes a master's time for a visit, new or moved: who can, who is free, and what to say when nobody is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count
from django.utils.translation import gettext as _

from bookings import holds, slots
from bookings.models import Booking, BookingStatus, Staff
from bookings.slots import Need, Slot, Verdict
from kit import periods
from tenants import wall

FURTHEST = dt.timedelta(days=2 * 366)
_CONSTRAINT = "bookings_booking_one_slot_once"


class Refused(Exception):
    """A step that cannot be made. `message` says to a person what to do; `field` is what of the request is wrong."""

    code = "refused"
    field = "starts_at"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PastDate(Refused):
    """The start lies in the past."""

    code = "past_date"


class TooFar(Refused):
    """The start lies further ahead than the calendar reaches."""

    code = "too_far"


class NotServed(Refused):
    """No master, or not the one asked for, does these services."""

    code = "not_served"
    field = "staff"


class NotFree(Refused):
    """The time cannot be had. `alternatives` are the nearest free starts for the same request."""

    def __init__(self, message: str, alternatives: Sequence[Slot]) -> None:
        super().__init__(message)
        self.alternatives = list(alternatives)


class OutsideHours(NotFree):
    """No master who could do it works then."""

    code = "outside_hours"


class SlotTaken(NotFree):
    """Somebody has that time already."""

    code = "slot_taken"


def check_moment(starts_at: dt.datetime, *, now: dt.datetime) -> dt.datetime:
    """The start as it is kept, in UTC with its seconds cut off; the minute that runs is not past yet.

    Raises:
        PastDate, TooFar.
    """
    if not now - dt.timedelta(minutes=1) <= starts_at <= now + FURTHEST:
        if starts_at < now:
            raise PastDate(_("This time has passed: choose a later one."))
        raise TooFar(_("The calendar reaches two years ahead: choose an earlier time."))
    minute = starts_at.astimezone(dt.UTC).replace(second=0, microsecond=0)
    if minute < now.replace(second=0, microsecond=0):
        raise PastDate(_("This time has passed: choose a later one."))
    return minute


def take(
    booking: Booking, need: Need, *, starts_at: dt.datetime, staff: Staff | None, now: dt.datetime
) -> None:
    """Gives the booking a free master and these times, and saves it.

    `staff=None` takes the one with the fewest visits that day. `starts_at` comes from `check_moment`. A booking that
    stands already keeps its old time when this one cannot be had.

    Raises:
        NotServed, OutsideHours, SlotTaken.
    """
    ignoring = booking if booking.pk else None
    able = _able(booking, need, staff)
    ends_at = starts_at + dt.timedelta(minutes=need.minutes)
    until = ends_at + dt.timedelta(minutes=need.buffer_minutes)
    # Those who want the same master wait here, in one order, instead of in the constraint, where two may deadlock.
    list(Staff.objects.filter(pk__in=[s.pk for s in able]).select_for_update(no_key=True).order_by("pk"))
    holds.make_way([s.pk for s in able], starts_at=starts_at, ends_at=until, now=now)
    found = slots.verdicts(
        need,
        staff_ids=[s.pk for s in able],
        starts_at=starts_at,
        now=now,
        ignoring=ignoring,
        spare_lapsed=False,
    )
    free = [s for s in able if found[s.pk] is Verdict.FREE]
    if free:
        booking.starts_at, booking.ends_at = starts_at, ends_at
        booking.during = DateTimeTZRange(starts_at, until, "[)")
        booking.local_day = periods.local_date(starts_at, wall.entered_tenant().zone)
    for master in _least_busy(free, booking):
        booking.staff = master
        if write(booking):
            return
    if free or Verdict.TAKEN in found.values():
        raise taken(need, starts_at=starts_at, staff=staff, now=now, ignoring=ignoring)
    raise OutsideHours(
        _("Nobody works at that time: choose another one."),
        slots.nearest_for(need, staff=staff, around=starts_at, now=now, ignoring=ignoring),
    )


def write(booking: Booking) -> bool:
    """Saves the booking; False when the database refuses because somebody has the time."""
    try:
        with transaction.atomic():
            booking.save()
    except IntegrityError as refusal:
        if _CONSTRAINT in str(refusal):
            return False
        raise
    return True


def taken(
    need: Need, *, starts_at: dt.datetime, staff: Staff | None, now: dt.datetime, ignoring: Booking | None
) -> SlotTaken:
    """The refusal for a time that somebody has, with the nearest free ones."""
    return SlotTaken(
        _("This time has just been taken: choose another one."),
        slots.nearest_for(need, staff=staff, around=starts_at, now=now, ignoring=ignoring),
    )


def _able(booking: Booking, need: Need, staff: Staff | None) -> list[Staff]:
    able = slots.masters(need, staff=staff)
    if able:
        return able
    if staff is None:
        raise NotServed(_("No one master does all of this: book the services one by one."))
    if booking.pk and staff.pk == booking.staff_id and staff.active:
        return [staff]  # agreed before the price list changed
    raise NotServed(_("%(name)s does not do this: choose another master.") % {"name": staff.name})


def _least_busy(free: list[Staff], booking: Booking) -> list[Staff]:
    if len(free) < 2:
        return free
    gone = (BookingStatus.CANCELLED, BookingStatus.EXPIRED)
    rows = Booking.objects.filter(staff__in=free, local_day=booking.local_day).exclude(status__in=gone)
    visits = dict(rows.values_list("staff_id").annotate(n=Count("id")))
    return sorted(free, key=lambda master: visits.get(master.pk, 0))
