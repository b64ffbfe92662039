"""From exact tallies to what is shown: rounded once, with what stands beside or instead of a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from economics import intervals
from economics.counting import Counted, Tally
from economics.metric import Metric, Shape, Unit

_PLACES = {Unit.MONEY: 2, Unit.SHARE: 4, Unit.RATIO: 4}


def entry(metric: Metric, counted: Counted) -> dict[str, Any]:
    """A metric of the report: `value` (whole number, decimal string or null with its `reason`) and its company."""
    tally = counted.totals[metric.name]
    if metric.shape is Shape.STEPS:
        return _steps(metric, counted)
    if metric.needs_spend and not counted.spend_known:
        return _unknown(metric, tally, "no_spend")
    if metric.name == "cac_paid" and not tally.num and not tally.den:
        return {"value": None, "reason": "no_spend", "denominator": 0}
    shown = _SHAPES[metric.shape](metric, tally)
    if shown["value"] is None:
        shown.setdefault("reason", "no_data")
    return shown


def cell(metric: Metric, tally: Tally) -> Any:
    """The same figure in a row of a breakdown: the value alone, null where there is none."""
    if metric.shape is Shape.COUNT:
        return _number(tally.num)
    if metric.shape is Shape.MONEY:
        return money(tally.num)
    if metric.shape is Shape.PERCENTILE:
        return tally.value
    return ratio(metric, tally)


def money(amount: Fraction) -> str:
    """Rubles with two places."""
    return str(intervals.half_up(amount, 2))


def ratio(metric: Metric, tally: Tally) -> str | None:
    """Numerator by denominator, rounded once; None without a denominator."""
    if not tally.den:
        return None
    return str(intervals.half_up(tally.num / tally.den, _PLACES[metric.unit]))


def part(value: Fraction, *, money: bool) -> str | int:
    """What one row adds to a figure: rubles with two places, a whole count, or the part of one that is shared."""
    return str(intervals.half_up(value, 2)) if money else _number(value)


def _number(amount: Fraction) -> int | str:
    """A whole count, or parts of one where touches share it."""
    return int(amount) if amount.denominator == 1 else str(intervals.half_up(amount, 4))


def _unknown(metric: Metric, tally: Tally, reason: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": None, "reason": reason}
    if metric.shape in (Shape.COST, Shape.MEAN):
        shown["denominator"] = _number(tally.den)
    return shown


def _interval(shown: dict[str, Any], found: tuple[float, float] | None, places: int) -> dict[str, Any]:
    shown["ci_low"], shown["ci_high"] = (
        (round(found[0], places), round(found[1], places)) if found else (None, None)
    )
    return shown


def _count(_: Metric, tally: Tally) -> dict[str, Any]:
    return {"value": _number(tally.num)}


def _money(_: Metric, tally: Tally) -> dict[str, Any]:
    return {"value": money(tally.num)}


def _rate(metric: Metric, tally: Tally) -> dict[str, Any]:
    return {"value": ratio(metric, tally)}


def _share(metric: Metric, tally: Tally) -> dict[str, Any]:
    hits, n = int(tally.num), int(tally.den)
    shown = {
        "value": ratio(metric, tally),
        "numerator": hits,
        "denominator": n,
        "confidence": intervals.confidence(n),
    }
    return _interval(shown, intervals.wilson(hits, n), 4)


def _mean(metric: Metric, tally: Tally) -> dict[str, Any]:
    n = int(tally.den)
    shown = {
        "value": ratio(metric, tally), "numerator": money(tally.num), "denominator": n,
        "confidence": intervals.confidence(n),
    }  # fmt: skip
    if metric.interval:
        total = intervals.half_up(tally.num, 2)
        _interval(shown, intervals.mean(n, total, tally.squares), 2)
    return shown


def _cost(metric: Metric, tally: Tally) -> dict[str, Any]:
    shown = {"value": ratio(metric, tally), "numerator": money(tally.num), "denominator": _number(tally.den)}
    if metric.name == "cac_paid":
        return shown
    n = int(tally.den)
    shown["confidence"] = intervals.confidence(n)
    if n:
        low, high = intervals.byar(n)
        cost = float(tally.num)
        _interval(shown, (cost / high, cost / low), 2)
    return shown


def _percentile(_: Metric, tally: Tally) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": tally.value, "denominator": int(tally.den)}
    if tally.value is None:
        shown["reason"] = "unanswered" if tally.den else "no_data"
    return shown


def _steps(metric: Metric, counted: Counted) -> dict[str, Any]:
    """Visits until a cost per head is earned back by what one visit leaves."""
    cost, left = (counted.totals[name] for name in metric.of)
    if not counted.spend_known:
        return {"value": None, "reason": "no_spend"}
    if not cost.den or not left.den:
        return {"value": None, "reason": "no_data"}
    if left.num <= 0:
        return {"value": None, "reason": "never"}
    return {"value": math.ceil((cost.num / cost.den) / (left.num / left.den))}


_SHAPES = {
    Shape.COUNT: _count, Shape.MONEY: _money, Shape.RATE: _rate, Shape.SHARE: _share, Shape.MEAN: _mean,
    Shape.COST: _cost, Shape.PERCENTILE: _percentile,
}  # fmt: skip


def overspend(tallies: Mapping[str, Tally]) -> str:
    """What a paid source cost more than its new clients have left so far; it may be young."""
    spent = tallies["spend_ads"].num
    short = tallies["acquisition_cost"].num - tallies["contribution_new_to_date"].num
    return money(max(Fraction(0), short) if spent > 0 else Fraction(0))
