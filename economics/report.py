"""The report: every metric of a period, in the shape of the API, the command and the export."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from bookings.models import Service, Staff
from economics import counting, figures, listing, metrics
from economics.metric import Metric
from economics.question import Question
from tenants.models import Tenant

ROWS_PATH = "/api/v1/economics/rows/"


def report(
    *,
    tenant: Tenant,
    first_day: dt.date,
    last_day: dt.date,
    now: dt.datetime,
    by: str | None = None,
    attribution: str = "last",
    as_of: dt.datetime | None = None,
) -> dict[str, Any]:
    """All metrics of the local days `first_day` to `last_day`, both included, as the API gives them.

    `by`: source, campaign, channel, staff or service fills `rows`. `as_of`: what was recorded later does not exist.

    Raises:
        BadQuestion: the question makes no sense; it names the parameter.
    """
    return answer(
        Question(
            tenant=tenant,
            first=first_day,
            last=last_day,
            by=by,
            attribution=attribution,
            seen_at=as_of,
            now=now,
        )
    )


def answer(question: Question, *, names: Sequence[str] = metrics.LISTED) -> dict[str, Any]:
    """The report on the named metrics."""
    return of(question, counting.count(question, names), names)


def of(question: Question, counted: counting.Counted, names: Sequence[str]) -> dict[str, Any]:
    """The report on what was counted."""
    asked = question.asked()
    shown = {}
    for name in names:
        shown[name] = figures.entry(metrics.get(name), counted)
        shown[name]["rows_url"] = f"{ROWS_PATH}?{urlencode({'metric': name, **asked})}"
    return {
        "from": question.first.isoformat(),
        "to": question.last.isoformat(),
        "by": question.by,
        "attribution": question.attribution,
        "as_of": (question.seen_at or question.now.astimezone(question.tenant.zone)).isoformat(),
        "timezone": question.tenant.timezone,
        "currency": question.tenant.currency,
        "metrics": shown,
        "rows": breakdown(question, counted) if question.by else [],
    }


def figure(question: Question, metric: Metric, *, key: str | None = None) -> dict[str, Any]:
    """One figure of the report; with a key the one in that row of the breakdown, which is a value alone."""
    if key is None:
        return answer(question.total(), names=(metric.name,))["metrics"][metric.name]
    listing.check(question, metric, key=key)
    counted = counting.count(question, (), columns=(metric,))
    tallies = counted.groups.get(None if key == listing.NO_KEY else key)
    return {"value": figures.cell(metric, tallies[metric.name]) if tallies else None}


def breakdown(question: Question, counted: counting.Counted) -> list[dict[str, Any]]:
    """One object a key, the one that is not known last."""
    by = question.by or ""
    names = _names(by)
    groups = dict(counted.groups)
    if by == "staff":
        # A master without a single booking is a row of zeros, which is worth seeing.
        for key in names:
            groups.setdefault(key, {name: counting.Tally() for name in metrics.ROWS[by]})
    rows = []
    for one in sorted(groups, key=lambda k: (k is None, k or "")):
        row: dict[str, Any] = {"key": one}
        if by in ("staff", "service"):
            row["name"] = names.get(str(one), "")
        for name in metrics.ROWS[by]:
            row[name] = (
                figures.overspend(groups[one])
                if name == "overspend"
                else figures.cell(metrics.get(name), groups[one][name])
            )
        rows.append(row)
    return rows


def _names(by: str) -> dict[str, str]:
    """Key to name of masters and services."""
    model: Any = {"staff": Staff, "service": Service}.get(by)
    return {row.external_id or str(row.pk): row.name for row in model.objects.all()} if model else {}
