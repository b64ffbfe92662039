"""The call list: clients who could not be reminded in a chat, so that nobody is silently unreminded."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Q, QuerySet

from bookings.models import Booking, BookingStatus
from conversations.models import Contact, MessageState
from reminders.models import Reason, Reminder
from tenants.models import User

_UNCERTAIN = Q(reason=Reason.UNCERTAIN)


@dataclasses.dataclass
class Call:
    """A visit to call about. `reminders` are those that could not be said."""

    booking: Booking
    reminders: list[Reminder]

    @property
    def contact(self) -> Contact | None:
        """Whom to call."""
        return self.booking.attendee or self.booking.contact

    @property
    def phone(self) -> str:
        """Where to call; a visitor without a phone is reached by the one who booked."""
        contact = self.booking.contact
        return (self.contact.phone if self.contact else "") or (contact.phone if contact else "")

    @property
    def called_at(self) -> dt.datetime | None:
        """When somebody called."""
        return max((one.called_at for one in self.reminders if one.called_at), default=None)

    @property
    def reason(self) -> str:
        """Why a call is needed, in words."""
        return self.reminders[-1].get_reason_display()


def waiting(*, now: dt.datetime, master: User | None = None) -> list[Call]:
    """Visits to call about now, the soonest first; with `master` only those to them."""
    return _calls(
        Reminder.objects.filter(to_call=True, called_at=None, due_at__lte=now), now=now, master=master
    )


def called(*, since: dt.datetime, now: dt.datetime, master: User | None = None) -> list[Call]:
    """Visits ahead that somebody called about since then."""
    return _calls(Reminder.objects.filter(called_at__gte=since), now=now, master=master)


def uncertain(*, now: dt.datetime, master: User | None = None) -> list[Call]:
    """Visits whose reminder may have arrived or not; it is never repeated by itself."""
    rows = Reminder.objects.filter(_UNCERTAIN, message__state=MessageState.IN_DOUBT, called_at=None)
    return _calls(rows, now=now, master=master)


def count(*, now: dt.datetime) -> int:
    """How many visits wait for a call."""
    return len(waiting(now=now))


def _calls(rows: QuerySet[Reminder], *, now: dt.datetime, master: User | None) -> list[Call]:
    if master is not None:
        rows = rows.filter(booking__staff__user=master)
    found = (
        rows.filter(starts_at__gt=now, booking__status=BookingStatus.CONFIRMED)
        .select_related("booking__contact", "booking__attendee", "booking__staff", "called_by")
        .prefetch_related("booking__items")
        .order_by("starts_at", "due_at", "id")
    )
    calls: dict[int, Call] = {}
    for row in found:
        if row.starts_at == row.booking.starts_at:
            calls.setdefault(row.booking_id, Call(row.booking, [])).reminders.append(row)
    return list(calls.values())


def mark_called(booking: Booking, *, by: User | None, now: dt.datetime) -> None:
    """The client was called about the visit at its present start."""
    rows = Reminder.objects.filter(booking=booking, starts_at=booking.starts_at, called_at=None)
    rows.filter(Q(to_call=True) | _UNCERTAIN).update(called_at=now, called_by=by)


def undo_called(booking: Booking) -> None:
    """Takes the mark back."""
    Reminder.objects.filter(booking=booking, starts_at=booking.starts_at).exclude(called_at=None).update(
        called_at=None, called_by=None
    )
