"""`/r/<token>/`: a visit's client chooses the messenger that reminders come to. The SMS of the desk leads here."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings import links
from bookings.models import UPCOMING, Booking
from bookings.views import outside
from reminders import attach
from tenants import clock
from tenants.middleware import without_tenant


@require_safe
@without_tenant
@never_cache
def messengers(request: HttpRequest, token: str) -> HttpResponse:
    """When and where, one button a messenger, and the way to the visit's own page."""
    if (refused := outside.too_often(request)) is not None:
        return refused
    found = links.find(token)
    if found is None:
        raise Http404
    tenant_id, booking_id = found
    with outside.inside(tenant_id) as tenant:
        booking = Booking.objects.select_related("staff", "contact").get(pk=booking_id)
        ahead = booking.status in UPCOMING and booking.starts_at > clock.now()
        context = outside.frame(
            tenant,
            booking=booking,
            ahead=ahead,
            links=attach.links(booking) if ahead else [],
            manage_url=links.manage_url(booking),
        )
        return render(request, "reminders/messengers.html", context)
