"""Links and QR codes: making them, handing them out, seeing who came by them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import segno
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import sheets
from leads import links as tracked
from leads.forms import LinkForm
from leads.models import Lead, TrackedLink
from tenants import clock, wall
from tenants.models import Role, User
from tenants.roles import needs

LEADS = 50
QR_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: HttpRequest) -> HttpResponse:
    """The list with a form to add to it."""
    form = LinkForm(request.POST or None, channels=tracked.linkable())
    if request.method == "POST" and form.is_valid():
        try:
            made = tracked.create(form.entry(), by=_person(request), now=clock.now())
        except ValidationError as error:
            for field, texts in _told(error):
                form.add_error(field if field in form.fields else None, texts)
        else:
            return redirect("leads:link", made.pk)
    archived = "archived" in request.GET
    context = {
        "form": form,
        "links": tracked.counted(tracked.in_use(archived=archived)),
        "archived": archived,
        "sources": _known_sources(),
    }
    if request.GET.get("part") == "list":
        return render(request, "leads/_links.html", context)
    return render(request, "leads/links.html", context, status=422 if form.errors else 200)


@needs(Role.MANAGER)
@require_safe
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """One link: its addresses, its code to print, who came by it."""
    row = get_object_or_404(TrackedLink.objects.select_related("connection"), pk=pk)
    address = tracked.address(row, tenant=wall.entered_tenant())
    context: dict[str, Any] = {
        "link": row,
        "counted": tracked.counted(TrackedLink.objects.filter(pk=row.pk))[0],
        "address": address,
        "qr": segno.make(address).svg_data_uri(scale=6, border=2) if address else "",
        "direct": tracked.deep_link(row.connection, row.code) if row.connection and row.code else None,
        "leads": tracked.leads_of(row).select_related("contact", "conversation")[:LEADS],
    }
    return render(request, "leads/link.html", context)


@needs(Role.MANAGER)
@require_safe
def qr(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The code as a file to print."""
    row = get_object_or_404(TrackedLink, pk=pk)
    address = tracked.address(row, tenant=wall.entered_tenant())
    if not address or kind not in QR_TYPES:
        raise Http404
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind=kind, scale=20, border=4)
    answer = HttpResponse(out.getvalue(), content_type=QR_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{row.code}.{kind}"'
    return answer


@needs(Role.MANAGER)
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a link off the list; a toast offers to put it back."""
    tracked.archive(get_object_or_404(TrackedLink, pk=pk), now=clock.now())
    return _done(request, _("Archived"), undo=reverse("leads:link-restore", args=[pk]))


@needs(Role.MANAGER)
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a link back."""
    try:
        tracked.restore(get_object_or_404(TrackedLink, pk=pk))
    except ValidationError as error:
        return _done(request, error.messages[0], tone="loss")
    return _done(request, _("It is back"))


@needs(Role.MANAGER)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """What the list shows, for a spreadsheet."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";")
    rows.writerow(
        [
            _("Where it stands"),
            _("Source"),
            _("Campaign"),
            _("Address"),
            _("Clicks"),
            _("Requests"),
            _("Booked"),
        ]
    )
    tenant = wall.entered_tenant()
    for counted in tracked.counted(tracked.in_use()):
        row = counted.link
        address = tracked.address(row, tenant=tenant) or row.number
        told = (row.name, row.source, row.campaign, address)
        rows.writerow([*(sheets.harmless(text) for text in told), counted.clicks, counted.leads, counted.won])
    answer = HttpResponse(sheets.BOM + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="links.csv"'
    return answer


def _done(request: HttpRequest, text: str, *, undo: str = "", tone: str = "gain") -> HttpResponse:
    """After a verb: under htmx the list reads itself anew beside a toast, else the way back to it."""
    if not request.headers.get("HX-Request"):
        messages.success(request, text)
        return redirect("leads:links")
    toast = {"text": text, "tone": tone} | ({"undo": undo} if undo else {})
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": toast, "links": {}})})


def _known_sources() -> list[str]:
    used = Lead.objects.exclude(source="").order_by("source").values_list("source", flat=True).distinct()[:50]
    return list(used)


def _told(error: ValidationError) -> list[tuple[str, list[str]]]:
    return list(error.message_dict.items()) if hasattr(error, "error_dict") else [("", error.messages)]


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
