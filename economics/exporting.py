"""Rows behind a figure as a file: streamed, and ending with the total, which is the figure on the page."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from economics import describing, figures, listing
from economics.listing import Row
from economics.metric import Metric, Shape
from economics.question import Question
from kit import sheets
from tenants import wall

BATCH = 500


@dataclasses.dataclass(frozen=True)
class Wish:
    """Which rows are wanted, and the figure they end with, as the page shows it."""

    question: Question
    metric: Metric
    key: str | None
    hits: bool
    figure: str


def csv_lines(wish: Wish) -> Iterator[bytes]:
    """The file in pieces. It enters the tenant itself, since a stream outlives its request."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    yield sheets.BOM.encode()
    for line in _lines(wish):
        writer.writerow([_plain(cell) for cell in line])
        if buffer.tell() > 32_768:
            yield _taken(buffer)
    yield _taken(buffer)


def xlsx(wish: Wish) -> IO[bytes]:
    """The workbook in a temporary file, at its beginning."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "in_memory": False, "strings_to_formulas": False}
    )
    sheet = book.add_worksheet()
    money, when, head = (
        book.add_format(x)
        for x in ({"num_format": "#,##0.00"}, {"num_format": "dd.mm.yyyy hh:mm"}, {"bold": True})
    )
    for number, line in enumerate(_lines(wish)):
        for column, cell in enumerate(line):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell, head if number == 0 else None)
            elif isinstance(cell, Fraction):
                sheet.write_number(number, column, float(cell), money)
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell)
            elif cell is not None:
                sheet.write_datetime(number, column, cell.replace(tzinfo=None), when)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 2, 36)
    book.close()
    target.seek(0)
    return target


def _lines(wish: Wish) -> Iterator[list[Any]]:
    """Head, rows, total: cells are text, moments (local), whole numbers, or rubles as Fraction."""
    metric = wish.metric
    columns = amounts(metric)
    yield [_("When"), _("Who"), _("What"), *(label for label, _number in columns)]
    sums = [Fraction(0)] * len(columns)
    zone = wish.question.tenant.zone
    with wall.tenant_tx(wish.question.tenant.pk):
        found = listing.every(wish.question, metric, key=wish.key, hits=wish.hits)
        for batch in _batches(found):
            for row, words in zip(batch, describing.describe(batch), strict=True):
                cells = [number(row) for _label, number in columns]
                for index, cell in enumerate(cells):
                    sums[index] += Fraction(cell or 0)
                yield [row.at.astimezone(zone), words.title, words.detail, *cells]
    summed = [] if metric.shape is Shape.PERCENTILE else [_whole(total, metric) for total in sums]
    yield [_("Total"), str(metric.label), wish.figure, *summed]


def amounts(metric: Metric) -> list[tuple[str, Any]]:
    """The columns of numbers a metric's rows have: (label, row → number)."""
    if metric.shape is Shape.PERCENTILE:
        return [(_("Value"), lambda row: row.value)]
    columns: list[tuple[str, Any]] = []
    if any(part.num for part in listing.parts_of(metric)):
        columns.append((_("Amount") if _is_money(metric, "num") else _("Counts"), _numerator))
    if any(part.den for part in listing.parts_of(metric)):
        columns.append((_("Divided by"), _denominator))
    return columns


def _numerator(row: Row) -> int | Fraction:
    return _kind(row.numerator, money=row.money[0])


def _denominator(row: Row) -> int | Fraction:
    return _kind(row.denominator, money=row.money[1])


def _kind(value: Fraction, *, money: bool) -> int | Fraction:
    return value if money or value.denominator != 1 else int(value)


def _is_money(metric: Metric, side: str) -> bool:
    return any(getattr(part, side) not in ("", "1") for part in listing.parts_of(metric))


def _whole(total: Fraction, metric: Metric) -> int | Fraction:
    return int(total) if total.denominator == 1 and not _is_money(metric, "num") else total


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    found = iter(rows)
    while batch := list(itertools.islice(found, BATCH)):
        yield batch


def _plain(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Fraction):
        return str(figures.part(cell, money=True))
    if isinstance(cell, str):
        return sheets.harmless(cell)
    return cell.strftime("%d.%m.%Y %H:%M") if hasattr(cell, "strftime") else str(cell)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
