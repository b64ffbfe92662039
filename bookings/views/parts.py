"""What the pages of this room share."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from bookings.models import Booking, Staff
from tenants.lookup import Seat
from tenants.models import Role, User


def person(request: HttpRequest) -> User:
    """Who asks; pages here are guarded, so somebody does."""
    assert isinstance(request.user, User)
    return request.user


def seat(request: HttpRequest) -> Seat:
    """The person's place in the tenant."""
    found = request.seat  # type: ignore[attr-defined]
    assert isinstance(found, Seat)
    return found


def manages(request: HttpRequest) -> bool:
    """Whether the person may change everybody's calendar."""
    return seat(request).role.rank >= Role.MANAGER.rank


def own_staff(request: HttpRequest) -> Staff | None:
    """The master that the person is."""
    return Staff.objects.filter(user=person(request), active=True).order_by("position", "id").first()


def may_change(request: HttpRequest, booking: Booking) -> bool:
    """A manager changes every visit, a master their own."""
    return manages(request) or booking.staff.user_id == person(request).pk


def whole_number(text: str | None) -> int | None:
    """An id from an address, None for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def date(text: str | None) -> dt.date | None:
    """A day from an address, None for what is none or lies beyond what anybody plans."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if dt.date(1970, 1, 1) <= day <= dt.date(2200, 1, 1) else None


def visit_or_404(pk: int) -> Booking:
    """A visit of this tenant with what a page shows of it."""
    found = (
        Booking.objects.select_related("staff", "contact", "attendee", "conversation").filter(pk=pk).first()
    )
    if found is None:
        raise Http404
    return found


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part is asked for rather than a page."""
    return bool(request.headers.get("HX-Request"))


def triggers(response: HttpResponse, **events: Any) -> HttpResponse:
    """Adds events for the page (`HX-Trigger`); a double underscore stands for a colon."""
    told = json.loads(response.headers.get("HX-Trigger", "{}"))
    told |= {name.replace("__", ":"): value for name, value in events.items() if value is not None}
    response["HX-Trigger"] = json.dumps(told)
    return response


def said(
    request: HttpRequest, address: str, *, say: str, undo: str = "", closes: bool = False, tone: str = "gain"
) -> HttpResponse:
    """After a verb: under htmx a toast, and lists that re-read themselves; else the way to `address` with a word."""
    if not is_htmx(request):
        messages.success(request, say)
        return redirect(address)
    toast = {"text": say, "tone": tone} | ({"undo": undo} if undo else {})
    response = triggers(HttpResponse(status=204), toast=toast, visits={}, catalogue={})
    return triggers(response, dialog__close={}) if closes else response


def dialog(
    request: HttpRequest, template: str, context: dict[str, Any], *, title: str, status: int = 200
) -> HttpResponse:
    """`_<template>` in a dialog under htmx, in a page of its own otherwise; a refused form comes back alone."""
    part = f"bookings/_{template}.html"
    context = context | {"part": part, "title": title, "dialog_id": f"{template.replace('_', '-')}-dialog"}
    if not is_htmx(request):
        return render(request, "bookings/part_page.html", context, status=status)
    if request.method == "POST" or request.GET.get("part"):
        return render(request, part, context, status=status)
    return render(request, "bookings/part_dialog.html", context, status=status)
