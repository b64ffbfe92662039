"""What a provider of telephony offers; `channel.py` asks the one that the connection names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from django import conf
from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import hookform
from integrations.protocols.channel import (
    CallHappened,
    Connected,
    Fact,
    Guide,
    Health,
    HookReply,
    HookRequest,
    Media,
    Polled,
    Settings,
    Touch,
)
from integrations.telephony import values
from kit import http

TIMEOUT = 15.0  # seconds for an exchange
POLLED = "polled"  # the first part of the subpath of what `poll` fetched: never let in from outside
JSON = {"Content-Type": "application/json"}


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """A hook taken apart: `fields` of body and address as text, `path` below the hook's own address."""

    request: HookRequest
    path: str
    fields: Mapping[str, str]

    @property
    def polled(self) -> bool:
        """Did we fetch it ourselves?"""
        return self.path.startswith(POLLED)


def event_of(request: HookRequest) -> Event:
    """Takes a request apart; never raises."""
    return Event(request, request.subpath.strip("/"), hookform.fields(request))


class Provider:
    """One provider. An instance has no state."""

    name: ClassVar[str] = ""
    guide: ClassVar[Guide]
    needed: ClassVar[tuple[str, ...]] = ()  # settings without which nothing works

    def matches(self, event: Event) -> bool:
        """Is this the shape of its events? `event_id` and `thread_key` are asked before the settings are known."""
        raise NotImplementedError

    def handshake(self, settings: Settings, event: Event) -> HookReply | None:
        """See the channel."""
        return None

    def verify(self, settings: Settings, event: Event) -> bool:
        """Does this come from the provider? Without anything to check, the path's token stands alone."""
        return True

    def event_id(self, event: Event) -> str | None:
        """The id of an event that `matches`: one for each event, the same in a repeat."""
        raise NotImplementedError

    def call_id(self, event: Event) -> str:
        """The id of its call, which all events of the call share."""
        raise NotImplementedError

    def acknowledge(self, settings: Settings, event: Event) -> HookReply:
        """What it wants to hear."""
        return HookReply(headers=JSON, body=b"{}")

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        """What an event says; may raise ParseError."""
        raise NotImplementedError

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        """Checks the keys where there is an API to ask."""
        return http.done(Connected())

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        """See the channel."""
        return http.done(Health(ok=True))

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        """See the channel."""
        return http.done(None)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """The request for a recording; most are behind an address that needs no key."""
        return http.done(http.Request("GET", media.url, timeout=60.0)) if media.url else None

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        """See the channel."""
        return None

    def base(self, default: str) -> str:
        """Where its API answers, without a slash at the end."""
        return str(conf.settings.PROVIDER_URLS.get(self.name) or default).rstrip("/")


State = Literal["ringing", "answered", "ended", "missed", "recorded"]


def happened(
    settings: Settings,
    call: str,
    state: State,
    *,
    out: bool = False,
    other: str = "",
    line: str = "",
    **more: Any,
) -> CallHappened:
    """The fact of a call. `other` is the client's phone and `line` the account's number, both as they came."""
    dialled = values.phone(line, settings)
    shown = values.phone(more.pop("shown", ""), settings) or dialled
    touch = more.pop("touch", None) or (Touch(number=shown) if shown and not out else None)
    return CallHappened(
        external_id=call[:200],
        state=state,
        direction="out" if out else "in",
        phone=values.phone(other, settings),
        phone_typed=other[:100],
        dialled=dialled,
        touch=touch,
        **more,
    )


def recorded(call: str, recording: Media) -> CallHappened:
    """The fact that a call's recording is there."""
    return CallHappened(external_id=call[:200], state="recorded", recording=recording)


def required(call: str) -> str:
    """The id of a call; raises ParseError when there is none."""
    if not call:
        raise errors.ParseError("an event without the call it belongs to")
    return call


def missing(settings: Settings, names: tuple[str, ...]) -> None:
    """Raises Rejected when one of `names` is not filled in."""
    absent = [name for name in names if not settings.get(name)]
    if absent:
        raise errors.Rejected(
            str(_("Fill in: %(names)s.") % {"names": ", ".join(absent)}), code="missing", content=True
        )


def answer_of(response: http.Response, who: str) -> Mapping[str, Any]:
    """The JSON object of an answer to a question. Asking changes nothing, so a failing server means: later."""
    if response.status == 429:
        after = response.headers.get("retry-after", "")
        wait = float(after) if after.isdigit() and len(after) < 6 else 60.0
        raise errors.Retry(wait, f"{who} asks for a pause", whole_account=True)
    if response.status >= 500:
        raise errors.Retry(60.0, f"{who} answered {response.status}")
    if response.status in (401, 403):
        raise errors.Rejected(
            str(_("%(provider)s does not accept the keys") % {"provider": who}), code="revoked", revoked=True
        )
    try:
        answer = response.json() if response.body else {}
    except errors.Uncertain:
        answer = None
    if response.status >= 400 and not isinstance(answer, dict):
        raise errors.Rejected(f"{who} refused with status {response.status}", code="refused")
    if not isinstance(answer, dict):
        raise errors.Uncertain(f"the answer is not that of {who}")
    return answer
