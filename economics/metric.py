"""What a metric is: its words, the rows it is made of, and how their numbers become one figure."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise
"""A text that is translated when it is shown."""


class Shape(Enum):
    """How rows become a figure, and what stands beside it in the report."""

    COUNT = "count"  # how many rows
    MONEY = "money"  # the sum of an amount
    SHARE = "share"  # rows that fit / rows, with Wilson's interval
    RATE = "rate"  # amount / amount, no interval
    MEAN = "mean"  # amount / rows
    COST = "cost"  # amount / new clients, with Byar's interval of their number
    PERCENTILE = "percentile"  # a real row's value; null rows (unanswered) are the largest
    STEPS = "steps"  # whole visits until a cost is earned back


class Unit(Enum):
    """What a figure is counted in."""

    COUNT = "count"
    MONEY = "money"
    SHARE = "share"
    RATIO = "ratio"
    SECONDS = "seconds"
    DAYS = "days"


class Kind(Enum):
    """What a row behind a figure is; tells where it opens."""

    LEAD = "lead"
    BOOKING = "booking"
    VISIT = "visit"
    CLIENT = "client"
    SPEND = "spend"
    MESSAGE = "message"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowSet:
    """Rows that figures are counted from: a piece of `economics.rowsets` and a condition that always holds.

    `dims` are columns that conditions may name, `measures` amounts. `owner` says by what a row is put down to a
    source: its lead, its client or itself; `lead_column` names the lead. `keys` are columns of other breakdowns.
    `present` says which rows give a source a line in a breakdown, `shown` which ones a list shows.
    """

    name: str
    piece: str
    kind: Kind
    where: str = ""
    owner: str = ""
    lead_column: str = "id"
    dims: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    present: str = ""
    shown: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """Rows that add to a metric: to its numerator by `num`, to its denominator by `den`.

    Each is "1" (the row itself), a measure, or empty. `hit` narrows the rows that count in the numerator. `sign` turns
    the numerator round. `paid` keeps only the rows of sources that advertising was paid for.
    """

    rows: RowSet
    where: str = ""
    num: str = ""
    hit: str = ""
    den: str = ""
    sign: int = 1
    paid: bool = False

    def condition(self) -> str:
        """All conditions of the row, as SQL."""
        return " AND ".join(f"({c})" for c in (self.rows.where, self.where) if c) or "true"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """One entry of the registry."""

    name: str
    label: Words
    about: Words
    shape: Shape
    unit: Unit
    event_time: Words
    parts: tuple[Part, ...] = ()
    # Percentiles: the column and the share of rows up to it, in tenths.
    column: str = ""
    tenths: int = 0
    # The interval of a mean is counted over its rows, so their squares are needed too.
    interval: bool = False
    # Unknown is not zero: without a single row of advertising in the period there is no figure.
    needs_spend: bool = False
    # Made of other metrics' figures; opens their rows.
    of: tuple[str, ...] = ()
    # A ratio that breakdowns count but the report does not list by itself.
    listed: bool = True
    # More is better (1), less is better (-1), neither (0).
    better: int = 0

    def __post_init__(self) -> None:
        for part in self.parts:
            unknown = {part.num, part.den} - {"", "1", *part.rows.measures}
            if unknown:
                raise ValueError(f"{self.name}: {part.rows.name} has no measure {unknown}")

    @property
    def rounding(self) -> str:
        """How the figure is rounded, once, half up."""
        return {Unit.MONEY: "0.01", Unit.SHARE: "0.0001", Unit.RATIO: "0.0001"}.get(self.unit, "1")

    @property
    def minimum(self) -> int:
        """Rows below which it is too little to compare: a plain count or sum needs none."""
        return 5 if self.shape in (Shape.SHARE, Shape.MEAN, Shape.COST, Shape.PERCENTILE) else 0

    @property
    def interval_name(self) -> str:
        """The interval that stands beside it."""
        if self.shape is Shape.MEAN and self.interval:
            return "t"
        return {Shape.SHARE: "Wilson", Shape.COST: "Byar"}.get(self.shape, "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Family:
    """Metrics that one page section, and one chapter of the documentation, holds together."""

    name: str
    title: Words
    metrics: tuple[Metric, ...]


# Event times, in words of the documentation.
LEAD_TIME = _("when the lead came")
VISIT_TIME = _("start of the visit, after its last move")
SPEND_TIME = _("each local day of the spend")
CLIENT_TIME = _("local day of the first visit")
MADE_TIME = _("when the booking was made")
MESSAGE_TIME = _("when the message was sent")
MIXED_TIME = _("each row's own")


def one(rows: RowSet, where: str = "", **more: Any) -> tuple[Part, ...]:
    """The parts of a count."""
    return (Part(rows=rows, where=where, num="1", **more),)


def total(rows: RowSet, measure: str, where: str = "", **more: Any) -> tuple[Part, ...]:
    """The parts of a sum."""
    return (Part(rows=rows, where=where, num=measure, **more),)


def share(rows: RowSet, hit: str, where: str = "") -> tuple[Part, ...]:
    """The parts of a share of rows."""
    return (Part(rows=rows, where=where, num="1", hit=hit, den="1"),)


def under(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The same rows, counting in the denominator."""
    return tuple(dataclasses.replace(p, num="", den=p.num) for p in parts)
