"""The day at the desk: by master on a wide screen, as a list on a phone."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings import day as days
from bookings.models import Service, Staff
from bookings.views import parts
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs

EVERYBODY = "all"


@needs(Role.MASTER)
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """`?day=2026-11-30&staff=ID|all`; `?part=day` is the day alone. A master's own day comes first."""
    tenant, now = wall.entered_tenant(), clock.now()
    today = timezone.localdate(now)
    day = parts.date(request.GET.get("day")) or today
    masters = list(Staff.objects.filter(active=True).order_by("position", "name", "id"))
    asked = request.GET.get("staff") or _first(request, masters)
    shown = [s for s in masters if str(s.pk) == asked] or masters
    chosen = str(shown[0].pk) if len(shown) == 1 and len(masters) > 1 else EVERYBODY
    context: dict[str, Any] = {
        "view": days.of(shown, day=day, zone=tenant.zone, now=now),
        "day": day,
        "today": today,
        "now": now,
        "masters": masters,
        "chosen": chosen,
        "tabs": _tabs(masters, chosen, day),
        "before": _address(day - dt.timedelta(days=1), chosen),
        "after": _address(day + dt.timedelta(days=1), chosen),
        "present": _address(today, chosen),
        "self_url": _address(day, chosen),
        "manager": parts.manages(request),
        "may_book": parts.manages(request) or parts.own_staff(request) is not None,
        "own": getattr(parts.own_staff(request), "pk", None),
        "has_services": Service.objects.filter(active=True).exists(),
    }
    if request.GET.get("part") == "day":
        return render(request, "bookings/_day.html", context)
    return render(request, "bookings/calendar.html", context)


def _first(request: HttpRequest, masters: list[Staff]) -> str:
    if parts.manages(request):
        return EVERYBODY
    own = next((s for s in masters if s.user_id == parts.person(request).pk), None)
    return str(own.pk) if own else EVERYBODY


def _address(day: dt.date, staff: str) -> str:
    return f"{reverse('bookings:calendar')}?{urlencode({'day': day.isoformat(), 'staff': staff})}"


def _tabs(masters: list[Staff], chosen: str, day: dt.date) -> list[dict[str, Any]]:
    if len(masters) < 2:
        return []
    named = [(EVERYBODY, _("All")), *((str(s.pk), s.name) for s in masters)]
    return [{"url": _address(day, key), "label": label, "active": key == chosen} for key, label in named]
