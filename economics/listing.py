"""The rows behind a figure, by the same parts of the registry that count it: list, pages, names.

A row's `numerator` and `denominator` are what it adds to the figure's; the sums over all rows are the figure's own.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from economics import counting, metrics, rowsets, statements
from economics.metric import Kind, Metric, Part, Shape
from economics.question import BadQuestion, Question

NO_KEY = "-"
"""Asks for the rows that belong to no source."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One row behind a figure. `id` is the lead's, booking's, contact's or spend's; a visit has its first booking's."""

    kind: Kind
    id: int
    at: dt.datetime
    contact_id: int | None
    numerator: Fraction
    denominator: Fraction
    # Whether they are rubles, or counts.
    money: tuple[bool, bool]
    # A percentile's value in its unit; None: never.
    value: int | None
    # Place in the order of rows of one moment.
    place: tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Page:
    """Some rows, newest first, and the marks of the pages beside it."""

    rows: list[Row]
    before: str | None
    after: str | None


def page(
    question: Question,
    metric: Metric,
    *,
    key: str | None = None,
    hits: bool = False,
    mark: str = "",
    limit: int = 50,
) -> Page:
    """A page of rows; `key` narrows to one key of the question's breakdown, `mark` is a neighbour's.

    `hits`: only rows that add to the numerator.

    Raises:
        BadQuestion: the mark or the key is none.
    """
    place = _read_mark(mark) if mark else None
    backwards = place is not None and place[0] == "<"
    found = list(_fetch(question, metric, key=key, hits=hits, place=place, limit=limit + 1))
    more, rows = len(found) > limit, found[:limit]
    if backwards:
        rows.reverse()
    first = _mark("<", rows[0]) if rows and (more if backwards else place is not None) else None
    last = _mark(">", rows[-1]) if rows and (more or backwards) else None
    return Page(rows, first, last)


def every(question: Question, metric: Metric, *, key: str | None = None, hits: bool = False) -> Iterator[Row]:
    """All rows, newest first, read in batches by a cursor of the server."""
    yield from _fetch(question, metric, key=key, hits=hits, place=None, limit=None)


def parts_of(metric: Metric) -> tuple[Part, ...]:
    """The parts of a metric; one that is made of others has theirs."""
    return metric.parts or tuple(part for name in metric.of for part in metrics.get(name).parts)


def check(question: Question, metric: Metric, *, key: str | None) -> None:
    """Can the figure be narrowed to a key of this breakdown?

    Raises:
        BadQuestion: it cannot.
    """
    if key is None:
        return
    if question.by is None:
        raise BadQuestion("key", _("A key needs a breakdown: by=source, for example."))
    for part in parts_of(metric):
        possible = {"source", "campaign"} if part.rows.owner else set()
        possible |= {name.removesuffix("_id") for name in part.rows.keys}
        if question.by not in possible or metric.of:
            raise BadQuestion("by", _("This figure is not broken down by %(by)s.") % {"by": question.by})


# ---------------------------------------------------------------- the statement
def _fetch(
    question: Question,
    metric: Metric,
    *,
    key: str | None,
    hits: bool,
    place: tuple[Any, ...] | None,
    limit: int | None,
) -> Iterator[Row]:
    check(question, metric, key=key)
    statement, values = _statement(question, metric, key=key, hits=hits, place=place, limit=limit)
    with connection.cursor() as cursor, counting.whole_sets(cursor):
        if limit is not None:
            cursor.execute(statement, values)
            found = cursor.fetchall()
        else:
            # Django's own chunked cursor is switched off for poolers; inside one transaction a named one is safe.
            # Its plan is made here, its rows are read later.
            named = connection.connection.cursor(name="economics_rows")
            named.itersize = 1000
            named.execute(statement, values)
            found = named
    try:
        for row in found:
            yield _row(row, metric)
    finally:
        if limit is None:
            found.close()


def _statement(
    question: Question,
    metric: Metric,
    *,
    key: str | None,
    hits: bool,
    place: tuple[Any, ...] | None,
    limit: int | None,
) -> tuple[str, dict[str, Any]]:
    scope = rowsets.scope(question)
    values = rowsets.parameters(scope)
    selects: list[str] = []
    for number, part in enumerate(parts_of(metric)):
        selects.append(_part(question, metric, part, number, keyed=key is not None))
    order, conditions = "DESC", []
    if key is not None:
        conditions.append("key IS NULL" if key == NO_KEY else "key = %(key)s")
        values["key"] = key
    if place is not None:
        sign, *where = place
        order = "ASC" if sign == "<" else "DESC"
        conditions.append(
            f"(at, n, id, part) {'>' if sign == '<' else '<'} (%(at)s, %(n)s, %(id)s, %(part)s)"
        )
        values |= dict(zip(("at", "n", "id", "part"), where, strict=True))
    if hits:
        conditions.append("num <> 0")
    where_clause = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    ordered = ", ".join(f"{column} {order}" for column in ("at", "n", "id", "part"))
    rows = "\nUNION ALL\n".join(selects)
    limited = f"LIMIT {int(limit)}" if limit is not None else ""
    statement = f"SELECT * FROM ({rows}) listed {where_clause} ORDER BY {ordered} {limited}"
    statement = f"{rowsets.compose(scope, statement)}\n{statement}"
    return statement, values


def _part(question: Question, metric: Metric, part: Part, number: int, *, keyed: bool) -> str:
    by = question.by if keyed else "source" if part.paid else None
    source = part.rows.piece
    key, touch, split = "NULL::text", "1", False
    if by is not None:
        source = statements.keyed(part.rows, by=by)
        key, touch, split = "r.key", "r.part", statements.splits(question, by)
    num = statements.amount(part.num, split=split) if part.num else "0"
    if part.hit:
        num = f"CASE WHEN {part.hit} THEN {num} ELSE 0 END"
    if part.sign < 0:
        num = f"-({num})"
    den = statements.amount(part.den, split=split) if part.den else "0"
    paid = ""
    if part.paid:
        paid = " AND r.source IN (SELECT source FROM paid_sources)"
    shown = f" AND {part.rows.shown}" if part.rows.shown else ""
    contact = "NULL::bigint" if part.rows.kind is Kind.SPEND else "r.contact_id"
    value = f"r.{metric.column}::bigint" if metric.column else "NULL::bigint"
    parts = "r.parts" if by is not None else "1"
    return f"""SELECT {key} AS key, r.at, {number} AS n, r.id, {touch} AS part, {parts} AS parts,
 '{part.rows.kind.value}' AS kind, {contact} AS contact_id, ({num})::numeric AS num, ({den})::numeric AS den,
 {value} AS value
FROM {source} r WHERE {part.condition()}{paid}{shown}"""


def _row(row: Sequence[Any], metric: Metric) -> Row:
    _key, at, n, row_id, part, parts, kind, contact_id, num, den, value = row
    adds = parts_of(metric)[n]
    whole_num, whole_den = adds.num == "1", adds.den == "1"
    # A count is divided among the touches; money was split into kopecks already.
    return Row(
        kind=Kind(kind),
        id=row_id,
        at=at,
        contact_id=contact_id,
        numerator=Fraction(num) / (parts if whole_num else 1),
        denominator=Fraction(den) / (parts if whole_den else 1),
        money=(bool(adds.num) and not whole_num, bool(adds.den) and not whole_den),
        value=value if metric.shape is Shape.PERCENTILE else None,
        place=(n, row_id, part),
    )


# ---------------------------------------------------------------- marks of pages
def _mark(sign: str, row: Row) -> str:
    text = json.dumps([sign, row.at.astimezone(dt.UTC).isoformat(), *row.place])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_mark(mark: str) -> tuple[str, dt.datetime, int, int, int]:
    try:
        sign, at, n, row_id, part = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        moment = dt.datetime.fromisoformat(at)
        numbers = (n, row_id, part)
        if sign not in ("<", ">") or moment.tzinfo is None or not all(type(x) is int for x in numbers):
            raise ValueError
        if not all(abs(x) < 2**62 for x in numbers):
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadQuestion("cursor", _("This page mark is not one of ours.")) from error
    return sign, moment, n, row_id, part
