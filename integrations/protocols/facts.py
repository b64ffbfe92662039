"""Facts: what came in through a channel, in words that no provider uses.

Import them from `integrations.protocols.channel`, beside the protocol whose `parse` gives them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ad:
    """The advertisement or listing a person wrote from, as its own system shows it: what the first words refer to."""

    external_id: str = ""
    title: str = ""
    text: str = ""
    url: str = ""
    image_url: str = ""
    price: str = ""  # as the listing shows it


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Where somebody came from: what the outside told, not what we make of it.

    `click_ids` maps a parameter (`yclid`, `gclid`, …) or counter cookie (`_ym_uid`) to its value. `code` is the raw
    deep-link payload; source and campaign beside it are read from the code and give way to a registered link.
    `number` is the dialled phone (E.164) of a call: an owner prints different ones in different ads.
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
    number: str = ""
    ad: Ad | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wrote, as the channel knows them. `phone` is E.164; `phone_verified` when the channel vouches for it.

    `aliases` are further ids under which the same channel kind may know this person (WhatsApp: phone and
    business-scoped id); any one of them is enough to find the person again. `email_verified` works as for the phone.
    """

    external_id: str
    aliases: tuple[str, ...] = ()
    name: str = ""
    username: str = ""
    phone: str | None = None
    phone_verified: bool = False
    email: str = ""
    email_verified: bool = False
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
    "story",  # an answer to, or a mention in, a story
    "comment",  # under a post, in public: our answer to it is a private one (`Outgoing.reply_to`)
    "call",
    "other",
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A person wrote. `external_id` is unique within the connection; `chat` is the key to answer to.

    `text` is what was written (or a caption), only NUL and lone surrogates replaced. `group_key` is shared by the
    parts of an album. `command` is "start" when the person opened the chat by a link or a Start button. `button` is
    the value of a pressed button on channels where a press comes as a message. `subject` is a letter's.
    `automatic` is why nobody should answer it by machine ("" when a person wrote): a robot's letter, an auto-reply.
    `note` is a line for the reader where the provider withholds the content ("open it in the app").
    `is_older`: the provider tells that this chat began before the account was connected to us.
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
    subject: str = ""
    automatic: str = ""
    note: str = ""
    is_older: bool = False


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
    """What became of a message of ours. `external_id` is the provider's, `key` our `Outgoing.key` if it came back.

    With `through` it speaks of every message of ours in `chat` up to this one ("read as far as here"); without an
    `external_id` then, of all up to `at`. `blocked`: this person takes nothing from us any more. `cost` is what the
    provider charged, in the account's currency, as it wrote it.
    """

    external_id: str
    state: Literal["sent", "delivered", "read", "failed"]
    at: datetime | None = None
    reason: str = ""
    key: str | None = None
    chat: str = ""
    through: bool = False
    blocked: bool = False
    cost: str = ""


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
class IdentityChanged:
    """The same person is known under another id from now on (a new phone number). `person` has the new ids."""

    old_external_id: str
    person: Person


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MarketingStopped:
    """The person wants no advertising (`stopped`) or wants it again; answers and reminders of visits go on."""

    chat: str
    person: Person
    stopped: bool = True
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallHappened:
    """A phone call as far as it is known; a later fact with the same `external_id` tells more, in any order.

    `phone` is the other side (E.164), "" when it is hidden; `dialled` the account's number, E.164. `seconds` is the
    talk, `waited` the ringing before it. `recording` comes with `ended` or alone with state `recorded`. `answered_by`
    is an extension or a name.
    """

    external_id: str
    state: Literal["ringing", "answered", "ended", "missed", "recorded"]
    direction: Literal["in", "out"] = "in"
    phone: str = ""
    phone_typed: str = ""
    dialled: str = ""
    at: datetime | None = None
    seconds: int | None = None
    waited: int | None = None
    answered_by: str = ""
    recording: Media | None = None
    touch: Touch | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """The account itself changed. `details` are strings for the connection.

    `rights` and `warning` leave it working in part: the reason is shown to the owner.
    """

    state: Literal["connected", "disconnected", "rights", "warning"]
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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupJoined:
    """The account was brought into a group of several people, or a code of ours was said there (`code`, else "").

    Whose group it is, the room above knows by the code or by `chat`.
    """

    external_id: str
    chat: str
    person: Person
    title: str = ""
    code: str = ""
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupLeft:
    """The account is in that group no more."""

    chat: str
    person: Person
    at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StaffSaid:
    """Somebody wrote in a group; whether it is one of colleagues is the room's to know.

    `topic` is the group's thread, "" outside of any and where a provider has none. `reply_to` is the external id of
    the message this one answers. `is_edit`: the same message reads otherwise from now on.
    """

    external_id: str
    chat: str
    person: Person
    topic: str = ""
    kind: MessageKind = "text"
    text: str = ""
    media: tuple[Media, ...] = ()
    reply_to: str | None = None
    sent_at: datetime | None = None
    is_edit: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StaffPressed:
    """A button under a message of ours in a group was pressed; see `ButtonPressed`."""

    external_id: str
    chat: str
    person: Person
    value: str
    topic: str = ""
    message_external_id: str | None = None
    acknowledge: str = ""
    at: datetime | None = None


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
    | IdentityChanged
    | MarketingStopped
    | CallHappened
    | AccountChanged
    | FormSubmitted
    | GroupJoined
    | GroupLeft
    | StaffSaid
    | StaffPressed
    | Ignored
)

# Facts of groups: nothing of ours where no room knows the group.
OF_GROUPS = (GroupJoined, GroupLeft, StaffSaid, StaffPressed)
