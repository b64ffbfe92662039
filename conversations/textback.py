"""The text that answers a missed call at once: in the caller's messenger where we have one, else by SMS.

Why so and not otherwise stands in `docs/decisions`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection, ConnectionState
from conversations import outbox, window
from conversations.models import Author, Call, Conversation, Message
from conversations.threads import thread_of
from integrations import registry
from integrations.protocols.channel import Person
from kit import phones
from tenants import wall
from tenants.models import Tenant

SETTING = "text_back"
ONCE_IN = dt.timedelta(hours=12)
# A text that could not leave by then would answer nothing any more.
KEEPS = dt.timedelta(minutes=30)
# By the tenant's clock no SMS rings from the first hour to the second.
NIGHT_FROM, NIGHT_TO = 22, 8
# Who calls does not look there soon.
SLOW = frozenset({"email", "webchat"})
KEY = "textback:"


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the tenant chose. Empty texts are our own words."""

    on: bool = True
    text: str = ""
    sms_text: str = ""


def choice_of(tenant: Tenant) -> Choice:
    """The tenant's choice; one who never chose has it on."""
    kept = tenant.settings.get(SETTING) or {}
    return Choice(
        on=kept.get("on") is not False,
        text=str(kept.get("text") or ""),
        sms_text=str(kept.get("sms_text") or ""),
    )


def choose(tenant: Tenant, choice: Choice) -> None:
    """Keeps the choice."""
    tenant.settings[SETTING] = dataclasses.asdict(choice)
    tenant.save(update_fields=["settings"])


def send(call: Call, thread: Conversation, *, now: dt.datetime) -> Message | None:
    """Answers a missed call, whose line stands in `thread`, by a text; None when nothing was to be sent."""
    tenant = wall.entered_tenant()
    choice = choice_of(tenant)
    if not choice.on or not call.phone or _was_sent(thread, now=now):
        return None
    with translation.override(thread.contact.language or tenant.language):
        for way in _ways(call, thread, tenant, now=now):
            by_sms = way.connection.kind == "sms"
            text = (choice.sms_text or own_sms()) if by_sms else (choice.text or own_text())
            try:
                return outbox.say(
                    way,
                    text=fill(text, tenant),
                    author=Author.SYSTEM,
                    key=f"{KEY}{call.pk}",
                    now=now,
                    expires_at=now + KEEPS,
                )
            except outbox.CannotWrite:
                continue
    return None


def _was_sent(thread: Conversation, *, now: dt.datetime) -> bool:
    texts = Message.objects.filter(contact=thread.contact_id, key__startswith=KEY)
    return texts.filter(created_at__gt=now - ONCE_IN).exists()


def _ways(call: Call, thread: Conversation, tenant: Tenant, *, now: dt.datetime) -> Iterator[Conversation]:
    threads = (
        Conversation.objects.select_related("connection", "contact")
        .filter(
            contact=thread.contact_id,
            connection__state=ConnectionState.OK,
            blocked_at=None,
            is_private=False,
            not_a_client=False,
            last_heard_at__isnull=False,
        )
        .exclude(pk=thread.pk)
    )
    for way in threads.order_by("-last_heard_at", "-id"):
        kind = way.connection.kind
        if kind in SLOW or kind == "sms" or kind not in registry.channels:
            continue
        if not registry.channel(kind).capabilities.inbound_only and window.of(way).open(now):
            yield way
    account = _sms_account()
    hour = now.astimezone(tenant.zone).hour
    if account is not None and NIGHT_TO <= hour < NIGHT_FROM and phones.is_mobile(call.phone):
        person = Person(external_id=call.phone, phone=call.phone, phone_verified=True)
        yield thread_of(account, call.phone, person, now=now)


def _sms_account() -> Connection | None:
    """The account that sends texts to somebody who never wrote, the oldest of several."""
    if "sms" not in registry.channels or not registry.channel("sms").capabilities.can_write_first:
        return None
    return Connection.objects.filter(kind="sms", state=ConnectionState.OK).order_by("id").first()


# ---------------------------------------------------------------- words
def own_text() -> str:
    """Our words for a messenger, in the present language."""
    return _(
        "{business}: sorry, we missed your call. We will call you back, or write here what you would like."
    )


def own_sms() -> str:
    """Our words for an SMS, in the present language."""
    return _("{business}: sorry, we missed your call. We will call you back. Or write to us: {link}")


def fill(text: str, tenant: Tenant) -> str:
    """The text with the business's name and the shortest link to a chat put in; a link that is not there leaves none
    of its line's end."""
    link = chat_link()
    if not link and "{link}" in text:
        before, _link, after = text.partition("{link}")
        cut = max(before.rfind(mark) for mark in ".!?\n")
        text = before[: cut + 1] + after
    return text.replace("{business}", tenant.name).replace("{link}", link).strip()


def chat_link() -> str:
    """Where a client can write to us: a messenger's short address, else our own site chat, else ""."""
    found = Connection.objects.filter(state=ConnectionState.OK).order_by("id")
    for account in found:
        if account.account.get("link_base"):
            return str(account.account["link_base"])
    chat = next((account for account in found if account.kind == "webchat"), None)
    if chat is None:
        return ""
    return settings.PUBLIC_URL + reverse("conversations:chat", args=[accounts.token_of(chat)])
