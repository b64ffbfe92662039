"""Lists of people in the forms that phones and messengers give them out in → signs for `conversations.private`.

Read: the export of Telegram Desktop (`result.json`: contacts, frequent contacts and the personal chats it names),
vCards (`.vcf`) and tables (`.csv`) of any columns: every phone number and every @name in them counts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from kit import phones, safejson

# What one upload may name; more is somebody's data base, not their people.
MOST = 50_000
_TEL = re.compile(r"^(?:[\w-]+\.)?TEL[^:\n]*:(?:tel:)?([^\n;]+)", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"@([A-Za-z0-9_.]{3,64})\Z")
_PERSONAL = ("personal_chat",)


class Unreadable(Exception):
    """The file is none of these, or names nobody; the message says what to do."""


def signs(name: str, content: bytes) -> set[str]:
    """The signs of all people in a file, at most `MOST`.

    Raises:
        Unreadable: see the class.
    """
    ending = name.lower().rpartition(".")[2]
    text = safejson.decoded(content)
    if ending == "json" or text.lstrip()[:1] in ("{", "["):
        found = _telegram(content)
    elif ending == "vcf" or text.lstrip()[:11].upper() == "BEGIN:VCARD":
        found = _phones(match[1] for match in _TEL.finditer(text))
    else:
        found = _table(text)
    kept: set[str] = set()
    for sign in found:
        kept.add(sign)
        if len(kept) >= MOST:
            break
    if not kept:
        raise Unreadable(
            _("Nobody was found in this file. It takes result.json of Telegram Desktop, a .vcf or a .csv.")
        )
    return kept


def _phones(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        # Telegram writes an international number as "00 7 913…".
        number = phones.normalise(re.sub(r"\A\s*00\s?", "+", str(value)))
        if number:
            yield f"phone:{number}"


def _telegram(content: bytes) -> Iterator[str]:
    try:
        told = safejson.loads(content)
    except safejson.Malformed as error:
        raise Unreadable(
            _("This JSON cannot be read: take result.json as Telegram Desktop made it.")
        ) from error
    if not isinstance(told, dict):
        return
    for person in _list(told, "contacts"):
        yield from _phones([str(person.get("phone_number") or "")])
    for person in _list(told, "frequent_contacts"):
        if person.get("type") == "user":
            yield from _ids(person.get("id"))
    chats = _list(told, "chats") + _list(told, "left_chats")
    # The export of a single chat is the chat itself.
    for chat in [*chats, told]:
        if chat.get("type") in _PERSONAL:
            yield from _ids(chat.get("id"))


def _list(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    part = told.get(name)
    rows = part.get("list") if isinstance(part, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**19:
        yield f"id:{value}"


def _table(text: str) -> Iterator[str]:
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        for row in csv.reader(io.StringIO(text), dialect):
            for cell in row:
                yield from _cell(cell.strip())
    except csv.Error:
        return  # what was read so far counts


def _cell(cell: str) -> Iterator[str]:
    name = _NAME.match(cell)
    if name:
        yield f"name:{name[1].lower()}"
    # Google puts several numbers of a person into one cell.
    yield from _phones(part for part in cell.split(" ::: ") if part)
