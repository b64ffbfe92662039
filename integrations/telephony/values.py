"""Values that providers of telephony send, distrusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from integrations.protocols.channel import Settings
from kit import phones
from kit.text import storable

MOSCOW = "Europe/Moscow"
_HIDDEN = frozenset(
    {"", "anonymous", "unknown", "private", "restricted", "unavailable", "hidden", "0", "null", "none"}
)
_EVERYTHING_BUT_DIGITS = re.compile(r"[^0-9]")


def text(part: Mapping[str, Any], key: str, longest: int = 200) -> str:
    """The single value under `key` as storable text, "" when there is none."""
    value = part.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return storable(str(value)).strip()[:longest]


def part(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under `key`, {} when there is none."""
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def number(value: Any) -> int | None:
    """A whole number that is not negative, also written as a string."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = re.fullmatch(r"([0-9]{1,11})(\.[0-9]+)?", str(value).strip())
    return int(found[1]) if found else None


def seconds(later: int | None, earlier: int | None) -> int | None:
    """Seconds from one moment to another, None when either is missing or the difference is no length of a call."""
    if not later or not earlier:
        return None
    return later - earlier if 0 <= later - earlier < 86_400 * 7 else None


def phone(raw: str, settings: Settings) -> str:
    """A phone of the outside in E.164; "" for a hidden one, an extension and a SIP address."""
    typed = raw.strip()
    if typed.lower() in _HIDDEN or "@" in typed or typed.lower().startswith("sip:") or len(typed) > 40:
        return ""
    digits = _EVERYTHING_BUT_DIGITS.sub("", typed)
    if not 10 <= len(digits) <= 15 or any(c.isalpha() for c in typed):
        return ""
    found = phones.normalise(typed, settings.get("region") or "RU")
    if found:
        return found
    # Numbers of telephone companies are odd at times; what was dialled still tells one advertisement from another.
    if len(digits) == 11 and digits[0] == "8":
        return "+7" + digits[1:]
    if len(digits) == 10 and digits[0] in "3489":
        return "+7" + digits
    return "+" + digits if digits[0] != "0" else ""


def internal(raw: str) -> bool:
    """Is it an extension of a colleague (or their SIP address)?"""
    typed = raw.strip()
    if "@" in typed or typed.lower().startswith("sip:"):
        return True
    return typed.isascii() and typed.isdigit() and len(typed) <= 6


def unix(value: Any) -> datetime | None:
    """Unix seconds as an aware time."""
    found = number(value)
    return datetime.fromtimestamp(found, UTC) if found and found < 32_503_680_000 else None


def local(raw: str, settings: Settings) -> datetime | None:
    """`2026-11-23 12:00:00` in the account's own time zone (setting `timezone`, else Moscow)."""
    try:
        at = datetime.fromisoformat(raw.strip()[:32])
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone(settings))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def zone(settings: Settings) -> ZoneInfo | timezone:
    """The account's time zone."""
    try:
        return ZoneInfo(settings.get("timezone") or MOSCOW)
    except (KeyError, ValueError, OSError):  # a name that is none, a zone that the machine lacks
        return timezone(timedelta(hours=3))


def basic(raw: str) -> datetime | None:
    """`20261123T101500Z`, UTC."""
    try:
        return datetime.strptime(raw.strip(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def web(raw: str) -> str:
    """An address of a file, "" for what is none."""
    found = storable(raw).strip()[:2000]
    return found if found.lower().startswith(("http://", "https://")) else ""
