"""Deliveries of the Instagram webhook → facts.

`{"object": "instagram", "entry": [{"id", "time", "messaging": […] | "standby": […] | "changes": [{"field",
"value"}]}]}`; an entry may also carry "field" and "value" itself. Echoes swap sender and recipient. Shapes:
developers.facebook.com/documentation/instagram-platform/webhooks/examples and the older page
docs/instagram-messaging/webhooks.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from integrations.errors import ParseError
from integrations.meta import values
from integrations.meta.instagram import content
from integrations.meta.values import Json
from integrations.protocols.channel import (
    ChatOpened,
    Fact,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Person,
    Receipt,
)

OBJECT = "instagram"
COMMENT = "comment:"

# The app dashboard's "Test" button sends an event of nobody.
_TEST_ACCOUNT = "0"


def facts(body: bytes, account_id: str = "", app_id: str = "") -> list[Fact]:
    """The facts of a delivery, at least one. Events of other accounts than `account_id` are none of ours.

    `app_id` tells echoes of our own sending apart. Raises ParseError when nothing in it can be read; what cannot be
    read beside good items is told as `Ignored`.
    """
    event = values.document(body)
    kind = values.text(event, "object", 64)
    if kind != OBJECT:
        if kind and "entry" in event:
            return [Ignored(f"an event of {kind}")]
        raise ParseError("not an event of Instagram")
    found: list[Fact] = []
    unreadable: list[str] = []
    for entry in values.items(event, "entry"):
        for read in _items(entry, account_id, app_id):
            try:
                found.append(read())
            except ParseError as error:
                unreadable.append(error.reason)
    good = [fact for fact in found if not isinstance(fact, Ignored)]
    if unreadable and not good:
        raise ParseError(unreadable[0])
    return [*found, *(Ignored(f"not readable: {reason}") for reason in unreadable)] or [Ignored("nothing")]


def thread_key(body: bytes) -> str | None:
    """The person of the first item that has one, in the form of the facts' `chat`."""
    try:
        event = values.document(body)
    except ParseError:
        return None
    for entry in values.items(event, "entry"):
        for item, _standby in _messaging(entry):
            person = _client(item, values.ident(entry, "id"))
            if person:
                return person
        for change in _changes(entry):
            person = _id(values.child(values.child(change, "value"), "from"))
            if person:
                return person
    return None


def _items(entry: Json, account_id: str, app_id: str) -> list[Callable[[], Fact]]:
    """The readers of an entry's items, each to be tried by itself."""
    number = values.ident(entry, "id")
    if number == _TEST_ACCOUNT:
        return [lambda: Ignored("a test of the app dashboard")]
    found: list[Callable[[], Fact]] = []
    for item, standby in _messaging(entry):
        sides = {number, _id(values.child(item, "sender")), _id(values.child(item, "recipient"))}
        if account_id and account_id not in sides:
            found.append(lambda: Ignored("an event of another account"))
            continue
        found.append(functools.partial(_message, item, number, app_id, standby=standby))
    for change in _changes(entry):
        if account_id and number and number != account_id:
            found.append(lambda: Ignored("an event of another account"))
            continue
        found.append(functools.partial(_change, change, entry, account_id))
    return found or [_nothing]


def _nothing() -> Fact:
    raise ParseError("an entry without readable items")


def _messaging(entry: Json) -> Iterator[tuple[Json, bool]]:
    """(item, whether another app holds the conversation)."""
    for item in values.items(entry, "messaging"):
        yield item, False
    for item in values.items(entry, "standby"):
        yield item, True


def _changes(entry: Json) -> Iterator[Json]:
    yield from values.items(entry, "changes")
    if "field" in entry:
        yield entry


# Direct ------------------------------------------------------------------------------------------------------------


def _message(item: Json, account: str, app_id: str, *, standby: bool) -> Fact:
    client = _client(item, account)
    if not client:
        raise ParseError("an event of nobody")
    if _id(values.child(item, "sender")) == _id(values.child(item, "recipient")):
        return Ignored("the account writes to itself")
    at = values.moment(item.get("timestamp"))
    person = Person(external_id=client)
    message = values.child(item, "message")
    if message.get("is_echo") is True:
        return _echo(message, item, client, app_id)
    if message:
        return _received(message, item, person, standby=standby)
    if values.child(item, "postback"):
        return _postback(values.child(item, "postback"), item, person, standby=standby)
    for key in ("message_edit", "read", "referral", "reaction"):
        part = values.child(item, key)
        if not part:
            continue
        if key == "reaction":
            return Ignored("a reaction to a message")
        if key == "message_edit":
            return MessageEdited(
                external_id=_mid(part),
                chat=client,
                person=person,
                text=values.text(part, "text"),
                edited_at=at,
            )
        if key == "read":
            # "Read as far as here"; Instagram tells no deliveries.
            return Receipt(external_id=_mid(part), state="read", at=at, chat=client, through=True)
        touch = content.touch(part)
        if touch is None:
            return Ignored("a referral without a source")
        # It has no id of its own.
        told = f"{client}|{item.get('timestamp')}|{touch}".encode("utf-8", "replace")
        external_id = f"referral:{hashlib.sha256(told).hexdigest()[:40]}"
        return ChatOpened(external_id=external_id, chat=client, person=person, touch=touch, at=at)
    names = [key for key in item if key not in ("sender", "recipient", "timestamp")]
    return Ignored(f"an event of kind {', '.join(str(name)[:40] for name in names[:5]) or 'none'}")


def _received(message: Json, item: Json, person: Person, *, standby: bool) -> Fact:
    mid = _mid(message)
    if message.get("is_deleted") is True:
        return MessagesDeleted(chat=person.external_id, external_ids=(mid,))
    found = content.read(message)
    reply_to = values.message_id(values.child(message, "reply_to"), "mid")
    payload = values.text(values.child(message, "quick_reply"), "payload", 1000)
    referral = values.child(message, "referral") or values.child(item, "referral")
    return MessageReceived(
        external_id=mid,
        chat=person.external_id,
        person=person,
        kind=found.kind,
        text=values.text(message, "text"),
        media=found.media,
        sent_at=values.moment(item.get("timestamp")),
        reply_to=reply_to or None,
        touch=content.touch(referral) if referral else None,
        button=payload or None,
        automatic=_standby(standby),
        note=found.note,
    )


def _postback(postback: Json, item: Json, person: Person, *, standby: bool) -> Fact:
    """A pressed button of a template or an ice breaker: what it says stands in the chat as the person's words."""
    referral = values.child(postback, "referral") or values.child(item, "referral")
    mid = values.message_id(postback, "mid")
    if not mid:
        told = f"{person.external_id}|{item.get('timestamp')}".encode("utf-8", "replace")
        mid = f"postback:{hashlib.sha256(told).hexdigest()[:40]}"
    return MessageReceived(
        external_id=mid,
        chat=person.external_id,
        person=person,
        text=values.text(postback, "title"),
        sent_at=values.moment(item.get("timestamp")),
        touch=content.touch(referral) if referral else None,
        button=values.text(postback, "payload", 1000) or None,
        automatic=_standby(standby),
    )


def _echo(message: Json, item: Json, client: str, app_id: str) -> Fact:
    """What the account itself wrote: by hand, by another program, or by us."""
    mid = _mid(message)
    if message.get("is_deleted") is True:
        return MessagesDeleted(chat=client, external_ids=(mid,))
    if app_id and values.ident(message, "app_id") == app_id:
        return Ignored("our own message")
    # Without that id our own words are known by their `mid` alone, which the rooms above compare.
    found = content.read(message)
    return OperatorEcho(
        external_id=mid,
        chat=client,
        text=values.text(message, "text"),
        sent_at=values.moment(item.get("timestamp")),
        kind=found.kind,
        media=found.media,
        person=Person(external_id=client),
    )


def _standby(standby: bool) -> str:
    return _("Another program answers in this chat.") if standby else ""


def _client(item: Json, account: str) -> str:
    """The id of the person on the other side, "" when there is none."""
    sender, recipient = _id(values.child(item, "sender")), _id(values.child(item, "recipient"))
    own = values.child(item, "message").get("is_echo") is True or (sender and sender == account)
    return recipient if own else sender


def _id(side: Json) -> str:
    return values.ident(side, "id")[:200]


def _mid(part: Json) -> str:
    mid = values.message_id(part, "mid")
    if not mid:
        raise ParseError("a message without an id")
    return mid


# Comments ----------------------------------------------------------------------------------------------------------


def _change(change: Json, entry: Json, account_id: str) -> Fact:
    field, value = values.text(change, "field", 64), values.child(change, "value")
    if field not in ("comments", "live_comments"):
        # A mention elsewhere names no person whom we could answer.
        return Ignored(f"a change of {field or 'nothing known'}")
    writer = values.child(value, "from")
    author, number = _id(writer), values.ident(value, "id")[:150]
    if not author or not number:
        raise ParseError("a comment of nobody")
    if (
        author in (account_id, values.ident(entry, "id"))
        or values.ident(writer, "self_ig_scoped_id") == author
    ):
        return Ignored("a comment of the account itself")
    parent = values.ident(value, "parent_id")[:150]
    media = values.child(value, "media")
    return MessageReceived(
        external_id=f"{COMMENT}{number}",
        chat=author,
        person=Person(external_id=author, username=values.text(writer, "username", 64)),
        kind="comment",
        text=values.text(value, "text"),
        sent_at=values.moment(value.get("timestamp")) or values.moment(entry.get("time")),
        reply_to=f"{COMMENT}{parent}" if parent else None,
        touch=content.comment_touch(media),
        note=_("A comment to a live broadcast.") if field == "live_comments" else "",
    )
