"""Writes the SQL that counts metrics and lists their rows, both from the same parts of the registry.

Rows are first grouped by the few columns that conditions name, then every figure is read off the groups: one pass
over the rows instead of one for each figure. A breakdown does the same with its key beside. Money that is shared by
several touches is split into whole kopecks on the row, the earliest touch taking what is left over.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

from economics.metric import Metric, Part, RowSet
from economics.question import Question

# Breakdowns whose keys come from touches.
SHARED = ("source", "campaign")
# Longer than any wait: an answer that never came.
NEVER = 9_223_372_036_854_775_807
# The master and the service as people know them in their own lists, else our id.
_KEY = "SELECT id, coalesce(nullif(external_id, ''), id::text) AS key FROM {} WHERE tenant_id = %(tenant)s"
_NAMED = {"staff": _KEY.format("bookings_staff"), "service": _KEY.format("bookings_service")}


@dataclasses.dataclass(frozen=True)
class Section:
    """A SELECT over pieces, whose rows come back as JSON under `name`."""

    name: str
    select: str


def totals(rows: RowSet, parts: Sequence[tuple[str, Part]], *, squares: bool) -> Section:
    """Numerators and denominators of `parts` (each with its column's name) over all rows of a set."""
    cube, columns = _cube(rows, [part for _, part in parts], source=rows.piece, squares=squares)
    picked = ", ".join(
        f"{text} AS {name}_{what}" for name, part in parts for what, text in _picks(part, squares, columns)
    )
    return Section(rows.name, f"SELECT 1 AS parts, {picked} FROM ({cube}) cube")


def grouped(rows: RowSet, parts: Sequence[tuple[str, Part]], *, by: str, question: Question) -> Section:
    """The same for each key of a breakdown; a row of the answer tells into how many touches its rows were split."""
    source = keyed(rows, by=by)
    keys = ("key", "source", "parts") if by in SHARED else ("key", "parts")
    cube, columns = _cube(
        rows, [part for _, part in parts], source=source, squares=False, keys=keys, split=splits(question, by)
    )
    picked = ", ".join(
        f"{text} AS {name}_{what}" for name, part in parts for what, text in _picks(part, False, columns)
    )
    listed = ", ".join(keys)
    select = f"SELECT {listed}, sum(present) AS present, {picked} FROM ({cube}) cube GROUP BY {listed}"
    return Section(rows.name, select)


def splits(question: Question, by: str) -> bool:
    """May one row be shared by several keys?"""
    return question.attribution == "linear" and by in SHARED


def percentiles(rows: RowSet, wanted: Sequence[Metric], *, by: str | None) -> Section:
    """Of each metric over one set of rows: the value of a real row, the smallest that so many tenths do not exceed.

    The share is taken a hair smaller, because 0.9 is none in binary and could otherwise miss a row by one.
    """
    source = keyed(rows, by=by) if by else rows.piece
    picked = []
    for part, column in dict.fromkeys((m.parts[0], m.column) for m in wanted):
        mine = [m for m in wanted if m.parts[0] == part and m.column == column]
        shares = ", ".join(f"0.{m.tenths - 1}999999999" for m in mine)
        found = (
            f"percentile_disc(ARRAY[{shares}]::float8[]) WITHIN GROUP (ORDER BY coalesce({column}, {NEVER}))"
            f" FILTER (WHERE {part.condition()})"
        )
        total = f"count(*) FILTER (WHERE {part.condition()})"
        picked.append(f"{found} AS {mine[0].name}, {total} AS {mine[0].name}_rows")
    key = "key" if by else "NULL AS key"
    select = f"SELECT {key}, {', '.join(picked)} FROM {source} r{' GROUP BY key' if by else ''}"
    return Section(f"{rows.name}/percentiles{f'/{by}' if by else ''}", select)


def keyed(rows: RowSet, *, by: str) -> str:
    """FROM item: the rows of a set with `key`, and `part` of `parts` where attribution splits them."""
    if by in _NAMED:
        text = f"""(SELECT r.*, n.key, 1 AS part, 1 AS parts FROM {rows.piece} r
LEFT JOIN ({_NAMED[by]}) n ON n.id = r.{by}_id)"""
    elif by == "channel":
        text = f"(SELECT r.*, r.channel AS key, 1 AS part, 1 AS parts FROM {rows.piece} r)"
    elif rows.owner == "spend":
        text = f"(SELECT r.*, {_source_key('r', by)} AS key, 1 AS part, 1 AS parts FROM {rows.piece} r)"
    else:
        keys = f"{rows.owner}_keys"
        column = rows.lead_column if rows.owner == "lead" else "contact_id"
        text = f"""(SELECT r.*, {_source_key("k", by)} AS key, k.source,
 coalesce(k.part, 1)::int AS part, coalesce(k.parts, 1)::int AS parts
FROM {rows.piece} r LEFT JOIN {keys} k ON k.id = r.{column})"""
    return text


def amount(measure: str, *, split: bool) -> str:
    """A measure of one row, or the share of it that falls on one touch."""
    if measure == "1" or not split:
        return measure
    kopecks = f"abs({measure}) * 100"
    return f"sign({measure}) * (div({kopecks}, parts) + (part <= mod({kopecks}, parts))::int) / 100"


def _source_key(table: str, by: str) -> str:
    if by == "source":
        return f"{table}.source"
    return f"{table}.source || '/' || coalesce({table}.campaign, '')"


def _cube(
    rows: RowSet,
    parts: Iterable[Part],
    *,
    source: str,
    squares: bool,
    keys: tuple[str, ...] = (),
    split: bool = False,
) -> tuple[str, dict[str, str]]:
    """The groups, and the column of each measure in them."""
    parts = list(parts)
    conditions = " ".join(f"{p.condition()} {p.hit}" for p in parts)
    # A column no condition names would only make more groups.
    groups = [*keys, *(dim for dim in rows.dims if dim not in keys and re.search(rf"\b{dim}\b", conditions))]
    measures = list(dict.fromkeys(m for p in parts for m in (p.num, p.den) if m not in ("", "1")))
    columns = {"1": "n"} | {measure: f"s{index}" for index, measure in enumerate(measures)}
    picked = [*groups, "count(*) AS n"]
    picked += [f"sum({amount(m, split=split)}) AS {columns[m]}" for m in measures]
    if keys:
        picked.append(f"{_present(rows, keys)} AS present")
    if squares:
        picked += [f"sum({m} * {m}) AS q{columns[m]}" for m in measures]
    text = f"SELECT {', '.join(picked)} FROM {source} r"
    return f"{text} GROUP BY {', '.join(groups)}" if groups else text, columns


def _present(rows: RowSet, keys: tuple[str, ...]) -> str:
    """How many rows give their key a line: a person's own list of masters shows each who had a booking at all."""
    conditions = [rows.where, rows.present if "source" in keys else ""]
    wanted = " AND ".join(f"({c})" for c in conditions if c)
    return f"count(*) FILTER (WHERE {wanted})" if wanted else "count(*)"


def _picks(part: Part, squares: bool, columns: dict[str, str]) -> Iterable[tuple[str, str]]:
    where = part.condition()
    if part.num:
        hit = f"({where}) AND ({part.hit})" if part.hit else where
        yield "num", f"sum({columns[part.num]}) FILTER (WHERE {hit})"
        if squares and part.num != "1":
            yield "squares", f"sum(q{columns[part.num]}) FILTER (WHERE {hit})"
    if part.rows.owner == "spend":
        yield "rows", f"sum(n) FILTER (WHERE {where})"
    if part.den:
        yield "den", f"sum({columns[part.den]}) FILTER (WHERE {where})"
