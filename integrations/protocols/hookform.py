"""Fields of a hook that posts a plain form: pairs of the body and of the address, as text and to the byte.

Providers of calls and messages send flat forms, some of them in the address, some as JSON. A signature over values is
made of the bytes as they came, in whatever charset; people read the text.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

from integrations.protocols.channel import HookRequest
from kit import safejson
from kit.text import storable

_MOST = 300
_LONGEST_VALUE = 20_000
_LONGEST_KEY = 200


def pairs(request: HookRequest) -> list[tuple[str, bytes]]:
    """Every pair of a form-encoded body, in order, values to the byte; at most 300. Never raises."""
    if request.body.lstrip()[:1] in (b"{", b"["):
        return []
    return list(_pairs(request.body))


def raw(request: HookRequest) -> dict[str, bytes]:
    """Fields of the address and of the body, the body's win; the first of repeated ones counts. Never raises."""
    found = {key: text.encode("utf-8", "replace") for key, text in list(request.query.items())[:_MOST] if key}
    told: dict[str, bytes] = {}
    for key, value in pairs(request) or _flat_json(request.body):
        told.setdefault(key, value)
    return {**found, **told}


def fields(request: HookRequest) -> dict[str, str]:
    """The same as storable text, trimmed."""
    return {storable(key): text(value) for key, value in raw(request).items()}


def text(value: bytes) -> str:
    """A value as storable, trimmed text: UTF-8, else Windows-1251."""
    return storable(safejson.decoded(value[:_LONGEST_VALUE])).strip()


def _pairs(body: bytes) -> Iterator[tuple[str, bytes]]:
    for number, pair in enumerate(body.split(b"&", _MOST)):
        if number >= _MOST:
            return
        key, equals, value = pair.partition(b"=")
        if key.strip() and equals:
            name = urllib.parse.unquote_to_bytes(key.replace(b"+", b" "))
            yield (
                name.decode("utf-8", "replace")[:_LONGEST_KEY],
                urllib.parse.unquote_to_bytes(value.replace(b"+", b" ")),
            )


def _flat_json(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The single values of a JSON object; what is nested or null is left out."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        tree = safejson.loads(body)
    except safejson.Malformed:
        return
    if not isinstance(tree, dict):
        return
    for key, value in list(tree.items())[:_MOST]:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key[:_LONGEST_KEY], str(value).encode("utf-8", "replace")
