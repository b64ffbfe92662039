"""Updates of MAX → facts. A kind that is not known is kept as `Ignored`.

Updates carry no id, and one that was not answered comes again with the same content: `event_id` is made of what is
unique in each kind. Times are Unix milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from integrations.errors import ParseError
from integrations.max import colleagues, message
from integrations.protocols import attribution, values
from integrations.protocols.channel import (
    ButtonPressed,
    ChatBlocked,
    ChatOpened,
    ChatUnblocked,
    Fact,
    Ignored,
    MessagesDeleted,
)
from integrations.protocols.values import Json


def attempt(body: bytes) -> Json | None:
    """The update in a body, None for what cannot be read."""
    try:
        return values.document(body)
    except ParseError:
        return None


def event_id(body: bytes) -> str | None:
    """A key that the same update has each time it is sent."""
    update = attempt(body)
    if update is None:
        return None
    kind = values.text(update, "update_type", 40)
    parts = _identity(kind, update, body)
    # What lacks its parts is known by its bytes.
    if not all(parts):
        parts = (_digest(body),)
    return f"{kind}:{':'.join(str(part) for part in parts)}"[:200]


def _identity(kind: str, update: Json, body: bytes) -> tuple[str | None, ...]:
    at = values.ident(update.get("timestamp"))
    mid = values.text(values.child(values.child(update, "message"), "body"), "mid", 120)
    if kind == "message_created":
        return (mid,)
    if kind == "message_edited":
        # An edit may lead back to an earlier text: the time keeps them apart.
        said = values.text(values.child(values.child(update, "message"), "body"), "text")
        return mid, at, _digest(said.encode("utf-8", "replace"))[:16]
    if kind == "message_removed":
        return (values.text(update, "message_id", 120),)
    if kind == "message_callback":
        pressed = values.child(update, "callback")
        told = values.text(pressed, "callback_id").encode("utf-8", "replace")
        return _digest(told) if told else None, values.ident(pressed.get("timestamp")) or at
    if kind in ("bot_added", "bot_removed"):
        return values.ident(update.get("chat_id")), at
    if kind in ("bot_started", "bot_stopped", "dialog_removed"):
        return values.ident(values.child(update, "user").get("user_id")), at
    return (_digest(body),)


def thread_key(body: bytes) -> str | None:
    """The person an update belongs to, or the group, in the form of the facts' `chat`."""
    update = attempt(body)
    if update is not None and (group := colleagues.group_of(update)):
        return group
    return _person_of(update) if update is not None else None


def _person_of(update: Json) -> str | None:
    kind = values.text(update, "update_type", 40)
    if kind == "message_callback":
        user = values.child(values.child(update, "callback"), "user")
    elif "message" in update:
        user = values.child(values.child(update, "message"), "sender")
    else:
        user = values.child(update, "user")
    return values.ident(user.get("user_id")) or values.ident(update.get("user_id"))


def facts(body: bytes, token: str) -> list[Fact]:
    """The facts of one update, one or more; raises ParseError. `token` is the bot's: MAX signs shared phones by it."""
    update = values.document(body)
    kind = values.text(update, "update_type", 40)
    if not kind:
        raise ParseError("an update without a type")
    reader = _READERS.get(kind)
    return reader(update, token) if reader else [Ignored(f"update of kind {kind}")]


def _created(update: Json, token: str) -> list[Fact]:
    if colleagues.group_of(update):
        return [colleagues.said(update, token=token)]
    return [message.received(update, token=token)]


def _edited(update: Json, token: str) -> list[Fact]:
    if colleagues.group_of(update):
        return [colleagues.said(update, token=token, is_edit=True)]
    return [message.edited(update, token=token)]


def _removed(update: Json, token: str) -> list[Fact]:
    chat = values.ident(update.get("user_id"))
    if not chat:
        raise ParseError("a removed message of nobody")
    return [MessagesDeleted(chat=chat, external_ids=(values.required(update, "message_id"),))]


def _callback(update: Json, token: str) -> list[Fact]:
    """A button under a message of ours; the message may be gone by now."""
    pressed, under = values.child(update, "callback"), values.child(update, "message")
    kind = values.text(values.child(under, "recipient"), "chat_type", 32)
    if chat := colleagues.group_of(update):
        return [colleagues.pressed(update, chat)]
    if kind not in ("", "dialog"):
        return [Ignored(f"a button pressed in a {kind}")]
    who = message.person(values.child(pressed, "user"), update)
    token_of_press = values.text(pressed, "callback_id", 512)
    if not token_of_press:
        raise ParseError("a pressed button without an id")
    at = pressed.get("timestamp")
    return [
        ButtonPressed(
            # One id stands for the button; with the time for the press.
            external_id=f"press:{_digest(token_of_press.encode())}:{values.ident(at) or ''}",
            chat=who.external_id,
            person=who,
            value=values.text(pressed, "payload", 1024),
            message_external_id=values.text(values.child(under, "body"), "mid", 200) or None,
            acknowledge=token_of_press,
            at=values.moment(at, unit=1000),
        )
    ]


def _started(update: Json, token: str) -> list[Fact]:
    """The first Start, or another one after a stop; behind a deep link with its payload."""
    who = message.person(values.child(update, "user"), update)
    at = update.get("timestamp")
    code = values.text(update, "payload", 512)
    return [
        ChatUnblocked(chat=who.external_id, person=who, at=values.moment(at, unit=1000)),
        ChatOpened(
            external_id=f"start:{who.external_id}:{values.ident(at) or ''}",
            chat=who.external_id,
            person=who,
            touch=attribution.of_code(code) if code else None,
            at=values.moment(at, unit=1000),
        ),
    ]


def _stopped(update: Json, token: str) -> list[Fact]:
    who = message.person(values.child(update, "user"), update)
    at = values.moment(update.get("timestamp"), unit=1000)
    return [ChatBlocked(chat=who.external_id, person=who, at=at)]


def _added(update: Json, token: str) -> list[Fact]:
    return [colleagues.membership(update, joined=True)]


def _put_out(update: Json, token: str) -> list[Fact]:
    return [colleagues.membership(update, joined=False)]


def _digest(told: bytes) -> str:
    return hashlib.sha256(told).hexdigest()[:32]


_READERS: dict[str, Callable[[Json, str], list[Fact]]] = {
    "message_created": _created,
    "message_edited": _edited,
    "message_removed": _removed,
    "message_callback": _callback,
    "bot_started": _started,
    "bot_stopped": _stopped,
    "dialog_removed": _stopped,
    "bot_added": _added,
    "bot_removed": _put_out,
}
