"""Which reminders a visit gets: one row for each offset, always, written in the transaction that changes the visit.

A row is keyed by (visit, start, offset). A moved visit gets rows for its new start, and those of the old one are
cancelled; moved back, the old rows live again. An offset that has passed already is a `skipped` row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from bookings.models import Booking
from reminders.models import OFFSETS, Reason, Reminder
from work.rows import State

# States in which nothing has been said yet.
UNSAID = (State.WAITING, State.PENDING, State.CLAIMED)


def grace(offset_minutes: int) -> dt.timedelta:
    """How late a reminder may still go out."""
    return dt.timedelta(minutes=20) if offset_minutes < 12 * 60 else dt.timedelta(hours=6)


def plan(bookings: Iterable[Booking], *, now: dt.datetime) -> int:
    """Writes the reminders of visits at their present starts; returns rows made. Planned twice is planned once."""
    rows = [_row(booking, offset, now) for booking in bookings for offset in OFFSETS]
    before = {
        (row.booking_id, row.starts_at, row.offset_minutes): row
        for row in Reminder.objects.filter(booking_id__in={row.booking_id for row in rows})
    }
    new = []
    for row in rows:
        old = before.get((row.booking_id, row.starts_at, row.offset_minutes))
        if old is None:
            new.append(row)
        elif old.state == State.CANCELLED:
            _revive(old, row)
    return len(Reminder.objects.bulk_create(new, ignore_conflicts=True))


def _row(booking: Booking, offset_minutes: int, now: dt.datetime) -> Reminder:
    # Elapsed time, not wall-clock time: over a change of clocks 24 hours before is not the same hour of the day.
    due = booking.starts_at.astimezone(dt.UTC) - dt.timedelta(minutes=offset_minutes)
    past = due <= now
    return Reminder(
        booking=booking,
        starts_at=booking.starts_at,
        offset_minutes=offset_minutes,
        due_at=due,
        expires_at=min(due + grace(offset_minutes), booking.starts_at),
        state=State.SKIPPED if past else State.WAITING,
        reason=Reason.PAST if past else "",
        created_at=now,
    )


def _revive(old: Reminder, fresh: Reminder) -> None:
    """A start that was left and come back to: its rows live again, save for what was said already."""
    if old.message_id is not None and old.message and old.message.state in ("sent", "delivered", "read"):
        old.state, old.reason = State.DONE, ""
    else:
        old.state, old.reason = fresh.state, fresh.reason
    old.last_error = ""
    old.save(update_fields=["state", "reason", "last_error"])


def drop(booking: Booking, *, reason: Reason, keep: dt.datetime | None = None) -> int:
    """Cancels what has not been said yet, for every start but `keep`; takes visits out of the call list.

    What was said and is on its way is stopped right before its call (`dispatch.vetoes`).
    """
    rows = Reminder.objects.filter(booking=booking)
    if keep is not None:
        rows = rows.exclude(starts_at=keep)
    rows.filter(to_call=True, called_at=None).update(to_call=False)
    return rows.filter(state__in=UNSAID).update(
        state=State.CANCELLED, reason=reason, lease_until=None, lease_token=None
    )
