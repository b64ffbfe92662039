"""Addresses that clients get: the page they book on and the page of one visit."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.urls import reverse

from bookings.models import Booking
from tenants.models import Tenant


def page_url(tenant: Tenant) -> str:
    """The salon's booking page."""
    return settings.PUBLIC_URL + reverse("bookings:public", args=[tenant.slug])


def manage_url(booking: Booking) -> str:
    """The visit's own page; whoever has the address may confirm, move and cancel."""
    return settings.PUBLIC_URL + reverse("bookings:manage", args=[booking.public_token])


def find(token: str) -> tuple[int, int] | None:
    """(tenant, visit) behind a visit's link, None when there is none; asked before a tenant is entered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, booking_id FROM booking_by_token(%s)", [token])
        return cursor.fetchone()
