"""What changed since the period before: said only where chance alone would hardly do it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from economics import intervals
from economics.counting import Tally
from economics.metric import Metric, Shape


@dataclasses.dataclass(frozen=True)
class Change:
    """How a figure moved: `by` in points of a share or relative to what it was; None is no notable change."""

    by: Fraction | None
    points: bool
    good: bool


def compare(metric: Metric, now: Tally, before: Tally) -> Change | None:
    """The change of a figure, None where it cannot be compared honestly."""
    if not now.den or not before.den:
        return None
    if min(now.den, before.den) < intervals.TOO_FEW:
        return None
    was, is_now = before.num / before.den, now.num / now.den
    if metric.shape is Shape.SHARE:
        differ = intervals.shares_differ(int(before.num), int(before.den), int(now.num), int(now.den))
    elif metric.shape is Shape.COST:
        costs = (intervals.half_up(tally.num, 2) for tally in (before, now))
        cost_before, cost_now = costs
        differ = intervals.rates_differ(int(before.den), cost_before, int(now.den), cost_now)
    elif metric.interval:
        a, b = ((int(t.den), intervals.half_up(t.num, 2), t.squares) for t in (before, now))
        differ = intervals.means_differ(a, b)
    else:
        return None
    points = metric.shape is Shape.SHARE
    moved = is_now - was
    if not points:
        if not was:
            return None
        moved /= abs(was)
    return Change(moved if differ else None, points, good=(moved > 0) == (metric.better > 0))
