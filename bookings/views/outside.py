"""What the clients' pages share: entering the salon they belong to, and patience with those who ask too often."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from bookings import slots
from bookings.models import Booking, Staff
from bookings.slots import Need
from kit import limits
from tenants import clock, wall
from tenants.models import Tenant

# A page shows so many days that have free times, and looks so far for them.
DAYS_SHOWN, DAYS_READ, HORIZON = 7, 21, 90


@contextlib.contextmanager
def inside(tenant_id: int) -> Iterator[Tenant]:
    """The salon's transaction, its clock's zone and its language."""
    with wall.tenant_tx(tenant_id):
        tenant = wall.entered_tenant()
        with timezone.override(tenant.zone), translation.override(tenant.language):
            yield tenant


def too_often(request: HttpRequest) -> HttpResponse | None:
    """A page that asks for patience, None for those who may go on. Looking is cheap, booking is not.

    Many phones share one address at a mobile operator, so the limit stops robots and not a busy evening.
    """
    rate, burst = (0.2, 30.0) if request.method == "POST" else (5.0, 150.0)
    wait = limits.take(f"page:{request.method == 'POST':d}:{_visitor(request)}", rate=rate, burst=burst)
    if wait <= 0:
        return None
    response = render(request, "bookings/often.html", {"minutes": int(wait // 60) + 1}, status=429)
    response["Retry-After"] = str(int(wait) + 1)
    return response


def _visitor(request: HttpRequest) -> str:
    """Whose requests are counted together; behind the proxy it is the address that the proxy wrote."""
    written = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if settings.HTTPS else ""
    return written or request.META.get("REMOTE_ADDR", "")


def frame(tenant: Tenant, **more: Any) -> dict[str, Any]:
    """What every page for clients shows of the salon."""
    now = clock.now()
    return {
        "tenant": tenant,
        "business": tenant.name,
        "zone": tenant.timezone,
        "offset": _offset(now.astimezone(tenant.zone)),
        "currency": tenant.currency,
        "now": now,
        **more,
    }


def _offset(at: dt.datetime) -> str:
    shift = at.utcoffset() or dt.timedelta()
    minutes = int(shift.total_seconds()) // 60
    sign = "−" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def free_days(
    need: Need, *, staff: Staff | None, first: str | None, ignoring: Booking | None = None
) -> dict[str, Any]:
    """The next days with free times: `days` [(date, starts)], `later` and `earlier` dates to go on from.

    `first` is the date in the address; what is none means today.
    """
    now = clock.now()
    today = timezone.localdate(now)
    try:
        begin = max(today, dt.date.fromisoformat(first or ""))
    except ValueError:
        begin = today
    end = today + dt.timedelta(days=HORIZON)
    begin = min(begin, end)
    last = min(end, begin + dt.timedelta(days=DAYS_READ - 1))
    days: dict[dt.date, dict[dt.datetime, None]] = {}
    for slot in slots.find_for(need, staff=staff, first_day=begin, last_day=last, now=now, ignoring=ignoring):
        at = timezone.localtime(slot.starts_at)
        days.setdefault(at.date(), {})[slot.starts_at] = None
    shown = [(day, list(starts)) for day, starts in list(days.items())[:DAYS_SHOWN]]
    reached = shown[-1][0] if len(days) > DAYS_SHOWN else last
    return {
        "days": shown,
        "later": reached + dt.timedelta(days=1) if reached < end else None,
        "earlier": max(today, begin - dt.timedelta(days=DAYS_SHOWN)) if begin > today else None,
    }
