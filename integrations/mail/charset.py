"""Bytes of a letter as text: the declared charset when it can be believed, else the likeliest. Never raises."""

from __future__ import annotations

import codecs
import re

from kit.text import storable

_ALIASES = {
    "win-1251": "cp1251",
    "win1251": "cp1251",
    "cp-1251": "cp1251",
    "x-cp1251": "cp1251",
    "windows1251": "cp1251",
    "koi8r": "koi8-r",
    "koi-8-r": "koi8-r",
    "koi8": "koi8-r",
    "utf": "utf-8",
    "utf8mb4": "utf-8",
    "x-unicode": "utf-8",
    "unicode": "utf-8",
}
# Codecs for other purposes than letters; some of them are slow on purpose-made input.
_NO_LETTERS = frozenset(
    {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
# Declared by programs that do not know what they send.
_THOUGHTLESS = frozenset({"ascii", "iso8859-1", "cp1252"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
_SAMPLE = 20_000


def decoded(raw: bytes, declared: str = "") -> str:
    """`raw` as storable text by the charset a letter declares for it."""
    codec = _codec(declared)
    if codec and codec not in _THOUGHTLESS:
        try:
            return storable(raw.decode(codec))
        except (UnicodeError, ValueError):
            pass
    return storable(_guessed(raw, codec))


def _codec(declared: str) -> str:
    """The codec's own name, "" for one that is unknown or for no letters."""
    match = _NAME.match(declared.strip().strip("\"'").lower())
    if not match:
        return ""
    name = _ALIASES.get(match[0], match[0])
    if name.startswith("windows-1251"):  # seen: windows-1251http-equivcontent-type
        name = "cp1251"
    try:
        found = codecs.lookup(name)
        b"".decode(name)  # refuses what is no text encoding
    except (LookupError, ValueError):
        return ""
    return "" if found.name in _NO_LETTERS else found.name


def _guessed(raw: bytes, codec: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    sample = raw[:_SAMPLE]
    best = max(("cp1251", "koi8-r"), key=lambda name: _likeness(sample.decode(name, "replace")))
    if codec in _THOUGHTLESS and _likeness(sample.decode(best, "replace")) < 0.6:
        return raw.decode("cp1252" if codec == "ascii" else codec, "replace")
    return raw.decode(best, "replace")


def _likeness(text: str) -> float:
    """The share of small Russian letters among all that are not ASCII: real text has few capitals."""
    odd = [char for char in text if char > "\x7f"]
    return sum("\u0430" <= char <= "\u044f" or char == "\u0451" for char in odd) / len(odd) if odd else 0.0
