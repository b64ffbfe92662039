"""What a provider of text messages offers; `channel.py` asks the one that the connection names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import conf

from integrations import errors
from integrations.protocols.channel import (
    ChatBlocked,
    ChatUnblocked,
    Connected,
    Fact,
    Guide,
    Health,
    HookReply,
    HookRequest,
    MarketingStopped,
    MessageReceived,
    Outgoing,
    Person,
    Polled,
    Sent,
    Settings,
    Touch,
)
from integrations.sms import values
from kit import http

TIMEOUT = 20.0  # seconds for an exchange
POLLED = "polled"  # the subpath of what `poll` fetched: never let in from outside

Fields = Mapping[str, str]


class Provider:
    """One provider. An instance has no state."""

    name: ClassVar[str] = ""
    guide: ClassVar[Guide]

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """Does this come from the provider? Without anything to check, the path's token stands alone."""
        return True

    def matches(self, fields: Fields) -> bool:
        """Is this the shape of its hooks? `event_id` and `thread_key` are asked before the settings are known."""
        raise NotImplementedError

    def event_id(self, fields: Fields) -> str | None:
        """The id of an event that `matches`."""
        raise NotImplementedError

    def phone(self, fields: Fields) -> str:
        """The other side's phone as it stands there."""
        raise NotImplementedError

    def acknowledge(self) -> HookReply:
        """What it wants to hear."""
        return HookReply()

    def facts(self, settings: Settings, request: HookRequest, fields: Fields) -> list[Fact]:
        """What an event says; may raise ParseError."""
        raise NotImplementedError

    def send(self, settings: Settings, phone: str, text: str, outgoing: Outgoing) -> http.Call[Sent]:
        """Sends `text`, already checked and in its final form."""
        raise NotImplementedError

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        """See the channel."""
        raise NotImplementedError

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        """See the channel."""
        raise NotImplementedError

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        """See the channel."""
        return http.done(None)

    def settle(
        self, settings: Settings, phone: str, text: str, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None]:
        """See the channel."""
        raise NotImplementedError

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        """See the channel."""
        raise NotImplementedError


def bases(system: str, default: str, *spares: str) -> tuple[str, ...]:
    """Where a provider answers; its spare addresses too, unless the environment names another one."""
    base = str(conf.settings.PROVIDER_URLS.get(system) or default).rstrip("/")
    return (base, *spares) if base == default else (base,)


def exchange(places: tuple[str, ...], path: str, **request: Any) -> http.Call[http.Response]:
    """POSTs to the first place that can be reached; what may have been executed is never sent to the next."""
    for place in places[:-1]:
        try:
            response = yield http.Request("POST", f"{place}{path}", timeout=TIMEOUT, **request)
        except errors.Unreachable:
            continue
        return response
    return (yield http.Request("POST", f"{places[-1]}{path}", timeout=TIMEOUT, **request))


def patience(since: datetime, enough: float) -> float:
    """Seconds to wait until a message of `since` would surely show at the provider; 0 when it would now."""
    return max(0.0, enough - (datetime.now(UTC) - since).total_seconds())


def said(*, ident: str, phone: str, text: str, to: str, at: datetime | None, blocks: str = "") -> list[Fact]:
    """A message that came in. `blocks` is "stop" or "start" where the provider itself acts on it; otherwise a whole
    message that is such a word is a wish about advertising."""
    who = values.e164(phone)
    chat = who or phone[:64]
    person = Person(external_id=chat, phone=who, phone_verified=bool(who))
    wish = blocks or values.wish(text)
    dialled = values.e164(to) or ""
    facts: list[Fact] = [
        MessageReceived(
            external_id=ident,
            chat=chat,
            person=person,
            text=text,
            sent_at=at,
            touch=Touch(number=dialled) if dialled else None,
            # An answer to a "stop" would be one message too many; a name of letters takes no answer at all.
            automatic=f"a {wish} word" if wish else "" if who else "the sender is not a phone",
        )
    ]
    if blocks == "stop":
        facts.append(ChatBlocked(chat=chat, person=person, at=at))
    elif blocks == "start":
        facts.append(ChatUnblocked(chat=chat, person=person, at=at))
    elif wish:
        facts.append(MarketingStopped(chat=chat, person=person, stopped=wish == "stop", at=at))
    return facts


def with_key(hook_url: str, key: str) -> str:
    """Our address with the message's key in it, so that a report names it."""
    return f"{hook_url}?{urlencode({'key': key})}" if key else hook_url
