"""Avito as a channel: chats of a seller's own account, by the keys of its personal application."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.avito import chats, client, hooks, parse, values
from integrations.protocols.channel import (
    Ad,
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
    OutgoingMedia,
    Person,
    Polled,
    Sent,
    Settings,
    text_length,
)
from kit import http

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp", "image/heic", "image/heif"})


class AvitoChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is Avito's chat id: one for each (person, listing), so a person may have several. A message's external id is
    Avito's own. The account is a person's own: friends write there too (`Capabilities.personal`).
    """

    kind = "avito"
    label = _("Avito")
    capabilities = Capabilities(
        max_text=1000,
        media=frozenset({"image"}),
        max_media=24_000_000,
        can_write_first=False,
        personal=True,
        echoes=True,
        per_second=5.0,
        per_chat_per_second=1.0,
    )
    fields = (
        Field(
            name="user_id",
            label=_("Profile number"),
            required=True,
            help=_("Digits only; it stands in the settings of your Avito profile."),
        ),
        Field(
            name="client_id",
            label=_("Client_id"),
            required=True,
            help=_("From the page “For developers” of Avito."),
        ),
        Field(
            name="client_secret",
            label=_("Client_secret"),
            secret=True,
            required=True,
            help=_("Stands beside Client_id. Only you and we may know it."),
        ),
        Field(
            name="secret",
            label=_("Webhook secret"),
            secret=True,
            help=_("Not needed: Avito signs with no secret of ours, the address itself is secret."),
        ),
    )
    guide = Guide(
        icon="avito",
        text=_("Questions about your listings come into the inbox, answers go back to the Avito chat."),
        steps=(
            _("Check your plan: messages by API come with “Maximum”, for services also with “Extended”."),
            _(
                "Open avito.ru/professionals/api as the owner of the profile and create the keys of an application."
            ),
            _("Copy Client_id and Client_secret and paste them below."),
            _("Open your profile's settings, copy the profile number and paste it below."),
            _("Press “Connect”: we check the keys and ask Avito to report new messages to us."),
        ),
        review=_("Nothing to approve; the paid plan must be active."),
    )

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """Avito tries the address with `{}` before it subscribes it and wants 200 within two seconds."""
        if request.method in ("GET", "HEAD") or request.body.strip() in (b"", b"{}"):
            return HookReply()
        return None

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """The secret path is the proof: the signature that Avito sends follows no published rule."""
        return True

    def event_id(self, request: HookRequest) -> str | None:
        return parse.event_id(request.body)

    def thread_key(self, request: HookRequest) -> str | None:
        return parse.thread_key(request.body)

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            account = values.ident((settings.get("user_id") or "").strip())
            return parse.facts(parse.event(request.body), account)
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable event ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        check(outgoing)
        path = client.chat_path(settings, outgoing.chat) + "/messages"
        if outgoing.media is None:
            body: dict[str, object] = {"type": "text", "message": {"text": outgoing.text}}
        else:
            image = yield from _upload(settings, outgoing.media)
            path, body = path + "/image", {"image_id": image}
        answer = yield from client.call(settings, "POST", path, json=body)
        ident = values.name(answer.get("id")) if isinstance(answer, dict) else ""
        if not ident:
            raise errors.Uncertain("the answer names no message")
        return Sent(ident)

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return hooks.connect(settings, hook_url)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return hooks.health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        return hooks.unsubscribe(settings, hook_url)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """Pictures have a public address; a recording's is asked for, since it dies after an hour."""
        if media.kind == "voice" and values.name(media.ref):
            return _voice(settings, media.ref)
        return super().locate(settings, media)

    def settle(self, settings: Settings, outgoing: Outgoing, since: datetime) -> http.Call[Sent | None]:
        return chats.arrived(settings, outgoing, since)

    def profile(self, settings: Settings, chat: str, person: Person) -> http.Call[Person | None]:
        return chats.person(settings, chat, person)

    def card(self, settings: Settings, chat: str) -> http.Call[Ad | None]:
        return chats.listing(settings, chat)

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        """What unread chats hold: how often Avito repeats a report that failed is not published."""
        return chats.poll(settings, cursor)


def check(outgoing: Outgoing) -> None:
    """Raises Rejected (content) for what Avito would refuse anyway, before anything is sent."""
    if outgoing.template is not None:
        raise errors.Rejected("Avito has no templates", code="no_templates", content=True)
    if any(outgoing.buttons):
        raise errors.Rejected("Avito has no buttons", code="bad_buttons", content=True)
    if outgoing.media is not None:
        if outgoing.text.strip():
            raise errors.Rejected("a picture carries no text", code="no_caption", content=True)
        if outgoing.media.mime.lower() not in IMAGES:
            raise errors.Rejected("only pictures can be sent", code="bad_file", content=True)
        if not 0 < len(outgoing.media.content) <= AvitoChannel.capabilities.max_media:
            raise errors.Rejected("the picture is empty or too big", code="too_big", content=True)
    elif not outgoing.text.strip():
        raise errors.Rejected("the message is empty", code="empty_text", content=True)
    elif text_length(outgoing.text, "chars") > AvitoChannel.capabilities.max_text:
        raise errors.Rejected("the message is too long", code="too_long", content=True)


def _upload(settings: Settings, media: OutgoingMedia) -> http.Call[str]:
    """The id of an uploaded picture. Nobody has seen it yet, so whatever breaks here may be repeated."""
    path = f"/messenger/v1/accounts/{client.account(settings)}/uploadImages"
    files = {"uploadfile[]": (media.name or "picture", media.content, media.mime)}
    try:
        answer = yield from client.call(settings, "POST", path, files=files)
    except errors.Uncertain as lost:
        raise errors.Unreachable("the picture could not be uploaded") from lost
    ident = next((key for key in answer if values.name(key)), "") if isinstance(answer, dict) else ""
    if not ident:
        raise errors.Unreachable("the picture was not taken")
    return ident


def _voice(settings: Settings, ident: str) -> http.Call[http.Request]:
    path = f"/messenger/v1/accounts/{client.account(settings)}/getVoiceFiles"
    answer = yield from client.call(settings, "GET", path, query={"voice_ids": ident})
    url = values.web(values.child(answer, "voices_urls"), ident)
    if not url:
        raise errors.Rejected("the recording is gone", code="no_file")
    return http.Request("GET", url)


CHANNEL = AvitoChannel()
