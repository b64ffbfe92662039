"""Salons with a bot each, and deliveries that are due: what the storms blow upon."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from connections import accounts
from connections.models import Connection
from conversations import outbox
from conversations.models import Author, Contact, Conversation, Delivery, Direction, Message, MessageState
from fakes.telegram import FakeTelegram
from tenants import people
from tenants.models import User
from tests.conftest import Salon
from work import sweep

SECRET = "s3cret_s3cret"
_chats = itertools.count(10_000_000)
_bots = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Shop:
    """A salon and its Telegram bot."""

    salon: Salon
    connection_id: int
    token: str
    path: str

    @property
    def id(self) -> int:
        """The tenant's id."""
        return self.salon.id


def open_shops(count: int) -> list[Shop]:
    """Salons of one owner, each with a bot of its own."""
    owner = User.objects.create_user("olga@example.com", None, name="Ольга")
    shops = []
    for number in range(1, count + 1):
        tenant = people.create_tenant(
            slug=f"shop-{number}", name=f"Салон {number}", owner=owner, industry="empty", timezone="Asia/Omsk"
        )
        shops.append(_with_bot(Salon(tenant, owner)))
    return shops


def another_bot(shop: Shop) -> Shop:
    """The same salon with a second bot."""
    return _with_bot(shop.salon)


def _with_bot(salon: Salon) -> Shop:
    token = f"{7_000_000_000 + next(_bots)}:AAtest"
    with salon.work():
        made = accounts.create("telegram", settings={"bot_token": token, "secret_token": SECRET})
        return Shop(salon, made.pk, token, accounts.hook_path(made))


def owe(shop: Shop, count: int, *, threads: int = 0, key: str = "owed") -> list[str]:
    """Writes messages with a delivery each, due now; returns their keys, which are also their texts.

    With `threads` the messages are spread over so many chats, else each goes to a chat of its own.
    """
    with shop.salon.work():
        now = shop.salon.now()
        connection = Connection.objects.get(pk=shop.connection_id)
        contacts = Contact.objects.bulk_create(
            Contact(name="Анна", created_at=now) for _ in range(threads or count)
        )
        talks = Conversation.objects.bulk_create(
            Conversation(contact=contact, connection=connection, chat=str(next(_chats)), created_at=now)
            for contact in contacts
        )
        keys = [f"{key}:{shop.id}:{number}" for number in range(count)]
        messages = Message.objects.bulk_create(
            Message(
                conversation=talk,
                contact_id=talk.contact_id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                text=name,
                key=name,
                state=MessageState.PENDING,
                created_at=now,
            )
            for name, talk in zip(keys, itertools.cycle(talks), strict=False)
        )
        Delivery.objects.bulk_create(
            Delivery(
                message=message,
                connection=connection,
                thread=str(message.conversation_id),
                dedup_key=message.key,
                due_at=now,
                created_at=now,
            )
            for message in messages
        )
        sweep.nudge(outbox.QUEUE)
    return keys


def texts_sent(telegram: FakeTelegram, tokens: Iterable[str] = ()) -> Counter[str]:
    """How often each text was taken by the provider, of all bots or of those named."""
    wanted = set(tokens)
    return Counter(
        str(seen.params().get("text"))
        for seen in telegram.calls("sendMessage")
        if not wanted or seen.path.split("/")[1].removeprefix("bot") in wanted
    )


def update(text: str, *, chat: int, number: int) -> dict[str, Any]:
    """An update of the Bot API: somebody in a private chat wrote a text."""
    person = {"id": chat, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "from": person,
            "chat": {"id": chat, "type": "private", "first_name": "Анна"},
            "date": int(time.time()),
            "text": text,
        },
    }


def poll(*, number: int) -> dict[str, Any]:
    """An update that is stored like any other and then means nothing to us: it costs no answer."""
    return {
        "update_id": number,
        "poll": {"id": str(number), "question": "?", "options": [], "is_closed": True},
    }
