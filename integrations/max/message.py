"""A Message of MAX → facts.

A chat is the person's number (`user_id`), and so are all dialogs addressed: MAX leaves `chat_id` out of some events
(presses in dialogs, seen on the live API), while whose event it is always stands there. A message's external id is
its `mid`. Source: `schema.yaml` 0.0.30 of max-messenger/max-bot-api-client-go.
"""

from __future__ import annotations

import re

from integrations.errors import ParseError
from integrations.max import media
from integrations.protocols import attribution, values
from integrations.protocols.channel import (
    Fact,
    Ignored,
    MessageEdited,
    MessageReceived,
    Person,
)
from integrations.protocols.values import Json

_LONGEST_TEXT = 65_536
_START = re.compile(r"/start(?:\s+(\S+))?\s*\Z")


def received(update: Json, *, token: str) -> Fact:
    """What a person wrote, or `Ignored` for what is no private message to us."""
    part = values.child(update, "message")
    sender = author(part)
    if isinstance(sender, Ignored):
        return sender
    body, link = values.child(part, "body"), values.child(part, "link")
    forwarded = values.child(link, "message") if link.get("type") == "forward" else {}
    found = media.content([body, forwarded], sender=sender, token=token)
    said = _words(body, forwarded)
    start = _START.match(said)
    touch = attribution.of_code(start[1]) if start and start[1] else None
    card = found.card
    own = card.phone if card and card.own else None
    return MessageReceived(
        external_id=values.required(body, "mid"),
        chat=sender,
        person=person(
            values.child(part, "sender"), update, phone=own, vouched=found.vouched and own is not None
        ),
        kind=found.kind,
        text=said or found.link,
        media=found.media,
        sent_at=values.moment(part.get("timestamp"), unit=1000),
        reply_to=_replied(link),
        touch=touch,
        command="start" if start else None,
        location=found.location,
        contact=card,
    )


def edited(update: Json, *, token: str) -> Fact:
    """What a message reads after an edit."""
    part = values.child(update, "message")
    sender = author(part)
    if isinstance(sender, Ignored):
        return sender
    body = values.child(part, "body")
    found = media.content([body], sender=sender, token=token)
    return MessageEdited(
        external_id=values.required(body, "mid"),
        chat=sender,
        person=person(values.child(part, "sender"), update),
        kind=found.kind,
        text=values.text(body, "text") or found.link,
        media=found.media,
        location=found.location,
        edited_at=values.moment(update.get("timestamp"), unit=1000),
    )


def author(part: Json) -> str | Ignored:
    """Who wrote a message of a dialog, else why it is none of ours."""
    kind = values.text(values.child(part, "recipient"), "chat_type", 32)
    if kind != "dialog":
        return Ignored(f"a message in a {kind}" if kind else "a message without a chat")
    sender = values.child(part, "sender")
    if sender.get("is_bot") is True:
        return Ignored("written by a bot")
    ident = values.ident(sender.get("user_id"))
    if not ident:
        raise ParseError("a message without a sender")
    return ident


def person(user: Json, update: Json, *, phone: str | None = None, vouched: bool = False) -> Person:
    """A User; raises ParseError without an id."""
    ident = values.ident(user.get("user_id"))
    if not ident:
        raise ParseError("a person without an id")
    return Person(
        external_id=ident,
        name=media.full_name(user),
        username=values.text(user, "username", 64),
        language=values.text(update, "user_locale", 16),
        phone=phone,
        phone_verified=vouched,
    )


def _words(body: Json, forwarded: Json) -> str:
    """The words of a message, below them those it forwards."""
    return "\n\n".join(filter(None, (values.text(one, "text") for one in (body, forwarded))))[:_LONGEST_TEXT]


def _replied(link: Json) -> str | None:
    if link.get("type") != "reply":
        return None
    return values.text(values.child(link, "message"), "mid", 200) or None
