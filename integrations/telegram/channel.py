"""Telegram as a channel: a bot that a tenant made with BotFather and pasted the token of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import (
    BaseChannel,
    Button,
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
    text_length,
)
from integrations.telegram import client, files, parse, values
from kit import http

# Always named: without the list the choice of whoever used the bot before us would stay in force.
ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
_SECRET_HEADER = "x-telegram-bot-api-secret-token"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
_START = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
# A pressed button spins until it is answered, so the call is short: late is the same as never.
_REACT_TIMEOUT = 3.0


class TelegramChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is the chat's number, for a Business connection "<connection id>:<chat's number>"; a message's external id
    is "<chat>:<message number>", because numbers repeat between chats.
    """

    kind = "telegram"
    label = _("Telegram")
    capabilities = Capabilities(
        inline_buttons=True,
        reply_keyboard=True,
        contact_request=True,
        url_buttons=True,
        replies=True,
        max_text=4096,
        text_unit="utf16",
        max_buttons=100,
        max_buttons_row=8,
        max_button_value=64,
        media=frozenset(files.METHODS),
        max_media=files.LARGEST,
        max_caption=files.CAPTION,
        can_write_first=False,
        idempotent_send=False,
        echoes=True,
        per_second=30.0,
        per_chat_per_second=1.0,
    )
    fields = (
        Field(
            name="bot_token",
            label=_("Bot token"),
            secret=True,
            required=True,
            help=_("BotFather gives it after /newbot; it looks like 123456789:AA…"),
        ),
        Field(
            name="secret_token",
            label=_("Webhook secret"),
            secret=True,
            generated=True,
            help=_("Telegram repeats it with every update. Made by itself when left empty."),
        ),
    )
    guide = Guide(
        icon="telegram",
        text=_("Clients write to your bot; answers and reminders go there."),
        steps=(
            _("Open @BotFather in Telegram and press Start."),
            _("Send /newbot and choose a name for your business and an address ending in “bot”."),
            _("BotFather answers with a token like 123456:ABC… Copy it and paste it below."),
        ),
    )
    refused_status = 401

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """The secret comes back in a header; there is no signature. Without a secret the path's token stands alone."""
        if not settings.get("secret_token"):
            return True
        return secret_matches(settings, "secret_token", request.headers.get(_SECRET_HEADER))

    def event_id(self, request: HookRequest) -> str | None:
        """`update_id`: unique within the bot; not monotone (it restarts at random after a quiet week)."""
        return parse.update_id(request.body)

    def thread_key(self, request: HookRequest) -> str | None:
        return parse.thread_key(request.body)

    # `acknowledge` stays the empty 200: a body would be executed as a call of the Bot API.

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return parse.facts(parse.update(request))
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable update ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        if outgoing.media is not None:
            result = yield from files.send(_token(settings), envelope(outgoing), outgoing)
        else:
            result = yield from client.call(_token(settings), "sendMessage", message(outgoing))
        number = values.ident(result.get("message_id")) if isinstance(result, dict) else None
        if number is None:
            raise errors.Uncertain("the answer names no message")
        return Sent(f"{outgoing.chat}:{number}")

    def react(self, settings: Settings, fact: Fact) -> http.Call[None] | None:
        if isinstance(fact, ButtonPressed) and fact.acknowledge:
            return _answer_press(_token(settings), fact.acknowledge)
        return None

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        return files.locate(_token(settings), media) if media.ref else None

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        token = _token(settings)
        secret = settings.get("secret_token") or ""
        if secret and not _SECRET.match(secret):
            raise errors.Rejected(
                "the secret may hold letters, digits, _ and - only", code="bad_secret", content=True
            )
        me = yield from client.call(token, "getMe")
        if not isinstance(me, dict) or not values.ident(me.get("id")):
            raise errors.Uncertain("the answer is not a bot")
        params: dict[str, Any] = {
            "url": hook_url,
            "allowed_updates": list(ALLOWED_UPDATES),
            "drop_pending_updates": False,
            "max_connections": 40,
        }
        if secret:
            params["secret_token"] = secret
        yield from client.call(token, "setWebhook", params)
        username = values.text(me, "username")
        return Connected(
            external_id=values.ident(me.get("id")) or "",
            name=values.text(me, "first_name"),
            link_base=f"https://t.me/{username}" if username else "",
            details={"username": username},
        )

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        info = yield from client.call(_token(settings), "getWebhookInfo")
        if not isinstance(info, dict):
            raise errors.Uncertain("the answer is not a webhook's state")
        pending = values.number(info.get("pending_update_count"))
        url = values.text(info, "url")
        if not url:
            return Health(
                ok=False,
                reason=_("Telegram has no address of ours for this bot"),
                pending=pending,
                code="hook",
            )
        if url != hook_url:
            # Without the address: it may be a secret of whoever took the bot over.
            return Health(
                ok=False, reason=_("the bot reports to another service"), pending=pending, code="taken"
            )
        trouble = values.text(info, "last_error_message")
        # The last error stays for ever after it was mended; what still waits tells that it matters.
        if trouble and pending:
            return Health(
                ok=False,
                reason=_("messages do not reach us: %(error)s") % {"error": trouble[:200]},
                pending=pending,
                code="delivery",
            )
        return Health(ok=True, pending=pending)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        """Takes our address back; another service's that stands there by now is left alone."""
        token = _token(settings)
        info = yield from client.call(token, "getWebhookInfo")
        if isinstance(info, dict) and values.text(info, "url") == hook_url:
            # What waits there stays: whoever is connected next, or we again, gets it.
            yield from client.call(token, "deleteWebhook", {"drop_pending_updates": False})

    def link(self, base: str, code: str) -> str | None:
        return f"{base}?start={code}" if base and _START.match(code) else None


def message(outgoing: Outgoing) -> dict[str, Any]:
    """Parameters of sendMessage. Plain text, no markup: nothing to escape, nothing that could be refused.

    Raises Rejected (content) for what Telegram would refuse anyway, before anything is sent.
    """
    length = text_length(outgoing.text, "utf16")
    if not outgoing.text.strip():
        raise errors.Rejected("the message is empty", code="empty_text", content=True)
    if length > TelegramChannel.capabilities.max_text:
        raise errors.Rejected("the message is too long", code="too_long", content=True)
    return {**envelope(outgoing), "text": outgoing.text, "link_preview_options": {"is_disabled": True}}


def envelope(outgoing: Outgoing) -> dict[str, Any]:
    """What a message has beside its content: its chat, what it quotes, its buttons."""
    business, _colon, chat = outgoing.chat.rpartition(":")
    number = values.ident(chat)
    if number is None:
        raise errors.Rejected("no such chat", code="chat_not_found")
    params: dict[str, Any] = {"chat_id": int(number)}
    if business:
        params["business_connection_id"] = business
    replied = values.ident((outgoing.reply_to or "").rpartition(":")[2])
    if replied:
        params["reply_parameters"] = {"message_id": int(replied), "allow_sending_without_reply": True}
    if any(outgoing.buttons):
        params["reply_markup"] = _keyboard(outgoing.buttons)
    return params


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> Mapping[str, Any]:
    """Inline buttons; with a contact request among them a reply keyboard, the only one that can ask for a phone."""
    if any(button.kind == "contact" for row in rows for button in row):
        keyboard = [
            [
                {"text": button.label, "request_contact": True}
                if button.kind == "contact"
                else {"text": button.label}
                for button in row
                if button.kind != "url"
            ]
            for row in rows
        ]
        return {
            "keyboard": [row for row in keyboard if row],
            "resize_keyboard": True,
            "one_time_keyboard": True,
        }
    return {"inline_keyboard": [[_inline(button) for button in row] for row in rows if row]}


def _inline(button: Button) -> dict[str, str]:
    if button.kind == "url":
        return {"text": button.label, "url": button.value}
    if not 1 <= len(button.value.encode("utf-8", "replace")) <= 64:
        raise errors.Rejected("a button's value must have 1 to 64 bytes", code="bad_buttons", content=True)
    return {"text": button.label, "callback_data": button.value}


def _answer_press(token: str, query_id: str) -> http.Call[None]:
    """Stops the spinner. Too late is no failure: there is nothing left to do then."""
    try:
        yield from client.call(
            token, "answerCallbackQuery", {"callback_query_id": query_id}, timeout=_REACT_TIMEOUT
        )
    except errors.Rejected as refusal:
        if refusal.code != "too_old":
            raise


def _token(settings: Settings) -> str:
    return settings.get("bot_token") or ""


CHANNEL = TelegramChannel()
