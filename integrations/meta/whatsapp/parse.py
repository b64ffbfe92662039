"""Deliveries of the WhatsApp webhook → facts.

`{"object": "whatsapp_business_account", "entry": [{"id", "changes": [{"field", "value"}]}]}`; one delivery may hold
several entries, changes and messages, of several people and, where an app serves many, of several numbers. Shapes:
developers.facebook.com/documentation/business-messaging/whatsapp/webhooks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from integrations.errors import ParseError
from integrations.meta import values
from integrations.meta.values import Json
from integrations.meta.whatsapp import account, messages, people, statuses
from integrations.protocols.channel import AccountChanged, Fact, Ignored, MarketingStopped

OBJECT = "whatsapp_business_account"

# Lists inside a change's value; where a change lacks its field's name, they tell it.
_LISTS = ("messages", "statuses", "message_echoes", "user_preferences", "user_id_update")
# The past and the address book of the phone's app, told once when the number is connected.
_NOT_KEPT = ("history", "smb_app_state_sync")


def facts(body: bytes, phone_number_id: str = "", account_id: str = "") -> list[Fact]:
    """The facts of a delivery, at least one. Events of other numbers than `phone_number_id`, and news of other
    accounts than `account_id`, are none of ours: an app may serve many.

    Raises ParseError when nothing in it can be read; what cannot be read beside good items is told as `Ignored`.
    """
    event = values.document(body)
    kind = values.text(event, "object", 64)
    if kind != OBJECT:
        if kind and "entry" in event:
            return [Ignored(f"an event of {kind}")]
        raise ParseError("not an event of WhatsApp")
    found: list[Fact] = []
    unreadable: list[str] = []
    for owner, change in changes(event):
        value = values.child(change, "value")
        number = values.ident(values.child(value, "metadata"), "phone_number_id")
        if number and phone_number_id and number != phone_number_id:
            found.append(Ignored("an event of another number"))
            continue
        if not number and owner and account_id and owner != account_id:
            found.append(Ignored("an event of another account"))
            continue
        for read in _items(change, value):
            try:
                found += read()
            except ParseError as error:
                unreadable.append(error.reason)
    good = [fact for fact in found if not isinstance(fact, Ignored)]
    if unreadable and not good:
        raise ParseError(unreadable[0])
    return [*found, *(Ignored(f"not readable: {reason}") for reason in unreadable)] or [Ignored("nothing")]


def thread_key(body: bytes) -> str | None:
    """The chat of the first item that has one, in the form of the facts' `chat`."""
    try:
        event = values.document(body)
    except ParseError:
        return None
    for _account, change in changes(event):
        value = values.child(change, "value")
        contacts = values.items(value, "contacts")
        for key, ids in _PEOPLE:
            for item in values.items(value, key):
                chat = people.chat_of(ids(item), contacts)
                if chat:
                    return chat
    return None


def changes(event: Json) -> Iterator[tuple[str, Json]]:
    """(account's id, change) for every change of every entry."""
    for entry in values.items(event, "entry"):
        account = values.ident(entry, "id")
        for change in values.items(entry, "changes"):
            yield account, change


def _of_message(item: Json) -> tuple[str, ...]:
    return people.sender(item) or messages.former(item)


def _of_update(item: Json) -> tuple[str, ...]:
    return people.ids(values.child(item, "user_id"), "", "previous", "")


_PEOPLE: tuple[tuple[str, Callable[[Json], tuple[str, ...]]], ...] = (
    ("messages", _of_message),
    ("message_echoes", people.recipient),
    ("statuses", people.addressee),
    ("user_preferences", people.owner),
    ("user_id_update", _of_update),
)


def _items(change: Json, value: Json) -> list[Callable[[], list[Fact]]]:
    """The readers of a change's items, each to be tried by itself."""
    field = values.text(change, "field", 64)
    about = account.facts(field, value)
    if about is not None:
        return [lambda: about]
    if field in _NOT_KEPT or not any(key in value for key in (*_LISTS, "errors")):
        return [lambda: [Ignored(f"a change of {field or 'nothing known'}")]]
    contacts = values.items(value, "contacts")
    received = functools.partial(messages.received, standby=field == "standby")
    readers: tuple[tuple[str, Callable[[Json, list[Json]], list[Fact]]], ...] = (
        ("messages", received),
        ("message_echoes", messages.echoed),
        ("statuses", statuses.facts),
        ("user_preferences", _preference),
        ("user_id_update", _user_id),
        ("errors", _trouble),
    )
    return [
        functools.partial(read, item, contacts) for key, read in readers for item in values.items(value, key)
    ] or [_nothing]


def _nothing() -> list[Fact]:
    raise ParseError("a change without readable items")


def _preference(item: Json, contacts: list[Json]) -> list[Fact]:
    person = people.person(people.owner(item), contacts)
    wish = values.text(item, "value", 32).lower()
    if values.text(item, "category", 64) not in ("", "marketing_messages") or wish not in (
        "stop",
        "resume",
        "signup",
    ):
        return [Ignored(f"a preference of a client: {wish}")]
    if person is None:
        raise ParseError("a preference of nobody")
    at = values.moment(item.get("timestamp"))
    return [MarketingStopped(chat=person.external_id, person=person, stopped=wish == "stop", at=at)]


def _user_id(item: Json, contacts: list[Json]) -> list[Fact]:
    ids, parents = values.child(item, "user_id"), values.child(item, "parent_user_id")
    old = (*people.ids(ids, "", "previous", ""), *people.ids(parents, "", "previous", ""))
    current = (
        *people.ids(item, "wa_id", "", ""),
        *people.ids(ids, "", "current", ""),
        *people.ids(parents, "", "current", ""),
    )
    return messages.identity(old, current, contacts)


def _trouble(error: Json, contacts: list[Json]) -> list[Fact]:
    """An error beside the messages; the owner hears of one that concerns the account."""
    reason = statuses.reason(error)[:400]
    if statuses.troubles(error):
        return [AccountChanged(state="warning", reason=reason)]
    return [Ignored(f"an error told by WhatsApp: {reason}")]
