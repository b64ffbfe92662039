"""WhatsApp as a channel: a number on the Cloud API, through the tenant's own app or the platform's."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.meta import client, codes, signature, values
from integrations.meta.whatsapp import connection, parse, payload, templates
from integrations.meta.whatsapp.templates import Listed
from integrations.protocols import attribution
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
    MessageReceived,
    Outgoing,
    Sent,
    Settings,
)
from kit import http

_LINK = "https://wa.me/"
_REACT_TIMEOUT = 5.0


class WhatsAppChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is the person's phone in digits (`wa_id`), without one the business-scoped id "RU.1349…". A message's
    external id is WhatsApp's own ("wamid.…").
    """

    kind = "whatsapp"
    label = _("WhatsApp")
    capabilities = Capabilities(
        inline_buttons=True,
        contact_request=True,
        replies=True,
        max_text=payload.MAX_TEXT,
        max_buttons=payload.MAX_BUTTONS,
        max_buttons_row=1,
        max_button_label=payload.MAX_LABEL,
        max_button_value=payload.MAX_VALUE,
        media=frozenset(("image", "voice", "audio", "video", "document", "sticker")),
        max_media=payload.MAX_DOCUMENT,
        max_caption=payload.MAX_CAPTION,
        window_hours=24,
        templates=True,
        can_write_first=True,
        receipts=frozenset(("delivered", "read", "failed")),
        echoes=True,
        per_second=80.0,
        # Ten a minute in the long run, but bursts are lent; what goes beyond comes back as "later".
        per_chat_per_second=1.0,
    )
    fields = (
        Field(
            name="phone_number_id",
            label=_("Phone number ID"),
            required=True,
            help=_("Digits under the number in WhatsApp → API Setup. It is not the phone number itself."),
        ),
        Field(
            name="access_token",
            label=_("Access token"),
            secret=True,
            required=True,
            help=_("A permanent token of a system user; it begins with EAA."),
        ),
        Field(
            name="app_secret",
            label=_("App secret"),
            secret=True,
            required=True,
            help=_("App settings → Basic → App secret. It proves that events come from Meta."),
        ),
        Field(
            name="verify_token",
            label=_("Verify token"),
            secret=True,
            generated=True,
            help=_("Meta repeats it when the address is confirmed. Made by itself when left empty."),
        ),
        Field(
            name="business_account_id",
            label=_("WhatsApp Business account ID"),
            help=_("Beside the phone number ID. Only needed when Meta does not tell it by itself."),
        ),
        Field(
            name="app_id",
            label=_("App ID"),
            help=_("At the top of the app's page. With it, a token of another app is noticed."),
        ),
    )
    guide = Guide(
        icon="whatsapp",
        text=_("Clients write to your business number; answers, templates and reminders go there."),
        steps=(
            _("Open developers.facebook.com, My Apps, Create app, and choose the WhatsApp use case."),
            _("In WhatsApp → API Setup add your business number and confirm it by the code."),
            _("Copy the Phone number ID and the WhatsApp Business account ID from the same page."),
            _(
                "In business.facebook.com, Settings, System users: add a system user, assign it the app and the "
                "WhatsApp account with full control, and generate a token that never expires with the permissions "
                "whatsapp_business_messaging and whatsapp_business_management."
            ),
            _("In the app open App settings → Basic and copy the App secret."),
            _("Paste all of it below. Marzha registers its address at Meta by itself."),
            _("In WhatsApp Manager add a payment method: templates are charged by Meta."),
        ),
        review=_(
            "Meta checks the business and the number's display name, mostly within 1 to 3 days; each template is "
            "checked too, from some minutes to a day."
        ),
    )
    refused_status = 403

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        return signature.handshake(settings, request)

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        return signature.verify(settings, request)

    def event_id(self, request: HookRequest) -> str | None:
        return signature.event_id(request.body)

    def thread_key(self, request: HookRequest) -> str | None:
        return parse.thread_key(request.body)

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return parse.facts(
                request.body,
                (settings.get("phone_number_id") or "").strip(),
                (settings.get("business_account_id") or "").strip(),
            )
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable event ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        payload.check(outgoing)
        graph, number = connection.graph_of(settings), connection.phone_id(settings)
        body = payload.envelope(outgoing)
        if outgoing.media is None:
            body |= payload.content(outgoing)
        else:
            payload.content(outgoing, "0")  # what is wrong with it is said before the file is sent
            body |= payload.content(outgoing, (yield from self._upload(settings, outgoing)))
        answer = yield from graph.call("POST", f"{number}/messages", json=body)
        message = next(iter(values.items(answer, "messages")), {})
        external_id = values.message_id(message, "id")
        if not external_id:
            raise errors.Uncertain("the answer names no message")
        return Sent(external_id, raw_state=values.text(message, "message_status", 32))

    def _upload(self, settings: Settings, outgoing: Outgoing) -> http.Call[str]:
        """The id of the uploaded file. Nothing has been said to anybody yet, so a broken upload may be repeated."""
        media = outgoing.media
        assert media is not None
        mime = media.mime.partition(";")[0].strip() or "application/octet-stream"
        try:
            answer = yield from connection.graph_of(settings).call(
                "POST",
                f"{connection.phone_id(settings)}/media",
                form={"messaging_product": "whatsapp", "type": mime},
                files={"file": (media.name or "file", media.content, mime)},
                timeout=client.UPLOAD_TIMEOUT,
            )
        except errors.Uncertain as failure:
            raise errors.Retry(30.0, f"the file was not taken: {failure.reason}") from failure
        media_id = values.ident(answer, "id")
        if not media_id:
            raise errors.Retry(30.0, "the file was not taken")
        return media_id

    def react(self, settings: Settings, fact: Fact) -> http.Call[None] | None:
        """Two blue ticks and "is writing…", which ends by our answer or after 25 seconds."""
        if isinstance(fact, MessageReceived) and not fact.automatic and values.quotable(fact.external_id):
            return self._seen(settings, fact.external_id)
        return None

    def _seen(self, settings: Settings, external_id: str) -> http.Call[None]:
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": external_id,
            "typing_indicator": {"type": "text"},
        }
        path = f"{connection.phone_id(settings)}/messages"
        try:
            yield from connection.graph_of(settings).call("POST", path, json=body, timeout=_REACT_TIMEOUT)
        except errors.Rejected as refusal:
            # A message that WhatsApp cannot mark any more (too old, taken back) loses us nothing.
            if refusal.revoked:
                raise

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return connection.connect(settings, hook_url)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return connection.health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        return connection.disconnect(settings, hook_url)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """A file's address lives five minutes and asks for the token; WhatsApp keeps the file for seven days."""
        if not media.ref and not media.url:
            return None
        return self._locate(settings, media)

    def _locate(self, settings: Settings, media: Media) -> http.Call[http.Request]:
        token, url = settings.get("access_token") or "", media.url
        if media.ref:
            number = connection.phone_id(settings)
            answer = yield from connection.graph_of(settings).call(
                "GET", quote(media.ref, safe=""), query={"phone_number_id": number}
            )
            url = values.text(answer, "url", 2000)
        if not url:
            raise errors.Rejected("the file is not there any more", code="no_file")
        return client.file_request(url, token)

    def link(self, base: str, code: str) -> str | None:
        """wa.me carries a text and nothing else, so the code stands in brackets at its end."""
        if not base.startswith(_LINK) or attribution.of_code(code) is None:
            return None
        text = gettext("Hello! (code %(code)s)") % {"code": code}
        if not codes.within(text, code):
            text = f"Hello! (code {code})"
        return f"{base}?text={quote(text)}"

    # Beside the protocol: templates ---------------------------------------------------------------------------

    def templates(self, settings: Settings) -> http.Call[list[Listed]]:
        """The account's message templates with their state of approval. Raises `integrations.errors`."""
        account = yield from connection.business_account(settings)
        return (yield from templates.listed(connection.graph_of(settings), account))

    def create_template(
        self,
        settings: Settings,
        *,
        name: str,
        text: str,
        language: str = "ru",
        category: str = "UTILITY",
        examples: Sequence[str] = (),
        replies: Sequence[str] = (),
    ) -> http.Call[Listed]:
        """Hands a template in for approval, see `templates.create`. Raises `integrations.errors`."""
        account = yield from connection.business_account(settings)
        return (
            yield from templates.create(
                connection.graph_of(settings),
                account,
                name=name,
                text=text,
                language=language,
                category=category,
                examples=examples,
                replies=replies,
            )
        )


CHANNEL = WhatsAppChannel()
