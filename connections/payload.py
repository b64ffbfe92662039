"""A stored request for human eyes: whatever its bytes are, they are shown and never run."""

from __future__ import annotations

import dataclasses
import json
from urllib.parse import parse_qsl

from connections.models import InboundEvent
from kit.text import storable

# More of a body than that helps nobody; the whole can be had through the API.
SHOWN = 20_000


@dataclasses.dataclass(frozen=True)
class Readable:
    """A stored request for human eyes. `pairs` are the fields of a form, `text` the body as far as it is text."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    pairs: list[tuple[str, str]]
    text: str
    size: int
    cut: bool
    binary: bool


def readable(event: InboundEvent) -> Readable:
    """The stored request in a form to read; never raises, whatever the bytes are."""
    body = bytes(event.raw)
    shown = body[: SHOWN * 4]
    plain = storable(shown.decode("utf-8", "replace"))
    binary = plain.count("\ufffd") > max(8, len(plain) // 10)
    pairs: list[tuple[str, str]] = []
    kind = str(event.headers.get("content-type", ""))
    if "urlencoded" in kind and not binary:
        try:
            pairs = [(storable(k), storable(v)) for k, v in parse_qsl(plain, True, max_num_fields=200)]
        except ValueError:
            pairs = []
    text = shown[:600].hex(" ") if binary else _pretty(plain)
    return Readable(
        method=event.method,
        path=event.subpath + (f"?{event.query}" if event.query not in ("", "{}") else ""),
        headers=sorted((str(k), str(v)) for k, v in event.headers.items()),
        pairs=pairs,
        text=text[:SHOWN],
        size=len(body),
        cut=len(body) > len(shown) or len(text) > SHOWN,
        binary=binary,
    )


def _pretty(plain: str) -> str:
    if plain.lstrip()[:1] not in ("{", "["):
        return plain
    try:
        return json.dumps(json.loads(plain), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return plain
