"""Clients who write, as the rooms below hear them, and the moments at which they do."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

from django.db import connection as database

from connections import accounts
from connections.models import Connection, InboundEvent
from conversations import receive
from conversations.models import Conversation
from integrations.protocols import channel
from tests.conftest import Salon

_ids = itertools.count(1)
_BOT = {"bot_token": "700000001:AAtest", "secret_token": "s3cret_s3cret"}


def bot_of(salon: Salon) -> Connection:
    """Olga's Telegram bot."""
    with salon.work():
        bot = Connection.objects.filter(kind="telegram").first()
        if bot is None:
            bot = accounts.create("telegram", settings=_BOT, name="@omsk_bot")
            bot.account = {"link_base": "https://t.me/omsk_bot", "username": "omsk_bot"}
            bot.save(update_fields=["account"])
        return bot


def write(
    salon: Salon,
    text: str = "Хочу на стрижку",
    *,
    chat: str = "900100",
    name: str = "Анна",
    phone: str = "",
    ago: float = 0,
    bot: Connection | None = None,
    touch: channel.Touch | None = None,
    event: InboundEvent | None = None,
) -> Conversation:
    """A client writes; `ago` is minutes before now. Returns their thread."""
    account = bot or bot_of(salon)
    person = channel.Person(external_id=chat, name=name, phone=phone or None, phone_verified=bool(phone))
    with salon.work():
        now = salon.now()
        fact = channel.MessageReceived(
            external_id=f"{chat}:{next(_ids)}",
            chat=chat,
            person=person,
            text=text,
            sent_at=now - dt.timedelta(minutes=ago),
            touch=touch,
        )
        receive.hear(connection=account, event=event, fact=fact)  # type: ignore[arg-type]
        return Conversation.objects.get(connection=account, chat=chat)


def calm_assistant(salon: Salon) -> None:
    """The assistant is switched off, so that clients wait for people."""
    with salon.work():
        salon.tenant.settings = salon.tenant.settings | {"assistant": {"mode": "off"}}
        salon.tenant.save(update_fields=["settings"])


def fresh(salon: Salon, row: Any) -> Any:
    """A row as it stands now."""
    with salon.work():
        return type(row).objects.get(pk=row.pk)


def pass_time(salon: Salon, model: type[Any], minutes: float) -> None:
    """Durable rows of a table become due that much earlier, as if the time had passed."""
    with salon.work():
        for row in model.objects.all():
            model.objects.filter(pk=row.pk).update(due_at=row.due_at - dt.timedelta(minutes=minutes))


def statements(ask: Callable[[], Any], *, about: str = "") -> list[str]:
    """SQL statements of a request that touch tables of the salon, transaction control and sign-in left out."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(database) as seen:
        ask()
    quiet = ("SAVEPOINT", "RELEASE", "SET LOCAL", "BEGIN", "COMMIT")
    signing_in = ("django_session", "memberships_of", 'FROM "tenants_user" WHERE')
    return [
        query["sql"]
        for query in seen.captured_queries
        if not query["sql"].startswith(quiet) and not any(part in query["sql"] for part in signing_in)
    ]
