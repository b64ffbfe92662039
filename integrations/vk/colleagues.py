"""Messages of talks of several people → facts about colleagues. Whether a talk is one of ours, the room above knows.

A community in a talk is named first in what is written to it (`[club123|@name] …`); with "access to all messages",
which an administrator of the talk gives, it sees the rest as well. Source: `MessagesMessage` and
`MessagesMessageAction` of VKCOM/vk-api-schema 5.199.
"""

from __future__ import annotations

import re

from integrations.errors import ParseError
from integrations.protocols import values
from integrations.protocols.channel import (
    Fact,
    GroupJoined,
    GroupLeft,
    Ignored,
    Person,
    StaffPressed,
    StaffSaid,
)
from integrations.protocols.values import Json
from integrations.vk import media, message, press

_MENTION = re.compile(r"\s*\[(?:club|public)\d{1,18}\|[^\]]{0,200}\][\s,:]*")
_CODE = re.compile(r"/(?:start|connect)\s+([A-Za-z0-9_-]{1,64})\s*\Z")


def is_talk(part: Json) -> bool:
    """Whether a message stands in a talk of several people."""
    peer = values.ident(part.get("peer_id"))
    return peer is not None and int(peer) >= message.FIRST_TALK


def said(part: Json, *, group: str) -> Fact:
    """What somebody wrote in a talk, `Ignored` for service messages and for what communities write."""
    try:
        return _said(part, group=group)
    except ParseError as error:
        return Ignored(f"in a talk of several people: {error.reason}")


def _said(part: Json, *, group: str) -> Fact:
    chat, sender = (
        values.required({"peer": str(part.get("peer_id"))}, "peer"),
        values.ident(part.get("from_id")),
    )
    if part.get("out") == 1 or not sender or int(sender) <= 0:
        return Ignored("written by a community, in a talk of several people")
    person = Person(external_id=sender)
    if values.child(part, "action"):
        return _membership(part, chat, person, group=group)
    text = _MENTION.sub("", message.text(part), count=1)
    code = _CODE.match(text)
    if code:
        return GroupJoined(
            external_id=message.key(part, chat),
            chat=chat,
            person=person,
            code=code[1],
            at=values.moment(part.get("date")),
        )
    found = media.content(part, group=group)
    replied = values.ident(values.child(part, "reply_message").get("conversation_message_id"))
    return StaffSaid(
        external_id=message.key(part, chat),
        chat=chat,
        person=person,
        kind=found.kind,
        text=text or found.link,
        media=found.media,
        reply_to=f"{chat}:{replied}" if replied else None,
        sent_at=values.moment(part.get("date")),
    )


def pressed(about: Json, chat: str, person: Person) -> Fact:
    """A button under a message of ours in a talk."""
    token = values.text(about, "event_id", 150)
    if not token:
        return Ignored("a press without an id, in a talk of several people")
    number = values.ident(about.get("conversation_message_id"))
    return StaffPressed(
        external_id=f"press:{token}",
        chat=chat,
        person=person,
        value=press.value(about.get("payload")),
        message_external_id=f"{chat}:{number}" if number else None,
        acknowledge=token,
    )


def _membership(part: Json, chat: str, person: Person, *, group: str) -> Fact:
    action = values.child(part, "action")
    if values.ident(action.get("member_id")) != f"-{group}":
        return Ignored("a service message in a talk of several people")
    kind, at = values.text(action, "type", 64), values.moment(part.get("date"))
    if kind in ("chat_invite_user", "chat_invite_user_by_link"):
        return GroupJoined(external_id=message.key(part, chat), chat=chat, person=person, at=at)
    if kind == "chat_kick_user":
        return GroupLeft(chat=chat, person=person, at=at)
    return Ignored("a service message in a talk of several people")
