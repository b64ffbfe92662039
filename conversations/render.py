"""One outgoing message in the shape its channel can show: buttons where there are any, else numbered lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations.protocols.channel import Capabilities

Rows = list[list[dict[str, Any]]]


def shape(
    text: str, buttons: Sequence[Sequence[dict[str, Any]]], capabilities: Capabilities
) -> tuple[str, Rows]:
    """(text, rows of buttons) as the channel can carry them; nothing that was offered is left out.

    Links become lines where there are no link buttons. When the channel has no buttons, or fewer than there are
    options, the options become lines "1. …"; each of their buttons then carries its `number`, so that a person who
    answers "1" has chosen it (see `conversations.buttons.find_by_number`).
    """
    rows = [[dict(button) for button in row] for row in buttons if row]
    links = [b for row in rows for b in row if b.get("kind") == "url"]
    asks = [b for row in rows for b in row if b.get("kind") == "contact"]
    options = [b for row in rows for b in row if b.get("kind", "reply") == "reply"]
    lines: list[str] = []
    if links and not _fits(len(options) + len(links), capabilities, url=True):
        lines += [f"{b['label']}: {b['value']}" for b in links]
        rows = _without(rows, links)
    if asks and not capabilities.contact_request:
        rows = _without(rows, asks)
        lines.append(_("Write your phone number here."))
    if options and not (
        _fits(len(options), capabilities) and all(_value_fits(b, capabilities) for b in options)
    ):
        lines = [f"{n}. {b['label']}" for n, b in enumerate(options, start=1)] + lines
        for n, button in enumerate(options, start=1):
            button["number"] = n
        return _joined(text, lines), [[b] for b in options]
    labels = [_cut(b["label"], capabilities.max_button_label) for b in options]
    if len(set(labels)) == len(labels):  # shortened to the same word they could not be told apart
        for button, label in zip(options, labels, strict=True):
            button["label"] = label
    return _joined(text, lines), _arranged(rows, capabilities)


def _fits(count: int, capabilities: Capabilities, *, url: bool = False) -> bool:
    if url and not capabilities.url_buttons:
        return False
    return (capabilities.inline_buttons or capabilities.reply_keyboard) and count <= capabilities.max_buttons


def _value_fits(button: dict[str, Any], capabilities: Capabilities) -> bool:
    return len(str(button.get("value", "")).encode()) <= capabilities.max_button_value


def _without(rows: Rows, these: list[dict[str, Any]]) -> Rows:
    kept = [[b for b in row if not any(b is one for one in these)] for row in rows]
    return [row for row in kept if row]


def _arranged(rows: Rows, capabilities: Capabilities) -> Rows:
    """Rows no wider than the channel's."""
    width = capabilities.max_buttons_row or 1
    return [row[start : start + width] for row in rows for start in range(0, len(row), width)]


def _cut(label: str, longest: int) -> str:
    if not longest or len(label) <= longest:
        return label
    return label[: longest - 1].rstrip() + "…"


def _joined(text: str, lines: list[str]) -> str:
    return "\n\n".join(part for part in (text, "\n".join(lines)) if part)
