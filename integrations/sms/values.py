"""Values that providers of text messages send, distrusted."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

MOSCOW = timezone(timedelta(hours=3))
_MARKS = re.compile(r"[\W_]+")
_DOTTED = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d):(\d\d)\Z")


def e164(text: str) -> str | None:
    """A phone as providers write it (digits with the country's code, a plus or none) as +79051234567."""
    digits = re.sub(r"[\s()+-]", "", text)
    if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 15:
        return None
    if len(digits) == 11 and digits[0] == "8":
        digits = "7" + digits[1:]
    return "+" + digits if digits[0] != "0" else None


def unix(text: str) -> datetime | None:
    """Unix seconds as an aware time."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) < 32_503_680_000:
        return None
    return datetime.fromtimestamp(int(text[:12]), UTC)


def moscow(text: str) -> datetime | None:
    """`23.11.2026 13:00:00`, Moscow time."""
    match = _DOTTED.match(text)
    if not match:
        return None
    day, month, year, hour, minute, second = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=MOSCOW).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def rfc2822(text: str) -> datetime | None:
    """`Mon, 23 Nov 2026 10:00:00 +0000`."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@functools.cache
def _words() -> Mapping[str, frozenset[str]]:
    with (Path(__file__).parent / "stop_words.toml").open("rb") as file:
        return {role: frozenset(words) for role, words in tomllib.load(file).items()}


def wish(text: str) -> str:
    """ "stop" or "start" when the whole message is such a word, else ""."""
    if len(text) > 40:
        return ""
    plain = _MARKS.sub(" ", text.lower()).strip()
    return next((role for role, words in _words().items() if plain in words), "")
