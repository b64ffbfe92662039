"""A visit's own page for whoever has its link: facts, «I will come», another time, cancelling, a calendar file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import ics, lifecycle, links, slots, wish
from bookings.models import UPCOMING, Booking, BookingStatus
from bookings.views import outside
from tenants import clock
from tenants.middleware import without_tenant
from tenants.models import Tenant


@contextlib.contextmanager
def _visit(token: str) -> Iterator[tuple[Tenant, Booking]]:
    found = links.find(token)
    if found is None:
        raise Http404
    tenant_id, booking_id = found
    with outside.inside(tenant_id) as tenant:
        yield tenant, Booking.objects.select_related("staff").get(pk=booking_id)


def _show(
    request: HttpRequest, tenant: Tenant, booking: Booking, *, status: int = 200, **facts: Any
) -> HttpResponse:
    now = clock.now()
    ahead = booking.status in UPCOMING and booking.starts_at > now
    hours = tenant.settings.get("late_cancel_hours", lifecycle.LATE_CANCEL_HOURS)
    context = outside.frame(
        tenant,
        booking=booking,
        items=booking.items.order_by("position", "id"),
        ahead=ahead,
        confirmable=ahead
        and booking.status == BookingStatus.CONFIRMED
        and booking.client_confirmed_at is None,
        late=ahead and (booking.starts_at - now).total_seconds() < hours * 3600,
        late_hours=hours,
        book_url=links.page_url(tenant),
        **facts,
    )
    return render(request, "bookings/manage.html", context, status=status)


@require_safe
@without_tenant
@never_cache
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The visit's facts and what can be done with it."""
    if (refused := outside.too_often(request)) is not None:
        return refused
    with _visit(token) as (tenant, booking):
        return _show(request, tenant, booking)


@require_POST
@without_tenant
@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """«I will come»."""
    if (refused := outside.too_often(request)) is not None:
        return refused
    with _visit(token) as (tenant, booking):
        try:
            lifecycle.confirm_by_client(booking, now=clock.now())
        except lifecycle.Refused as wrong:
            return _show(request, tenant, booking, refusal=wrong.message, status=409)
    return redirect("bookings:manage", token=token)


@require_POST
@without_tenant
@never_cache
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Gives the time back."""
    if (refused := outside.too_often(request)) is not None:
        return refused
    with _visit(token) as (tenant, booking):
        try:
            lifecycle.cancel(booking, now=clock.now(), by=lifecycle.CLIENT)
        except lifecycle.Refused as wrong:
            return _show(request, tenant, booking, refusal=wrong.message, status=409)
    return redirect("bookings:manage", token=token)


@require_http_methods(["GET", "HEAD", "POST"])
@without_tenant
@never_cache
def move(request: HttpRequest, token: str) -> HttpResponse:
    """Another time at the same master: `?from=` goes on to later days; POST `at`."""
    if (refused := outside.too_often(request)) is not None:
        return refused
    with _visit(token) as (tenant, booking):
        if booking.status not in UPCOMING or booking.starts_at <= clock.now():
            return redirect("bookings:manage", token=token)
        refusal, near = "", []
        if request.method == "POST" and (at := wish.moment(request.POST.get("at"))) is not None:
            try:
                lifecycle.move(booking, starts_at=at, now=clock.now(), by=lifecycle.CLIENT)
            except lifecycle.Refused as wrong:
                refusal = wrong.message
                near = wrong.alternatives if isinstance(wrong, lifecycle.NotFree) else []
            else:
                return redirect("bookings:manage", token=token)
        need = slots.need_of_booking(booking)
        found = outside.free_days(need, staff=booking.staff, first=request.GET.get("from"), ignoring=booking)
        context = outside.frame(tenant, booking=booking, refusal=refusal, near=near, **found)
        return render(request, "bookings/manage_move.html", context, status=409 if refusal else 200)


@require_safe
@without_tenant
@never_cache
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """The visit for the calendar of one's phone."""
    if (refused := outside.too_often(request)) is not None:
        return refused
    with _visit(token) as (tenant, booking):
        response = HttpResponse(
            ics.calendar(booking, tenant=tenant, now=clock.now()), content_type="text/calendar; charset=utf-8"
        )
    response["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return response
