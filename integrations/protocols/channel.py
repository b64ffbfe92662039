"""The channel protocol: what a messenger, a form or our own site chat looks like to the rooms above.

Way in: the hook hands a `HookRequest` to `handshake`, then `verify`, then stores the raw bytes and answers with
`acknowledge`. Later a worker calls `parse` and gets facts. Nothing here touches a database.

Way out: `send`, `react`, `connect`, `health` return a `Call` (see `kit.http`): run it by `http.run(call)` in a
thread or `await http.arun(call, client=…)`. They raise the errors of `integrations.errors` and nothing else.

`settings` is always the connection's decrypted settings, a plain dict of strings; while a secret is rotated its
former value stands under `<name>_previous`. The caller may add `region`, the country (ISO 3166) of phones without a
country code (without it that is RU), and `hook_url`, our address of this account, for providers that are told with
every message where to report on it.
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from integrations.protocols.facts import (
    OF_GROUPS,
    AccountChanged,
    Ad,
    ButtonPressed,
    CallHappened,
    ChatBlocked,
    ChatMigrated,
    ChatOpened,
    ChatUnblocked,
    ContactCard,
    Fact,
    FormSubmitted,
    GroupJoined,
    GroupLeft,
    IdentityChanged,
    Ignored,
    Location,
    MarketingStopped,
    Media,
    MessageEdited,
    MessageKind,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Person,
    Receipt,
    StaffPressed,
    StaffSaid,
    Touch,
)
from kit.http import Call, Request, done
from kit.text import split_text

__all__ = [
    "OF_GROUPS",
    "AccountChanged",
    "Ad",
    "BaseChannel",
    "Button",
    "ButtonPressed",
    "CallHappened",
    "Capabilities",
    "Channel",
    "ChatBlocked",
    "ChatMigrated",
    "ChatOpened",
    "ChatUnblocked",
    "Connected",
    "ContactCard",
    "Fact",
    "Field",
    "FormSubmitted",
    "GroupJoined",
    "GroupLeft",
    "Guide",
    "Health",
    "HookReply",
    "HookRequest",
    "IdentityChanged",
    "Ignored",
    "Location",
    "MarketingStopped",
    "Media",
    "MessageEdited",
    "MessageKind",
    "MessageReceived",
    "MessagesDeleted",
    "OperatorEcho",
    "Outgoing",
    "OutgoingMedia",
    "Person",
    "Polled",
    "Receipt",
    "Sent",
    "Settings",
    "StaffPressed",
    "StaffSaid",
    "Template",
    "Touch",
    "secret_matches",
    "split",
    "text_length",
]

Settings = Mapping[str, str]

# A channel's own settings ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do; callers shape messages by it instead of asking which channel it is."""

    inline_buttons: bool = False
    reply_keyboard: bool = False
    contact_request: bool = False
    url_buttons: bool = False
    replies: bool = False  # a message may quote another
    letters: bool = False  # messages have a subject, and an answer names those it answers
    comments: bool = False  # words under a post, in public; the first answer to one names it
    max_text: int = 4096
    text_unit: Literal["chars", "utf16", "bytes"] = "chars"  # in which `max_text` is counted
    max_buttons: int = 0  # more options than this are said as numbered lines
    max_buttons_row: int = 0
    max_button_label: int = 64  # characters
    max_button_value: int = 64  # bytes
    media: frozenset[str] = (
        frozenset()
    )  # kinds of file that can be sent: "image", "voice", "video", "document" …
    max_media: int = 20_000_000  # bytes
    max_caption: int = 0  # characters of text that may stand with a file; 0: the text is a message of its own
    window_hours: int | None = None  # free words may be sent for so long after the person's last word
    human_window_hours: int | None = None  # … and for so long when a person of ours writes them
    templates: bool = False  # outside the window an approved `Template` goes through
    typing: bool = False  # "is writing…" can be shown, see `typing()`
    can_write_first: bool = False  # may we speak to somebody who never wrote?
    personal: bool = False  # a person's own account: chats with family are among the clients'
    inbound_only: bool = False  # nothing can be sent at all (forms)
    receipts: frozenset[str] = frozenset()  # of "delivered", "read", "failed"
    idempotent_send: bool = False  # `Outgoing.key` makes a repeat harmless
    echoes: bool = False  # what a person answers in the provider's own app comes to us
    per_second: float | None = None  # the provider's limits for one account …
    per_chat_per_second: float | None = None  # … and for one chat


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting of a connection. `label` and `help` are lazy English texts.

    `generated` is True for a secret we make ourselves when the owner gave none (32 URL-safe characters). `choices`
    are (value, lazy label) where only some values are right. `providers` names the values of the setting `provider`
    for which this field is asked; () for all.
    """

    name: str
    label: Any
    secret: bool = False
    required: bool = False
    generated: bool = False
    help: Any = ""
    choices: tuple[tuple[str, Any], ...] = ()
    providers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """How an owner who is no programmer connects an account. All texts are lazy English ones.

    `text` says in a line what the channel brings; `steps` are done one after another in the provider's own pages;
    `review` names what the provider itself must approve and how long that usually takes, "" when nothing.
    """

    icon: str
    text: Any
    steps: tuple[Any, ...]
    review: Any = ""
    asks_provider: bool = True


# The hook ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class HookRequest:
    """A request to `/hooks/<kind>/<token>/<subpath>`.

    `query` has the last value of each key, `headers` lower-cased names (repeated ones joined by ", "), `body` is raw.
    `url` is the whole address under our public name, query included: some providers sign it. It is known at the door
    and not kept, so only `handshake` and `verify` may read it.
    """

    method: str = "POST"
    subpath: str = ""
    query: Mapping[str, str] = dataclasses.field(default_factory=dict)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class HookReply:
    """The exact answer to give. `page` names a page the caller renders instead of `body` ("thank_you")."""

    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    page: str | None = None


# The way out -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Button:
    """A button. `value` is a short token (≤ `max_button_value` bytes) for "reply", an address for "url"."""

    label: str
    value: str = ""
    kind: Literal["reply", "contact", "url"] = "reply"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OutgoingMedia:
    """A file to send. `kind` is one of `Capabilities.media`."""

    kind: str
    name: str
    mime: str
    content: bytes

    def __repr__(self) -> str:
        return f"<OutgoingMedia {self.kind} {len(self.content)} bytes>"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text the provider approved before, with the values of its places in order."""

    name: str
    language: str = "ru"
    values: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message of ours = one message at the provider. A longer text is split by the caller with `split`.

    `text` is plain. `buttons` are rows. `key` is our id of this message, for providers that drop repeats by it.
    `reply_to` is the external id of a message to quote. `by_person` says that a colleague wrote it, not a machine;
    `late` that the channel's window for free words is over. `subject` and `references` (external ids, oldest first)
    belong to letters. `expires_in_seconds` is how long the message makes sense, for providers that can let it die
    undelivered (SMS); None when it keeps.
    """

    chat: str
    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    key: str = ""
    reply_to: str | None = None
    media: OutgoingMedia | None = None
    template: Template | None = None
    by_person: bool = False
    late: bool = False
    subject: str = ""
    references: tuple[str, ...] = ()
    expires_in_seconds: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it. `external_id` is of the same form as in the facts; `raw_state` its own word, if any.

    `cost` is what the provider charged and `parts` how many messages it counted, where it says so (SMS).
    """

    external_id: str
    raw_state: str = ""
    cost: str = ""
    parts: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A checked account. `link_base` is what `link` builds on; `details` are strings kept with the connection.

    `settings` are values of our fields that the provider has given and the hook needs. Where one of them is new, the
    caller keeps it first and then calls `connect` again: a provider may try the hook while it is being registered.
    """

    external_id: str = ""
    name: str = ""
    link_base: str = ""
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The account asked just now. `pending` is what waits at the provider, None if unknown.

    `reason` is a (lazy) text for the owner, "" when ok. `code` is what is wrong where the provider's answer tells:
    "hook" – our address is not registered, "taken" – another service's is, "rights" – the key may not do enough,
    "delivery" – the provider tries and does not get through to us; "" – something else.
    """

    ok: bool
    reason: Any = ""
    pending: int | None = None
    code: Literal["", "hook", "taken", "rights", "delivery"] = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What an account held that its hook may not have told us. `cursor` is where the next look begins."""

    requests: tuple[HookRequest, ...] = ()
    cursor: str = ""


# A mebibyte: events say something and name their files; only letters bring them along.
USUAL_BODY = 1024 * 1024


@runtime_checkable
class Channel(Protocol):
    """One kind of channel. An instance has no state: everything comes by arguments."""

    kind: str
    label: Any  # lazy English text
    capabilities: Capabilities
    fields: Sequence[Field]
    guide: Guide
    guides: Mapping[
        str, Guide
    ]  # by the setting `provider`, where one kind stands for several providers; else {}
    refused_status: int  # what to answer when `verify` says no: 401 or 403
    hook_methods: Sequence[str]  # in which events come; GET for those that put an event into the address
    max_body: int  # bytes of one request; what is larger is refused with 413

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """An answer for a request that carries no event (confirmation, probe, preflight), else None.

        Asked first, before `verify`, and nothing is stored when it answers; so it checks what needs checking itself.
        """
        ...

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """Does this come from the provider? On raw bytes, in constant time, never raises."""
        ...

    def event_id(self, request: HookRequest) -> str | None:
        """The provider's id of this event (≤ 200 characters), None when it has none: the caller then hashes the body.

        Cheap and never raises: called before anything is stored.
        """
        ...

    def thread_key(self, request: HookRequest) -> str | None:
        """A key such that events of one conversation share it; cheap, never raises. None: no order to keep."""
        ...

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        """What the provider wants to hear once the event is stored."""
        ...

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        """The facts in a stored request, at least one (`Ignored` included). Raises `ParseError` and nothing else."""
        ...

    def send(self, settings: Settings, outgoing: Outgoing) -> Call[Sent]:
        """Sends one message."""
        ...

    def react(self, settings: Settings, fact: Fact) -> Call[None] | None:
        """What the provider wants to hear soon about a fact (a pressed button stops spinning), None when nothing."""
        ...

    def connect(self, settings: Settings, hook_url: str) -> Call[Connected]:
        """Checks the account at the provider and registers `hook_url` there; harmless when repeated."""
        ...

    def health(self, settings: Settings, hook_url: str) -> Call[Health]:
        """Is the account alive and does it still report to `hook_url`?"""
        ...

    def disconnect(self, settings: Settings, hook_url: str) -> Call[None]:
        """Takes `hook_url` back at the provider; harmless when it is not there."""
        ...

    def locate(self, settings: Settings, media: Media) -> Call[Request] | None:
        """The request whose answer is the file (it may carry the account's token: never for a browser), None when
        this file cannot be had. Called in the background, again when the address has died."""
        ...

    def extract(self, request: HookRequest, media: Media) -> bytes | None:
        """The file when it lies inside the stored event itself (a letter's attachment), None when it does not: then
        `locate` tells where it is. Touches no network, never raises."""
        ...

    def settle(self, settings: Settings, outgoing: Outgoing, since: datetime) -> Call[Sent | None] | None:
        """Looks whether a message whose sending broke off after `since` did arrive. None as the result: it did not,
        and may be sent again. None instead of a call: this provider leaves no evidence."""
        ...

    def profile(self, settings: Settings, chat: str, person: Person) -> Call[Person | None] | None:
        """Asks for the name of a person whose messages carry none. None: the messages say all there is."""
        ...

    def card(self, settings: Settings, chat: str) -> Call[Ad | None] | None:
        """Asks which advertisement or listing a chat is about, to be shown beside it. None: the messages say all."""
        ...

    def typing(self, settings: Settings, chat: str) -> Call[None] | None:
        """Shows the person that an answer is being written."""
        ...

    def poll(self, settings: Settings, cursor: str) -> Call[Polled] | None:
        """Fetches what the hook may have missed, or all where there is no hook; `cursor` is "" at the first time,
        when history is left out. None: the hook tells everything."""
        ...

    def link(self, base: str, code: str) -> str | None:
        """A deep link into the chat that brings `code` back in a `Touch`; `base` is `Connected.link_base`."""
        ...


class BaseChannel:
    """Defaults for the parts of `Channel` that many kinds do not need."""

    kind = ""
    label: Any = ""
    capabilities = Capabilities()
    fields: Sequence[Field] = ()
    guide = Guide(icon="", text="", steps=())
    guides: Mapping[str, Guide] = {}
    refused_status = 401
    hook_methods: Sequence[str] = ("POST", "PUT")
    max_body = USUAL_BODY

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        return None

    def event_id(self, request: HookRequest) -> str | None:
        return None

    def thread_key(self, request: HookRequest) -> str | None:
        return None

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        return HookReply()

    def react(self, settings: Settings, fact: Fact) -> Call[None] | None:
        return None

    def disconnect(self, settings: Settings, hook_url: str) -> Call[None]:
        return done(None)

    def locate(self, settings: Settings, media: Media) -> Call[Request] | None:
        return done(Request("GET", media.url)) if media.url else None

    def extract(self, request: HookRequest, media: Media) -> bytes | None:
        return None

    def settle(self, settings: Settings, outgoing: Outgoing, since: datetime) -> Call[Sent | None] | None:
        return None

    def profile(self, settings: Settings, chat: str, person: Person) -> Call[Person | None] | None:
        return None

    def card(self, settings: Settings, chat: str) -> Call[Ad | None] | None:
        return None

    def typing(self, settings: Settings, chat: str) -> Call[None] | None:
        return None

    def poll(self, settings: Settings, cursor: str) -> Call[Polled] | None:
        return None

    def link(self, base: str, code: str) -> str | None:
        return None


# Helpers every wire shares -----------------------------------------------------------------------------------------


def text_length(text: str, unit: str) -> int:
    """Length of `text` as the provider counts it: "chars" (code points), "utf16" (units) or "bytes" (UTF-8)."""
    if unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    if unit == "bytes":
        return len(text.encode("utf-8", "replace"))
    return len(text)


def split(text: str, capabilities: Capabilities) -> list[str]:
    """`text` in parts that each fit one message of the channel, cut at paragraph, sentence or word ends.

    The caller makes one `Outgoing` (and one durable row) of each: were a wire to send several by itself, a failure in
    the middle would leave half a message that nobody can repeat safely.
    """
    return split_text(
        text, capabilities.max_text, length=lambda part: text_length(part, capabilities.text_unit)
    )


def secret_matches(settings: Settings, name: str, given: str | bytes | None) -> bool:
    """Compares `given` with the setting `name` and, while rotating, with `<name>_previous`; in constant time."""
    if given is None:
        return False
    raw = given if isinstance(given, bytes) else given.encode("utf-8", "surrogatepass")
    matched = False
    for key in (name, f"{name}_previous"):
        secret = settings.get(key) or ""
        # No early exit: the time must not tell which of the two was right.
        matched |= bool(secret) & hmac.compare_digest(raw, secret.encode("utf-8", "surrogatepass"))
    return matched
