"""Header values of a letter as they came: undecoded words, raw 8-bit bytes, broken lists of addresses. Never raises."""

from __future__ import annotations

import base64
import binascii
import email.utils
import quopri
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from integrations.mail import charset
from kit.text import storable

LONGEST = 4000
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_SURROGATE = re.compile("[\udc80-\udcff]")
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\]{1,190}")
_IDS = re.compile(r"<([^<>\s]{1,900})>")

Headers = Sequence[tuple[str, str]]
"""(lower-cased name, value) in order; in a value raw bytes are surrogate escapes."""


def first(headers: Headers, name: str) -> str:
    """The raw value of the first header of that name, unfolded, at most 4,000 characters; "" when there is none."""
    for key, value in headers:
        if key == name:
            return " ".join(value[: LONGEST * 2].split())[:LONGEST]
    return ""


def text(raw: str) -> str:
    """A value for reading: raw bytes guessed, encoded words decoded (RFC 2047), blanks collapsed."""
    plain = raw[:LONGEST]
    if _SURROGATE.search(plain):
        plain = charset.decoded(plain.encode("utf-8", "surrogateescape"))
    if "=?" in plain:
        plain = _words(_BETWEEN.sub(r"\1", plain))
    return " ".join(storable(plain).split())


def _words(value: str) -> str:
    """Encoded words decoded; bytes of neighbours are joined first, since senders cut letters in two."""
    out, end = "", 0
    pending, declared = b"", ""
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        if pending and (between or match[1].lower() != declared):
            out += charset.decoded(pending, declared)
            pending = b""
        out += between
        declared = match[1].partition("*")[0].lower()
        pending += _unpacked(match[2].lower(), match[3])
        end = match.end()
    if pending:
        out += charset.decoded(pending, declared)
    return out + value[end:]


def _unpacked(way: str, coded: str) -> bytes:
    raw = coded.encode("utf-8", "replace")
    if way == "q":
        return quopri.decodestring(raw.replace(b"_", b"=20"), header=False)
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(kept) % 4 == 1:
        kept = kept[:-1]  # a word cut short
    try:
        return base64.b64decode(kept + b"=" * (-len(kept) % 4))
    except (binascii.Error, ValueError):
        return b""


def addresses(raw: str) -> list[tuple[str, str]]:
    """(name, address in lower case) of a list of addresses; broken entries are left out."""
    try:
        pairs = email.utils.getaddresses([raw[:LONGEST]])
    except (ValueError, TypeError, IndexError, RecursionError):
        pairs = []
    found = [
        (text(name)[:255], storable(address.lower()))
        for name, address in pairs
        if _ADDRESS.fullmatch(address) and not _SURROGATE.search(address)
    ]
    if found:
        return found
    # An unbalanced quote makes one name of everything: look for the address itself.
    return [
        ("", storable(match[0].lower())) for match in _ADDRESS.finditer(_SURROGATE.sub("?", raw[:LONGEST]))
    ]


def ids(raw: str) -> list[str]:
    """Message ids of a header such as References, without their brackets, in order; at most 100."""
    return [storable(ident) for ident in _IDS.findall(_SURROGATE.sub("?", raw))][:100]


def moment(raw: str) -> datetime | None:
    """The time of a Date header, None for what no calendar holds."""
    try:
        at = email.utils.parsedate_to_datetime(raw[:100])
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return at.astimezone(UTC) if 1990 <= at.year <= 2200 else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def parameter(raw: str, name: str) -> str:
    """A parameter of a value such as Content-Type (`report-type`), lower case, "" when there is none."""
    match = re.search(rf";\s*{re.escape(name)}\s*=\s*\"?([^\s\";]{{1,100}})", raw, re.IGNORECASE)
    return match[1].lower() if match else ""
