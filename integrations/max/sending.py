"""A message on its way out: `NewMessageBody` and its keyboard. Source: dev.max.ru/docs-api/methods/POST/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.protocols import values
from integrations.protocols.channel import Button, Outgoing, Sent

MAX_TEXT = 4000
ROWS = 30
ROW = 7
# A row that holds a link or asks for something takes fewer.
ROW_OF_LINKS = 3
MAX_BUTTONS = ROWS * ROW
MAX_LABEL = 128
MAX_PAYLOAD = 1024
MAX_URL = 2048


def body(outgoing: Outgoing) -> dict[str, Any]:
    """The message without its file. Plain text, no markup: nothing to escape, nothing that could be refused.

    Raises Rejected (content) for what MAX would refuse anyway, before anything is sent.
    """
    if not outgoing.text.strip() and outgoing.media is None:
        raise errors.Rejected("the message is empty", code="empty_text", content=True)
    if len(outgoing.text) > MAX_TEXT:
        raise errors.Rejected("the message is too long", code="too_long", content=True)
    attachments: list[dict[str, Any]] = []
    if any(outgoing.buttons):
        attachments.append(_keyboard(outgoing.buttons))
    link = {"type": "reply", "mid": outgoing.reply_to} if outgoing.reply_to else None
    return {"text": outgoing.text, "attachments": attachments, "link": link, "notify": True}


def peer(chat: str) -> str:
    """The person of a chat; raises Rejected."""
    number = values.ident(chat)
    if number is None or int(number) <= 0:
        raise errors.Rejected("no such chat", code="chat_not_found")
    return number


def sent(answer: Mapping[str, Any]) -> Sent:
    """What MAX answered; raises Uncertain when it names no message."""
    mid = values.text(values.child(values.child(answer, "message"), "body"), "mid", 200)
    if not mid:
        raise errors.Uncertain("the answer names no message")
    return Sent(mid)


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> dict[str, Any]:
    made = [[_button(button) for button in row] for row in rows if row]
    crowded = any(
        len(row) > (ROW if all(b["type"] == "callback" for b in row) else ROW_OF_LINKS) for row in made
    )
    if crowded or len(made) > ROWS:
        raise errors.Rejected("MAX takes fewer buttons", code="bad_buttons", content=True)
    return {"type": "inline_keyboard", "payload": {"buttons": made}}


def _button(button: Button) -> dict[str, Any]:
    if not 1 <= len(button.label) <= MAX_LABEL or not button.label.strip():
        raise errors.Rejected(
            "a button's label must have 1 to 128 characters", code="bad_buttons", content=True
        )
    if button.kind == "contact":
        return {"type": "request_contact", "text": button.label}
    if button.kind == "url":
        if not values.web_address(button.value) or len(button.value) > MAX_URL:
            raise errors.Rejected("a button leads to no address", code="bad_buttons", content=True)
        return {"type": "link", "text": button.label, "url": button.value}
    if not 1 <= len(button.value) <= MAX_PAYLOAD:
        raise errors.Rejected("a button's value is empty or too long", code="bad_buttons", content=True)
    return {"type": "callback", "text": button.label, "payload": button.value}
