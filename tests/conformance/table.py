"""The table of `docs/channels.md`: what each kind of channel can do, and whether the kit tries it.

`python -m tests.conformance.table` writes it anew; `tests/house/test_docs.py` fails while it is out of date.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrations import registry
from integrations.protocols.channel import BaseChannel

PAPER = Path(__file__).resolve().parents[2] / "docs/channels.md"
BEGIN, END = "<!-- capabilities: begin -->\n", "<!-- capabilities: end -->\n"
TRIED = " ✓"
ALL = "all kinds"
# Which files of a client are read and fetched, and what tells where somebody came from: known to the parsers alone.
MEDIA_IN = {
    "telegram": ALL,
    "whatsapp": ALL,
    "instagram": "image, video, audio, story",
    "vk": ALL,
    "max": ALL,
    "avito": "image, voice",
    "webchat": "image, document, audio, video",
    "email": "attachments",
    "sms": "",
    "telephony": "recordings",
    "form": "",
}
ATTRIBUTION = {
    "telegram": "link code",
    "whatsapp": "ad, code in the text",
    "instagram": "ad, link code",
    "vk": "link code, ad",
    "max": "link code",
    "avito": "listing",
    "webchat": "UTM, click ids, link code",
    "email": "tag in the address",
    "sms": "",
    "telephony": "dialled number",
    "form": "UTM, click ids",
}
MOST_SHOWN = 6


def table() -> str:
    """The table in Markdown: a row a capability, a column a kind."""
    kinds = list(registry.channels)
    rows = [["", *kinds], ["---"] * (len(kinds) + 1)]
    rows += [[name, *(cell(kind) or "–" for kind in kinds)] for name, cell in ROWS.items()]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _with(value: str, kind: str, deed: str) -> str:
    """The value, marked when an adapter of the kind does the deed."""
    return value + TRIED if value and _tried(kind, deed) else value


def _tried(kind: str, deed: str) -> bool:
    from tests.conformance import kinds

    return any(adapter.kind == kind and adapter.has(deed) for adapter in kinds.all_kinds())


def _capabilities(kind: str) -> Any:
    return registry.channel(kind).capabilities


def _text(kind: str) -> str:
    can = _capabilities(kind)
    unit = {"chars": "", "utf16": " UTF-16", "bytes": " bytes"}[can.text_unit]
    return "" if can.inbound_only else _with(f"{can.max_text:,}{unit}".replace(",", " "), kind, "send")


def _buttons(kind: str) -> str:
    can = _capabilities(kind)
    return _with(str(can.max_buttons) if can.inline_buttons else "", kind, "press")


def _media_out(kind: str) -> str:
    found = sorted(_capabilities(kind).media)
    return ", ".join(found) if len(found) <= MOST_SHOWN else f"{len(found)} kinds"


def _receipts(kind: str) -> str:
    told = [state for state in ("delivered", "read", "failed") if state in _capabilities(kind).receipts]
    return ", ".join(state + TRIED * _tried(kind, state) for state in told)


def _window(kind: str) -> str:
    can = _capabilities(kind)
    if can.window_hours is None:
        return ""
    people = f", {can.human_window_hours} h for people" if can.human_window_hours else ""
    return f"{can.window_hours} h{people}"


def _evidence(kind: str) -> str:
    if _capabilities(kind).idempotent_send:
        return _with("our key", kind, "evidence")
    if _overrides(kind, "settle"):
        return _with("look-up", kind, "evidence")
    return "receipt, our key in it" if kind == "whatsapp" else ""


def _overrides(kind: str, method: str) -> bool:
    return getattr(type(registry.channel(kind)), method) is not getattr(BaseChannel, method)


def _yes(condition: bool) -> str:
    return "yes" if condition else ""


ROWS: dict[str, Callable[[str], str]] = {
    "text, at most": _text,
    "buttons, at most": _buttons,
    "media in": lambda kind: MEDIA_IN[kind],
    "media out": _media_out,
    "albums": lambda kind: _with(_yes(_tried(kind, "album")), kind, "album"),
    "templates": lambda kind: _yes(_capabilities(kind).templates),
    "receipts": _receipts,
    "edits": lambda kind: _with(_yes(_tried(kind, "edit")), kind, "edit"),
    "deletions": lambda kind: _with(_yes(_tried(kind, "take_back")), kind, "take_back"),
    "echoes of the native app": lambda kind: _with(_yes(_capabilities(kind).echoes), kind, "own_app"),
    "blocked, unblocked": lambda kind: _with(_yes(_tried(kind, "block")), kind, "block"),
    "window for free words": _window,
    "may write first": lambda kind: _yes(_capabilities(kind).can_write_first),
    "evidence for an unknown outcome": _evidence,
    "attribution": lambda kind: ATTRIBUTION[kind],
    "missed events are asked for": lambda kind: _yes(_overrides(kind, "poll")),
    "an owner's own account": lambda kind: _yes(_capabilities(kind).personal or kind == "telegram"),
}


def main() -> None:
    """Writes the table into the paper."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    before, _, rest = PAPER.read_text(encoding="utf-8").partition(BEGIN)
    PAPER.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
