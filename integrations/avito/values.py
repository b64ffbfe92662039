"""Values of Avito's answers and events, distrusted: each reader gives the right type or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kit.text import storable

Json = Mapping[str, Any]

# Ids of chats and messages: printable, no blanks, no slash; with a letter or digit, so that none is the path step "..".
_ID = re.compile(r"(?=[^A-Za-z0-9]*[A-Za-z0-9])[!-.0-~]{1,150}\Z")


def child(part: Any, key: str) -> Json:
    """The object under `key`, {} when there is none."""
    value = part.get(key) if isinstance(part, dict) else None
    return value if isinstance(value, dict) else {}


def rows(part: Any, key: str = "") -> list[Json]:
    """The objects of a list: of `part` itself or of what stands under `key` in it."""
    value = part.get(key) if isinstance(part, dict) else part
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(part: Json, key: str, longest: int = 65_536) -> str:
    """The storable text under `key`, "" when there is none."""
    value = part.get(key)
    return storable(value)[:longest] if isinstance(value, str) else ""


def name(value: Any) -> str:
    """An id of a chat, a message or a voice file, "" when it is none."""
    return value if isinstance(value, str) and _ID.match(value) else ""


def ident(value: Any) -> str:
    """A number of an account or a listing as text, "" when it is none."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int) and 0 <= value < 10**19:
        return str(value)
    return value if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) else ""


def moment(value: Any) -> datetime | None:
    """Unix seconds as an aware time; None for what no calendar holds."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 32_503_680_000:
        return None
    return datetime.fromtimestamp(value, UTC)


def seconds(value: Any) -> int:
    """Unix seconds, 0 for what is no time."""
    return int(at.timestamp()) if (at := moment(value)) else 0


def web(part: Json, key: str) -> str:
    """A web address of at most 2,000 characters, "" when it is none."""
    found = text(part, key, 2001)
    return found if len(found) <= 2000 and found.lower().startswith(("http://", "https://")) else ""
