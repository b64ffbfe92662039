"""Counts metrics: one statement to the database, one exact numerator and denominator a metric."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import connection

from economics import metrics, rowsets, statements
from economics.metric import Metric, Part, RowSet, Shape
from economics.question import Question
from economics.statements import Section


@dataclasses.dataclass
class Tally:
    """The exact numbers of one metric: sums over its rows, or a percentile's value (None: unanswered)."""

    num: Fraction = Fraction(0)
    den: Fraction = Fraction(0)
    squares: Decimal = Decimal(0)
    value: int | None = None


@dataclasses.dataclass
class Counted:
    """What was counted for a question."""

    totals: dict[str, Tally]
    # key of the breakdown -> metric -> tally
    groups: dict[str | None, dict[str, Tally]]
    # Whether any advertising is known for the period; without it a cost is unknown, not zero.
    spend_known: bool
    # Answers to the sections that were asked along.
    along: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)


def count(
    question: Question,
    names: Sequence[str],
    *,
    columns: Sequence[Metric] | None = None,
    along: Sequence[Section] = (),
) -> Counted:
    """The numbers of the named metrics for a question, and of `columns` for each key of its breakdown.

    Without `columns` those are counted that a row of the breakdown shows. `along`: other sections for the same
    statement, which share the rows that it reads.
    """
    wanted = metrics.counted(tuple(names))
    columns = metrics.columns(question.by) if columns is None else columns
    plan = _Plan(question, wanted, columns)
    found = run(question, [*plan.sections(), *along])
    totals = {metric.name: Tally() for metric in wanted}
    groups: dict[str | None, dict[str, Tally]] = defaultdict(lambda: {m.name: Tally() for m in columns})
    paid = _paid_sources(found)
    present: set[str | None] = set()
    for metric in {m.name: m for m in (*wanted, *columns)}.values():
        if metric.shape is Shape.PERCENTILE:
            section = f"{metric.parts[0].rows.name}/percentiles"
            totals[metric.name] = plan.percentile(metric, found[section][0], columns=False)
            for row in found.get(f"{section}/{question.by}", ()) if metric in columns else ():
                groups[row["key"]][metric.name] = plan.percentile(metric, row, columns=True)
                present |= {row["key"]} if groups[row["key"]][metric.name].den else set()
            continue
        for index, part in enumerate(metric.parts):
            grouped = plan.by[part.rows] == question.by and question.by is not None
            for row in found[part.rows.name]:
                if part.paid and row["source"] not in paid:
                    continue
                tallies = [totals[metric.name]] if metric.name in totals else []
                if grouped and metric in columns:
                    tallies.append(groups[row["key"]][metric.name])
                    present |= {row["key"]} if row["present"] else set()
                for tally in tallies:
                    _add(tally, part, row, _column(metric, index))
    known = any(row[f"{_column(_ADS, 0)}_rows"] for row in found[_ADS.parts[0].rows.name])
    asked = {section.name: found[section.name] for section in along}
    return Counted(totals, {key: groups[key] for key in present}, spend_known=known, along=asked)


# States that take more than a look at the lead's bookings to tell.
UNBOOKED = ("'recovered'", "'lost'", "'in_progress'")
_ADS = metrics.get("spend_ads")


class _Plan:
    """Which rows are grouped by what: each set of rows is passed over once."""

    def __init__(self, question: Question, wanted: Sequence[Metric], columns: Sequence[Metric]) -> None:
        self.question, self.columns = question, columns
        self.metrics = {metric.name: metric for metric in (*wanted, *columns, _ADS)}
        self.percentiles: dict[RowSet, list[Metric]] = defaultdict(list)
        for metric in self.metrics.values():
            if metric.shape is Shape.PERCENTILE:
                self.percentiles[metric.parts[0].rows].append(metric)
        self.by: dict[RowSet, str | None] = {}
        for metric in self.metrics.values():
            for part in metric.parts:
                self.by.setdefault(part.rows, None)
        for metric in columns:
            for part in metric.parts:
                self.by[part.rows] = question.by
        if any(part.paid for metric in wanted for part in metric.parts):
            for part in (*(part for metric in wanted for part in metric.parts if part.paid), *_ADS.parts):
                self.by[part.rows] = self.by[part.rows] or "source"

    def percentile(self, metric: Metric, row: dict[str, Any], *, columns: bool) -> Tally:
        """A percentile's value from its section's row; metrics over the same rows share one sorting."""
        together = [
            m for m in self.percentiles[metric.parts[0].rows]
            if m.parts == metric.parts and m.column == metric.column
            and (not columns or m in self.columns)
        ]  # fmt: skip
        values = row[together[0].name]
        value = values[together.index(metric)] if values else None
        known = None if value is None or value == statements.NEVER else int(value)
        return Tally(den=Fraction(row[f"{together[0].name}_rows"] or 0), value=known)

    def sections(self) -> Iterable[Section]:
        """The statement's sections."""
        sets: dict[RowSet, list[tuple[str, Part]]] = defaultdict(list)
        squares: set[RowSet] = set()
        for metric in self.metrics.values():
            if metric.shape is Shape.PERCENTILE:
                continue
            for index, part in enumerate(metric.parts):
                sets[part.rows].append((_column(metric, index), part))
                if metric.interval:
                    squares.add(part.rows)
        for rows, wanted in self.percentiles.items():
            yield statements.percentiles(rows, wanted, by=None)
            of_groups = [metric for metric in wanted if metric in self.columns]
            if of_groups:
                yield statements.percentiles(rows, of_groups, by=self.question.by)
        for rows, parts in sets.items():
            by = self.by[rows]
            if by is None:
                yield statements.totals(rows, parts, squares=rows in squares)
            else:
                yield statements.grouped(rows, parts, by=by, question=self.question)


def run(question: Question, sections: Iterable[Section]) -> dict[str, list[dict[str, Any]]]:
    """The rows of every section, by one statement."""
    unique = {section.name: section for section in sections}
    statement = "\nUNION ALL\n".join(
        f"SELECT {index} AS section, to_json(x)::text AS row FROM ({section.select}) x"
        for index, section in enumerate(unique.values())
    )
    scope = rowsets.scope(question, states=any(state in statement for state in UNBOOKED))
    statement = f"{rowsets.compose(scope, statement)}\n{statement}"
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in unique}
    names = list(unique)
    with connection.cursor() as cursor, whole_sets(cursor):
        cursor.execute(statement, rowsets.parameters(scope))
        for index, row in cursor.fetchall():
            found[names[index]].append(json.loads(row, parse_float=Decimal))
    return found


@contextlib.contextmanager
def whole_sets(cursor: Any) -> Iterator[None]:
    """Settings for one large question: memory for its groups, no compiling for one run, one process.

    Everything is joined as whole sets. PostgreSQL knows nothing of the sizes that come out of a WITH, and where it
    guesses too low it would walk through one row by row for each row of another.
    """
    cursor.execute(
        "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;"
        " SET LOCAL enable_nestloop = off"
    )
    yield
    # The small questions that follow in this transaction want their indexes back.
    cursor.execute("SET LOCAL enable_nestloop = on")


def _column(metric: Metric, index: int) -> str:
    return f"{metric.name}__{index}"


def _paid_sources(found: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Sources that advertising was paid for, corrections taken off."""
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in found[_ADS.parts[0].rows.name]:
        if row.get("source"):
            spent[row["source"]] += Decimal(row[f"{_column(_ADS, 0)}_num"] or 0)
    return {source for source, amount in spent.items() if amount > 0}


def _add(tally: Tally, part: Part, row: dict[str, Any], column: str) -> None:
    # A count is divided among the touches; money was split into kopecks already.
    parts = row["parts"]
    tally.num += part.sign * Fraction(row.get(f"{column}_num") or 0) / (parts if part.num == "1" else 1)
    tally.den += Fraction(row.get(f"{column}_den") or 0) / (parts if part.den == "1" else 1)
    tally.squares += Decimal(row.get(f"{column}_squares") or 0)
