"""A message object of VK → facts.

A chat is its `peer_id`, a message "<peer_id>:<conversation_message_id>": `id` is 0 in talks of several and changes
nothing in private ones. Source: `MessagesMessage` of VKCOM/vk-api-schema 5.199.
"""

from __future__ import annotations

from typing import Any

from integrations.errors import ParseError
from integrations.protocols import attribution, values
from integrations.protocols.channel import (
    Fact,
    Ignored,
    MessageEdited,
    MessageReceived,
    OperatorEcho,
    Person,
    Touch,
)
from integrations.protocols.values import Json
from integrations.vk import media, press
from kit import safejson

# Peers above are talks of several people.
FIRST_TALK = 2_000_000_000

_LONGEST_TEXT = 65_536


def received(part: Json, *, group: str) -> Fact:
    """What a person wrote, or `Ignored` for what is no private message to us."""
    if part.get("out") == 1:
        return echoed(part, group=group)
    chat = private(part)
    if isinstance(chat, Ignored):
        return chat
    found = media.content(part, group=group)
    said = text(part)
    pressed = payload(part)
    command = pressed.get("command") if isinstance(pressed, dict) else None
    replied = values.ident(values.child(part, "reply_message").get("conversation_message_id"))
    return MessageReceived(
        external_id=key(part, chat),
        chat=chat,
        person=Person(external_id=chat),
        kind=found.kind,
        text=said or found.link,
        media=found.media,
        sent_at=values.moment(part.get("date")),
        reply_to=f"{chat}:{replied}" if replied else None,
        touch=touch(part, found),
        button=None if command == "start" or pressed is None else press.value(pressed) or None,
        command="start" if command == "start" else None,
        location=found.location,
        note=_note(part, found),
    )


def echoed(part: Json, *, group: str) -> Fact:
    """What went out of the community: a colleague's word in VK itself, or our own one coming back."""
    chat = _peer(part)
    if isinstance(chat, Ignored):
        return chat
    if not values.ident(part.get("admin_author_id")):
        # Sent with the key: by us, or by another service or an automatic greeting, which is no colleague's word.
        return Ignored("sent by a program, not by a person")
    found = media.content(part, group=group)
    return OperatorEcho(
        external_id=key(part, chat),
        chat=chat,
        text=text(part) or found.link,
        sent_at=values.moment(part.get("date")),
        kind=found.kind,
        media=found.media,
        person=Person(external_id=chat),
    )


def edited(part: Json, *, group: str) -> Fact:
    """What a message reads after an edit."""
    ours = part.get("out") == 1
    chat = _peer(part) if ours else private(part)
    if isinstance(chat, Ignored):
        return chat
    if ours and not values.ident(part.get("admin_author_id")):
        return Ignored("edited by a program, not by a person")
    found = media.content(part, group=group)
    return MessageEdited(
        external_id=key(part, chat),
        chat=chat,
        person=Person(external_id=chat),
        kind=found.kind,
        text=text(part) or found.link,
        media=found.media,
        location=found.location,
        edited_at=values.moment(part.get("update_time")),
        by_operator=ours,
    )


def private(part: Json) -> str | Ignored:
    """The chat of a message that a person wrote to us, else why it is none."""
    chat = _peer(part)
    if isinstance(chat, Ignored):
        return chat
    sender = values.ident(part.get("from_id")) or values.ident(part.get("user_id"))
    if not sender:
        raise ParseError("a message without a sender")
    if sender != chat:
        return Ignored("written by a community" if sender.startswith("-") else "a message of somebody else")
    if values.child(part, "action"):
        return Ignored("a service message")
    return chat


def _peer(part: Json) -> str | Ignored:
    peer = values.ident(part.get("peer_id")) or values.ident(part.get("user_id"))
    if not peer:
        raise ParseError("a message without a chat")
    if int(peer) >= FIRST_TALK:
        return Ignored("a message in a talk of several people")
    return peer if int(peer) > 0 else Ignored("a talk with a community")


def key(part: Json, chat: str) -> str:
    """The message's external id."""
    number, plain = values.ident(part.get("conversation_message_id")), values.ident(part.get("id"))
    if number and number != "0":
        return f"{chat}:{number}"
    if plain and plain != "0":
        return f"{chat}:id{plain}"
    raise ParseError("a message without a number")


def text(part: Json) -> str:
    """The words of a message, below them those it forwards."""
    own = values.text(part, "text") or values.text(part, "body")
    forwarded = [values.text(one, "text") for one in values.children(part, "fwd_messages", most=20)]
    return "\n\n".join(filter(None, (own, *forwarded)))[:_LONGEST_TEXT]


def payload(part: Json) -> Any:
    """The value behind a pressed text button, JSON in a string. None when there is none; what is no JSON as it is."""
    given = part.get("payload")
    if not isinstance(given, str) or not given:
        return given if isinstance(given, dict) else None
    try:
        return safejson.loads(given)
    except safejson.Malformed:
        return given


def touch(part: Json, found: media.Content) -> Touch | None:
    """Where the person came from: `ref` and `ref_source` stand in the first message behind a link, and only there."""
    code, source = attribution.value(part.get("ref")), attribution.value(part.get("ref_source"))
    told = of_ref(code, source)
    if found.ad is None:
        return told
    told = told or Touch(source="vk", medium="market")
    return Touch(source=told.source, medium=told.medium, campaign=told.campaign, code=told.code, ad=found.ad)


def of_ref(code: str, source: str = "") -> Touch | None:
    """The touch in a link's `ref` and `ref_source`; the second names the source where both stand."""
    if not code and not source:
        return None
    read = attribution.of_code(code) or Touch(code=code[:64], campaign=code)
    return Touch(code=read.code, source=source.lower(), campaign=code) if source else read


def _note(part: Json, found: media.Content) -> str:
    if part.get("is_cropped") is True:
        return "the message is longer: read the rest in VK"
    return f"open it in VK: {', '.join(dict.fromkeys(found.unread))}" if found.unread else ""
