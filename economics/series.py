"""Figures week by week, from the same rows as the figures themselves."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from economics import clocks, metrics
from economics.question import Question
from economics.statements import Section

SHORT = 21
"""Periods of at most so many days are shown day by day."""
_MONDAY = dt.date(2001, 1, 1)


@dataclasses.dataclass(frozen=True)
class Bucket:
    """A day or a week, cut by the period's ends; `counts` by metric."""

    first: dt.date
    last: dt.date
    counts: dict[str, int]


def sections(question: Question, names: Sequence[str]) -> list[Section]:
    """What to ask along with other figures: counts of the named metrics (of one part each) by bucket."""
    days = _days(question)
    found = []
    for name in names:
        part = metrics.get(name).parts[0]
        day = f"({clocks.local(question, 'at')}) / {clocks.DAY}"
        select = f"""SELECT {day} / {days} AS bucket, count(*) AS n FROM {part.rows.piece} r
WHERE {part.condition()} GROUP BY 1"""
        found.append(Section(f"series/{name}", select))
    return found


def read(question: Question, names: Sequence[str], along: Mapping[str, list[dict[str, Any]]]) -> list[Bucket]:
    """The buckets of the period, those without a row too."""
    days = _days(question)
    counts = {name: {row["bucket"]: row["n"] for row in along[f"series/{name}"]} for name in names}
    buckets = []
    start = (question.first - _MONDAY).days // days
    for number in range(start, (question.last - _MONDAY).days // days + 1):
        first = _MONDAY + dt.timedelta(days=number * days)
        last = first + dt.timedelta(days=days - 1)
        buckets.append(
            Bucket(
                max(first, question.first),
                min(last, question.last),
                {name: counts[name].get(number, 0) for name in names},
            )
        )
    return buckets


def _days(question: Question) -> int:
    return 1 if (question.last - question.first).days < SHORT else 7
