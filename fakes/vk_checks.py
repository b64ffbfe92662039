"""What VK refuses of `messages.send`, with the codes of its API."""

from __future__ import annotations

import json
from typing import Any

ACTIONS = ("text", "callback", "open_link", "location", "vkpay", "open_app")


def refusal_of(params: dict[str, Any]) -> tuple[int, str] | None:
    """(code, words) when a message cannot go out as it is."""
    peer, number = str(params.get("peer_ids") or ""), str(params.get("random_id") or "")
    if not peer.isdigit():
        return 100, "One of the parameters specified was missing or invalid: peer_ids is invalid"
    if not number.isdigit() or not 0 <= int(number) < 2**31:
        return (
            100,
            "One of the parameters specified was missing or invalid: random_id is a required parameter",
        )
    if not str(params.get("message") or "").strip() and not params.get("attachment"):
        return 100, "One of the parameters specified was missing or invalid: message is empty"
    if len(str(params.get("message") or "")) > 4096:
        return 914, "Message is too long"
    if params.get("forward"):
        forward = json.loads(params["forward"])
        if not forward.get("is_reply") or len(forward.get("conversation_message_ids") or []) != 1:
            return 100, "One of the parameters specified was missing or invalid: forward"
    return _keyboard(params["keyboard"]) if params.get("keyboard") else None


def _keyboard(text: str) -> tuple[int, str] | None:
    told = json.loads(text)
    rows = told.get("buttons")
    if told.get("inline") is not True or not isinstance(rows, list) or not rows:
        return 911, "Keyboard format is invalid: buttons"
    if len(rows) > 6 or any(not 1 <= len(row) <= 5 for row in rows) or sum(map(len, rows)) > 10:
        return 911, "Keyboard format is invalid: too many buttons"
    for button in (button for row in rows for button in row):
        action = button.get("action") or {}
        if action.get("type") not in ACTIONS or not 1 <= len(action.get("label") or "") <= 40:
            return 911, "Keyboard format is invalid: action"
        if action["type"] == "open_link" and (not action.get("link") or "color" in button):
            return 911, "Keyboard format is invalid: open_link"
        if action["type"] == "callback":
            payload = action.get("payload")
            if not isinstance(payload, str) or len(payload) > 255:
                return 911, "Keyboard format is invalid: payload"
            json.loads(payload)
    return None
