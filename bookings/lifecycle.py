"""The life of a visit: held, booked, moved, cancelled, arrived, completed or missed, each step with who and when.

Every step locks the visit, writes a `BookingChange` and announces itself (`bookings/signals.py`) in the caller's
transaction. A step that was made already is not made again. The database's exclusion constraint is the judge of
races; the lock on the master only spares those who race a wait for each other.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.dispatch import Signal
from django.utils.translation import gettext as _

from bookings import holds, reserve, signals, slots
from bookings.models import (
    UPCOMING,
    Addon,
    Booking,
    BookingChange,
    BookingItem,
    BookingStatus,
    Service,
    Staff,
)
from bookings.reserve import NotFree, NotServed, OutsideHours, PastDate, Refused, SlotTaken, TooFar
from conversations.models import Contact, Conversation
from leads import pipeline
from leads.models import Lead, LeadStatus
from tenants import wall
from tenants.models import User, new_token

__all__ = [
    "BadTransition",
    "NotFree",
    "NotServed",
    "OutsideHours",
    "PastDate",
    "Refused",
    "SlotTaken",
    "TooFar",
]

CLIENT, SALON, ASSISTANT = "client", "salon", "assistant"
# How long a mark set by mistake can be taken back.
UNDO_WITHIN = dt.timedelta(days=3)
LATE_CANCEL_HOURS = 24


class BadTransition(Refused):
    """The visit is not in a state from which the step can be made."""

    code = "bad_transition"
    field = "status"


# ---------------------------------------------------------------- agreeing
def book(
    *,
    contact: Contact | None,
    services: Sequence[Service],
    addons: Sequence[Addon] = (),
    staff: Staff | None = None,
    starts_at: dt.datetime,
    now: dt.datetime,
    origin: str,
    by: str,
    lead: Lead | None = None,
    conversation: Conversation | None = None,
    attendee: Contact | None = None,
    user: User | None = None,
    hold_minutes: int | None = None,
    note: str = "",
    addons_offered: bool = False,
    token: str = "",
) -> Booking:
    """A visit of several services one after another at one master, at today's prices.

    `staff=None` takes a free master who does them all, the least busy one that day. The start may be any minute of
    working hours; seconds are cut off. With `hold_minutes` the time is only held, until `confirm`. The contact's open
    lead is advanced when no lead is given.

    Raises:
        NotServed, PastDate, TooFar, OutsideHours, SlotTaken.
    """
    if (
        not services
        or not all(service.active for service in services)
        or not all(addon.active for addon in addons)
    ):
        raise NotServed(_("This is not in the price list any more: choose something else."))
    starts_at = reserve.check_moment(starts_at, now=now)
    need = slots.need_of(services, addons)
    lead = lead or pipeline.open_of(contact)
    booking = Booking(
        contact=contact,
        attendee=attendee,
        lead=lead,
        conversation=conversation or (lead.conversation if lead else None),
        status=BookingStatus.HELD if hold_minutes else BookingStatus.CONFIRMED,
        origin=origin,
        source=lead.source if lead else "",
        medium=lead.medium if lead else "",
        campaign=lead.campaign if lead else "",
        total=sum((s.price for s in services), Decimal(0)) + sum((a.price for a in addons), Decimal(0)),
        addons_offered=addons_offered or bool(addons),
        hold_until=now + dt.timedelta(minutes=hold_minutes) if hold_minutes else None,
        note=note,
        public_token=token or new_token(24),
        created_at=now,
        created_by=user,
    )
    reserve.take(booking, need, starts_at=starts_at, staff=staff, now=now)
    BookingItem.objects.bulk_create(_items(booking, services, addons))
    kind = BookingChange.Kind.HELD if hold_minutes else BookingChange.Kind.CREATED
    _note(booking, kind, now=now, by=by, user=user, before="", starts_after=starts_at)
    if hold_minutes:
        holds.promise(booking)
    else:
        _announce_booked(booking, now)
    return booking


def confirm(booking: Booking, *, now: dt.datetime, by: str, user: User | None = None) -> Booking:
    """Makes a held visit a booked one, also after its time ran out if nobody has taken it since.

    Raises:
        BadTransition: it is neither held nor waiting for payment.
    """
    if _repeats(booking, BookingStatus.CONFIRMED):
        return booking
    _require(booking, holds.HOLDING, _("This time is no longer held (%(status)s): book anew."))
    before, booking.status, booking.hold_until = booking.status, BookingStatus.CONFIRMED, None
    booking.save(update_fields=["status", "hold_until"])
    _note(booking, BookingChange.Kind.CREATED, now=now, by=by, user=user, before=before)
    _announce_booked(booking, now)
    return booking


def _announce_booked(booking: Booking, now: dt.datetime) -> None:
    if booking.lead is not None:
        pipeline.advance(booking.lead, LeadStatus.BOOKED, now=now)
    signals.booked.send(Booking, booking=booking, now=now)


def _items(booking: Booking, services: Sequence[Service], addons: Sequence[Addon]) -> Iterable[BookingItem]:
    rows: list[Service | Addon] = [*services, *addons]
    for position, row in enumerate(rows):
        yield BookingItem(
            booking=booking,
            service=row if isinstance(row, Service) else None,
            addon=row if isinstance(row, Addon) else None,
            name=row.name,
            minutes=row.minutes,
            price=row.price,
            cost=row.cost,
            position=position,
        )


# ---------------------------------------------------------------- changing
def move(
    booking: Booking,
    *,
    starts_at: dt.datetime,
    now: dt.datetime,
    by: str,
    staff: Staff | None = None,
    user: User | None = None,
) -> Booking:
    """Another time, and another master when one is given; what was agreed otherwise stays, prices included.

    The client's «I will come» was about the former time and is forgotten.

    Raises:
        BadTransition, NotServed, PastDate, TooFar, OutsideHours, SlotTaken.
    """
    _lock(booking)
    _require(booking, UPCOMING, _("Only a coming visit can be moved; this one is: %(status)s."))
    _check_begun(booking, now, by)
    starts_before, staff_before = booking.starts_at, booking.staff
    if starts_at == starts_before and staff in (None, staff_before):
        return booking
    starts_at = reserve.check_moment(starts_at, now=now)
    need = slots.need_of_booking(booking)
    with _restored(booking):
        booking.client_confirmed_at = None
        reserve.take(booking, need, starts_at=starts_at, staff=staff or staff_before, now=now)
    _note(
        booking,
        BookingChange.Kind.MOVED,
        now=now,
        by=by,
        user=user,
        before=booking.status,
        starts_before=starts_before,
        starts_after=starts_at,
        staff_before=staff_before,
    )
    signals.moved.send(
        Booking, booking=booking, starts_before=starts_before, staff_before=staff_before.pk, now=now
    )
    return booking


def cancel(
    booking: Booking, *, now: dt.datetime, by: str, user: User | None = None, reason: str = ""
) -> Booking:
    """Gives the time back. Late is a client's cancellation with less notice than the salon asks for.

    Raises:
        BadTransition: it has ended already, or it has begun and the client cancels.
    """
    if _repeats(booking, BookingStatus.CANCELLED):
        return booking
    _require(
        booking,
        (*UPCOMING, BookingStatus.ARRIVED),
        _("This visit cannot be cancelled any more: %(status)s."),
    )
    _check_begun(booking, now, by)
    notice = dt.timedelta(hours=wall.entered_tenant().settings.get("late_cancel_hours", LATE_CANCEL_HOURS))
    late = by != SALON and booking.starts_at - now < notice
    _step(
        booking, BookingStatus.CANCELLED, BookingChange.Kind.CANCELLED, signals.cancelled,
        now=now, by=by, user=user, late=late, reason=reason[:200],
    )  # fmt: skip
    return booking


def confirm_by_client(booking: Booking, *, now: dt.datetime) -> Booking:
    """Notes that the client said they will come.

    Raises:
        BadTransition: there is nothing to come to.
    """
    _lock(booking)
    if booking.client_confirmed_at is not None and booking.status in UPCOMING:
        return booking
    _require(
        booking,
        (BookingStatus.CONFIRMED, BookingStatus.AWAITING_PAYMENT),
        _("There is nothing to confirm, the visit is: %(status)s. Choose a new time."),
    )
    booking.client_confirmed_at = now
    booking.save(update_fields=["client_confirmed_at"])
    _note(booking, BookingChange.Kind.CLIENT_CONFIRMED, now=now, by=CLIENT, user=None, before=booking.status)
    signals.client_confirmed.send(Booking, booking=booking, now=now)
    return booking


# ---------------------------------------------------------------- the day itself
def arrive(booking: Booking, *, now: dt.datetime, user: User | None = None) -> Booking:
    """The client is here.

    Raises:
        BadTransition: the visit is not a booked one.
    """
    if _repeats(booking, BookingStatus.ARRIVED):
        return booking
    _require(
        booking,
        (BookingStatus.CONFIRMED,),
        _("Only a booked visit can be marked as arrived; this one is: %(status)s."),
    )
    _step(
        booking,
        BookingStatus.ARRIVED,
        BookingChange.Kind.ARRIVED,
        signals.arrived,
        now=now,
        by=SALON,
        user=user,
    )
    return booking


def complete(booking: Booking, *, now: dt.datetime, user: User | None = None) -> Booking:
    """The visit took place. Corrects a «did not come» too.

    Raises:
        BadTransition: it is held, cancelled or expired.
    """
    if _repeats(booking, BookingStatus.COMPLETED):
        return booking
    _require(
        booking,
        (BookingStatus.CONFIRMED, BookingStatus.ARRIVED, BookingStatus.NO_SHOW),
        _("This visit cannot be completed: %(status)s."),
    )
    if booking.lead is not None:
        pipeline.advance(booking.lead, LeadStatus.VISITED, now=now)
    _step(
        booking,
        BookingStatus.COMPLETED,
        BookingChange.Kind.COMPLETED,
        signals.completed,
        now=now,
        by=SALON,
        user=user,
    )
    return booking


def no_show(booking: Booking, *, now: dt.datetime, user: User | None = None) -> Booking:
    """The client did not come.

    Raises:
        BadTransition: it is held, cancelled or completed.
    """
    if _repeats(booking, BookingStatus.NO_SHOW):
        return booking
    _require(
        booking,
        (BookingStatus.CONFIRMED, BookingStatus.ARRIVED),
        _("This visit cannot be marked as missed: %(status)s."),
    )
    _step(
        booking,
        BookingStatus.NO_SHOW,
        BookingChange.Kind.NO_SHOW,
        signals.no_show,
        now=now,
        by=SALON,
        user=user,
    )
    return booking


def reopen(booking: Booking, *, now: dt.datetime, by: str = SALON, user: User | None = None) -> Booking:
    """Takes the last mark back: arrived, completed, did not come or cancelled, within three days.

    Raises:
        BadTransition: there is no such mark, or it is too old.
        SlotTaken: a cancelled visit's time was given to somebody else.
    """
    _lock(booking)
    last = booking.changes.order_by("-id").first()
    if last is None or booking.status != last.kind or not last.status_before or now - last.at > UNDO_WITHIN:
        raise BadTransition(_("There is nothing to take back here: book anew."))
    if last.status_before in holds.HOLDING:
        raise BadTransition(_("The time was only held: book anew."))
    undone, booking.status = booking.status, last.status_before
    with _restored(booking):
        if not reserve.write(booking):
            need = slots.need_of_booking(booking)
            raise reserve.taken(
                need, starts_at=booking.starts_at, staff=booking.staff, now=now, ignoring=None
            )
    _note(booking, BookingChange.Kind.REOPENED, now=now, by=by, user=user, before=undone)
    signals.reopened.send(Booking, booking=booking, status_before=undone, now=now)
    return booking


# ---------------------------------------------------------------- steps
def _lock(booking: Booking) -> None:
    booking.refresh_from_db(from_queryset=Booking.objects.select_for_update(of=("self",)))


def _repeats(booking: Booking, status: str) -> bool:
    """Locks the visit and says whether the step was made already."""
    _lock(booking)
    return booking.status == status


@contextlib.contextmanager
def _restored(booking: Booking) -> Iterator[None]:
    """Leaves the caller's booking as it stands in the database when the step is refused."""
    try:
        yield
    except Refused:
        booking.refresh_from_db()
        raise


def _require(booking: Booking, allowed: Sequence[str], message: str) -> None:
    """Refuses the step from any other status; `message` has a place for `%(status)s`."""
    if booking.status not in allowed:
        raise BadTransition(message % {"status": str(BookingStatus(booking.status).label).lower()})


def _check_begun(booking: Booking, now: dt.datetime, by: str) -> None:
    if by == CLIENT and booking.starts_at <= now:
        raise BadTransition(_("The visit has begun: please call the salon."))


def _step(
    booking: Booking,
    status: str,
    kind: str,
    signal: Signal,
    *,
    now: dt.datetime,
    by: str,
    user: User | None,
    late: bool = False,
    reason: str = "",
) -> None:
    before, booking.status = booking.status, status
    booking.save(update_fields=["status"])
    _note(booking, kind, now=now, by=by, user=user, before=before, late=late, reason=reason)
    signal.send(Booking, booking=booking, now=now)


def _note(
    booking: Booking,
    kind: str,
    *,
    now: dt.datetime,
    by: str,
    user: User | None,
    before: str,
    late: bool = False,
    reason: str = "",
    starts_before: dt.datetime | None = None,
    starts_after: dt.datetime | None = None,
    staff_before: Staff | None = None,
) -> None:
    BookingChange.objects.create(
        booking=booking,
        at=now,
        kind=kind,
        status_before=before,
        by=by,
        user=user,
        late=late,
        reason=reason,
        starts_before=starts_before,
        starts_after=starts_after,
        staff_before=staff_before,
    )
