"""A bot as an account: its token, its subscriptions, how both feel.

Subscriptions add up, and an event does not say which bot it is for: so each bot has an address of its own, and old
addresses of ours are taken away, lest everything come twice. MAX drops an address that has not answered for 8 hours.
Source: dev.max.ru/docs-api/methods/POST/subscriptions.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.max import client
from integrations.protocols import values
from integrations.protocols.channel import Connected, Health, Settings
from kit import http

UPDATES = (
    "message_created",
    "message_edited",
    "message_removed",
    "message_callback",
    "bot_started",
    "bot_stopped",
    "dialog_removed",
    "bot_added",
    "bot_removed",
)
_SECRET = re.compile(r"[A-Za-z0-9_-]{5,256}\Z")


def connect(settings: Settings, hook_url: str) -> http.Call[Connected]:
    """Checks the token and subscribes the hook; harmless when repeated."""
    secret = settings.get("secret") or ""
    if secret and not _SECRET.match(secret):
        raise errors.Rejected(
            "the secret may hold 5 to 256 letters, digits, _ and -", code="bad_secret", content=True
        )
    bot = yield from me(settings)
    prefix = hook_url.rstrip("/").rpartition("/")[0] + "/"
    for url in (yield from _subscribed(settings)):
        if url != hook_url and url.startswith(prefix):
            yield from client.call(settings, "DELETE", "/subscriptions", query={"url": url})
    yield from _subscribe(settings, hook_url)
    username = values.text(bot, "username", 64)
    return Connected(
        external_id=values.ident(bot.get("user_id")) or "",
        name=values.text(bot, "first_name", 200) or values.text(bot, "name", 200),
        link_base=f"https://max.ru/{username}" if username else "",
        details={"username": username},
    )


def health(settings: Settings, hook_url: str) -> http.Call[Health]:
    """Is the bot alive and our address subscribed?"""
    yield from me(settings)
    if hook_url in (yield from _subscribed(settings)):
        return Health(ok=True)
    return Health(
        ok=False,
        code="hook",
        reason=_("MAX has dropped our address, as it does after 8 hours without an answer from it"),
    )


def disconnect(settings: Settings, hook_url: str) -> http.Call[None]:
    """Takes our subscription away."""
    if hook_url in (yield from _subscribed(settings)):
        yield from client.call(settings, "DELETE", "/subscriptions", query={"url": hook_url})


def me(settings: Settings) -> http.Call[values.Json]:
    """The bot a token belongs to."""
    bot = yield from client.call(settings, "GET", "/me")
    if not values.ident(bot.get("user_id")):
        raise errors.Uncertain("the answer is not a bot")
    return bot


def dialog(bot: values.Json, person: str) -> int:
    """The `chat_id` of a bot's dialog with a person: MAX makes it of both numbers.

    Undocumented, seen in every recorded event of a dialog; used where the API takes nothing else.
    """
    return int(values.ident(bot.get("user_id")) or 0) ^ int(person)


def _subscribed(settings: Settings) -> http.Call[list[str]]:
    answer = yield from client.call(settings, "GET", "/subscriptions")
    return [values.text(one, "url", 2000) for one in values.children(answer, "subscriptions")]


def _subscribe(settings: Settings, hook_url: str) -> http.Call[None]:
    told = {"url": hook_url, "update_types": list(UPDATES)}
    if settings.get("secret"):
        told["secret"] = settings["secret"]
    try:
        yield from client.call(settings, "POST", "/subscriptions", json=told)
    except errors.Rejected as refusal:
        if refusal.revoked:
            raise
        raise errors.Rejected(
            f"MAX does not take our address (https, port 443): {refusal.reason}", code="bad_hook"
        ) from refusal
