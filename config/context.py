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
    nav = []
    if seat is not None:
        for name, label, icon, lowest in NAV:
            if seat.role.rank >= lowest.rank:
                url = reverse(name)
                nav.append({"url": url, "label": label, "icon": icon, "active": request.path.startswith(url)})
    return {"seat": seat, "seats": getattr(request, "seats", []), "nav": nav, "demo": settings.DEMO}
