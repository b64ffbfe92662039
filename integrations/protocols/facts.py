"""Facts: what came in through a channel, in words that no provider uses.

Import them from `integrations.protocols.channel`, beside the protocol whose `parse` gives them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Where somebody came from: what the outside told, not what we make of it.

    `click_ids` maps a parameter (`yclid`, `gclid`, …) or counter cookie (`_ym_uid`) to its value. `code` is the raw
    deep-link payload; source and campaign beside it are read from the code and give way to a registered link.
    """

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    click_ids: Mapping[str, str] = dataclasses.field(default_factory=dict)
    code: str = ""
    referrer: str = ""
    page_url: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wrote, as the channel knows them. `phone` is E.164; `phone_verified` when the channel vouches for it."""

    external_id: str
    name: str = ""
    username: str = ""
    phone: str | None = None
    phone_verified: bool = False
    language: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file of a message, not fetched yet. `ref` is the provider's handle, `url` an address where it has one."""

    kind: str
    ref: str = ""
    url: str = ""
    mime: str = ""
    name: str = ""
    size: int | None = None
    seconds: int | None = None
    width: int | None = None
    height: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A point on the map, degrees; `title` and `address` when the sender picked a place."""

    latitude: float
    longitude: float
    title: str = ""
    address: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """A shared contact. `own` is True only when the channel proves that it is the sender's own number."""

    name: str = ""
    phone: str | None = None  # E.164
    phone_typed: str = ""  # as it came
    own: bool = False


MessageKind = Literal[
    "text",
    "image",
    "voice",
    "audio",
    "video",
    "animation",
    "document",
    "sticker",
    "location",
    "contact",
    "other",
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A person wrote. `external_id` is unique within the connection; `chat` is the key to answer to.

    `text` is what was written (or a caption), only NUL and lone surrogates replaced. `group_key` is shared by the
    parts of an album. `command` is "start" when the person opened the chat by a link or a Start button. `button` is
    the value of a pressed button on channels where a press comes as a message.
    """

    external_id: str
    chat: str
    person: Person
    kind: MessageKind = "text"
    text: str = ""
    media: tuple[Media, ...] = ()
    sent_at: datetime | None = None
    reply_to: str | None = None
    group_key: str | None = None
    touch: Touch | None = None
    button: str | None = None
    command: str | None = None
    location: Location | None = None
    contact: ContactCard | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPressed:
    """A button under a message was pressed. `acknowledge` is the provider's token for `react`, short-lived.

    `value` comes from the person's device: look it up, never trust it. `message_external_id` may name a message that
    is no longer there.
    """

    external_id: str
    chat: str
    person: Person
    value: str
    message_external_id: str | None = None
    acknowledge: str = ""
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """A message was changed by its author; media cannot be told from a changed caption, so all comes again."""

    external_id: str
    chat: str
    person: Person
    kind: MessageKind = "text"
    text: str = ""
    media: tuple[Media, ...] = ()
    location: Location | None = None
    edited_at: datetime | None = None
    by_operator: bool = False  # the account's own side edited it


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MessagesDeleted:
    """Messages were taken back at the provider."""

    chat: str
    external_ids: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a message of ours. `external_id` is the provider's, `key` our `Outgoing.key` if it came back."""

    external_id: str
    state: Literal["sent", "delivered", "read", "failed"]
    at: datetime | None = None
    reason: str = ""
    key: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChatBlocked:
    """The person no longer takes our messages."""

    chat: str
    person: Person
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChatUnblocked:
    """The person takes our messages again."""

    chat: str
    person: Person
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChatOpened:
    """The person opened the chat and has written nothing yet: a place to greet, no lead by itself."""

    external_id: str
    chat: str
    person: Person
    touch: Touch | None = None
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OperatorEcho:
    """The account's owner answered from the provider's own app. `person` is the client they wrote to, where known."""

    external_id: str
    chat: str
    text: str = ""
    sent_at: datetime | None = None
    kind: MessageKind = "text"
    media: tuple[Media, ...] = ()
    person: Person | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChatMigrated:
    """The same chat has another key from now on."""

    old_chat: str
    new_chat: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """The account itself changed (connected, disconnected, rights). `details` are strings for the connection."""

    state: Literal["connected", "disconnected", "rights"]
    reason: str = ""
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FormSubmitted:
    """A site form came in.

    `phone` is E.164 or None, `phone_typed` what stood in the field. `answers` are (question, answer) of every field
    that has no place of its own, in order. `consent` is None when the form asked for none. `suspicious` names why a
    person should look first ("" when nothing speaks against it); such a lead is kept all the same.
    """

    external_id: str
    provider: str = "generic"
    name: str = ""
    phone: str | None = None
    phone_typed: str = ""
    email: str = ""
    messengers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    message: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    consent: bool | None = None
    consent_text: str = ""
    page_url: str = ""
    touch: Touch | None = None
    form_id: str = ""
    form_name: str = ""
    submitted_at: datetime | None = None
    suspicious: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Ignored:
    """Understood, and nothing of ours. `reason` is shown beside the stored event."""

    reason: str


Fact = (
    MessageReceived
    | ButtonPressed
    | MessageEdited
    | MessagesDeleted
    | Receipt
    | ChatBlocked
    | ChatUnblocked
    | ChatOpened
    | OperatorEcho
    | ChatMigrated
    | AccountChanged
    | FormSubmitted
    | Ignored
)
