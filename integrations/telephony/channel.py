"""Telephony as a channel: inbound only, one kind, the provider chosen by a setting.

Every event of a call is a `CallHappened` with the call's own id, in any order. Nothing can be written to a call: the
message after a missed one goes out through another channel.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import (
    BaseChannel,
    Capabilities,
    Connected,
    Fact,
    Health,
    HookReply,
    HookRequest,
    Media,
    Outgoing,
    Polled,
    Sent,
    Settings,
)
from integrations.telephony import fields, guides, provider
from integrations.telephony.mango import Mango
from integrations.telephony.megafon import Megafon
from integrations.telephony.provider import Provider, event_of
from integrations.telephony.sipuni import Sipuni
from integrations.telephony.twilio import Twilio
from integrations.telephony.uis import Uis
from integrations.telephony.zadarma import Novofon, Zadarma
from kit import http

# In the order in which the shapes of events are tried, the most telling first.
PROVIDERS: Mapping[str, Provider] = {
    each.name: each for each in (Mango(), Twilio(), Zadarma(), Novofon(), Megafon(), Sipuni(), Uis())
}


class TelephonyChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`."""

    kind = "telephony"
    label = _("Telephony")
    capabilities = Capabilities(inbound_only=True, max_text=0)
    fields = fields.FIELDS
    guide = guides.KIND
    guides = {name: each.guide for name, each in PROVIDERS.items()}
    refused_status = 401
    hook_methods = ("POST", "PUT", "GET")

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """Probes of the address, and questions that carry no event."""
        wire = _of(settings)
        reply = wire.handshake(settings, event_of(request)) if wire else None
        if reply is None and not request.body.strip() and not request.query:
            # Somebody opened the address to see whether it is there.
            return HookReply(headers={"Content-Type": "text/plain; charset=utf-8"}, body=b"ok")
        return reply

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        wire, event = _of(settings), event_of(request)
        return wire is not None and not event.polled and wire.verify(settings, event)

    def event_id(self, request: HookRequest) -> str | None:
        event = event_of(request)
        wire = _shaped(event)
        given = wire.event_id(event) if wire else None
        return given[:200] if given else None

    def thread_key(self, request: HookRequest) -> str | None:
        """The call: its events are read one after the other."""
        event = event_of(request)
        wire = _shaped(event)
        return (wire.call_id(event)[:200] if wire else "") or None

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        wire = _of(settings)
        return wire.acknowledge(settings, event_of(request)) if wire else HookReply()

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            wire, event = _of(settings), event_of(request)
            if wire is None:
                raise errors.ParseError("the connection names no provider")
            if not wire.matches(event):
                raise errors.ParseError("no event of this provider")
            return wire.facts(settings, event)
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable event ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        return http.failed(errors.Rejected("nothing can be written to a call", code="inbound_only"))

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        wire = _of(settings)
        if wire is None:
            return http.failed(errors.Rejected(str(_("Choose a provider.")), code="missing", content=True))
        return wire.connect(settings, hook_url)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        wire = _of(settings)
        if wire is None:
            return http.done(Health(ok=False, reason=_("Choose a provider.")))
        return wire.health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        wire = _of(settings)
        return wire.disconnect(settings, hook_url) if wire else http.done(None)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        wire = _of(settings)
        return wire.locate(settings, media) if wire else None

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        wire = _of(settings)
        return wire.poll(settings, cursor) if wire else None


def _of(settings: Settings) -> Provider | None:
    return PROVIDERS.get(settings.get("provider") or "")


def _shaped(event: provider.Event) -> Provider | None:
    return next((each for each in PROVIDERS.values() if each.matches(event)), None)


CHANNEL = TelephonyChannel()
