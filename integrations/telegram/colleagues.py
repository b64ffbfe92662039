"""Updates from groups → facts about colleagues. Whether a group is one of colleagues, the room above knows.

Source of the shapes: Bot API 10.2, types Message (`message_thread_id`, `is_topic_message`), CallbackQuery,
ChatMemberUpdated. In a topic, a message that answers nothing "replies" to the message by which the topic was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from integrations.errors import ParseError
from integrations.protocols.channel import (
    Fact,
    GroupJoined,
    GroupLeft,
    Ignored,
    Person,
    StaffPressed,
    StaffSaid,
)
from integrations.telegram import message, values
from integrations.telegram.values import Json
from kit.text import storable

GROUPS = ("group", "supergroup")
# "/start CODE" comes behind a link that brings the bot in, "/connect CODE" is typed.
_CODE = re.compile(r"/(?:start|connect)(?:@\w{1,64})?\s+([A-Za-z0-9_-]{1,64})\s*\Z")
# An administrator who stays anonymous writes as the group itself, through this account.
_ANONYMOUS = "1087968824"


def is_group(part: Json) -> bool:
    """Whether an update's chat is a group."""
    return values.text(values.child(part, "chat"), "type") in GROUPS


def read(reader: Callable[[], Fact]) -> list[Fact]:
    """One fact. What cannot be read in a group is no lead: most groups a bot is in are none of ours."""
    try:
        return [reader()]
    except ParseError as error:
        return [Ignored(f"in a group: {error.reason}")]


def said(part: Json, *, is_edit: bool = False) -> Fact:
    """What somebody wrote in a group, or `Ignored` for service messages and for what bots write."""
    chat, sender = message.chat_key(part), _sender(part)
    if isinstance(sender, Ignored):
        return sender
    kind, media, _place = message.content(part)
    text = message.said(part)
    number = message.message_id(part, chat)
    code = _CODE.match(text)
    if code:
        title = values.text(values.child(part, "chat"), "title")[:255]
        return GroupJoined(
            external_id=number,
            chat=chat,
            person=sender,
            title=title,
            code=code[1],
            at=values.moment(part.get("date")),
        )
    if kind == "other" and not text and not message.is_said(part):
        return Ignored("a service message in a group")
    return StaffSaid(
        external_id=number,
        chat=chat,
        person=sender,
        topic=_topic(part),
        kind=kind,
        text=text,
        media=media,
        reply_to=_replied(part, chat),
        sent_at=values.moment(part.get("date")),
        is_edit=is_edit,
    )


def pressed(part: Json, under: Json) -> Fact:
    """A button pressed under a message in a group."""
    chat, data = message.chat_key(under), part.get("data")
    if not isinstance(data, str):
        return Ignored("a game button")
    number = values.ident(under.get("message_id"))
    return StaffPressed(
        external_id=values.required(part, "id"),
        chat=chat,
        person=message.person_of(values.child(part, "from")),
        value=storable(data)[:256],
        topic=_topic(under),
        message_external_id=f"{chat}:{number}" if number else None,
        acknowledge=values.required(part, "id"),
    )


def membership(part: Json) -> Fact:
    """The bot was added, promoted, or put out. A right that it lacks is asked for, not read here."""
    chat, person = message.chat_key(part), message.person_of(values.child(part, "from"))
    at = values.moment(part.get("date"))
    status = values.text(values.child(part, "new_chat_member"), "status")
    if status in ("kicked", "left"):
        return GroupLeft(chat=chat, person=person, at=at)
    if status in ("member", "administrator", "creator", "restricted"):
        title = values.text(values.child(part, "chat"), "title")[:255]
        stamp = int(at.timestamp()) if at else 0
        return GroupJoined(external_id=f"joined:{chat}:{stamp}", chat=chat, person=person, title=title, at=at)
    return Ignored(f"our membership became {status[:32]}")


def _sender(part: Json) -> Person | Ignored:
    sender, in_name_of = values.child(part, "from"), values.child(part, "sender_chat")
    if values.ident(sender.get("id")) == _ANONYMOUS:
        here = values.ident(values.child(part, "chat").get("id"))
        if values.ident(in_name_of.get("id")) != here:
            return Ignored("written in the name of a channel")
        name = values.text(part, "author_signature") or values.text(in_name_of, "title")
        return Person(external_id=_ANONYMOUS, name=name[:255])
    if in_name_of:
        return Ignored("written in the name of a channel")
    if not sender:
        raise ParseError("a message in a group of nobody")
    return message.sender_of(part)


def _topic(part: Json) -> str:
    """The topic's id; a chain of answers in a group without topics has such a number too."""
    return (values.ident(part.get("message_thread_id")) or "") if part.get("is_topic_message") is True else ""


def _replied(part: Json, chat: str) -> str | None:
    answered = values.child(part, "reply_to_message")
    number = values.ident(answered.get("message_id"))
    if not number or number == values.ident(part.get("message_thread_id")):
        return None
    return f"{chat}:{number}"
