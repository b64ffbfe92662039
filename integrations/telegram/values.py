"""Values of an update, distrusted: each reader answers with the right type or with nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.errors import ParseError
from kit.text import storable

Json = Mapping[str, Any]


def child(part: Any, key: str) -> Json:
    """The object under `key`, {} when there is none."""
    value = part.get(key) if isinstance(part, dict) else None
    return value if isinstance(value, dict) else {}


def text(part: Json, key: str) -> str:
    """The storable text under `key`, "" when there is none."""
    value = part.get(key)
    return storable(value) if isinstance(value, str) else ""


def required(part: Json, key: str) -> str:
    """The text under `key`, at most 200 characters; raises ParseError when there is none."""
    found = text(part, key)[:200]
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


def within(value: Any, limit: int) -> bool:
    """Is it a number from -limit to limit?"""
    return isinstance(value, int | float) and not isinstance(value, bool) and -limit <= value <= limit


def moment(value: Any) -> datetime | None:
    """Unix seconds as an aware time; None for 0 ("inaccessible") and for what no calendar holds."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 32_503_680_000:
        return None
    return datetime.fromtimestamp(value, UTC)
