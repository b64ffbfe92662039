"""What is sold and who does it: services, add-ons, masters with hours and days off."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import catalogue, hours, links
from bookings.forms import AddonForm, DayOffForm, ServiceForm, StaffForm
from bookings.models import Addon, DayOff, Service, ServiceStaff, Staff
from bookings.views import parts
from tenants import audit, clock, wall
from tenants.models import Membership, Role
from tenants.roles import needs

_MODELS: dict[str, type[Service] | type[Addon] | type[Staff]] = {
    "services": Service,
    "addons": Addon,
    "masters": Staff,
}


@needs(Role.MANAGER)
@require_safe
def index(request: HttpRequest, tab: str = "services") -> HttpResponse:
    """One of three lists; `?part=list` is the list alone."""
    context = _listed(tab) | {
        "tab": tab,
        "tabs": [
            {"url": reverse("bookings:catalogue"), "label": _("Services"), "active": tab == "services"},
            {"url": reverse("bookings:addons"), "label": _("Add-ons"), "active": tab == "addons"},
            {"url": reverse("bookings:masters"), "label": _("Masters"), "active": tab == "masters"},
        ],
        "currency": wall.entered_tenant().currency,
        "add_url": reverse(f"bookings:{tab}-new"),
        "list_url": request.path,
        "page_url": links.page_url(wall.entered_tenant()),
    }
    template = f"bookings/_{tab}.html" if request.GET.get("part") == "list" else "bookings/catalogue.html"
    return render(request, template, context | {"list_part": f"bookings/_{tab}.html"})


def _listed(tab: str) -> dict[str, Any]:
    if tab == "addons":
        addons = Addon.objects.filter(active=True).prefetch_related("service_links__service")
        return {
            "rows": list(addons.order_by("name", "id")),
            "gone": list(Addon.objects.filter(active=False).order_by("name")),
        }
    if tab == "masters":
        masters = list(
            Staff.objects.filter(active=True)
            .select_related("user")
            .prefetch_related("hours", "days_off", "service_links")
            .order_by("position", "name", "id")
        )
        today = clock.now().astimezone(wall.entered_tenant().zone).date()
        rows = [
            {
                "staff": one,
                "week": _short_week(one),
                "off": sorted(
                    (d for d in one.days_off.all() if d.last_day >= today), key=lambda d: d.first_day
                )[:2],
                "services": len(one.service_links.all()),
            }
            for one in masters
        ]
        return {"rows": rows, "gone": list(Staff.objects.filter(active=False).order_by("name"))}
    able = set(ServiceStaff.objects.filter(staff__active=True).values_list("service_id", flat=True))
    groups: dict[str, list[dict[str, Any]]] = {}
    for service in Service.objects.filter(active=True).order_by("position", "name", "id"):
        groups.setdefault(service.category, []).append({"service": service, "able": service.pk in able})
    return {
        "groups": groups.items(),
        "rows": groups,
        "gone": list(Service.objects.filter(active=False).order_by("name")),
    }


def _short_week(staff: Staff) -> list[dict[str, Any]]:
    """Days with the same hours side by side: Mon–Fri 10:00–14:00, 15:00–20:00."""
    names = (
        pgettext("weekday, short", "Mon"), pgettext("weekday, short", "Tue"), pgettext("weekday, short", "Wed"),
        pgettext("weekday, short", "Thu"), pgettext("weekday, short", "Fri"), pgettext("weekday, short", "Sat"),
        pgettext("weekday, short", "Sun"),
    )  # fmt: skip
    week = hours.format_week(staff.hours.all())
    lines: list[dict[str, Any]] = []
    for place, key in enumerate(hours.WEEKDAYS):
        times = week.get(key, [])
        pairs = ", ".join(f"{a}–{b}" for a, b in zip(times[::2], times[1::2], strict=True))
        if not pairs:
            continue
        if lines and lines[-1]["times"] == pairs and lines[-1]["last"] == place - 1:
            lines[-1] |= {"last": place, "days": f"{names[lines[-1]['first']]}–{names[place]}"}
        else:
            lines.append({"first": place, "last": place, "days": names[place], "times": pairs})
    return lines


# ---------------------------------------------------------------- services
@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def service(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new service, or one to change."""
    row = get_object_or_404(Service, pk=pk) if pk else Service()
    form = ServiceForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        row = form.save(commit=False)
        row.synonyms = form.cleaned_data["synonyms"]
        row.save()
        catalogue.set_masters(row, form.cleaned_data.get("staff", []))
        catalogue.set_addons(row, form.cleaned_data.get("addons", []))
        return _saved(request, "catalogue", row)
    title = row.name if pk else _("New service")
    return _form(request, form, "services", row, title)


@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def addon(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new add-on, or one to change."""
    row = get_object_or_404(Addon, pk=pk) if pk else Addon()
    form = AddonForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        return _saved(request, "addons", form.save())
    return _form(request, form, "addons", row, row.name if pk else _("New add-on"))


# ---------------------------------------------------------------- masters
@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def master(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new master, or one to change: name, hours, who signs in as them."""
    row = get_object_or_404(Staff, pk=pk) if pk else Staff(position=Staff.objects.count())
    people = [
        (seat.user_id, seat.user.get_full_name())
        for seat in Membership.objects.select_related("user").order_by("user__name", "id")
    ]
    form = StaffForm(request.POST or None, instance=row, people=people)
    if request.method == "POST" and form.is_valid():
        row = form.save(commit=False)
        row.user_id = form.cleaned_data["user"]
        row.save()
        hours.set_week(row, form.cleaned_data["shifts"])
        if not pk:
            # Whoever is new does everything, until somebody says otherwise at the services.
            for one in Service.objects.filter(active=True):
                ServiceStaff.objects.create(service=one, staff=row)
        return _saved(request, "masters", row)
    return _form(request, form, "masters", row, row.name if pk else _("New master"))


@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def days_off(request: HttpRequest, pk: int) -> HttpResponse:
    """A master's days off: those that come, and a form for more."""
    row = get_object_or_404(Staff, pk=pk)
    form = DayOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        DayOff.objects.create(staff=row, **form.cleaned_data)
        if not parts.is_htmx(request):
            return parts.said(request, reverse("bookings:days-off", args=[pk]), say=_("Saved"))
        form = DayOffForm()
    today = clock.now().astimezone(wall.entered_tenant().zone).date()
    context = {
        "staff": row,
        "form": form,
        "days": DayOff.objects.filter(staff=row, last_day__gte=today).order_by("first_day", "id"),
    }
    title = _("Days off: %(name)s") % {"name": row.name}
    response = parts.dialog(request, "days_off", context, title=title, status=422 if form.errors else 200)
    return parts.triggers(response, catalogue={}) if request.method == "POST" else response


@needs(Role.MANAGER)
@require_POST
def work_again(request: HttpRequest, pk: int, day_off: int) -> HttpResponse:
    """Takes a day off back."""
    get_object_or_404(DayOff, pk=day_off, staff_id=pk).delete()
    if not parts.is_htmx(request):
        return parts.said(request, reverse("bookings:days-off", args=[pk]), say=_("Removed"))
    row = get_object_or_404(Staff, pk=pk)
    today = clock.now().astimezone(wall.entered_tenant().zone).date()
    days = DayOff.objects.filter(staff=row, last_day__gte=today).order_by("first_day", "id")
    context = {"staff": row, "form": DayOffForm(), "days": days}
    response = parts.dialog(request, "days_off", context, title="")
    return parts.triggers(response, catalogue={}, toast={"text": _("Removed"), "tone": "gain"})


# ---------------------------------------------------------------- both
@needs(Role.MANAGER)
@require_POST
def retire(request: HttpRequest, tab: str, pk: int) -> HttpResponse:
    """Out of the list; visits that stand stay as they were agreed."""
    return _active(request, tab, pk, active=False)


@needs(Role.MANAGER)
@require_POST
def restore(request: HttpRequest, tab: str, pk: int) -> HttpResponse:
    """Back into the list."""
    return _active(request, tab, pk, active=True)


def _active(request: HttpRequest, tab: str, pk: int, *, active: bool) -> HttpResponse:
    row: Any = get_object_or_404(_MODELS[tab], pk=pk)
    row.active = active
    row.save(update_fields=["active"])
    audit.record(
        f"catalogue.{'restored' if active else 'retired'}", by=parts.person(request), subject=f"{tab} {pk}"
    )
    undo = "" if active else reverse(f"bookings:{tab}-restore", args=[pk])
    say = _("%(name)s is back") if active else _("%(name)s is out of the list")
    address = reverse(f"bookings:{'catalogue' if tab == 'services' else tab}")
    return parts.said(request, address, say=say % {"name": row.name}, undo=undo, closes=not active)


def _saved(request: HttpRequest, page: str, row: Any) -> HttpResponse:
    say = _("Saved: %(name)s") % {"name": row.name}
    return parts.said(request, reverse(f"bookings:{page}"), say=say, closes=True)


def _form(request: HttpRequest, form: Any, tab: str, row: Any, title: str) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "tab": tab,
        "action": reverse(f"bookings:{tab}-edit", args=[row.pk])
        if row.pk
        else reverse(f"bookings:{tab}-new"),
        "retire_url": reverse(f"bookings:{tab}-retire", args=[row.pk]) if row.pk else "",
        "days_off_url": reverse("bookings:days-off", args=[row.pk]) if row.pk and tab == "masters" else "",
    }
    template = "master_form" if tab == "masters" else "catalogue_form"
    return parts.dialog(request, template, context, title=title, status=422 if form.errors else 200)
