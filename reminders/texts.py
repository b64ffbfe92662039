"""The words of a reminder: the tenant's own or the usual ones, with facts of this moment.

A tenant's text may name `{name} {salon} {services} {master} {when} {day} {time} {left} {price} {address}`; a name that
is none of these stays as it is written. `{left}` is what remains at the moment of sending: "in 2 hours".
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Mapping

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking
from conversations.models import Contact
from kit.templatetags import marzha
from reminders.models import ReminderText
from tenants.models import Tenant

_PLACE = re.compile(r"\{(\w+)\}")


@contextlib.contextmanager
def spoken(tenant: Tenant, contact: Contact | None) -> Iterator[None]:
    """The client's language and the salon's clock, for whatever is said to the client."""
    known = {code for code, _name in settings.LANGUAGES}
    asked = (contact.language if contact else "")[:2]
    language = next((code for code in (asked, tenant.language) if code in known), settings.LANGUAGE_CODE)
    with translation.override(language), timezone.override(tenant.zone):
        yield


def own_texts() -> dict[int, ReminderText]:
    """The tenant's texts by offset."""
    return {text.offset_minutes: text for text in ReminderText.objects.all()}


def save(offset_minutes: int, *, text: str, active: bool = True) -> ReminderText:
    """Keeps the tenant's words for an offset; an empty text is the usual one."""
    row, _made = ReminderText.objects.update_or_create(
        offset_minutes=offset_minutes, defaults={"text": text.strip(), "active": active}
    )
    return row


def usual(offset_minutes: int) -> str:
    """Our words where the tenant has none, with their places."""
    if offset_minutes >= 36 * 60:
        opening = _("Hello, {name}! You have a visit to {salon} {left}: {when}.")
    elif offset_minutes >= 12 * 60:
        opening = _("Hello, {name}! A reminder of your visit to {salon} {left}: {when}.")
    else:
        opening = _("{name}, we are waiting for you {left}: {when}.")
    return "\n".join([opening, _("{services}, master: {master}."), "{address}", _("Will you come?")])


def write(booking: Booking, *, offset_minutes: int, own: str, tenant: Tenant, now: dt.datetime) -> str:
    """The text to send; call it inside `spoken`."""
    return fill(own or usual(offset_minutes), facts(booking, tenant=tenant, now=now))


def facts(booking: Booking, *, tenant: Tenant, now: dt.datetime) -> dict[str, str]:
    """What a text may name, in words."""
    contact = booking.attendee or booking.contact
    return {
        "name": (contact.name if contact else "").split(" ")[0],
        "salon": tenant.name,
        "services": ", ".join(
            item.name for item in sorted(booking.items.all(), key=lambda item: item.position)
        ),
        "master": booking.staff.name,
        "when": marzha.when(booking.starts_at, now),
        "day": marzha.day(booking.starts_at, now),
        "time": marzha.clock(booking.starts_at),
        "left": left(booking.starts_at - now),
        "price": marzha.money(booking.total, tenant.currency),
        "address": tenant.address,
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its places filled. A missing name takes its comma along; a line whose places are all empty goes."""
    lines = []
    for line in text.splitlines():
        named = [name for name in _PLACE.findall(line) if name in values]
        if named and not any(values[name] for name in named):
            continue
        for name in named:
            if not values[name]:
                line = re.sub(
                    rf",\s*\{{{name}\}}|\{{{name}\}}\s*,\s*(\w)?", lambda m: (m[1] or "").upper(), line
                )
        lines.append(_PLACE.sub(lambda place: values.get(place[1], place[0]), line).strip())
    return "\n".join(lines).strip()


def left(remaining: dt.timedelta) -> str:
    """What remains, in words people use: "in 25 minutes", "in 2 hours", "in 2 days"."""
    minutes = max(int(remaining.total_seconds() / 60 + 0.5), 1)
    if minutes < 90:
        count = minutes if minutes < 10 else 5 * round(minutes / 5)
        return ngettext("in %(count)d minute", "in %(count)d minutes", count) % {"count": count}
    hours = round(minutes / 60)
    if hours < 36:
        return ngettext("in %(count)d hour", "in %(count)d hours", hours) % {"count": hours}
    days = round(hours / 24)
    return ngettext("in %(count)d day", "in %(count)d days", days) % {"count": days}
