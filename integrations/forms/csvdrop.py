"""A table of leads dropped as a file: what an ad system, a quiz or a former CRM exports.

Pure reading: bytes in, submissions and errors out, in the order of the lines. Windows-1251, UTF-8 and UTF-16; cells
parted by `;`, `,` or a tab. Columns are known by their names as the fields of any form are; a file without names of
columns is read too, the phone being what looks like one.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations.errors import ParseError
from integrations.forms import fields, generic
from integrations.protocols.channel import FormSubmitted, Settings
from kit import phones
from kit.text import storable

MOST_ROWS = 10_000
MOST_COLUMNS = fields.MOST_FIELDS
_SEPARATORS = ";,\t"
_SNIFFED = 20  # lines looked at to tell the separator
_LONGEST_CELL = 100_000
# A spreadsheet that took a phone for a number: its last digits are gone.
_ROUNDED = re.compile(r"\d[.,]\d+[eE]\+?\d{1,2}\Z")
_WRAPPED = re.compile(r'="?([^"]*)"?\Z')
_RUSSIAN_DATES = "дата датаивремя датасоздания датазаявки времясоздания время создан"  # language data
_RUSSIAN_IDS = "номерзаявки idзаявки idлида"  # language data
_DATE_COLUMNS = frozenset(
    (
        *("date", "datetime", "created", "createdat", "createdtime", "submittedat", "timestamp", "time"),
        *_RUSSIAN_DATES.split(),
    )
)
_ID_COLUMNS = frozenset(("id", "leadid", "submissionid", *_RUSSIAN_IDS.split()))
_DATES = (
    *("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d.%m.%y %H:%M", "%d/%m/%Y %H:%M:%S"),
    *("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class RowError:
    """A line that is no lead: its number in the file (from 1), why (a lazy text), and its beginning."""

    line: int
    reason: Any
    text: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A line that is a lead: its number in the file, what it says, and its cells by column as a form would send them.

    The cells carry `submission_id`, so that the generic reader gives the same line the same key each time.
    """

    line: int
    lead: FormSubmitted
    cells: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """What a file holds. `repeated` counts lines that say the same as one before; `columns` are the names found.

    `named` says whether the file itself names its columns.
    """

    rows: tuple[Row, ...] = ()
    errors: tuple[RowError, ...] = ()
    repeated: int = 0
    columns: tuple[str, ...] = ()
    named: bool = False

    @property
    def leads(self) -> tuple[FormSubmitted, ...]:
        """What the lines say."""
        return tuple(row.lead for row in self.rows)


def read(data: bytes, settings: Settings | None = None, *, zone: tzinfo = UTC) -> Drop:
    """The leads in `data`; `zone` is the time zone of dates without one. Never raises.

    A lead's `external_id` is its id in the file, or else made of the whole line: the same file dropped twice brings
    the same ids.
    """
    text = decoded(data)
    if not text.strip():
        return Drop(errors=(RowError(1, _("The file is empty.")),))
    lines = _rows(text)
    rows: dict[str, Row] = {}
    wrong: list[RowError] = []
    columns: tuple[str, ...] = ()
    repeated = count = 0
    named = False
    for line, cells in lines:
        if isinstance(cells, RowError):
            wrong.append(cells)
            continue
        if not columns:
            columns = _header(cells, settings or {})
            named = bool(columns)
            if named:
                continue
            columns = tuple(f"column {number}" for number in range(1, len(cells) + 1))
        count += 1
        if count > MOST_ROWS:
            wrong.append(RowError(line, _("The file is too long: the rest was not read.")))
            break
        try:
            lead, told = _lead(columns, cells, settings or {}, zone)
        except ParseError:
            wrong.append(RowError(line, _("There is no name, phone, e-mail or message."), _beginning(cells)))
        except _SpoiltPhoneError:
            reason = _("A spreadsheet has rounded the phone: save that column as text and export it anew.")
            wrong.append(RowError(line, reason, _beginning(cells)))
        else:
            repeated += lead.external_id in rows
            rows.setdefault(lead.external_id, Row(line, lead, told))
    if not rows and not wrong:
        wrong.append(RowError(1, _("The file is empty.")))
    return Drop(
        rows=tuple(rows.values()), errors=tuple(wrong), repeated=repeated, columns=columns, named=named
    )


def meaning(column: str) -> str:
    """What a column is read as: "name", "phone", "email", "message", … , "date", "id", or "" for a question."""
    plain = fields.plain(column)
    if plain in _DATE_COLUMNS:
        return "date"
    if plain in _ID_COLUMNS:
        return "id"
    return fields.role_of(fields.Field(column, (plain,), ""))


def decoded(data: bytes) -> str:
    """`data` as text: by its mark, as UTF-16 without one, as UTF-8, else as Windows-1251."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    head = data[:400]
    # Half of the bytes of UTF-16 are zero where signs are Latin: separators, digits and line ends always are.
    if head.count(0) > len(head) // 10:
        little = head[1::2].count(0) >= head[0::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("windows-1251", "replace")


def _rows(text: str) -> Iterator[tuple[int, list[str] | RowError]]:
    """(line, cells) of every line that is not blank; a line that cannot be read is an error of its own."""
    plain = text.lstrip("\ufeff").replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    skipped = 0
    first, _newline, rest = plain.partition("\n")
    named = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)
    if named:  # a spreadsheet's own hint
        plain, skipped = rest, 1
    separator = named[1] if named and named[1] in _SEPARATORS else _separator(plain)
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    reader = csv.reader(io.StringIO(plain), delimiter=separator)
    while True:
        before = reader.line_num
        try:
            cells = [_cell(cell) for cell in next(reader)[:MOST_COLUMNS]]
        except StopIteration:
            return
        except csv.Error:
            line = reader.line_num + skipped
            yield line, RowError(line, _("The line cannot be read: is a quotation mark left open?"))
            continue
        if any(cells):
            yield before + 1 + skipped, cells


def _separator(text: str) -> str:
    """The sign that parts the first lines into the same number of cells, the most of them; a comma at worst."""
    lines = [line for line in text.split("\n", _SNIFFED)[:_SNIFFED] if line.strip()]
    best, most = ",", 0
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            continue
        least = min(widths, default=1)
        # One line that is parted and others that are not: the sign stands in somebody's words.
        if least > 1 and least > most:
            best, most = separator, least
    if most:
        return best
    counts = {separator: lines[0].count(separator) for separator in _SEPARATORS} if lines else {}
    return max(counts, key=lambda separator: counts[separator], default=",") if any(counts.values()) else ","


def _cell(raw: str) -> str:
    """A cell as it was meant: spreadsheets keep a number a text by `="…"` or a leading apostrophe."""
    cell = storable(raw).strip()
    wrapped = _WRAPPED.match(cell)
    if wrapped:
        cell = wrapped[1].strip()
    return cell.removeprefix("'")[: fields.LONGEST_VALUE]


def _header(cells: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The names of the columns, () when this line is a lead already: it holds a phone or an address."""
    region = settings.get("region") or "RU"
    if any(phones.normalise(cell, region) or fields.email_of(cell) for cell in cells):
        return ()
    seen: dict[str, int] = {}
    names = []
    for number, cell in enumerate(cells, start=1):
        name = cell[:200] or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(names)


class _SpoiltPhoneError(ValueError):
    """The phone lost its digits in a spreadsheet."""


def _lead(
    columns: Sequence[str], cells: Sequence[str], settings: Settings, zone: tzinfo
) -> tuple[FormSubmitted, dict[str, str]]:
    """What a line says, and its cells as a form would send them."""
    tree: dict[str, str] = {}
    dated: dict[str, str] = {}
    at: datetime | None = None
    ident = ""
    for number, cell in enumerate(cells):
        name = columns[number] if number < len(columns) else f"column {number + 1}"
        plain = fields.plain(name)
        if plain in _DATE_COLUMNS and at is None:
            at = _moment(cell, zone)
            if at:
                dated[name] = cell
                continue
        if plain in _ID_COLUMNS and cell and not ident:
            ident = cell[:100]
            continue
        role = fields.role_of(fields.Field(name, (plain,), cell))
        if role == "phone" and _ROUNDED.match(cell.replace(" ", "")):
            raise _SpoiltPhoneError
        tree[name] = cell
    lead = generic.fact(tree, settings, {}, provider="csv", submitted_at=at)
    # An id may be numbered anew in each file; together with the person it is a key.
    who = lead.phone or lead.email or lead.name
    told = f"{ident}\n{who}" if ident else "\n".join(cells)
    key = f"csv:{hashlib.sha256(told.encode()).hexdigest()[:40]}"
    return dataclasses.replace(lead, external_id=key), {**tree, **dated, "submission_id": key}


def _moment(text: str, zone: tzinfo) -> datetime | None:
    """A date as tables write it."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    for pattern in _DATES:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _beginning(cells: Sequence[str]) -> str:
    return " | ".join(filter(None, cells))[:200]
