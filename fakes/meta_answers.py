"""Answers of the Graph API."""

from __future__ import annotations

from typing import Any

from fakes.server import Answer


def ok(body: dict[str, Any]) -> Answer:
    """A successful answer."""
    return Answer(200, body)


def error(
    status: int,
    code: int,
    message: str,
    *,
    subcode: int = 0,
    details: str = "",
    kind: str = "OAuthException",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Answer:
    """A refusal in the wire's form."""
    body: dict[str, Any] = {"message": message, "type": kind, "code": code, "fbtrace_id": "A1b2C3", **more}
    if subcode:
        body["error_subcode"] = subcode
    if details:
        body["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return Answer(status, {"error": body}, headers or {})


def buttons(sent: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of a sent message's buttons, list rows or quick replies."""
    message = sent.get("message") or {}
    found = [(reply["title"], reply["payload"]) for reply in message.get("quick_replies") or []]
    action = (sent.get("interactive") or {}).get("action") or {}
    found += [(b["reply"]["title"], b["reply"]["id"]) for b in action.get("buttons") or []]
    rows = [row for section in action.get("sections") or [] for row in section["rows"]]
    return found + [(row["title"], row["id"]) for row in rows]
