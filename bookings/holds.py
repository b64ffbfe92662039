"""Times held for somebody who has not confirmed yet: they run out by themselves, at most a minute late.

The promise is a durable row written with the hold. Nobody waits for it: a list of free times leaves out holds that
ran out, and whoever books frees those that stand in the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet

from bookings import signals
from bookings.models import Booking, BookingChange, BookingStatus, HoldExpiry
from tenants import clock
from work import claim, rows, sweep

QUEUE = "holds"
HOLDING = (BookingStatus.HELD, BookingStatus.AWAITING_PAYMENT)


def promise(booking: Booking) -> None:
    """Writes that this hold ends at its `hold_until`."""
    assert booking.hold_until is not None
    HoldExpiry.objects.create(booking=booking, due_at=booking.hold_until, state=rows.State.WAITING)


def expire_holds(*, now: dt.datetime) -> int:
    """Frees every hold of the tenant that ran out; returns how many."""
    return _free(Booking.objects.filter(status__in=HOLDING, hold_until__lte=now), now=now)


def make_way(
    staff_ids: Collection[int], *, starts_at: dt.datetime, ends_at: dt.datetime, now: dt.datetime
) -> int:
    """Frees the holds that ran out and overlap that time of those masters.

    One that somebody is confirming at this moment is left to them.
    """
    return _free(
        Booking.objects.filter(
            staff_id__in=staff_ids,
            status__in=HOLDING,
            hold_until__lte=now,
            during__overlap=DateTimeTZRange(starts_at, ends_at),
        ),
        now=now,
    )


def carry_out(row: rows.DurableRow, _: claim.Claim) -> None:
    """Keeps one promise; a visit confirmed or cancelled meanwhile is left alone."""
    assert isinstance(row, HoldExpiry)
    _free(
        Booking.objects.filter(pk=row.booking_id, status__in=HOLDING, hold_until__lte=clock.now()),
        now=clock.now(),
    )


RUN = sweep.one_by_one(HoldExpiry, carry_out)


def _free(held: QuerySet[Booking], *, now: dt.datetime) -> int:
    count = 0
    for booking in held.select_for_update(skip_locked=True, of=("self",)):
        before, booking.status = booking.status, BookingStatus.EXPIRED
        booking.save(update_fields=["status"])
        BookingChange.objects.create(
            booking=booking, at=now, kind=BookingChange.Kind.EXPIRED, status_before=before, by="salon"
        )
        signals.expired.send(Booking, booking=booking, now=now)
        count += 1
    return count
