"""Updates of the Bot API → facts. At most one optional field per update; unknown ones are kept as `Ignored`.

Source of the shapes: Bot API 10.2, types Update, Message, CallbackQuery, ChatMemberUpdated, BusinessConnection,
BusinessMessagesDeleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from integrations.errors import ParseError
from integrations.protocols.channel import (
    AccountChanged,
    ButtonPressed,
    ChatBlocked,
    ChatUnblocked,
    Fact,
    HookRequest,
    Ignored,
    MessagesDeleted,
    OperatorEcho,
)
from integrations.telegram import colleagues, message, values
from integrations.telegram.values import Json
from kit import safejson
from kit.text import storable

_UPDATE_ID = re.compile(rb'\s*\{\s*"update_id"\s*:\s*(\d{1,19})\s*[,}]')


def update(request: HookRequest) -> dict[str, Any]:
    """The update in a request; raises ParseError."""
    try:
        value = safejson.loads(request.body)
    except safejson.Malformed as error:
        raise ParseError(str(error)) from error
    if not isinstance(value, dict):
        raise ParseError("an update is a JSON object")
    return value


def update_id(body: bytes) -> str | None:
    """`update_id` of a raw update; it stands first, so the rest is rarely read."""
    match = _UPDATE_ID.match(body)
    if match:
        return match[1].decode()
    try:
        value = safejson.loads(body)
    except safejson.Malformed:
        return None
    return values.ident(value.get("update_id")) if isinstance(value, dict) else None


def thread_key(body: bytes) -> str | None:
    """The chat an update belongs to, in the form of the facts' `chat`."""
    try:
        value = safejson.loads(body)
    except safejson.Malformed:
        return None
    if not isinstance(value, dict):
        return None
    for key, part in value.items():
        if key == "update_id" or not isinstance(part, dict):
            continue
        inner = part.get("message") if key == "callback_query" else part
        chat = values.child(inner, "chat") or values.child(part, "from")
        ident = values.ident(chat.get("id"))
        if ident:
            business = values.text(part, "business_connection_id")
            return f"{business}:{ident}" if business else ident
    return None


def facts(value: Json) -> list[Fact]:
    """The facts of one update, one or more; raises ParseError for what does not look like an update."""
    kinds = [key for key, part in value.items() if key != "update_id" and isinstance(part, dict)]
    if not kinds:
        raise ParseError("an update without content")
    found: list[Fact] = []
    for kind in kinds:
        reader = _READERS.get(kind)
        found += reader(value[kind]) if reader else [Ignored(f"update of kind {storable(kind)[:64]}")]
    return found


# Kinds of update ---------------------------------------------------------------------------------------------------


def _message(part: Json) -> list[Fact]:
    if colleagues.is_group(part):
        return colleagues.read(lambda: message.migration(part) or colleagues.said(part))
    chat = message.private(part)
    if isinstance(chat, Ignored):
        return [chat]
    sender = message.sender_of(part)
    if isinstance(sender, Ignored):
        return [sender]
    return [message.received(part, chat, sender)]


def _edited(part: Json) -> list[Fact]:
    if colleagues.is_group(part):
        return colleagues.read(lambda: colleagues.said(part, is_edit=True))
    chat = message.private(part)
    if isinstance(chat, Ignored):
        return [chat]
    sender = message.sender_of(part)
    if isinstance(sender, Ignored):
        return [sender]
    return [message.changed(part, chat, sender, by_operator=False)]


def _business_message(part: Json) -> list[Fact]:
    chat = message.private(part)
    if isinstance(chat, Ignored):
        return [chat]
    if part.get("sender_business_bot"):
        return [Ignored("our own message, sent through the business connection")]
    sender = message.sender_of(part)
    if isinstance(sender, Ignored):
        return [sender]
    # In a private chat `chat` is the client; whoever else writes there is the account's owner.
    if sender.external_id == values.ident(values.child(part, "chat").get("id")):
        return [message.received(part, chat, sender)]
    kind, media, _ = message.content(part)
    return [
        OperatorEcho(
            external_id=message.message_id(part, chat),
            chat=chat,
            text=message.said(part),
            sent_at=values.moment(part.get("date")),
            kind=kind,
            media=media,
            person=message.person_of(values.child(part, "chat")),
        )
    ]


def _edited_business(part: Json) -> list[Fact]:
    chat = message.private(part)
    if isinstance(chat, Ignored):
        return [chat]
    sender = message.sender_of(part)
    if isinstance(sender, Ignored):
        return [sender]
    own = sender.external_id != values.ident(values.child(part, "chat").get("id"))
    client = message.person_of(values.child(part, "chat")) if own else sender
    return [message.changed(part, chat, client, by_operator=own)]


def _deleted_business(part: Json) -> list[Fact]:
    chat = message.chat_key(part)
    numbers = part.get("message_ids")
    if not isinstance(numbers, list):
        raise ParseError("deleted messages without ids")
    ids = tuple(f"{chat}:{ident}" for number in numbers if (ident := values.ident(number)))
    return [MessagesDeleted(chat=chat, external_ids=ids)] if ids else [Ignored("nothing was deleted")]


def _callback(part: Json) -> list[Fact]:
    under = values.child(part, "message")
    chat_kind = values.text(values.child(under, "chat"), "type")
    if chat_kind in colleagues.GROUPS:
        return colleagues.read(lambda: colleagues.pressed(part, under))
    if under and chat_kind and chat_kind != "private":
        return [Ignored(f"a button pressed in a {chat_kind[:20]}")]
    presser = message.person_of(values.child(part, "from"))
    # An inline message has no chat of its own; a private chat has the number of its person.
    chat = (
        message.chat_key(under)
        if values.ident(values.child(under, "chat").get("id"))
        else presser.external_id
    )
    number = values.ident(under.get("message_id"))
    data = part.get("data")
    if not isinstance(data, str):
        return [Ignored("a game button")]
    return [
        ButtonPressed(
            external_id=values.required(part, "id"),
            chat=chat,
            person=presser,
            value=storable(data)[:256],
            # With date 0 the message is no longer accessible; its number is still right.
            message_external_id=f"{chat}:{number}" if number else None,
            acknowledge=values.required(part, "id"),
        )
    ]


def _my_chat_member(part: Json) -> list[Fact]:
    if colleagues.is_group(part):
        return colleagues.read(lambda: colleagues.membership(part))
    chat = message.private(part)
    if isinstance(chat, Ignored):
        return [chat]
    person, at = message.person_of(values.child(part, "from")), values.moment(part.get("date"))
    status = values.text(values.child(part, "new_chat_member"), "status")
    if status in ("kicked", "left"):
        return [ChatBlocked(chat=chat, person=person, at=at)]
    if status in ("member", "administrator", "creator"):
        return [ChatUnblocked(chat=chat, person=person, at=at)]
    return [Ignored(f"our membership became {status[:32]}")]


def _business_connection(part: Json) -> list[Fact]:
    rights = values.child(part, "rights")
    can_reply = bool(rights.get("can_reply") or part.get("can_reply"))
    details = {
        "business_connection_id": values.required(part, "id"),
        "business_user_id": values.ident(values.child(part, "user").get("id")) or "",
        "can_reply": "1" if can_reply else "",
    }
    if part.get("is_enabled") is not True:
        return [
            AccountChanged(state="disconnected", reason="the business connection was ended", details=details)
        ]
    if not can_reply:
        return [AccountChanged(state="rights", reason="the bot may not answer", details=details)]
    return [AccountChanged(state="connected", details=details)]


_READERS: dict[str, Callable[[Json], list[Fact]]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _callback,
    "my_chat_member": _my_chat_member,
    "business_connection": _business_connection,
    "business_message": _business_message,
    "edited_business_message": _edited_business,
    "deleted_business_messages": _deleted_business,
}
