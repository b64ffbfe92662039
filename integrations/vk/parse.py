"""Callbacks of a community → facts. A kind that is not known is kept as `Ignored`."""

from __future__ import annotations

from collections.abc import Callable

from integrations.errors import ParseError
from integrations.protocols import attribution, values
from integrations.protocols.channel import (
    ButtonPressed,
    ChatBlocked,
    ChatOpened,
    ChatUnblocked,
    Fact,
    Ignored,
    Person,
    Receipt,
    Settings,
)
from integrations.vk import client, colleagues, envelope, forms, message, press
from integrations.vk.envelope import Envelope


def facts(body: bytes, settings: Settings) -> list[Fact]:
    """The facts of one callback, one or more; raises ParseError."""
    told = envelope.read(body)
    if not told.type:
        raise ParseError("a callback without a type")
    reader = _READERS.get(told.type)
    if reader is None:
        return [Ignored(f"callback of kind {told.type}")]
    if not told.object:
        raise ParseError(f"{told.type} without an object")
    return reader(told, settings)


def _message_new(told: Envelope, settings: Settings) -> list[Fact]:
    if colleagues.is_talk(told.message):
        return [colleagues.said(told.message, group=_group(told, settings))]
    return [message.received(told.message, group=_group(told, settings))]


def _message_reply(told: Envelope, settings: Settings) -> list[Fact]:
    return [message.echoed(told.message, group=_group(told, settings))]


def _message_edit(told: Envelope, settings: Settings) -> list[Fact]:
    return [message.edited(told.message, group=_group(told, settings))]


def _message_event(told: Envelope, settings: Settings) -> list[Fact]:
    """A button under a message of ours. Its own `event_id` answers the press, the envelope's names the callback."""
    person, chat = _person(told), values.ident(told.object.get("peer_id"))
    if not chat:
        return [Ignored("a button pressed nowhere")]
    if int(chat) >= message.FIRST_TALK:
        return [colleagues.pressed(told.object, chat, person)]
    token = values.text(told.object, "event_id", 150)
    if not token:
        raise ParseError("a pressed button without an id")
    number = values.ident(told.object.get("conversation_message_id"))
    return [
        ButtonPressed(
            external_id=f"press:{token}",
            chat=chat,
            person=person,
            value=press.value(told.object.get("payload")),
            message_external_id=f"{chat}:{number}" if number else None,
            acknowledge=token,
        )
    ]


def _message_allow(told: Envelope, settings: Settings) -> list[Fact]:
    """Messages are allowed; a `key` was set where the button stood (a widget on a site, a link)."""
    person = _person(told)
    allowed: list[Fact] = [ChatUnblocked(chat=person.external_id, person=person)]
    touch = message.of_ref(attribution.value(told.object.get("key")))
    if touch:
        ident = told.ident or f"{person.external_id}:{touch.code}"
        allowed.append(
            ChatOpened(
                external_id=f"allow:{ident}"[:200], chat=person.external_id, person=person, touch=touch
            )
        )
    return allowed


def _unblocked(told: Envelope, settings: Settings) -> list[Fact]:
    person = _person(told)
    return [ChatUnblocked(chat=person.external_id, person=person)]


def _blocked(told: Envelope, settings: Settings) -> list[Fact]:
    """The person forbids messages, or the community has put them on its black list: nothing gets through."""
    person = _person(told)
    return [ChatBlocked(chat=person.external_id, person=person)]


def _message_read(told: Envelope, settings: Settings) -> list[Fact]:
    chat = values.ident(told.object.get("peer_id")) or values.ident(told.object.get("from_id"))
    if not chat:
        raise ParseError("a receipt without a chat")
    if values.ident(told.object.get("from_id")) not in (chat, None):
        return [Ignored("read by the community itself")]
    number = values.ident(told.object.get("conversation_message_id"))
    plain = values.ident(told.object.get("read_message_id"))
    if not number and not plain:
        raise ParseError("a receipt without a message")
    last = f"{chat}:{number}" if number else f"{chat}:id{plain}"
    return [Receipt(external_id=last, state="read", chat=chat, through=True)]


def _lead(told: Envelope, settings: Settings) -> list[Fact]:
    return [forms.lead(told.object, settings)]


def _order(told: Envelope, settings: Settings) -> list[Fact]:
    return [forms.order(told.object, settings)]


def _person(told: Envelope) -> Person:
    ident = values.ident(told.object.get("user_id"))
    if not ident or int(ident) <= 0:
        raise ParseError(f"{told.type} without a person")
    return Person(external_id=ident)


def _group(told: Envelope, settings: Settings) -> str:
    return told.group or client.group_of(settings)


_READERS: dict[str, Callable[[Envelope, Settings], list[Fact]]] = {
    "message_new": _message_new,
    "message_reply": _message_reply,
    "message_edit": _message_edit,
    "message_event": _message_event,
    "message_allow": _message_allow,
    "message_deny": _blocked,
    "user_block": _blocked,
    "user_unblock": _unblocked,
    "message_read": _message_read,
    "lead_forms_new": _lead,
    "market_order_new": _order,
}
