"""What every page of the house knows: who is looking, which tenant, where one can go."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tenants.models import Role

NAV = (
    # (name of the URL, label, icon, lowest role)
    ("inbox:list", _("Inbox"), "message-circle", Role.MANAGER),
    ("inbox:today", _("Today"), "checklist", Role.MASTER),
    ("bookings:calendar", _("Calendar"), "calendar", Role.MASTER),
    ("economics:dashboard", _("Money"), "chart-bar", Role.OWNER),
    ("onboarding:setup", _("Setup"), "settings", Role.MANAGER),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """`seat`, `seats` and `nav` of the person, and whether this is a demo."""
    seat = getattr(request, "seat", None)
    places = []
    if seat is not None:
        places = [
            (reverse(name), label, icon) for name, label, icon, low in NAV if seat.role.rank >= low.rank
        ]
    # The longest address wins: Today lies below the inbox.
    here = max((url for url, *_rest in places if request.path.startswith(url)), key=len, default="")
    nav = [{"url": url, "label": label, "icon": icon, "active": url == here} for url, label, icon in places]
    return {"seat": seat, "seats": getattr(request, "seats", []), "nav": nav, "demo": settings.DEMO}
