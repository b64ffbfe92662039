"""Text messages as a channel: one kind, the provider chosen by a setting. A chat is a phone in E.164."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import hookform
from integrations.protocols.channel import (
    BaseChannel,
    Capabilities,
    Connected,
    Fact,
    Field,
    Guide,
    Health,
    HookReply,
    HookRequest,
    Media,
    Outgoing,
    Polled,
    Sent,
    Settings,
)
from integrations.sms import provider, segments, values
from integrations.sms.provider import Provider
from integrations.sms.smsaero import SmsAero
from integrations.sms.smsc import Smsc
from integrations.sms.twilio import Twilio
from integrations.twilio import client as twilio_client
from kit import http

# In the order in which the shapes of hooks are tried, the most telling first.
PROVIDERS: Mapping[str, Provider] = {each.name: each for each in (Twilio(), Smsc(), SmsAero())}


class SmsChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`."""

    kind = "sms"
    label = _("SMS")
    capabilities = Capabilities(
        max_text=640,  # the least of the three providers'
        can_write_first=True,
        receipts=frozenset({"delivered", "failed"}),
        per_second=10.0,
    )
    fields = (
        Field(
            name="provider",
            label=_("Provider"),
            required=True,
            choices=(("smsc", "SMSC.ru"), ("smsaero", "SMS Aero"), ("twilio", "Twilio")),
        ),
        Field(
            name="login",
            label=_("Login"),
            help=_("SMSC: login, empty with an API key. SMS Aero: e-mail. Twilio: Account SID."),
        ),
        Field(
            name="password",
            label=_("Password or API key"),
            secret=True,
            required=True,
            help=_("SMSC: password or API key. SMS Aero: API key. Twilio: Auth Token."),
        ),
        Field(
            name="sender",
            label=_("Sender"),
            help=_(
                "The name registered at the provider, up to 11 Latin letters, or the number to send from."
            ),
        ),
        Field(
            name="callback_secret",
            label=_("Secret of the event handler"),
            secret=True,
            providers=("smsc",),
            help=_("The one typed into the settings of SMSC; reports are signed with it."),
        ),
        Field(
            name="shared_key",
            label=_("Shared key for webhooks"),
            secret=True,
            providers=("twilio",),
            help=_("Only where Twilio signs webhooks with a shared key instead of the token."),
        ),
    )
    guide = Guide(
        icon="sms",
        text=_("Reminders and confirmations reach any phone, also without a messenger."),
        steps=(
            _("Choose a provider: SMSC.ru or SMS Aero in Russia, Twilio elsewhere."),
            _("Sign up there, top up the balance and order a sender name."),
            _("Copy the login and the API key from its settings into the fields below."),
        ),
        review=_("Operators approve a sender name in 1 to 7 working days."),
    )
    guides = {name: each.guide for name, each in PROVIDERS.items()}
    refused_status = 401
    hook_methods = ("POST", "PUT", "GET")

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """An address tried out without any event in it."""
        if not request.body.strip() and not request.query:
            return HookReply(headers={"Content-Type": "text/plain; charset=utf-8"}, body=b"OK")
        return None

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        if request.subpath.strip("/") == provider.POLLED:
            return False
        return _of(settings).verify(settings, request)

    def event_id(self, request: HookRequest) -> str | None:
        fields = hookform.fields(request)
        given = next((each.event_id(fields) for each in PROVIDERS.values() if each.matches(fields)), None)
        return given[:200] if given else None

    def thread_key(self, request: HookRequest) -> str | None:
        """The phone; reports that name none keep no order, nor need they."""
        fields = hookform.fields(request)
        for each in PROVIDERS.values():
            if each.matches(fields):
                phone = each.phone(fields)
                return values.e164(phone) or phone[:64] or None
        return None

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        return _of(settings).acknowledge()

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            fields = hookform.fields(request)
            wire = _of(settings)
            if not wire.matches(fields):
                raise errors.ParseError("neither a report nor a message of this provider")
            return wire.facts(settings, request, fields)
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable event ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        phone, text = checked(outgoing)
        return (yield from _of(settings).send(settings, phone, text, outgoing))

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        if settings.get("provider") not in PROVIDERS:
            raise errors.Rejected(str(_("Choose a provider.")), code="missing", content=True)
        return (yield from _of(settings).connect(settings, hook_url))

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return _of(settings).health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        return _of(settings).disconnect(settings, hook_url)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """Pictures come with messages of Twilio only, behind the account's keys."""
        if not media.url or settings.get("provider") != Twilio.name:
            return None
        return _behind_keys(settings, media.url)

    def settle(
        self, settings: Settings, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None] | None:
        try:
            phone, text = checked(outgoing)
        except errors.Rejected:
            return None
        return _of(settings).settle(settings, phone, text, outgoing, since)

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        return _of(settings).poll(settings, cursor)


def checked(outgoing: Outgoing) -> tuple[str, str]:
    """(phone, text as it goes out). Raises Rejected for what no provider would take."""
    phone = values.e164(outgoing.chat) if outgoing.chat.startswith("+") else None
    if phone is None:
        raise errors.Rejected(str(_("this is not a phone number")), code="bad_number", blocked=True)
    text = segments.normalised(outgoing.text).strip()
    if not text:
        raise errors.Rejected("the message is empty", code="empty_text", content=True)
    if len(text) > SmsChannel.capabilities.max_text:
        raise errors.Rejected("the message is too long", code="too_long", content=True)
    if any(outgoing.buttons) or outgoing.media:
        raise errors.Rejected("a text message has neither buttons nor files", code="text_only", content=True)
    return phone, text


def _behind_keys(settings: Settings, url: str) -> http.Call[http.Request]:
    """The request for a picture. Its address leads on to a signed one elsewhere, which must not see the keys."""
    keys = twilio_client.authorization(settings.get("login") or "", settings.get("password") or "")
    base = twilio_client.base_url()
    if not url.startswith((f"{base}/", f"{twilio_client.DEFAULT_URL}/")):
        return http.Request("GET", url)
    response = yield http.Request("GET", url, headers=keys)
    if response.status in (301, 302, 307) and response.headers.get("location", "").startswith("https://"):
        return http.Request("GET", response.headers["location"])
    if response.status in (401, 403, 404, 410):
        raise errors.Rejected("the file is not there any more", code="gone")
    return http.Request("GET", url, headers=keys)


def _of(settings: Settings) -> Provider:
    """The provider of a connection; SMSC where none is named."""
    return PROVIDERS.get(settings.get("provider") or "smsc", PROVIDERS["smsc"])


CHANNEL = SmsChannel()
