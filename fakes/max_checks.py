"""What MAX refuses of a message, as (status, code, words)."""

from __future__ import annotations

from typing import Any

Refusal = tuple[int, str, str]
BUTTONS = ("callback", "link", "request_contact", "request_geo_location", "message", "clipboard", "open_app")


def refusal_of(body: dict[str, Any]) -> Refusal | None:
    """Why a message cannot be sent as it is."""
    text, attachments = body.get("text"), body.get("attachments") or []
    files = [one for one in attachments if one.get("type") != "inline_keyboard"]
    if not (isinstance(text, str) and text.strip()) and not files:
        return 400, "proto.payload", "Must be text or attachments"
    if isinstance(text, str) and len(text) > 4000:
        return 400, "proto.payload", "text: size must be between 0 and 4000"
    if body.get("format") not in (None, "html", "markdown"):
        return 400, "proto.payload", "format"
    if body.get("link") and (
        not body["link"].get("mid") or body["link"].get("type") not in ("reply", "forward")
    ):
        return 400, "proto.payload", "link"
    for attachment in attachments:
        kind, payload = attachment.get("type"), attachment.get("payload") or {}
        if kind == "inline_keyboard":
            refused = _keyboard(payload.get("buttons"))
            if refused:
                return 400, "proto.payload", refused
        elif kind not in ("image", "video", "audio", "file") or not payload.get("token"):
            return 400, "proto.payload", "attachments"
    return None


def _keyboard(rows: Any) -> str | None:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
        return "Can't deserialize body"
    if len(rows) > 30:
        return "errors.maxRows"
    for row in rows:
        plain = all(button.get("type") in ("callback", "message", "clipboard") for button in row)
        if len(row) > (7 if plain else 3):
            return "errors.maxRowSize"
    for button in (button for row in rows for button in row):
        if button.get("type") not in BUTTONS or not 1 <= len(button.get("text") or "") <= 128:
            return "buttons"
        if button["type"] == "callback" and not 1 <= len(button.get("payload") or "") <= 1024:
            return "payload"
        if button["type"] == "link" and not str(button.get("url") or "").startswith(("http://", "https://")):
            return "url"
    return None
