"""Updates from chats of several people → facts about colleagues. Whose a chat is, the room above knows.

Source: `schema.yaml` 0.0.30 of max-messenger/max-bot-api-client-go; a chat's number is negative.
"""

from __future__ import annotations

import hashlib
import re

from integrations.errors import ParseError
from integrations.max import media, message
from integrations.protocols import values
from integrations.protocols.channel import Fact, GroupJoined, GroupLeft, Ignored, StaffPressed, StaffSaid
from integrations.protocols.values import Json

_CODE = re.compile(r"(?:@\S{1,64}\s+)?/(?:start|connect)(?:@\w{1,64})?\s+([A-Za-z0-9_-]{1,64})\s*\Z")


def group_of(update: Json) -> str | None:
    """The chat of several people that an update comes from, None for dialogs, channels and all else."""
    kind = values.text(update, "update_type", 40)
    if kind in ("bot_added", "bot_removed"):
        return None if update.get("is_channel") is True else values.ident(update.get("chat_id"))
    recipient = values.child(values.child(update, "message"), "recipient")
    if values.text(recipient, "chat_type", 32) != "chat":
        return None
    return values.ident(recipient.get("chat_id"))


def said(update: Json, *, token: str, is_edit: bool = False) -> Fact:
    """What somebody wrote in a chat, `Ignored` for what bots write and for what cannot be read."""
    try:
        return _said(update, token=token, is_edit=is_edit)
    except ParseError as error:
        return Ignored(f"in a chat: {error.reason}")


def _said(update: Json, *, token: str, is_edit: bool) -> Fact:
    part, chat = values.child(update, "message"), group_of(update)
    sender, body, link = (
        values.child(part, "sender"),
        values.child(part, "body"),
        values.child(part, "link"),
    )
    if sender.get("is_bot") is True or not sender or not chat:
        return Ignored("written by a bot, in a chat")
    person = message.person(sender, update)
    mid, at = values.required(body, "mid"), values.moment(part.get("timestamp"), unit=1000)
    text = values.text(body, "text")
    code = _CODE.match(text)
    if code:
        return GroupJoined(external_id=mid, chat=chat, person=person, code=code[1], at=at)
    forwarded = values.child(link, "message") if link.get("type") == "forward" else {}
    found = media.content([body, forwarded], sender=person.external_id, token=token)
    words = "\n\n".join(filter(None, (text, values.text(forwarded, "text"))))
    return StaffSaid(
        external_id=mid,
        chat=chat,
        person=person,
        kind=found.kind,
        text=words or found.link,
        media=found.media,
        reply_to=_replied(link),
        sent_at=at,
        is_edit=is_edit,
    )


def pressed(update: Json, chat: str) -> Fact:
    """A button under a message of ours in a chat."""
    told, under = values.child(update, "callback"), values.child(update, "message")
    token, at = values.text(told, "callback_id", 512), told.get("timestamp")
    try:
        person = message.person(values.child(told, "user"), update)
    except ParseError as error:
        return Ignored(f"a press in a chat: {error.reason}")
    if not token:
        return Ignored("a press without an id, in a chat")
    digest = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:32]
    return StaffPressed(
        external_id=f"press:{digest}:{values.ident(at) or ''}",
        chat=chat,
        person=person,
        value=values.text(told, "payload", 1024),
        message_external_id=values.text(values.child(under, "body"), "mid", 200) or None,
        acknowledge=token,
        at=values.moment(at, unit=1000),
    )


def membership(update: Json, *, joined: bool) -> Fact:
    """The bot was added to a chat, or put out of it."""
    chat = group_of(update)
    if not chat:
        return Ignored("our place in a channel")
    try:
        person = message.person(values.child(update, "user"), update)
    except ParseError as error:
        return Ignored(f"in a chat: {error.reason}")
    stamp, at = values.ident(update.get("timestamp")), values.moment(update.get("timestamp"), unit=1000)
    if joined:
        return GroupJoined(external_id=f"joined:{chat}:{stamp}", chat=chat, person=person, at=at)
    return GroupLeft(chat=chat, person=person, at=at)


def _replied(link: Json) -> str | None:
    if link.get("type") != "reply":
        return None
    return values.text(values.child(link, "message"), "mid", 200) or None
