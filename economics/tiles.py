"""The figures of the first screen as a person reads them: the number, how sure it is, what to do when there is none."""

from __future__ import annotations

import dataclasses
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from economics import comparison, metrics
from economics.comparison import Change
from economics.counting import Counted
from economics.metric import Metric, Shape, Unit
from kit.templatetags import marzha

FIVE = ("cac", "conversion_lead_booking", "average_ticket", "no_show_rate", "ltv")
MORE = ("revenue", "contribution", "visits", "clients_new", "first_response_median_s")
# Clients of the period before had longer to come back, so their LTV would always look better.
UNFAIR = frozenset({"ltv", "ltv_revenue"})


@dataclasses.dataclass(frozen=True)
class Tile:
    """What `ui/tile.html` shows, and whether its place of rows is the page of spend instead."""

    name: str
    label: str
    value: str
    reason: str
    note: str
    trend: str
    trend_tone: str
    to_spend: bool


def tile(name: str, entry: dict[str, Any], *, currency: str, change: Change | None = None) -> Tile:
    """One figure of a report in words."""
    metric = metrics.get(name)
    if entry["value"] is None:
        return Tile(
            name, str(metric.label), "", _missing(metric, entry["reason"]), "", "", "",
            to_spend=entry["reason"] == "no_spend",
        )  # fmt: skip
    value, note = shown(metric, entry, currency), _note(metric, entry, currency)
    if (
        metric.shape is Shape.MONEY
        and abs(amount := Decimal(entry["value"])) >= 1000
        and amount != int(amount)
    ):
        # A tile is read at a glance; the kopecks stand under it and on the page of its rows.
        value, note = (
            marzha.money(amount.quantize(Decimal(1), ROUND_HALF_UP), currency),
            _("exactly %(sum)s") % {"sum": value},
        )
    if change is not None and change.by is None:
        note = "; ".join(part for part in (note, _("no notable change")) if part)
    return Tile(name, str(metric.label), value, "", note, _trend(change), _tone(change), to_spend=False)


def sentence(figures: dict[str, Any], currency: str) -> tuple[str, str]:
    """What the screen opens with, and its tone: does a client bring more than it costs?"""
    cac, ltv = figures["cac"], figures["ltv"]
    if cac.get("reason") == "no_spend":
        return _(
            "Enter what you spent on advertising: then you see what a client costs and whether it pays."
        ), "wait"
    if cac["value"] is None or ltv["value"] is None:
        return "", ""
    costs, left = Decimal(cac["value"]), Decimal(ltv["value"])
    words = {
        "costs": written(metrics.get("cac"), cac["value"], currency),
        "left": written(metrics.get("ltv"), ltv["value"], currency),
    }
    if left >= costs:
        return _(
            "A new client costs %(costs)s and has left %(left)s by now: winning clients pays."
        ) % words, "gain"
    return _(
        "A new client costs %(costs)s and has left %(left)s by now: it has not paid back yet."
    ) % words, "loss"


def changes(now: Counted, before: Counted, names: tuple[str, ...] = FIVE) -> dict[str, Change | None]:
    """What changed, by metric, where it may be said."""
    return {
        name: comparison.compare(metrics.get(name), now.totals[name], before.totals[name])
        for name in names
        if name not in UNFAIR
        and not (metrics.get(name).needs_spend and not (now.spend_known and before.spend_known))
    }


def shown(metric: Metric, entry: dict[str, Any], currency: str = "RUB", *, exact: bool = False) -> str:
    """A figure in words: four visits make no percent."""
    value = entry["value"]
    if value is None:
        return marzha.ABSENT
    if metric.shape is Shape.SHARE and entry.get("confidence") == "too_few":
        return _("%(hits)d of %(all)d") % {"hits": entry["numerator"], "all": entry["denominator"]}
    return written(metric, value, currency, exact=exact)


def written(metric: Metric, value: Any, currency: str = "RUB", *, exact: bool = False) -> str:
    """A value in its unit. Sums are exact; of a mean of thousands kopecks would only mislead."""
    if value is None:
        return marzha.ABSENT
    unit = metric.unit
    if unit is Unit.MONEY:
        amount = Decimal(value)
        if metric.shape is not Shape.MONEY and abs(amount) >= 1000 and not exact:
            amount = amount.quantize(Decimal(1), ROUND_HALF_UP)
        return marzha.money(amount, currency)
    if unit is Unit.SHARE:
        return marzha.percent(Decimal(value))
    if unit is Unit.RATIO:
        return marzha.number(Decimal(value), 2)
    if unit is Unit.SECONDS:
        return duration(int(value))
    if unit is Unit.DAYS:
        return ngettext("%(count)d day", "%(count)d days", int(value)) % {"count": int(value)}
    number = Decimal(str(value))
    return marzha.number(number, 0 if number == int(number) else 2)


def duration(seconds: int) -> str:
    """A wait as people say it."""
    if seconds < 60:
        return _("%(count)d s") % {"count": seconds}
    if seconds < 24 * 3600:
        return marzha.minutes(round(seconds / 60))
    return ngettext("%(count)d day", "%(count)d days", round(seconds / 86400)) % {
        "count": round(seconds / 86400)
    }


def _note(metric: Metric, entry: dict[str, Any], currency: str) -> str:
    sure = entry.get("confidence")
    n = int(entry.get("denominator") or 0)
    if metric.name == "ltv" and sure in ("few", "enough"):
        return ngettext("of %(count)d new client, and grows", "of %(count)d new clients, and grows", n) % {
            "count": n
        }
    if sure == "too_few":
        if metric.shape is Shape.SHARE:
            return _("too few to say a percent")
        return _("of %(count)d only: too few to rely on") % {"count": n}
    if entry.get("ci_low") is None:
        return ""
    low, high = entry["ci_low"], entry["ci_high"]
    if metric.unit is Unit.MONEY:
        ends = (marzha.money(Decimal(str(round(x))), currency) for x in (low, high))
    else:
        ends = (marzha.percent(Decimal(str(round(x, 3))), 0) for x in (low, high))
    text = _("between %(low)s and %(high)s") % dict(zip(("low", "high"), ends, strict=True))
    return text if sure == "enough" else _("few data: %(text)s") % {"text": text}


def _missing(metric: Metric, reason: str) -> str:
    if reason == "no_spend":
        return _("Enter what you spent, or 0 ₽: unknown is not zero")
    if reason == "unanswered":
        return _("More than that many were never answered")
    if reason == "never":
        return _("Does not pay back: a visit leaves nothing")
    return {
        "cac": _("No new clients in this period"),
        "ltv": _("No new clients in this period"),
        "conversion_lead_booking": _("No leads in this period"),
        "first_response_median_s": _("No leads in this period"),
        "average_ticket": _("No completed visits: mark how visits ended"),
        "no_show_rate": _("Mark how visits ended: came or not"),
    }.get(metric.name, _("Nothing to count in this period"))


def _trend(change: Change | None) -> str:
    if change is None or change.by is None:
        return ""
    amount = Decimal(change.by.numerator) / Decimal(change.by.denominator)
    sign = "+" if amount > 0 else marzha.MINUS
    if change.points:
        points = marzha.number(abs(amount) * 100, 1)
        # Translators: percentage points, shortened
        return _("%(sign)s%(points)s pp") % {"sign": sign, "points": points}
    return f"{sign}{marzha.percent(abs(amount), 0)}"


def _tone(change: Change | None) -> str:
    if change is None or change.by is None:
        return "flat"
    return "gain" if change.good else "loss"
