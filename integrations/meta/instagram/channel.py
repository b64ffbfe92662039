"""Instagram as a channel: Direct, answers to stories, comments under posts and ads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.meta import client, signature, values
from integrations.meta.instagram import connection, evidence, parse, payload
from integrations.meta.instagram.connection import Renewed
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
    MessageReceived,
    Outgoing,
    Person,
    Sent,
    Settings,
)
from kit import http

_LINK = "https://ig.me/m/"
_SECRETS = ("app_secret", "facebook_app_secret")
_REACT_TIMEOUT = 5.0


class InstagramChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is the person's id within the account (IGSID). A message's external id is Instagram's `mid`, a comment's
    "comment:<id>"; an answer whose `reply_to` is a comment goes to its author in private, once.
    """

    kind = "instagram"
    label = _("Instagram")
    capabilities = Capabilities(
        comments=True,
        inline_buttons=True,
        max_text=payload.MAX_BYTES,
        text_unit="bytes",
        max_buttons=payload.MAX_BUTTONS,
        max_buttons_row=payload.MAX_BUTTONS,
        max_button_label=payload.MAX_LABEL,
        max_button_value=payload.MAX_VALUE,
        media=frozenset(("image", "video", "audio", "voice", "document")),
        max_media=payload.MAX_FILE,
        window_hours=24,
        human_window_hours=7 * 24,
        typing=True,
        receipts=frozenset(("read",)),
        echoes=True,
        per_second=100.0,
    )
    fields = (
        Field(
            name="account_id",
            label=_("Account ID"),
            required=True,
            help=_(
                "Digits beside the account's name in the app: Instagram → API setup. They begin with 1784."
            ),
        ),
        Field(
            name="access_token",
            label=_("Access token"),
            secret=True,
            required=True,
            help=_("“Generate token” beside the account. It lives 60 days and is renewed by itself."),
        ),
        Field(
            name="app_secret",
            label=_("App secret"),
            secret=True,
            required=True,
            help=_("The Instagram app secret on the same page. It proves that events come from Meta."),
        ),
        Field(
            name="verify_token",
            label=_("Verify token"),
            secret=True,
            generated=True,
            help=_("Meta repeats it when the address is confirmed. Made by itself when left empty."),
        ),
        Field(
            name="facebook_app_secret",
            label=_("Facebook app secret"),
            secret=True,
            help=_("App settings → Basic. Only needed when events signed with it arrive as well."),
        ),
        Field(
            name="app_id",
            label=_("App ID"),
            help=_(
                "With it, what other programs send from the account is told apart from what Marzha sends."
            ),
        ),
    )
    guide = Guide(
        icon="instagram",
        text=_("Direct, answers to stories and comments come into one inbox."),
        steps=(
            _("In the Instagram app make the account a professional one: Settings, Account type and tools."),
            _(
                "There too: Messages and story replies, Message controls, Connected tools, Allow access to messages."
            ),
            _(
                "Open developers.facebook.com, My Apps, Create app, and choose the use case of Instagram messages."
            ),
            _(
                "In Instagram → API setup with Instagram login add the account, copy its ID and generate a token."
            ),
            _("Copy the Instagram app secret from the same page. Paste all of it below and save."),
            _(
                "In step 3 of the same page, Configure webhooks, paste the address and the verify token that Marzha "
                "shows, and switch on messages, messaging_postbacks, messaging_seen, messaging_referral, "
                "message_reactions and comments."
            ),
            _("Publish the app: App settings, Go live."),
        ),
        review=_(
            "For an account that is your own no approval is needed. The Human Agent feature (answers by a person up "
            "to 7 days) and comments need an App Review, mostly 3 to 10 days."
        ),
    )
    refused_status = 403

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        return signature.handshake(settings, request)

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        return signature.verify(settings, request, _SECRETS)

    def event_id(self, request: HookRequest) -> str | None:
        return signature.event_id(request.body)

    def thread_key(self, request: HookRequest) -> str | None:
        return parse.thread_key(request.body)

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return parse.facts(
                request.body,
                (settings.get("account_id") or "").strip(),
                (settings.get("app_id") or "").strip(),
            )
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable event ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        payload.check(outgoing)
        body = payload.body(outgoing)
        if outgoing.media is not None:
            body = payload.body(outgoing, (yield from self._upload(settings, outgoing)))
        answer = yield from connection.graph_of(settings).call("POST", "me/messages", json=body)
        external_id = values.message_id(answer, "message_id")
        if not external_id:
            raise errors.Uncertain("the answer names no message")
        return Sent(external_id)

    def _upload(self, settings: Settings, outgoing: Outgoing) -> http.Call[str]:
        """The id of the uploaded file. Nothing has been said to anybody yet, so a broken upload may be repeated."""
        assert outgoing.media is not None
        form, files = payload.upload(outgoing.media)
        try:
            answer = yield from connection.graph_of(settings).call(
                "POST", "me/message_attachments", form=form, files=files, timeout=client.UPLOAD_TIMEOUT
            )
        except errors.Uncertain as failure:
            raise errors.Retry(30.0, f"the file was not taken: {failure.reason}") from failure
        attachment_id = values.ident(answer, "attachment_id")
        if not attachment_id:
            raise errors.Retry(30.0, "the file was not taken")
        return attachment_id

    def react(self, settings: Settings, fact: Fact) -> http.Call[None] | None:
        """Shows the person that their message was seen."""
        if isinstance(fact, MessageReceived) and fact.kind != "comment" and not fact.automatic:
            return self._action(settings, fact.chat, "mark_seen")
        return None

    def typing(self, settings: Settings, chat: str) -> http.Call[None] | None:
        return self._action(settings, chat, "typing_on")

    def _action(self, settings: Settings, chat: str, action: str) -> http.Call[None]:
        body: Mapping[str, Any] = {"recipient": {"id": chat}, "sender_action": action}
        try:
            yield from connection.graph_of(settings).call(
                "POST", "me/messages", json=body, timeout=_REACT_TIMEOUT
            )
        except errors.Rejected as refusal:
            # A courtesy that is refused (the window is over, the person is gone) loses us nothing.
            if refusal.revoked:
                raise

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return connection.connect(settings, hook_url)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return connection.health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        return connection.disconnect(settings, hook_url)

    def settle(
        self, settings: Settings, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None] | None:
        """Looks into the chat. A file cannot be recognised there, nor is a comment's answer sure to stand in it."""
        if outgoing.media is not None or payload.of_comment(outgoing):
            return None
        return evidence.of(connection.graph_of(settings), outgoing, since)

    def profile(self, settings: Settings, chat: str, person: Person) -> http.Call[Person | None] | None:
        return self._profile(settings, chat, person)

    def _profile(self, settings: Settings, chat: str, person: Person) -> http.Call[Person | None]:
        try:
            answer = yield from connection.graph_of(settings).call(
                "GET", quote(chat, safe=""), query={"fields": "name,username"}
            )
        except errors.Rejected as refusal:
            # Shown only of people who wrote to the account and agreed; the talk goes on without it.
            if refusal.revoked:
                raise
            return None
        name = " ".join(values.text(answer, "name", 255).split())
        username = values.text(answer, "username", 64) or person.username
        if not name and not username:
            return None
        return Person(external_id=person.external_id, name=name, username=username)

    def link(self, base: str, code: str) -> str | None:
        if not base.startswith(_LINK) or attribution.of_code(code) is None:
            return None
        return f"{base}?ref={quote(code)}"

    # Beside the protocol ------------------------------------------------------------------------------------------

    def renew(self, settings: Settings) -> http.Call[Renewed | None]:
        """A token for 60 more days, see `connection.renew`. Raises `integrations.errors`."""
        return connection.renew(settings)


CHANNEL = InstagramChannel()
