"""Text as it comes from outside: made storable, split for a channel, folded for search."""

from __future__ import annotations

import re
from collections.abc import Callable

# PostgreSQL's text refuses NUL, and UTF-8 refuses lone surrogates (JSON may carry both as escapes).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

# Where a long text may be cut, best first; the cut is after the match. A sentence end needs a blank behind it, so
# that "10.30" and "www.example.com" stay whole.
_CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?…][\"»”')\]]*\s+"),
    re.compile(r"[;,:]\s+"),
    re.compile(r"\s+"),
)
# A cut in the first part of the allowed length would make needlessly many pieces.
_EARLIEST = 0.4


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD; nothing else is touched.

    Two surrogates that form a pair (some senders escape each half by itself) become their character.
    """
    if text.isascii() and "\x00" not in text:
        return text
    if not _UNSTORABLE.search(text):
        return text
    joined = _SURROGATE_PAIR.sub(
        lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
    return _UNSTORABLE.sub("\ufffd", joined)


def fold(text: str) -> str:
    """`text` for searching: lower case, and the Russian letter yo as ye, as people type it."""
    return text.lower().replace("ё", "е")  # language data


def split_text(text: str, limit: int, *, length: Callable[[str], int] = len) -> list[str]:
    """`text` in parts of at most `limit` by `length`, cut at paragraph, line, sentence or word ends.

    Blanks around a cut are dropped, nothing else is: the parts joined hold every visible character in order. A text
    without blanks is cut hard. An empty or blank text gives []. `limit` must hold one character of any kind (≥ 4);
    `length` counts at least 1 for every character.
    """
    if limit < 4:
        raise ValueError("limit must be at least 4")
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if len(rest) <= limit and length(rest) <= limit:
            parts.append(rest)
            break
        end = _longest_prefix(rest, limit, length)
        cut = _best_cut(rest, end)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return parts


def _longest_prefix(text: str, limit: int, length: Callable[[str], int]) -> int:
    """The greatest number of characters whose length is within `limit` (`length` grows with the text)."""
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if length(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _best_cut(text: str, end: int) -> int:
    """Where to end the first part: the last good place not before `_EARLIEST` of it, else hard at `end`."""
    # One character more is looked at: a blank right behind the limit makes a clean cut at the limit itself.
    window = text[: end + 1]
    for pattern in _CUTS:
        last = 0
        for match in pattern.finditer(window):
            place = min(match.end(), end)
            if match.start() >= end * _EARLIEST and len(text[:place].rstrip()) <= end:
                last = place
        if last:
            return last
    return _before_joiners(text, end)


def _before_joiners(text: str, end: int) -> int:
    """`end` moved back so that an emoji or an accented letter made of several code points is not torn."""
    place = end
    while place > max(1, end - 16) and _continues(text, place):
        place -= 1
    return place if not _continues(text, place) else end


def _continues(text: str, place: int) -> bool:
    """Does the character at `place` belong to the one before it?"""
    if place >= len(text):
        return False
    here, before = ord(text[place]), ord(text[place - 1])
    return (
        0x0300 <= here <= 0x036F  # combining accents
        or here in (0x200D, 0xFE0E, 0xFE0F, 0x20E3)  # joiner, variation selectors, keycap
        or 0x1F3FB <= here <= 0x1F3FF  # skin tones
        or before == 0x200D
    )
