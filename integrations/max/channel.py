"""MAX as a channel: a bot of the tenant's own company."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.max import account, client, parse, sending, upload
from integrations.protocols import values
from integrations.protocols.channel import (
    BaseChannel,
    ButtonPressed,
    Capabilities,
    Connected,
    Fact,
    Field,
    Guide,
    Health,
    HookRequest,
    Media,
    Outgoing,
    Sent,
    Settings,
    secret_matches,
)
from kit import http

_SECRET_HEADER = "x-max-bot-api-secret"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
# A pressed button spins until it is answered: late is the same as never.
_REACT_TIMEOUT = 3.0
# Seconds between tries to send a file that MAX is still processing.
NOT_READY_PAUSES = (1.0, 2.0, 4.0)
# Clocks differ: a message counts as sent after a moment if MAX dates it up to so much earlier.
_CLOCKS = timedelta(seconds=5)
# The best film first that a browser plays and a phone loads.
_FILMS = ("mp4_720", "mp4_480", "mp4_1080", "mp4_360", "mp4_240", "mp4_144")


class MaxChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is the person's number (`user_id`), see `integrations.max.message`; a message's external id is its `mid`.
    """

    kind = "max"
    label = _("MAX")
    capabilities = Capabilities(
        inline_buttons=True,
        contact_request=True,
        url_buttons=True,
        replies=True,
        max_text=sending.MAX_TEXT,
        max_buttons=sending.MAX_BUTTONS,
        max_buttons_row=sending.ROW,
        max_button_label=sending.MAX_LABEL,
        max_button_value=sending.MAX_PAYLOAD,
        media=frozenset(upload.KINDS),
        max_caption=sending.MAX_TEXT,
        typing=True,
        per_second=30.0,
        per_chat_per_second=2.0,
    )
    fields = (
        Field(
            name="bot_token",
            label=_("Bot token"),
            secret=True,
            required=True,
            help=_("business.max.ru shows it in the bot's settings, under “Integration”."),
        ),
        Field(
            name="secret",
            label=_("Webhook secret"),
            secret=True,
            generated=True,
            help=_("MAX repeats it with every event. Made by itself when left empty."),
        ),
    )
    guide = Guide(
        icon="max",
        text=_("Clients write to your company's bot in MAX; answers and reminders go there."),
        steps=(
            _("Open business.max.ru and sign in as your company or as a sole proprietor."),
            _("Create a chat bot: its name, its address, its picture. Send it for review."),
            _("When it is approved, open the bot's settings and copy its token under “Integration”."),
            _("Paste the token below."),
        ),
        review=_(
            "MAX lets verified Russian companies and sole proprietors alone have bots; checking the company and the"
            " bot usually takes one to three working days."
        ),
    )
    refused_status = 401

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """The secret comes back in a header; there is no signature. Without a secret the path's token stands alone."""
        if not settings.get("secret"):
            return True
        return secret_matches(settings, "secret", request.headers.get(_SECRET_HEADER))

    def event_id(self, request: HookRequest) -> str | None:
        return parse.event_id(request.body)

    def thread_key(self, request: HookRequest) -> str | None:
        return parse.thread_key(request.body)

    # `acknowledge` stays the empty 200: MAX takes any other status for a failure and reads no body.

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return parse.facts(request.body, settings.get("bot_token") or "")
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable update ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        person, told = sending.peer(outgoing.chat), sending.body(outgoing)
        if outgoing.media is not None:
            told["attachments"].insert(0, (yield from upload.attachment(settings, outgoing.media)))
        query = {"user_id": person, "disable_link_preview": "true"}
        for pause in (*NOT_READY_PAUSES, None):
            try:
                answer = yield from client.call(settings, "POST", "/messages", query=query, json=told)
                break
            except client.NotReady:
                if pause is None:
                    raise
                yield http.Pause(pause)
        return sending.sent(answer)

    def react(self, settings: Settings, fact: Fact) -> http.Call[None] | None:
        if isinstance(fact, ButtonPressed) and fact.acknowledge:
            return _answer_press(settings, fact.acknowledge)
        return None

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return account.connect(settings, hook_url)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return account.health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        return account.disconnect(settings, hook_url)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """Files lie in the open, but a film's own address is a player: its token leads to the file."""
        if media.kind == "video" and media.ref:
            return _film(settings, media)
        return http.done(_fetch(media.url)) if media.url else None

    def settle(
        self, settings: Settings, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None] | None:
        """Looks for the words among the dialog's last messages; a file without words leaves no evidence."""
        return _look_for(settings, outgoing, since) if outgoing.text.strip() else None

    def typing(self, settings: Settings, chat: str) -> http.Call[None] | None:
        return _show_typing(settings, chat)

    def link(self, base: str, code: str) -> str | None:
        """The code comes back as the payload of `bot_started`."""
        return f"{base}?start={code}" if base and _CODE.match(code) else None


def _answer_press(settings: Settings, callback_id: str) -> http.Call[None]:
    """Stops the spinner and shows nothing. Too late is no failure: there is nothing left to do then."""
    query = {"callback_id": callback_id}
    try:
        yield from client.call(settings, "POST", "/answers", query=query, json={}, timeout=_REACT_TIMEOUT)
    except errors.Rejected as refusal:
        if refusal.revoked:
            raise


def _fetch(url: str) -> http.Request:
    return http.Request("GET", url, trust=client.TRUST)


def _film(settings: Settings, media: Media) -> http.Call[http.Request]:
    answer = yield from client.call(settings, "GET", f"/videos/{quote(media.ref, safe='')}")
    found = values.child(answer, "urls")
    address = next((url for name in _FILMS if (url := values.web_address(found.get(name)))), media.url)
    if not address:
        raise errors.Rejected("MAX has this film no more", code="not_found")
    return _fetch(address)


def _look_for(settings: Settings, outgoing: Outgoing, since: datetime) -> http.Call[Sent | None]:
    person, said = sending.peer(outgoing.chat), outgoing.text.strip()
    bot = yield from account.me(settings)
    query: dict[str, Any] = {"chat_id": account.dialog(bot, person), "count": 100}
    answer = yield from client.call(settings, "GET", "/messages", query=query)
    for row in values.children(answer, "messages"):
        at = values.moment(row.get("timestamp"), unit=1000)
        body = values.child(row, "body")
        if values.child(row, "sender").get("is_bot") is not True or at is None or at < since - _CLOCKS:
            continue
        if values.text(body, "text").strip() == said:
            return Sent(values.required(body, "mid"))
    return None


def _show_typing(settings: Settings, chat: str) -> http.Call[None]:
    person = sending.peer(chat)
    bot = yield from account.me(settings)
    path = f"/chats/{account.dialog(bot, person)}/actions"
    yield from client.call(settings, "POST", path, json={"action": "typing_on"}, timeout=_REACT_TIMEOUT)


CHANNEL = MaxChannel()
