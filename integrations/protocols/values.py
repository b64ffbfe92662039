"""Values of a stranger's JSON, distrusted: each reader answers with the right type or with nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.errors import ParseError
from kit import safejson
from kit.text import storable

Json = Mapping[str, Any]

# The year 3000: later is no time but a mistake, and calendars overflow soon after.
_LATEST = 32_503_680_000


def document(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises ParseError."""
    try:
        value = safejson.loads(body)
    except safejson.Malformed as error:
        raise ParseError(str(error)) from error
    if not isinstance(value, dict):
        raise ParseError("a JSON object was expected")
    return value


def child(part: Any, key: str) -> Json:
    """The object under `key`, {} when there is none."""
    value = part.get(key) if isinstance(part, Mapping) else None
    return value if isinstance(value, dict) else {}


def children(part: Any, key: str, *, most: int = 100) -> list[Json]:
    """The objects of the list under `key`, at most `most`; what is no object is left out."""
    value = part.get(key) if isinstance(part, Mapping) else None
    return [item for item in value[:most] if isinstance(item, dict)] if isinstance(value, list) else []


def text(part: Json, key: str, most: int = 65_536) -> str:
    """The storable text under `key`, at most `most` characters; "" when there is none."""
    value = part.get(key)
    return storable(value)[:most] if isinstance(value, str) else ""


def required(part: Json, key: str) -> str:
    """The text under `key`, at most 200 characters; raises ParseError when there is none."""
    found = text(part, key, 200)
    if not found:
        raise ParseError(f"no {key}")
    return found


def ident(value: Any) -> str | None:
    """An id as text: a whole number of up to 19 digits, or such a number written as a string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) < 10**19:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
        return value
    return None


def number(value: Any) -> int | None:
    """A whole number that is not negative, such as a size."""
    ok = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if ok else None


def degrees(value: Any, limit: int) -> float | None:
    """A coordinate from -limit to limit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        return None
    return float(value)


def moment(value: Any, *, unit: int = 1) -> datetime | None:
    """Unix time as an aware time; `unit` is how many make a second (1000: milliseconds). None for 0 and nonsense."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LATEST * unit:
        return None
    return datetime.fromtimestamp(value / unit, UTC)


def web_address(value: Any) -> str:
    """An http(s) address of at most 2,000 characters, "" when it is none."""
    found = storable(value)[:2000] if isinstance(value, str) else ""
    return found if found.startswith(("https://", "http://")) else ""
