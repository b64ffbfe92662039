"""The first screen: five figures, revenue, sources and channels, weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from economics import choice, counting, metrics, report, series, tiles, words
from economics.choice import Choice
from economics.metric import Metric
from economics.question import Question
from economics.views import parts
from kit import periods
from kit.templatetags import marzha
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs

WEEKLY = ("leads", "bookings_created", "visits")
BREAKDOWNS = ("source", "channel")
SHOWN_ROWS = 8
COLUMNS = {
    "source": ("leads", "leads_booked", "spend_ads", "acquisition_cost", "clients_new", "cac", "revenue"),
    "channel": (
        "leads",
        "leads_booked",
        "conversion_lead_booking",
        "answered_in_target_rate",
        "first_response_median_s",
    ),
}
_COUNTED = (
    *tiles.FIVE,
    *tiles.MORE,
    "spend_ads",
    "bookings_unmarked",
    "bookings",
    *COLUMNS["source"],
    *COLUMNS["channel"],
)


@needs(Role.OWNER)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page; `?part=table` is the table of a breakdown alone."""
    tenant, now = wall.entered_tenant(), clock.now()
    today = periods.local_date(now, tenant.zone)
    chosen = choice.read(request.GET, today=today)
    by = request.GET.get("by") if request.GET.get("by") in BREAKDOWNS else "source"
    asked = Question(tenant=tenant, first=chosen.first, last=chosen.last, by=by, now=now)
    if request.GET.get("part") == "table":
        counted = counting.count(asked, COLUMNS[by or ""])
        return render(
            request,
            "economics/_table.html",
            {"table": _table(asked, counted, chosen, all_rows=_all(request))},
        )
    names = tuple(dict.fromkeys(_COUNTED))
    counted = counting.count(asked, names, along=series.sections(asked, WEEKLY))
    shown = report.of(asked, counted, names)
    before = chosen.before()
    earlier = counting.count(asked.over(*before).total(), tiles.FIVE)
    changed = tiles.changes(counted, earlier)
    figures = shown["metrics"]
    say, tone = tiles.sentence(figures, tenant.currency)
    context = {
        "say": say,
        "say_tone": tone,
        "choice": chosen,
        "periods": parts.periods(chosen, **({"by": by} if by == "channel" else {})),
        "span": words.span(chosen.first, chosen.last),
        "before": words.span(*before),
        "figures_url": f"{reverse('economics:figures')}?{urlencode(chosen.address())}",
        "weeks_title": _("Leads, bookings and visits"),
        "five": [
            _linked(chosen, tiles.tile(n, figures[n], currency=tenant.currency, change=changed.get(n)))
            for n in tiles.FIVE
        ],
        "more": [_linked(chosen, tiles.tile(n, figures[n], currency=tenant.currency)) for n in tiles.MORE],
        "empty": not any(counted.totals[name].num for name in ("leads", "bookings", "visits", "spend_ads")),
        "unmarked": _unmarked(figures),
        "table": _table(asked, counted, chosen, all_rows=_all(request)),
        "weeks": _weeks(chosen, series.read(asked, WEEKLY, counted.along)),
        "money": _money(chosen, shown["rows"]) if by == "source" else None,
        "now": now,
    }
    return render(request, "economics/dashboard.html", context)


def _all(request: HttpRequest) -> bool:
    return request.GET.get("all") == "1"


def _linked(chosen: Choice, tile: tiles.Tile) -> dict[str, Any]:
    """A tile and where it opens: its rows, or the page where what is missing can be entered."""
    href = reverse("economics:spend") if tile.to_spend else parts.rows_address(chosen, tile.name)
    return {"tile": tile, "href": href}


def _unmarked(figures: dict[str, Any]) -> str:
    """Visits whose outcome nobody marked make every rate doubtful."""
    unmarked, everything = figures["bookings_unmarked"]["value"], figures["bookings"]["value"]
    if not everything or unmarked * 20 <= everything:
        return ""
    return _("%(share)s of visits have no outcome yet: the figures of who came will still change.") % {
        "share": marzha.percent(Decimal(unmarked) / everything, 0)
    }


def _table(asked: Question, counted: counting.Counted, chosen: Choice, *, all_rows: bool) -> dict[str, Any]:
    """The breakdown: a row a key, the biggest first, the one that is not known last; each cell opens its rows."""
    by = asked.by or ""
    columns = [metrics.get(name) for name in COLUMNS[by]]
    rows = report.breakdown(asked, counted)
    rows.sort(
        key=lambda row: (
            row["key"] is None,
            -Decimal(row.get("revenue") or 0),
            -Decimal(str(row["leads"])),
            str(row["key"]),
        )
    )
    hidden = 0 if all_rows else max(0, len(rows) - SHOWN_ROWS)
    if hidden:
        rows = [*rows[: SHOWN_ROWS - 1], rows[-1]] if rows[-1]["key"] is None else rows[:SHOWN_ROWS]
        hidden = len(counted.groups) - len(rows)
    currency = asked.tenant.currency
    return {
        "by": by,
        "tabs": [
            {
                "url": f"?{urlencode({**chosen.address(), 'by': name})}",
                "part": f"?{urlencode({**chosen.address(), 'by': name, 'part': 'table'})}",
                "label": label,
                "active": name == by,
            }
            for name, label in (("source", _("By source")), ("channel", _("By channel")))
        ],
        "columns": columns,
        "rows": [_table_row(row, columns, by, chosen, currency) for row in rows],
        "total": _total(asked, counted, columns, chosen),
        "hidden": hidden,
        "all_url": f"?{urlencode({**chosen.address(), 'by': by, 'all': '1', 'part': 'table'})}",
        "all_page": f"?{urlencode({**chosen.address(), 'by': by, 'all': '1'})}",
    }


def _table_row(
    row: dict[str, Any], columns: Sequence[Metric], by: str, chosen: Choice, currency: str
) -> dict[str, Any]:
    key = row["key"]
    return {
        "name": words.source_name(key) if by == "source" else words.source_name(key or None),
        "cells": [
            {
                "label": metric.label,
                "text": tiles.written(metric, row[metric.name], currency),
                "href": parts.rows_address(chosen, metric.name, by=by, key="-" if key is None else key),
            }
            for metric in columns
        ],
    }


def _total(
    asked: Question, counted: counting.Counted, columns: Sequence[Metric], chosen: Choice
) -> list[dict[str, Any]]:
    names = [metric.name for metric in columns]
    figures = report.of(asked.total(), counted, names)["metrics"]
    return [
        {
            "label": metric.label,
            "text": tiles.written(metric, figures[metric.name]["value"], asked.tenant.currency),
            "href": parts.rows_address(chosen, metric.name),
        }
        for metric in columns
    ]


def _weeks(chosen: Choice, buckets: list[series.Bucket]) -> dict[str, Any] | None:
    """The chart of leads, bookings and visits; each point opens its rows."""
    if not any(any(bucket.counts.values()) for bucket in buckets):
        return None
    labels = [_span(bucket.first, bucket.last) for bucket in buckets]
    series_of = [
        {
            "name": str(metrics.get(name).label),
            "values": [bucket.counts[name] for bucket in buckets],
            "hrefs": [
                parts.rows_address(Choice(choice.CUSTOM, bucket.first, bucket.last, unfinished=False), name)
                for bucket in buckets
            ],
        }
        for name in WEEKLY
    ]
    heads = [_("Days"), *(one["name"] for one in series_of)]
    return {
        "kind": "bar",
        "unit": "number",
        "categories": labels,
        "series": series_of,
        "table": {
            "head": heads,
            "rows": [[label, *(one["values"][n] for one in series_of)] for n, label in enumerate(labels)],
        },
    }


def _money(chosen: Choice, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The chart of what sources bring and cost."""
    wanted = [row for row in rows if Decimal(row["revenue"]) or Decimal(row["acquisition_cost"])]
    wanted.sort(key=lambda row: -Decimal(row["revenue"]))
    wanted = wanted[:SHOWN_ROWS]
    if not wanted:
        return None
    names = [words.source_name(row["key"]) for row in wanted]
    lines = []
    for name, tone in (("revenue", "gain"), ("acquisition_cost", "loss")):
        keys = ["-" if row["key"] is None else row["key"] for row in wanted]
        lines.append({
            "name": str(metrics.get(name).label),
            "tone": tone,
            "values": [float(row[name]) for row in wanted],
            "hrefs": [parts.rows_address(chosen, name, by="source", key=key) for key in keys],
        })  # fmt: skip
    return {
        "kind": "bar",
        "unit": "money",
        "lying": True,
        "categories": names,
        "series": lines,
        "table": {
            "head": [_("Source"), *(line["name"] for line in lines)],
            "rows": [
                [name, *(marzha.money(row[column]) for column in ("revenue", "acquisition_cost"))]
                for name, row in zip(names, wanted, strict=True)
            ],
        },
    }


def _span(first: dt.date, last: dt.date) -> str:
    """A day or a span of days, short enough for an axis."""
    return words.day(first) if first == last else f"{words.day(first)} – {words.day(last)}"
