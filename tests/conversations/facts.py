"""People of all channels as the wires tell of them, and the real doors of a bot and of a telephony."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
import urllib.parse
from typing import Any

from connections import accounts
from connections.models import Connection
from conversations import receive
from conversations.models import Contact, Conversation, Message
from integrations.protocols import channel
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram
from work import sweep

_ids = itertools.count(1)
KEY = "a-long-key-for-the-crm"
SETTINGS: dict[str, dict[str, str]] = {
    "telegram": telegram.BOT,
    "telephony": {"provider": "megafon", "crm_token": KEY},
    "sms": {"provider": "smsc", "login": "salon", "password": "secret"},
    "webchat": {},
}


def account(salon: Salon, kind: str) -> Connection:
    """The salon's account of a kind, made when there is none. Asks no provider."""
    with salon.work():
        found = Connection.objects.filter(kind=kind).order_by("id").first()
        return found or accounts.create(kind, settings=SETTINGS[kind])


def hear(salon: Salon, kind: str, fact: channel.Fact) -> None:
    """One fact, as intake tells it."""
    made = account(salon, kind)
    with salon.work():
        receive.hear(connection=made, event=None, fact=fact)  # type: ignore[arg-type]


def write(
    salon: Salon,
    kind: str,
    ident: str,
    text: str = "Хочу на стрижку",
    *,
    chat: str = "",
    message: dict[str, Any] | None = None,
    **person: Any,
) -> Conversation:
    """A person writes in a channel; `message` are further parts of the fact. Returns the thread."""
    chat = chat or ident
    fact = channel.MessageReceived(
        **{"external_id": f"{chat}:{next(_ids)}", "text": text} | (message or {}),
        chat=chat,
        person=channel.Person(external_id=ident, **person),
    )
    hear(salon, kind, fact)
    with salon.work():
        return Conversation.objects.select_related("contact", "connection").get(
            connection__kind=kind, chat=chat
        )


def people(salon: Salon) -> list[Contact]:
    """Everybody who is not a part of somebody else, oldest first."""
    with salon.work():
        return list(Contact.objects.filter(merged_into=None).order_by("created_at", "id"))


def messages(salon: Salon, **narrowed: Any) -> list[Message]:
    """Messages in their order."""
    with salon.work():
        return list(Message.objects.filter(**narrowed).order_by("created_at", "id"))


class Business(telegram.Writer):
    """A person who writes to Olga's own Telegram account, behind which her bot stands."""

    CONNECTION = "Bz7Yx0"
    OLGA = 500500

    def update(self, kind: str = "business_message", *, own: bool = False, **extra: Any) -> dict[str, Any]:
        """An update of the account: the person's word, or Olga's `own`."""
        told = self.message(**extra) | {"business_connection_id": self.CONNECTION}
        if own:
            told["from"] = {"id": self.OLGA, "is_bot": False, "first_name": "Ольга"}
        return {kind: told}

    def says(self, text: str, **extra: Any) -> int:
        """The person writes; returns the message's number."""
        update = self.update(text=text, **extra)
        self.post(update)
        return int(update["business_message"]["message_id"])

    def olga_says(self, text: str, **extra: Any) -> int:
        """Olga writes to them in Telegram itself."""
        update = self.update(own=True, text=text, **extra)
        self.post(update)
        return int(update["business_message"]["message_id"])

    def takes_back(self, *numbers: int) -> None:
        """Messages are deleted."""
        chat = {"id": self.chat, "type": "private", "first_name": self.name}
        deleted = {"business_connection_id": self.CONNECTION, "chat": chat, "message_ids": list(numbers)}
        self.post({"deleted_business_messages": deleted})


class Exchange:
    """The salon's telephony: it tells of calls at the real hook."""

    def __init__(self, door: Any, salon: Salon) -> None:
        self.door = door
        made = account(salon, "telephony")
        with salon.work():
            self.path = accounts.hook_path(made)

    def tell(self, call: str, phone: str, **fields: str) -> None:
        """One event of a call."""
        told = {"crm_token": KEY, "callid": call, "phone": phone, "diversion": "73812001122", **fields}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode(told).encode()
        answer = asgi.call(self.door, "POST", self.path, body, kind)
        assert answer.status == 200, answer

    def rings(self, call: str, phone: str) -> None:
        """It rings at the desk."""
        self.tell(call, phone, cmd="event", type="INCOMING", ext="101")

    def missed(self, call: str, phone: str) -> None:
        """Nobody took it."""
        self.tell(call, phone, cmd="history", type="in", status="Missed", start=_stamp(), wait="20")

    def talked(self, call: str, phone: str, *, seconds: int = 151, out: bool = False, **more: str) -> None:
        """Somebody talked."""
        self.tell(
            call, phone, cmd="history", type="out" if out else "in", status="Success", start=_stamp(),
            duration=str(seconds), user="masha", **more,
        )  # fmt: skip


def _stamp() -> str:
    return dt.datetime.fromtimestamp(time.time() - 60, dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def pump() -> None:
    """What came in is taken in."""
    while sweep.run(sweep.queue("inbound")):
        pass


def dumped(value: Any) -> bytes:
    """JSON as a file has it."""
    return json.dumps(value, ensure_ascii=False).encode()
