"""The rows behind a figure: a page of them, and all of them as a file."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from economics import choice, describing, exporting, figures, listing, metrics, question, report, tiles, words
from economics.exporting import Wish
from economics.listing import Row
from economics.metric import Kind, Metric, Shape
from economics.question import Question
from economics.views import parts
from kit import periods
from kit.templatetags import marzha
from tenants import audit, clock, wall
from tenants.models import Role
from tenants.roles import needs

FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@needs(Role.OWNER)
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """`?metric=` with the page's period; `by` and `key` narrow it, `file=csv|xlsx` takes all of them away."""
    given = {name: str(value) for name, value in request.GET.dict().items()}
    tenant, now = wall.entered_tenant(), clock.now()
    chosen = choice.read(given, today=periods.local_date(now, tenant.zone))
    try:
        metric = metrics.get(given.get("metric", ""))
        asked = Question(
            tenant=tenant,
            first=chosen.first,
            last=chosen.last,
            by=given.get("by") or None,
            attribution=given.get("attribution") or "last",
            now=now,
        )
        key = given.get("key") or None
        hits = given.get("only") == "hits" and metric.shape is Shape.SHARE
        figure = report.figure(asked, metric, key=key)
        page = listing.page(asked, metric, key=key, hits=hits, mark=given.pop("cursor", ""))
    except metrics.UnknownMetric as error:
        raise Http404 from error
    except question.BadQuestion as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    wish = Wish(asked, metric, key, hits, tiles.shown(metric, figure, tenant.currency, exact=True))
    kind = given.pop("file", "")
    if kind in FILES:
        audit.record("figures.exported", by=parts.person(request), subject=metric.name, **chosen.address())
        return _file(kind, wish, f"{metric.name}-{chosen.first}-{chosen.last}")
    context = _context(given, wish, page, figure) | {
        "choice": chosen,
        "back_url": parts.dashboard_address(chosen),
    }
    return render(request, "economics/rows.html", context)


def _file(kind: str, wish: Wish, name: str) -> HttpResponse:
    response: StreamingHttpResponse
    if kind == "csv":
        response = StreamingHttpResponse(exporting.csv_lines(wish), content_type=FILES[kind])
    else:
        response = FileResponse(exporting.xlsx(wish), content_type=FILES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return cast("HttpResponse", response)


def _context(given: dict[str, str], wish: Wish, page: listing.Page, figure: dict[str, Any]) -> dict[str, Any]:
    metric, currency, now = wish.metric, wish.question.tenant.currency, wish.question.now
    columns = exporting.amounts(metric)
    unfiltered = {name: value for name, value in given.items() if name not in ("by", "key")}
    return {
        "metric": metric,
        "span": words.span(wish.question.first, wish.question.last),
        "key": wish.key and words.source_name(None if wish.key == listing.NO_KEY else wish.key),
        "without_key": f"?{urlencode(unfiltered)}",
        "value": wish.figure,
        "sums": _sums(figure, currency),
        "columns": [label for label, _number in columns],
        "rows": [
            {
                "when": _when(row, now),
                "words": said,
                "cells": [
                    {"label": label, "text": _cell(metric, number(row), currency)}
                    for label, number in columns
                ],
            }
            for row, said in zip(page.rows, describing.describe(page.rows), strict=True)
        ],
        "previous": page.before and f"?{urlencode({**given, 'cursor': page.before})}",
        "next": page.after and f"?{urlencode({**given, 'cursor': page.after})}",
        "files": [(kind.upper(), f"?{urlencode({**given, 'file': kind})}") for kind in FILES],
        "only": _only(metric, given, hits=wish.hits),
    }


def _when(row: Row, now: dt.datetime) -> str:
    """Days that were paid for and first visits have no hour."""
    return marzha.day(row.at, now) if row.kind in (Kind.SPEND, Kind.CLIENT) else marzha.when(row.at, now)


def _cell(metric: Metric, value: Any, currency: str) -> str:
    if metric.shape is Shape.PERCENTILE:
        return _("never") if value is None else tiles.written(metric, value)
    if not value:
        return ""
    return (
        marzha.number(value)
        if isinstance(value, int)
        else marzha.money(figures.part(value, money=True), currency)
    )


def _sums(figure: dict[str, Any], currency: str) -> str:
    """Numerator and denominator of a ratio, as they stand behind the figure."""
    top, bottom = figure.get("numerator"), figure.get("denominator")
    if top is None or bottom is None:
        return ""
    shown = marzha.money(top, currency) if isinstance(top, str) else marzha.number(top)
    return f"{shown} ÷ {marzha.number(bottom)}"


def _only(metric: Metric, given: dict[str, str], *, hits: bool) -> list[dict[str, Any]]:
    """The choice between all rows of a share and those that count in it."""
    if metric.shape is not Shape.SHARE:
        return []
    rest = {name: value for name, value in given.items() if name != "only"}
    return [
        {"url": f"?{urlencode(rest)}", "label": _("All"), "active": not hits},
        {"url": f"?{urlencode({**rest, 'only': 'hits'})}", "label": metric.label, "active": hits},
    ]
