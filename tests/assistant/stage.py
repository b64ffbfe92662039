"""Clients who write to Olga's bot on the real wire, and the sweep that answers them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from bookings import catalogue
from connections import events
from connections.hooks import Door
from connections.models import Connection, InboundEvent
from conversations.models import Conversation
from fakes.telegram import FakeTelegram
from integrations import registry
from integrations.protocols.channel import HookRequest
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram
from work import sweep

HOURS = {day: ["10:00", "20:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PRICE_LIST: dict[str, Any] = {
    "staff": [
        {"id": "pasha", "name": "Паша", "hours": HOURS},
        {"id": "gleb", "name": "Глеб", "hours": HOURS},
    ],
    "services": [
        {
            "id": "men",
            "name": "Мужская стрижка",
            "category": "Стрижки",
            "minutes": 60,
            "price": "1500",
            "staff": ["pasha", "gleb"],
            "addons": ["wax"],
        },
        {
            "id": "child",
            "name": "Детская стрижка",
            "category": "Стрижки",
            "minutes": 45,
            "price": "1200",
            "staff": ["pasha"],
        },
        {
            "id": "beard",
            "name": "Оформление бороды",
            "minutes": 30,
            "price": "900",
            "staff": ["gleb"],
            "synonyms": ["борода"],
        },
    ],
    "addons": [
        {
            "id": "wax",
            "name": "Укладка воском",
            "minutes": 15,
            "price": "300",
            "script": "Уложим после стрижки?",
        }
    ],
}


def sweep_all(rounds: int = 20) -> None:
    """What `dispatch` does, here and now, until nothing is due or under way."""
    for _ in range(rounds):
        taken = [sweep.run(sweep.queue(name)) for name in ("inbound", "answers", "reminders", "deliveries")]
        if not sweep.wait() and not any(taken):
            return


def open_shop(salon: Salon) -> None:
    """Olga's price list."""
    with salon.work():
        catalogue.import_catalogue(PRICE_LIST)
        salon.tenant.address = "Ленина, 10"
        salon.tenant.save(update_fields=["address"])


class StoredWriter(telegram.Writer):
    """Whose updates stand in the database as if the door had stored them: within the test's one transaction."""

    def post(self, update: dict[str, Any]) -> asgi.Answer:
        """Stores an update."""
        body = json.dumps({"update_id": next(telegram._numbers), **update}).encode()
        salon: Salon = self.door
        with salon.work():
            connection, wire = Connection.objects.get(kind="telegram"), registry.channel("telegram")
            request = HookRequest(body=body, headers={})
            row = events.row(
                wire, request, tenant_id=salon.id, connection_id=connection.pk, received_at=salon.now()
            )
            stored = dataclasses.asdict(row) | {"due_at": row.received_at}
            InboundEvent.objects.create(**stored)
        return asgi.Answer(200, {}, b"")


@dataclasses.dataclass
class Client:
    """A person in Telegram and what their screen shows."""

    salon: Salon
    bot: FakeTelegram
    writer: telegram.Writer

    @classmethod
    def new(cls, salon: Salon, bot: FakeTelegram, *, chat: int = 900100, name: str = "Анна") -> Client:
        """Somebody with the bot open, in a test that is rolled back."""
        return cls(salon, bot, StoredWriter(salon, "", chat=chat, name=name))

    @classmethod
    def at_the_door(cls, salon: Salon, bot: FakeTelegram, path: str, **who: Any) -> Client:
        """The same through the real door, which commits: in a test with `live_db`."""
        return cls(salon, bot, telegram.Writer(Door(), path, **who))

    # ------------------------------------------------------------ what they do
    def write(self, text: str, **extra: Any) -> None:
        """Words arrive at the webhook; nothing is swept yet."""
        assert self.writer.post({"message": self.writer.message(text=text, **extra)}).status == 200

    def say(self, text: str) -> str:
        """Words, and the text of the answer."""
        self.write(text)
        return self.heard()

    def start(self, code: str = "") -> str:
        """Opens the chat by a link."""
        return self.say(f"/start {code}".strip())

    def press(self, label: str, *, sent: dict[str, Any] | None = None) -> str:
        """Presses the button whose label begins so, under the last message or the one given."""
        value = next(data for text, data in self.buttons(sent) if text.startswith(label))
        return self.press_value(value)

    def press_value(self, value: str) -> str:
        """Presses a button by the value it carries."""
        person = self.writer.message()["from"]
        under = {"message_id": 1, "date": 1, "chat": {"id": self.writer.chat, "type": "private"}, "text": "…"}
        query = {
            "id": str(next(telegram._numbers)),
            "from": person,
            "chat_instance": "1",
            "data": value,
            "message": under,
        }
        assert self.writer.post({"callback_query": query}).status == 200
        return self.heard()

    def share_contact(self, phone: str) -> str:
        """Shares the own number by the button."""
        contact = {"phone_number": phone, "first_name": self.writer.name, "user_id": self.writer.chat}
        assert self.writer.post({"message": self.writer.message(contact=contact)}).status == 200
        return self.heard()

    # ------------------------------------------------------------ what they see
    def heard(self) -> str:
        """Sweeps and gives the text of the newest message."""
        sweep_all()
        return str(self.sent[-1]["text"]) if self.sent else ""

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Messages that reached their screen."""
        return self.bot.sent_to(self.writer.chat)

    def buttons(self, sent: dict[str, Any] | None = None) -> list[tuple[str, str]]:
        """(label, value) under a message, the last one by default."""
        markup = (sent or self.sent[-1]).get("reply_markup") or {}
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return [(button["text"], button.get("callback_data", "")) for row in rows for button in row]

    @property
    def labels(self) -> list[str]:
        """Labels under the last message."""
        return [label for label, _value in self.buttons()]

    def thread(self) -> Conversation:
        """Their thread, fresh; to be asked for inside the tenant."""
        return Conversation.objects.select_related("contact", "connection").get(chat=str(self.writer.chat))
