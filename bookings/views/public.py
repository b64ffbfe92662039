"""The page clients book on: services, add-ons and master, a free time, name and phone. Works without JavaScript."""

from __future__ import annotations

import base64
import re
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings import lifecycle, slots, wish
from bookings.forms import ClientForm
from bookings.models import Booking, Service
from bookings.slots import Verdict
from bookings.views import outside
from bookings.wish import Wish
from conversations import contacts
from integrations.protocols import attribution
from leads import pipeline
from tenants import clock, lookup
from tenants.middleware import without_tenant
from tenants.models import Tenant, new_token

# How leads of this page are counted: it is a form like any other.
CHANNEL = "form"
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")


@require_http_methods(["GET", "HEAD", "POST"])
@without_tenant
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One step; which one follows from what the address holds."""
    tenant_id = lookup.tenant_by_slug(slug)
    if tenant_id is None:
        raise Http404
    if (refused := outside.too_often(request)) is not None:
        return refused
    with outside.inside(tenant_id) as tenant:
        if not tenant.calendar_complete:
            return _show(request, tenant, "closed")
        if request.method == "POST":
            return _take(request, tenant)
        return _step(request, tenant, wish.read(request.GET))


def _show(
    request: HttpRequest, tenant: Tenant, step: str, *, status: int = 200, **facts: Any
) -> HttpResponse:
    asked = facts.get("wish")
    if asked is not None:
        # Where "back" and "change" lead; `base` is the wish that a chosen time is added to.
        facts["base"] = asked.query("at")
        facts["back"] = (
            asked.query("at")
            if step == "client"
            else asked.query("at", "ok", "a", "m")
            if asked.looked
            else asked.query("s", "a", "m", "ok", "at")
        )
    context = outside.frame(tenant, step=step, **facts)
    return render(request, f"bookings/public_{step}.html", context, status=status)


def _step(request: HttpRequest, tenant: Tenant, asked: Wish) -> HttpResponse:
    need = slots.need_of(asked.services, asked.addons)
    able = slots.masters(need) if asked.services else []
    if not able:
        return _services(request, tenant, asked)
    addons = wish.offered(asked.services)
    if not asked.looked and (addons or len(able) > 1):
        return _show(request, tenant, "extras", wish=asked, addons=addons, masters=able)
    if asked.at is None:
        return _times(request, tenant, asked)
    free = slots.verdicts(
        need,
        staff_ids=[s.pk for s in able if asked.staff in (None, s)],
        starts_at=asked.at,
        now=clock.now(),
    )
    if asked.at < clock.now() or Verdict.FREE not in free.values():
        return _times(request, tenant, asked, gone=True)
    form = ClientForm(use_required_attribute=True)
    return _show(request, tenant, "client", wish=asked, form=form, key=new_token(24))


def _services(request: HttpRequest, tenant: Tenant, asked: Wish) -> HttpResponse:
    groups: dict[str, list[Service]] = {}
    for service in (
        Service.objects.filter(active=True, staff_links__staff__active=True)
        .distinct()
        .order_by("position", "name", "id")
    ):
        groups.setdefault(service.category, []).append(service)
    return _show(
        request,
        tenant,
        "services",
        wish=asked,
        groups=list(groups.items()),
        # Each is done by somebody, all of them together by nobody.
        apart=bool(asked.services),
        chosen=[s.pk for s in asked.services],
    )


def _times(request: HttpRequest, tenant: Tenant, asked: Wish, *, gone: bool = False) -> HttpResponse:
    need = slots.need_of(asked.services, asked.addons)
    found = outside.free_days(need, staff=asked.staff, first=request.GET.get("from"))
    near = (
        slots.nearest_for(need, staff=asked.staff, around=asked.at, now=clock.now())
        if gone and asked.at
        else []
    )
    return _show(
        request, tenant, "times", wish=asked, gone=gone, near=near, status=409 if gone else 200, **found
    )


# ---------------------------------------------------------------- booking
def _take(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    asked = wish.read(request.POST)
    key = request.POST.get("key", "")
    token = _token(tenant, key) if _KEY.match(key) else new_token(24)
    if made := _made_before(token):
        return _done(made)
    form = ClientForm(request.POST)
    if not asked.services or asked.at is None:
        return _step(request, tenant, asked)
    if not form.is_valid():
        return _show(request, tenant, "client", wish=asked, form=form, key=key, status=422)
    try:
        with transaction.atomic():  # neither lead nor client is left behind by a visit that is refused
            booking = _book(request, asked, form.cleaned_data, token)
    except lifecycle.Refused as refused:
        if made := _made_before(token):  # the same form was sent twice at once
            return _done(made)
        near = refused.alternatives if isinstance(refused, lifecycle.NotFree) else []
        return _show(
            request,
            tenant,
            "client",
            wish=asked,
            form=form,
            key=key,
            refusal=refused.message,
            near=near,
            status=409,
        )
    return _done(booking)


def _token(tenant: Tenant, key: str) -> str:
    """The visit's link from the form's own key: one form makes one visit, however often it is sent."""
    made = salted_hmac("bookings.public", f"{tenant.pk}:{key}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).decode()[:32]


def _made_before(token: str) -> Booking | None:
    return Booking.objects.filter(public_token=token).first()


def _done(booking: Booking) -> HttpResponse:
    return redirect("bookings:manage", token=booking.public_token)


def _book(request: HttpRequest, asked: Wish, given: dict[str, Any], token: str) -> Booking:
    assert asked.at is not None
    now = clock.now()
    contact = contacts.by_phone(given["phone"], name=given["name"], now=now)
    touch = attribution.of_parameters(
        asked.marks,
        page_url=request.build_absolute_uri(request.path),
        referrer=asked.marks.get("ref", ""),
    )
    lead = pipeline.open_lead(
        contact=contact,
        now=now,
        channel_kind=CHANNEL,
        request=_("Booking page: %(what)s") % {"what": ", ".join(s.name for s in asked.services)},
        touch=touch,
    )
    # Whoever books here has been answered by the page itself.
    pipeline.answered(lead, by_human=False, now=now)
    return lifecycle.book(
        contact=contact,
        lead=lead,
        services=asked.services,
        addons=asked.addons,
        staff=asked.staff,
        starts_at=asked.at,
        now=now,
        origin="online",
        by=lifecycle.CLIENT,
        # The page showed what fits, whether it was taken or not.
        addons_offered=bool(wish.offered(asked.services)),
        token=token,
    )
