"""`messages.send`: its parameters and its answer.

`random_id` makes a repeat harmless: for about an hour VK answers the first message's number instead of sending the
same one again. `peer_ids` is used even for one peer: only that form names the number within the chat and tells errors
of the person apart from those of the call.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from integrations import errors
from integrations.protocols import values
from integrations.protocols.channel import Button, Outgoing, Sent
from integrations.vk import failures, message, press
from kit import safejson

MAX_TEXT = 4096
MAX_BUTTONS = 10
ROW = 5
ROWS = 6
MAX_LABEL = 40
MAX_PAYLOAD = 255


def parameters(outgoing: Outgoing) -> dict[str, Any]:
    """Parameters of `messages.send`, but for a file.

    Raises Rejected (content) for what VK would refuse anyway, before anything is sent.
    """
    chat = peer(outgoing.chat)
    if not outgoing.text.strip() and outgoing.media is None:
        raise errors.Rejected("the message is empty", code="empty_text", content=True)
    if len(outgoing.text) > MAX_TEXT:
        raise errors.Rejected("the message is too long", code="too_long", content=True)
    params: dict[str, Any] = {
        "peer_ids": chat,
        "random_id": random_id(outgoing.key),
        "message": outgoing.text,
        "dont_parse_links": 1,
        "disable_mentions": 1,
    }
    if any(outgoing.buttons):
        params["keyboard"] = keyboard(outgoing.buttons)
    replied = values.ident((outgoing.reply_to or "").rpartition(":")[2])
    if replied:
        quoted = {"peer_id": int(chat), "conversation_message_ids": [int(replied)], "is_reply": 1}
        params["forward"] = safejson.dumps(quoted).decode()
    return params


def peer(chat: str) -> str:
    """The peer of a chat; raises Rejected."""
    number = values.ident(chat)
    if number is None or int(number) <= 0:
        raise errors.Rejected("no such chat", code="chat_not_found")
    return number


def random_id(key: str) -> int:
    """A number from 1 to 2³¹-1 that belongs to our message; without a key any, lest it be taken for a repeat."""
    if not key:
        return secrets.randbelow(2**31 - 1) + 1
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:4]) & 0x7FFFFFFF or 1


def keyboard(rows: tuple[tuple[Button, ...], ...]) -> str:
    """An inline keyboard as JSON; raises Rejected for what VK would not take (its error 911)."""
    buttons = [_button(button) for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise errors.Rejected("VK takes ten buttons", code="bad_buttons", content=True)
    made, start = [], 0
    for row in rows:
        made.append(buttons[start : start + len(row)])
        start += len(row)
    if len([row for row in made if row]) > ROWS:
        made = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    if any(len(row) > ROW for row in made):
        raise errors.Rejected("VK takes five buttons in a row", code="bad_buttons", content=True)
    return safejson.dumps({"inline": True, "buttons": [row for row in made if row]}).decode()


def _button(button: Button) -> dict[str, Any]:
    if not 1 <= len(button.label) <= MAX_LABEL:
        raise errors.Rejected(
            "a button's label must have 1 to 40 characters", code="bad_buttons", content=True
        )
    if button.kind == "contact":
        raise errors.Rejected("VK has no button that asks for a phone", code="bad_buttons", content=True)
    if button.kind == "url":
        if not values.web_address(button.value):
            raise errors.Rejected("a button leads to no address", code="bad_buttons", content=True)
        return {"action": {"type": "open_link", "label": button.label, "link": button.value}}
    payload = press.payload(button.value)
    if not button.value or len(payload) > MAX_PAYLOAD:
        raise errors.Rejected("a button's value is empty or too long", code="bad_buttons", content=True)
    action = {"type": "callback", "label": button.label, "payload": payload}
    return {"action": action, "color": "secondary"}


def sent(result: Any, chat: str) -> Sent:
    """What `messages.send` answered; raises the errors of `integrations.errors`."""
    rows = [row for row in result if isinstance(row, dict)] if isinstance(result, list) else []
    row = next((row for row in rows if values.ident(row.get("peer_id")) == chat), None)
    if row is None:
        raise errors.Uncertain("the answer names no message")
    if row.get("error"):
        raise failures.of(row["error"])
    try:
        number = message.key({**row, "id": row.get("message_id")}, chat)
    except errors.ParseError:
        raise errors.Uncertain("the answer names no message") from None
    return Sent(number)
