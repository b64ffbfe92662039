"""JSON from strangers: whatever the bytes are, `loads` answers with a value or with `Malformed`, soon.

The standard reader raises RecursionError on deep nesting and ValueError on numbers of thousands of digits, and lets
NaN and infinities through, which no database column takes.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from kit.text import storable

# Longer than any id: such a number is kept as the text it was.
_LONGEST_INT = 300
# The quick reader makes floats of numbers above 64 bits: a click id would lose its last digits.
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class Malformed(ValueError):
    """These bytes are not a JSON document."""


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INT else digits


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


_decoder = json.JSONDecoder(parse_int=_int, parse_float=_float, parse_constant=lambda _: None, strict=False)


def decoded(body: bytes, charset: str | None = None) -> str:
    """`body` as text: UTF-8 first, then UTF-16/32 by their marks, then `charset`, else Windows-1251. Never raises.

    Russian site builders still send 1251 without saying so; a guess that keeps the letters beats a lost lead.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in body[:4]:
        try:
            return body.decode(json.detect_encoding(body)).lstrip("\ufeff")
        except UnicodeDecodeError:
            pass
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    for name in (charset, "windows-1251"):
        try:
            if name:
                return body.decode(name)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return body.decode("utf-8", "replace")


def loads(body: bytes | str, charset: str | None = None) -> Any:
    """The value in `body`. NaN and infinities are None, endless numbers strings, doubled keys keep the last.

    Raises `Malformed`. Strings may still hold NUL and lone surrogates: see `kit.text.storable`.
    """
    if isinstance(body, bytes) and not _LONG_NUMBER.search(body):
        try:
            return orjson.loads(body)  # strict and ten times as quick; what it refuses is looked at once more
        except orjson.JSONDecodeError:
            pass
    text = body if isinstance(body, str) else decoded(body, charset)
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError, OverflowError) as error:
        raise Malformed("not a JSON document") from error


def dumps(value: Any) -> bytes:
    """`value` as compact UTF-8 JSON; lone surrogates become U+FFFD, NaN is refused (ValueError)."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return storable(text).encode()
