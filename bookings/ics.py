"""A visit as a calendar file (RFC 5545): CRLF lines, folded at 75 octets, times in UTC."""

from __future__ import annotations

import datetime as dt

from bookings import links
from bookings.models import Booking, BookingChange, BookingStatus
from tenants.models import Tenant

_STATES = {
    BookingStatus.CANCELLED: "CANCELLED",
    BookingStatus.EXPIRED: "CANCELLED",
    BookingStatus.HELD: "TENTATIVE",
}


def calendar(booking: Booking, *, tenant: Tenant, now: dt.datetime) -> bytes:
    """The file; opened again after a move it replaces what it made before."""
    url = links.manage_url(booking)
    what = ", ".join(item.name for item in booking.items.order_by("position", "id"))
    moves = booking.changes.exclude(kind=BookingChange.Kind.CLIENT_CONFIRMED).count()
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Marzha//Marzha//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{booking.public_token}@marzha",
        f"SEQUENCE:{moves}",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(booking.starts_at)}",
        f"DTEND:{_utc(booking.ends_at)}",
        f"SUMMARY:{_text(f'{what} · {tenant.name}')}",
        f"LOCATION:{_text(tenant.address or tenant.name)}",
        f"DESCRIPTION:{_text(f'{booking.staff.name} · {url}')}",
        f"URL:{url}",
        f"STATUS:{_STATES.get(BookingStatus(booking.status), 'CONFIRMED')}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(folded + "\r\n" for line in lines for folded in [_folded(line)]).encode()


def _utc(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    for char, escaped in (
        ("\\", "\\\\"),
        (";", "\\;"),
        (",", "\\,"),
        ("\r\n", "\\n"),
        ("\n", "\\n"),
        ("\r", "\\n"),
    ):
        value = value.replace(char, escaped)
    return value


def _folded(line: str) -> str:
    """No line is longer than 75 octets, and no letter is torn."""
    parts: list[str] = []
    part = ""
    for char in line:
        if len((part + char).encode()) > 75 - bool(parts):
            parts.append(part)
            part = ""
        part += char
    return "\r\n ".join([*parts, part])
