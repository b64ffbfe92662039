"""One visit: its facts and story, and what can be done with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import lifecycle, slots
from bookings.forms import MoveForm
from bookings.models import Booking, BookingChange, BookingStatus, Staff
from bookings.views import parts
from tenants import clock
from tenants.models import Role
from tenants.roles import needs

Kind = BookingChange.Kind
_SALON = {"by": lifecycle.SALON}
# Step → how it is made, what is said afterwards.
MARKS: dict[str, tuple[Callable[..., Booking], dict[str, Any], Any]] = {
    "arrive": (lifecycle.arrive, {}, gettext_lazy("The client is here")),
    "complete": (lifecycle.complete, {}, gettext_lazy("The visit took place")),
    "no-show": (lifecycle.no_show, {}, gettext_lazy("Did not come")),
    "cancel": (lifecycle.cancel, _SALON, gettext_lazy("The visit is cancelled")),
    "confirm": (lifecycle.confirm, _SALON, gettext_lazy("The visit is booked")),
}
SIGNS = {
    Kind.HELD: "hourglass",
    Kind.CREATED: "calendar-plus",
    Kind.CLIENT_CONFIRMED: "check",
    Kind.MOVED: "calendar-event",
    Kind.CANCELLED: "calendar-x",
    Kind.ARRIVED: "door",
    Kind.COMPLETED: "checks",
    Kind.NO_SHOW: "close",
    Kind.EXPIRED: "hourglass",
    Kind.REOPENED: "undo",
}
UNDOABLE = (
    BookingStatus.ARRIVED,
    BookingStatus.COMPLETED,
    BookingStatus.NO_SHOW,
    BookingStatus.CANCELLED,
)


@needs(Role.MASTER)
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The visit in a dialog, or on a page of its own."""
    booking = parts.visit_or_404(pk)
    return parts.dialog(request, "visit", _context(request, booking), title=_title(booking))


def _title(booking: Booking) -> str:
    return str(booking.attendee or booking.contact or _("Guest"))


def _context(request: HttpRequest, booking: Booking, **more: Any) -> dict[str, Any]:
    now = clock.now()
    changes = list(booking.changes.select_related("user", "staff_before").order_by("-id"))
    may = parts.may_change(request, booking)
    coming = booking.status == BookingStatus.CONFIRMED
    undoable = booking.status in UNDOABLE and bool(changes) and changes[0].kind == booking.status
    return {
        "booking": booking,
        "items": booking.items.order_by("position", "id"),
        "story": [(change, SIGNS[Kind(change.kind)]) for change in changes],
        "now": now,
        "may": may,
        "manager": parts.manages(request),
        # Nobody has missed or had what has not begun.
        "begun": booking.starts_at <= now,
        "steps": {
            "confirm": may and booking.status in (BookingStatus.HELD, BookingStatus.AWAITING_PAYMENT),
            "arrive": may and coming,
            "end": may
            and booking.status in (BookingStatus.CONFIRMED, BookingStatus.ARRIVED)
            and booking.starts_at <= now,
            "correct": may and booking.status == BookingStatus.NO_SHOW,
            "move": may and booking.status in (BookingStatus.CONFIRMED, BookingStatus.HELD),
            "cancel": may and booking.status in (BookingStatus.CONFIRMED, BookingStatus.HELD),
            "undo": may and undoable and now - changes[0].at <= lifecycle.UNDO_WITHIN,
        },
        **more,
    }


def _changed(request: HttpRequest, booking: Booking, *, say: str, undo: str = "") -> HttpResponse:
    """The visit anew, a toast, and the calendar behind it told to re-read itself."""
    if not parts.is_htmx(request):
        return parts.said(request, reverse("bookings:visit", args=[booking.pk]), say=say)
    fresh = parts.visit_or_404(booking.pk)
    response = parts.dialog(request, "visit", _context(request, fresh), title=_title(fresh))
    toast = {"text": say, "tone": "gain"} | ({"undo": undo} if undo else {})
    return parts.triggers(response, toast=toast, visits={})


def _refused(request: HttpRequest, pk: int, refused: lifecycle.Refused) -> HttpResponse:
    fresh = parts.visit_or_404(pk)
    context = _context(request, fresh, refusal=refused.message)
    return parts.dialog(request, "visit", context, title=_title(fresh), status=409)


def _mine(request: HttpRequest, pk: int) -> Booking:
    booking = parts.visit_or_404(pk)
    if not parts.may_change(request, booking):
        raise PermissionDenied
    return booking


@needs(Role.MASTER)
@require_POST
def mark(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """One of `MARKS`."""
    booking = _mine(request, pk)
    make, how, words = MARKS[step]
    try:
        make(booking, now=clock.now(), user=parts.person(request), **how)
    except lifecycle.Refused as refused:
        return _refused(request, pk, refused)
    undo = reverse("bookings:reopen", args=[pk]) if booking.status in UNDOABLE else ""
    return _changed(request, booking, say=str(words), undo=undo)


@needs(Role.MASTER)
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the last mark back; from a toast, whose page only re-reads itself."""
    booking = _mine(request, pk)
    try:
        lifecycle.reopen(booking, now=clock.now(), user=parts.person(request))
    except lifecycle.Refused as refused:
        return parts.said(request, reverse("bookings:visit", args=[pk]), say=refused.message, tone="loss")
    return parts.said(request, reverse("bookings:visit", args=[pk]), say=_("Taken back"))


@needs(Role.MASTER)
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another day, time or master, chosen from what is free; any other minute can be typed."""
    booking = _mine(request, pk)
    need = slots.need_of_booking(booking)
    masters = slots.masters(need)
    if booking.staff not in masters:
        masters = [booking.staff, *masters]
    if not parts.manages(request):
        masters = [booking.staff]
    given = request.POST if request.method == "POST" else request.GET
    day = parts.date(given.get("day")) or timezone.localdate(booking.starts_at)
    staff = next((s for s in masters if str(s.pk) == given.get("staff")), booking.staff)
    form = MoveForm(request.POST or None, initial={"staff": staff.pk, "day": day}, staff=masters)
    refusal = None
    if request.method == "POST" and form.is_valid():
        before = urlencode({"at": booking.starts_at.isoformat(), "staff": booking.staff_id})
        try:
            lifecycle.move(
                booking,
                starts_at=form.cleaned_data["starts_at"],
                staff=staff,
                now=clock.now(),
                by=lifecycle.SALON,
                user=parts.person(request),
            )
        except lifecycle.Refused as refused:
            refusal = refused
        else:
            undo = f"{reverse('bookings:move-back', args=[pk])}?{before}"
            return _changed(request, booking, say=_("The visit is moved"), undo=undo)
    context = {
        "booking": booking,
        "form": form,
        "refusal": refusal,
        "now": clock.now(),
        "times": times_of(need, day, staff, ignoring=booking),
        "day": day,
    }
    template = "move_times" if request.GET.get("part") == "times" else "move"
    status = 409 if refusal else 422 if form.errors else 200
    return parts.dialog(request, template, context, title=_("Move the visit"), status=status)


def times_of(
    need: slots.Need, day: dt.date, staff: Staff | None, *, ignoring: Booking | None = None
) -> list[dt.datetime]:
    """Free starts of a day, each once, in the salon's zone; none for a day out of the calendar's reach."""
    now = clock.now()
    if not -1 <= (day - timezone.localdate(now)).days <= 800:
        return []
    found = slots.find_for(need, staff=staff, first_day=day, last_day=day, now=now, ignoring=ignoring)
    return [timezone.localtime(at) for at in dict.fromkeys(slot.starts_at for slot in found)]


@needs(Role.MASTER)
@require_POST
def move_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undoes a move: `?at=…&staff=…` is where the visit was."""
    booking = _mine(request, pk)
    at = parse_datetime(request.GET.get("at", ""))
    staff = Staff.objects.filter(pk=parts.whole_number(request.GET.get("staff")) or 0).first()
    address = reverse("bookings:visit", args=[pk])
    if at is None or timezone.is_naive(at):
        return parts.said(
            request, address, say=_("There is nothing to take back here: book anew."), tone="loss"
        )
    try:
        lifecycle.move(
            booking,
            starts_at=at,
            staff=staff,
            now=clock.now(),
            by=lifecycle.SALON,
            user=parts.person(request),
        )
    except lifecycle.Refused as refused:
        return parts.said(request, address, say=refused.message, tone="loss")
    return parts.said(request, address, say=_("Taken back"))
