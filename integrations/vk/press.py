"""Our buttons' payloads. VK takes JSON alone, so a button's value travels as `{"b": value}`.

Whatever a client's program sends comes back here: it is looked up above, never trusted.
"""

from __future__ import annotations

from typing import Any

from kit import safejson
from kit.text import storable

_KEY = "b"
_LONGEST = 256


def payload(value: str) -> str:
    """The payload of a button with this value."""
    return safejson.dumps({_KEY: value}).decode()


def value(given: Any) -> str:
    """The value of a pressed button; for a payload that is none of ours its JSON. "" when there is none."""
    if isinstance(given, dict) and isinstance(given.get(_KEY), str):
        return storable(given[_KEY])[:_LONGEST]
    if isinstance(given, str):
        return storable(given)[:_LONGEST]
    if given is None or isinstance(given, bool):
        return ""
    try:
        return storable(safejson.dumps(given).decode())[:_LONGEST]
    except (ValueError, RecursionError):
        return ""
