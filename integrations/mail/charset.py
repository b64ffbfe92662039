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
_RUN = re.compile("[\u0400-\u04ff]{2,}")
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
        b"\0\0\0\0".decode(name)
    except UnicodeError:
        pass  # a text encoding, to which these bytes are no text
    except (LookupError, ValueError):
        return ""  # unknown, or an encoding of something else than text
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
    """The share of small Russian letters among all that are not ASCII: real text has few capitals.

    Only those beside another count: the accents of a western text, misread, stand alone.
    """
    odd = sum(char > "\x7f" for char in text)
    small = sum(
        "\u0430" <= char <= "\u044f" or char == "\u0451" for run in _RUN.findall(text) for char in run
    )
    return small / odd if odd else 0.0
