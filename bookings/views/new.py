"""A visit made at the desk: services, add-ons, a master, a time from those that are free, and who comes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import lifecycle, slots
from bookings.forms import NewVisitForm
from bookings.models import Addon, Service, ServiceAddon, Staff
from bookings.views import parts
from bookings.views.visit import times_of
from conversations import contacts
from conversations.models import Contact, Conversation
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs


@needs(Role.MASTER)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`?day=&time=&staff=&contact=&conversation=` fill the form in; `?part=times` is what depends on the choice."""
    form = _form(request)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():  # a client made for a visit that is refused is not left behind
                booking = _book(request, form.cleaned_data)
        except lifecycle.Refused as refused:
            refusal = refused
        else:
            say = _("Booked: %(who)s") % {"who": booking.contact or _("Guest")}
            address = f"{reverse('bookings:calendar')}?day={booking.local_day.isoformat()}"
            return parts.said(request, address, say=say, closes=True)
    context = _context(form, request) | {"refusal": refusal}
    if request.method != "POST" and request.GET.get("part") == "times":
        return parts.dialog(request, "new_times", context, title="")
    bad = request.method == "POST" and form.errors
    return parts.dialog(
        request, "new", context, title=_("New visit"), status=409 if refusal else 422 if bad else 200
    )


def _form(request: HttpRequest) -> NewVisitForm:
    masters = list(Staff.objects.filter(active=True).order_by("position", "name", "id"))
    any_master = parts.manages(request) and len(masters) > 1
    if not parts.manages(request):
        own = parts.own_staff(request)
        if own is None:
            raise PermissionDenied
        masters = [own]
    choices: dict[str, Any] = {
        "services": list(Service.objects.filter(active=True).order_by("position", "name", "id")),
        "addons": list(Addon.objects.filter(active=True).order_by("name", "id")),
        "staff": masters,
        "any_master": any_master,
    }
    if request.method == "POST":
        return NewVisitForm(request.POST, **choices)
    given = request.GET
    initial: dict[str, Any] = {
        "day": timezone.localdate(clock.now()).isoformat(),
        "staff": "" if any_master else masters[0].pk if masters else "",
    }
    initial |= {
        name: given[name] for name in ("day", "staff", "time", "contact", "conversation") if given.get(name)
    }
    initial |= {name: given.getlist(name) for name in ("services", "addons") if given.get(name)}
    return NewVisitForm(initial=initial, **choices)


def _context(form: NewVisitForm, request: HttpRequest) -> dict[str, Any]:
    def chosen(name: str) -> list[int]:
        value = form[name].value() or []
        values = value if isinstance(value, list | tuple) else [value]
        return [found for one in values if (found := parts.whole_number(str(one)))]

    services = list(Service.objects.filter(pk__in=chosen("services"), active=True))
    # What fits the services is offered; the desk may add anything from the whole list.
    fitting = set(ServiceAddon.objects.filter(service__in=services).values_list("addon_id", flat=True))
    addons = list(Addon.objects.filter(pk__in=chosen("addons"), active=True))
    need = slots.need_of(services, addons)
    staff = next((s for s in slots.masters(need) if [s.pk] == chosen("staff")), None) if services else None
    day = parts.date(str(form["day"].value() or "")) or timezone.localdate(clock.now())
    served = bool(services) and (staff is not None or not chosen("staff"))
    contact = next(iter(Contact.objects.filter(pk__in=chosen("contact"))), None)
    return {
        "form": form,
        "fitting": [box for box in form["addons"] if _value(box) in fitting],
        "services_chosen": services,
        "minutes": need.minutes,
        "total": sum((row.price for row in (*services, *addons)), start=0),
        "currency": wall.entered_tenant().currency,
        "day": day,
        "now": clock.now(),
        "served": served,
        "able": slots.masters(need) if services else [],
        "times": times_of(need, day, staff) if served else [],
        # The place in the calendar that was clicked stays wanted while services are chosen.
        "time_chosen": str(form["time"].value() or request.GET.get("wanted") or "")[:5],
        "client": contact,
        "offered": "addons_offered" in (request.POST or request.GET),
    }


def _value(box: Any) -> int:
    return int(str(box.data["value"]))


def _book(request: HttpRequest, given: dict[str, Any]) -> Any:
    now = clock.now()
    services = {s.pk: s for s in Service.objects.filter(pk__in=given["services"])}
    addons = {a.pk: a for a in Addon.objects.filter(pk__in=given["addons"])}
    contact = given.get("person")
    if contact is None and given["phone"]:
        contact = contacts.by_phone(given["phone"], name=given["name"], now=now)
    conversation = Conversation.objects.filter(pk=given.get("conversation") or 0, contact=contact).first()
    return lifecycle.book(
        contact=contact,
        conversation=conversation if contact else None,
        services=[services[pk] for pk in given["services"]],
        addons=[addons[pk] for pk in given["addons"]],
        staff=Staff.objects.filter(pk=given["staff"]).first() if given["staff"] else None,
        starts_at=given["starts_at"],
        now=now,
        # Nobody known: somebody came in from the street.
        origin="desk" if contact else "walk_in",
        by=lifecycle.SALON,
        user=parts.person(request),
        note=given["note"],
        addons_offered=request.POST.get("addons_offered") == "on",
    )
