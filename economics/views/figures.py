"""Every figure of a period with its definition."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from economics import choice, metrics, report, tiles, words
from economics.question import Question
from economics.views import parts
from kit import periods
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs


@needs(Role.OWNER)
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The whole registry, family by family, each figure a link to its rows."""
    tenant, now = wall.entered_tenant(), clock.now()
    chosen = choice.read(request.GET, today=periods.local_date(now, tenant.zone))
    shown = report.answer(Question(tenant=tenant, first=chosen.first, last=chosen.last, now=now))["metrics"]
    families = [
        {
            "title": family.title,
            "rows": [
                _row(metric, shown[metric.name], chosen, tenant.currency)
                for metric in family.metrics
                if metric.listed
            ],
        }
        for family in metrics.FAMILIES
    ]
    context = {
        "families": families,
        "choice": chosen,
        "span": words.span(chosen.first, chosen.last),
        "periods": parts.periods(chosen),
        "back_url": parts.dashboard_address(chosen),
    }
    return render(request, "economics/figures.html", context)


def _row(metric: Any, entry: dict[str, Any], chosen: choice.Choice, currency: str) -> dict[str, Any]:
    made = tiles.tile(metric.name, entry, currency=currency)
    return {
        "label": metric.label,
        "about": metric.about,
        "text": made.value or tiles.marzha.ABSENT,
        "note": made.note or made.reason,
        "href": parts.rows_address(chosen, metric.name),
    }
