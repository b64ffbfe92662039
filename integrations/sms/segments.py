"""In how many parts a text goes over the air, which is what it costs by.

GSM 03.38: 160 characters in one message, 153 in each part of a longer one; an extension character takes two places and
is not torn. Any other character makes the whole text UCS-2: 70 UTF-16 units in one message, 67 in each part, and a pair
of surrogates is not torn either.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")
_ZERO_WIDTH = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """`units` are septets of GSM-7 or UTF-16 units of UCS-2; `left` how many more fit into the last part."""

    encoding: Literal["gsm7", "ucs2"]
    units: int
    parts: int
    left: int


def normalised(text: str) -> str:
    """`text` as it is sent: composed letters, plain blanks, nothing invisible, at most one empty line in a row."""
    plain = unicodedata.normalize("NFC", text).replace("\u00a0", " ").replace("\u202f", " ")
    return _EMPTY_LINES.sub("\n\n", _ZERO_WIDTH.sub("", plain).replace("\r\n", "\n"))


def count(text: str) -> Count:
    """How `text` is counted."""
    if all(c in _BASIC or c in _EXTENSION for c in text):
        return _counted("gsm7", [2 if c in _EXTENSION else 1 for c in text], 160, 153)
    return _counted("ucs2", [2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67)


def parts(text: str) -> int:
    """The number of parts; 0 for an empty text."""
    return count(text).parts


def _counted(encoding: Literal["gsm7", "ucs2"], widths: list[int], single: int, each: int) -> Count:
    units = sum(widths)
    if units <= single:
        return Count(encoding, units, int(units > 0), single - units)
    number, used = 1, 0
    for width in widths:
        if used + width > each:
            number, used = number + 1, 0
        used += width
    return Count(encoding, units, number, each - used)
