"""The group protocol: a group of colleagues in a messenger, where clients' threads are shown and answered.

Where a provider has topics (`topics`), each client is one; where it has none, all stand in one chat and a message
says whom it is about. What colleagues do there comes in as facts of the channel (`GroupJoined`, `GroupLeft`,
`StaffSaid`, `StaffPressed`); here is the way out. As in `integrations.protocols.channel`, `settings` are the
connection's, calls are run by `kit.http` and raise the errors of `integrations.errors`.

A `Retry` of a group is never about the whole account: a crowded group must not hold up answers to clients.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from integrations.errors import Rejected, Retry
from integrations.protocols.channel import Button, OutgoingMedia, Sent, Settings, StaffPressed
from kit.http import Call

# Codes of `Rejected` that a room acts on.
GONE = "group_gone"  # the group is no more, or the account is not in it
LACKS = "group_lacks"  # the account may not do this there: `reason` says what it lacks
TOPIC_LOST = "topic_lost"  # the topic was deleted: make it anew
MESSAGE_LOST = "message_lost"  # the message to change is no more, or too old

Rows = tuple[tuple[Button, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupCapabilities:
    """What a group can do. `calls_a_minute` is what it takes, `burst` how many of them at once."""

    topics: bool = False
    max_text: int = 4096
    text_unit: Literal["chars", "utf16", "bytes"] = "chars"
    max_label: int = 40
    max_buttons: int = 10
    max_topic: int = 128
    media: frozenset[str] = frozenset()
    max_media: int = 20_000_000
    max_caption: int = 0
    calls_a_minute: float = 60.0
    burst: float = 5.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One message of ours in a group. `key` is our id of it; `pin` puts it on top of its topic, where that works."""

    chat: str
    text: str
    topic: str = ""
    buttons: Rows = ()
    media: OutgoingMedia | None = None
    reply_to: str | None = None
    key: str = ""
    pin: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A group asked just now. `lacks` is a (lazy) text for the owner: what is to be done there, "" when nothing is."""

    title: str = ""
    lacks: Any = ""


@runtime_checkable
class Group(Protocol):
    """A kind of colleagues' group. An instance has no state: everything comes by arguments."""

    kind: str
    capabilities: GroupCapabilities
    steps: Sequence[Any]  # lazy texts: what to do in the messenger, the code last

    def link(self, base: str, code: str) -> str | None:
        """A link that brings the account into a group and says `code` there; None where there is no such thing."""
        ...

    def look(self, settings: Settings, chat: str) -> Call[Looked]:
        """Is the account there, and may it do what is needed?"""
        ...

    def open_topic(self, settings: Settings, chat: str, name: str) -> Call[str]:
        """Makes a topic; its id. Not to be called where there are none."""
        ...

    def rename_topic(self, settings: Settings, chat: str, topic: str, name: str) -> Call[None]:
        """Gives it another name; harmless when repeated."""
        ...

    def close_topic(self, settings: Settings, chat: str, topic: str, *, closed: bool) -> Call[None]:
        """Closes it or opens it again; harmless when repeated."""
        ...

    def post(self, settings: Settings, posting: Posting) -> Call[Sent]:
        """Sends one message."""
        ...

    def edit(self, settings: Settings, chat: str, message: str, text: str, buttons: Rows) -> Call[None]:
        """Changes words and buttons of one of ours; harmless when repeated."""
        ...

    def acknowledge(self, settings: Settings, pressed: StaffPressed, text: str) -> Call[None]:
        """Answers a press with a word that the presser alone sees. Too late is no failure."""
        ...


class BaseGroup:
    """For providers without topics."""

    kind = ""
    capabilities = GroupCapabilities()
    steps: Sequence[Any] = ()

    def link(self, base: str, code: str) -> str | None:
        return None

    def open_topic(self, settings: Settings, chat: str, name: str) -> Call[str]:
        raise NotImplementedError("there are no topics here")

    def rename_topic(self, settings: Settings, chat: str, topic: str, name: str) -> Call[None]:
        raise NotImplementedError("there are no topics here")

    def close_topic(self, settings: Settings, chat: str, topic: str, *, closed: bool) -> Call[None]:
        raise NotImplementedError("there are no topics here")


def own_pace(failure: Retry) -> Retry:
    """The same refusal for this group alone."""
    return Retry(failure.after, failure.reason)


def refused(refusal: Rejected, code: str, reason: str = "") -> Rejected:
    """The same refusal under a code of groups, with a reason in our words where there is one.

    Only a dead token concerns the account; nobody has blocked anybody here.
    """
    return Rejected(reason or refusal.reason, code=code, revoked=refusal.revoked, moved_to=refusal.moved_to)
