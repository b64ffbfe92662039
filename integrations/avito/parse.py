"""Webhook v3 of Avito → facts.

An event is `{"id", "version", "timestamp", "payload": {"type": "message", "value": WebhookMessage}}`; source of the
shapes: Avito's OpenAPI of the Messenger API, types WebhookMessage and MessageContent. A message is told again under
its own id when it was deleted, and under several envelopes when several addresses are subscribed.
"""

from __future__ import annotations

from integrations.avito import content, values
from integrations.avito.values import Json
from integrations.errors import ParseError
from integrations.protocols.channel import (
    Ad,
    Fact,
    Ignored,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Person,
    Touch,
)
from kit import safejson
from kit.text import storable

# Avito itself writes under these numbers.
_AVITO = frozenset({"0", "1"})


def event(body: bytes) -> Json:
    """The event in a body; raises ParseError."""
    try:
        value = safejson.loads(body)
    except safejson.Malformed as error:
        raise ParseError(str(error)) from error
    if not isinstance(value, dict):
        raise ParseError("an event is a JSON object")
    return value


def message_of(body: bytes) -> Json:
    """The message in a body, {} when there is none; never raises."""
    try:
        return values.child(values.child(event(body), "payload"), "value")
    except ParseError:
        return {}


def event_id(body: bytes) -> str | None:
    """The message's id: the envelope's differs between subscriptions. A deletion is an event of its own."""
    message = message_of(body)
    ident = values.name(message.get("id"))
    if not ident:
        return None
    return f"{ident}:deleted" if message.get("type") == "deleted" else ident


def thread_key(body: bytes) -> str | None:
    """The chat, as in the facts."""
    return values.name(message_of(body).get("chat_id")) or None


def facts(value: Json, account: str) -> list[Fact]:
    """The facts of an event for the seller `account` ("" for any); raises ParseError."""
    payload = values.child(value, "payload")
    if not payload:
        raise ParseError("an event without a payload")
    kind = payload.get("type")
    if kind != "message":
        return [Ignored(f"an event of kind {storable(str(kind))[:64]}")]
    return [_message(values.child(payload, "value"), account)]


def _message(message: Json, account: str) -> Fact:
    owner = values.ident(message.get("user_id"))
    if account and owner and owner != account:
        return Ignored("a message to another account")
    ident, chat = values.name(message.get("id")), values.name(message.get("chat_id"))
    if not ident or not chat:
        raise ParseError("a message without its id or chat")
    kind = message.get("type")
    author = values.ident(message.get("author_id"))
    if kind == "deleted":
        return MessagesDeleted(chat=chat, external_ids=(ident,))
    if kind == "system" or message.get("chat_type") == "a2u" or author in _AVITO:
        return Ignored("written by Avito itself")
    if not author:
        raise ParseError("a message without an author")
    said = content.read(message)
    replied = values.name(values.child(message, "quote").get("id"))
    if author == (owner or account):
        # From the seller's own app, or our own word coming back: the room above knows which ids are ours.
        return OperatorEcho(
            external_id=ident,
            chat=chat,
            text=said.text or said.note,
            sent_at=values.moment(message.get("created")),
            kind=said.kind,
            media=said.media,
        )
    return MessageReceived(
        external_id=ident,
        chat=chat,
        person=Person(external_id=author),
        kind=said.kind,
        text=said.text,
        media=said.media,
        sent_at=values.moment(message.get("created")),
        reply_to=replied or None,
        touch=touch(message),
        location=said.location,
        note=said.note,
    )


def touch(message: Json) -> Touch:
    """Avito is the source; a chat about a listing names it."""
    item = values.ident(message.get("item_id"))
    ad = Ad(external_id=item) if item and item != "0" else None
    return Touch(source="avito", campaign=ad.external_id if ad else "", ad=ad)
