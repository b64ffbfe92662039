"""Spend by hand: what was spent, on what, in which month."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from economics import spending, words
from economics.forms import SpendForm
from economics.models import Spend
from economics.views import parts
from kit import periods
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs

PAGE = 50


@needs(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def spend(request: HttpRequest) -> HttpResponse:
    """The list with a form to add to it; `?part=list` is the list alone."""
    form = SpendForm(request.POST or None, initial=_usual())
    if request.method == "POST" and form.is_valid():
        try:
            spending.add(form.entry(), by=parts.person(request), now=clock.now())
        except ValidationError as error:
            form.refuse(error)
        else:
            return parts.back_to(request, reverse("economics:spend"), say=_("Added"))
    if request.GET.get("part") == "list":
        return render(request, "economics/_spend_list.html", _listed(request))
    context = _listed(request) | {"form": form, "sources": spending.known_sources()}
    return render(request, "economics/spend.html", context, status=422 if form.errors else 200)


@needs(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One row."""
    row = get_object_or_404(spending.standing(), pk=pk)
    form = SpendForm(request.POST) if request.method == "POST" else SpendForm.of(row)
    if request.method == "POST" and form.is_valid():
        try:
            spending.change(row, form.entry(), by=parts.person(request))
        except ValidationError as error:
            form.refuse(error)
        else:
            return redirect("economics:spend")
    context = {"form": form, "row": row, "sources": spending.known_sources()}
    return render(request, "economics/spend_edit.html", context, status=422 if form.errors else 200)


@needs(Role.OWNER)
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a row back; a toast offers to put it back."""
    row = get_object_or_404(spending.standing(), pk=pk)
    spending.remove(row, by=parts.person(request), now=clock.now())
    undo = reverse("economics:spend-restore", args=[pk])
    return parts.back_to(request, reverse("economics:spend"), say=_("Removed"), undo=undo)


@needs(Role.OWNER)
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a row back."""
    row = get_object_or_404(Spend, pk=pk)
    spending.restore(row, by=parts.person(request))
    return parts.back_to(request, reverse("economics:spend"), say=_("It is back"))


def _usual() -> dict[str, Any]:
    """The month that is over is what people come to enter."""
    today = periods.local_date(clock.now(), wall.entered_tenant().zone)
    return {"month": today.strftime("%Y-%m")}


def _listed(request: HttpRequest) -> dict[str, Any]:
    rows = spending.standing().order_by("-last_day", "-first_day", "-id")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return {
        "currency": wall.entered_tenant().currency,
        "rows": [
            {"row": row, "source": _source(row), "span": words.span(row.first_day, row.last_day)}
            for row in page
        ],
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else None,
        "next": f"?page={page.next_page_number()}" if page.has_next() else None,
    }


def _source(row: Spend) -> str:
    if not row.source:
        return _("All sources at once")
    return words.source_name(f"{row.source}/{row.campaign}" if row.campaign else row.source)
