"""Values of a Graph event, distrusted: what every wire reads, and Meta's own ways with ids and times."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from integrations.protocols.values import Json, child, document, number, text
from kit.text import storable

__all__ = [
    "LONGEST_ID",
    "LONGEST_TEXT",
    "Json",
    "child",
    "degrees",
    "document",
    "ident",
    "items",
    "message_id",
    "moment",
    "number",
    "quotable",
    "text",
]

LONGEST_ID = 200
LONGEST_TEXT = 65_536
# Between these milliseconds lie 2001 and 2286: no moment in seconds is that large before the year 33658.
_MILLISECONDS = 10**12


def items(part: Any, key: str) -> list[Json]:
    """The objects in the list under `key`; what is no object is left out."""
    value = part.get(key) if isinstance(part, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def ident(part: Json, key: str) -> str:
    """The id under `key` as text, "" when there is none. Meta writes ids as strings, in places as numbers."""
    value = part.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**30:
        return str(value)
    return storable(value).strip() if isinstance(value, str) and len(value) <= 2000 else ""


def message_id(part: Json, key: str) -> str:
    """A message's id of at most 200 characters, "" when there is none.

    Instagram's ids have no promised length; a longer one keeps its beginning and a hash, so it stays one of a kind.
    """
    found = ident(part, key)
    if len(found) <= LONGEST_ID:
        return found
    return f"{found[:150]}~{hashlib.sha256(found.encode()).hexdigest()[:40]}"


def quotable(external_id: str) -> bool:
    """Is it Meta's own id as it stands, so that it may be named in a call? Shortened and made-up ones are not."""
    return bool(external_id) and "~" not in external_id and ":" not in external_id


def degrees(value: Any, limit: int) -> float | None:
    """A number from -limit to limit, also when it came as text."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not -limit <= value <= limit:
        return None
    return float(value)


def moment(value: Any) -> datetime | None:
    """Unix seconds or milliseconds (number or digits) or an ISO time as an aware time; None for anything else."""
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,15}", value):
            return _iso(value)
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 32_503_680_000_000:
        return None
    if value < _MILLISECONDS:
        return datetime.fromtimestamp(value, UTC) if value < 32_503_680_000 else None
    return datetime.fromtimestamp(value / 1000, UTC)


def _iso(value: str) -> datetime | None:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", value) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:
        return None
