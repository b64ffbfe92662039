"""The one question asked over the wall by this room: whose visit does a public link belong to?"""

from __future__ import annotations

from tenants.functions import definer

BOOKING_BY_TOKEN = definer(
    "booking_by_token",
    "_token text",
    "TABLE(tenant_id bigint, booking_id bigint)",
    "SELECT tenant_id, id FROM bookings_booking WHERE public_token = _token",
)
