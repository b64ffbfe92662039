"""Today's call list, the mark that a client was called, and the code that ties a messenger to a visit."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bookings.models import Booking
from kit import periods
from reminders import attach, calls, invitation
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs


@require_GET
@needs(Role.MASTER)
def index(request: HttpRequest) -> HttpResponse:
    """Who could not be reminded in a chat, the soonest visit first; a master sees their own visits."""
    sms = {"has_sms": invitation.account() is not None, "sms_on": invitation.is_on(wall.entered_tenant())}
    return render(request, "reminders/calls.html", _lists(request) | sms)


@require_POST
@needs(Role.MASTER)
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """The client was called."""
    booking = get_object_or_404(_visits(request), pk=pk)
    calls.mark_called(booking, by=request.user, now=clock.now())  # type: ignore[arg-type]
    contact = booking.attendee or booking.contact
    text = _("%(name)s was called.") % {"name": contact or _("The client")}
    return _listed(request, text=text, undo=reverse("reminders:undo", args=[booking.pk]))


@require_POST
@needs(Role.MASTER)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the mark back."""
    calls.undo_called(get_object_or_404(_visits(request), pk=pk))
    return _listed(request, text=_("Back in the list."))


@require_GET
@needs(Role.MASTER)
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """The links and the code by which the client gets reminders in a messenger."""
    booking = get_object_or_404(_visits(request), pk=pk)
    links = [(one, segno.make(one.url).svg_data_uri(scale=8, border=2)) for one in attach.links(booking)]
    context = {
        "booking": booking,
        "contact": booking.attendee or booking.contact,
        "links": links,
        "now": clock.now(),
    }
    return render(request, "reminders/link.html", context)


@require_POST
@needs(Role.OWNER)
def sms(request: HttpRequest) -> HttpResponse:
    """Whether a visit entered at the desk sends one SMS with the link into a messenger."""
    on = request.POST.get("on") == "1"
    invitation.choose(wall.entered_tenant(), on=on)
    messages.success(request, _("Switched on.") if on else _("Switched off."))
    return redirect("reminders:calls")


def _visits(request: HttpRequest) -> Any:
    found = Booking.objects.select_related("contact", "attendee", "staff")
    master = _master(request)
    return found.filter(staff__user=master) if master else found


def _master(request: HttpRequest) -> Any:
    """The person, when they see only their own visits."""
    return request.user if request.seat.role == Role.MASTER else None  # type: ignore[attr-defined]


def _lists(request: HttpRequest) -> dict[str, Any]:
    now, master = clock.now(), _master(request)
    today = periods.start_of_day(
        now.astimezone(wall.entered_tenant().zone).date(), wall.entered_tenant().zone
    )
    return {
        "waiting": calls.waiting(now=now, master=master),
        "uncertain": calls.uncertain(now=now, master=master),
        "called": calls.called(since=min(today, now - dt.timedelta(hours=12)), now=now, master=master),
        "now": now,
    }


def _listed(request: HttpRequest, *, text: str, undo: str = "") -> HttpResponse:
    """The list anew: the part of the page that htmx swaps in, or the page."""
    if not request.headers.get("HX-Request"):
        messages.success(request, text)
        return redirect("reminders:calls")
    response = render(request, "reminders/_calls.html", _lists(request))
    toast = {"text": text, "tone": "gain"} | ({"undo": undo} if undo else {})
    # `calls` makes the list read itself anew where the answer was not swapped in (the toast's undo).
    response["HX-Trigger"] = json.dumps({"toast": toast, "calls": {}})
    return response
