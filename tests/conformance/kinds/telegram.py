"""Telegram: a bot, and a bot behind an owner's own account (Telegram Business)."""

from __future__ import annotations

import time
from typing import Any

from fakes import telegram as fake
from fakes.server import Answer
from fakes.telegram_person import Person as Wire
from tests.conformance.kit import Arrived, HttpKind, Person, fresh_number

TOKEN = "700000001:AAconformance"
SECRET = "s3cret_s3cret"


class BotPerson(Person):
    """Somebody in Telegram."""

    def __init__(self, server: fake.FakeTelegram, hook: str) -> None:
        number = fresh_number()
        self.wire: Wire = server.person(number, "Анна", hook=hook, secret=SECRET)
        self.server = server
        self.chat = self.address = str(number)

    def say(self, text: str) -> int:
        message = self.wire.message(text=text)
        self.wire.post({"message": message})
        return int(message["message_id"])

    def press(self, arrived: Arrived, label: str) -> None:
        value = next(value for name, value in fake.buttons(arrived.raw) if name == label)
        self.wire.press(arrived.raw, value or label)

    def edit(self, handle: Any, text: str) -> None:
        self.wire.edit(handle, text)

    def album(self) -> None:
        group = f"album{fresh_number()}"
        self.wire.send_photo("Так можно?", group)
        self.wire.send_photo("", group)
        self.wire.send_photo("", group)

    def block(self) -> None:
        self.wire.block()

    def unblock(self) -> None:
        self.wire.unblock()

    def unknown(self) -> None:
        self.wire.post({"brand_new_thing": {"a": 1}})

    def got(self) -> list[Arrived]:
        return [Arrived(sent["text"], sent) for sent in self.server.sent_to(self.address)]


class Telegram(HttpKind):
    """A bot."""

    kind = "telegram"
    sending = "sendMessage"
    settings = {"bot_token": TOKEN, "secret_token": SECRET}
    lacks = {
        "take_back": "a bot is not told of deletions",
        "batch": "an update is a request of its own",
        "own_app": "nobody can write as a bot by hand",
        "hear_us": "a bot does not hear itself",
        "sent": "the Bot API reports nothing on messages",
        "delivered": "the Bot API reports nothing on messages",
        "read": "the Bot API reports nothing on messages",
        "failed": "the Bot API reports nothing on messages",
        "evidence": "the Bot API has no key against repeats and shows no history",
    }

    def start(self) -> dict[str, str]:
        self.server = fake.FakeTelegram().start()
        return {"telegram": self.server.url}

    def person(self) -> Person:
        return BotPerson(self.server, self.hook)

    def too_many(self, after: int | None) -> Answer:
        more = {} if after is None else {"retry_after": after}
        return fake.error(429, "Too Many Requests", **more)

    def revoke(self) -> None:
        self.server.revoked.add(TOKEN)


class BusinessPerson(BotPerson):
    """Somebody who writes to Olga's own account; Olga writes to them by hand as well."""

    CONNECTION, OLGA = "Bz7Yx0", 500500

    def __init__(self, server: fake.FakeTelegram, hook: str) -> None:
        super().__init__(server, hook)
        self.chat = f"{self.CONNECTION}:{self.address}"

    def _message(self, *, own: bool = False, **extra: Any) -> dict[str, Any]:
        told = self.wire.message(**extra) | {"business_connection_id": self.CONNECTION}
        return told | {"from": {"id": self.OLGA, "is_bot": False, "first_name": "Ольга"}} if own else told

    def say(self, text: str) -> int:
        message = self._message(text=text)
        self.wire.post({"business_message": message})
        return int(message["message_id"])

    def edit(self, handle: Any, text: str) -> None:
        message = self._message(text=text, message_id=handle, edit_date=int(time.time()) + 1)
        self.wire.post({"edited_business_message": message})

    def take_back(self, handle: Any) -> None:
        chat = {"id": self.wire.id, "type": "private", "first_name": "Анна"}
        told = {"business_connection_id": self.CONNECTION, "chat": chat, "message_ids": [handle]}
        self.wire.post({"deleted_business_messages": told})

    def own_app(self, text: str) -> None:
        self.wire.post({"business_message": self._message(own=True, text=text)})

    def hear_us(self, arrived: Arrived) -> None:
        bot = {"id": 700000001, "is_bot": True, "first_name": "Salon"}
        message = self._message(own=True, text=arrived.text, message_id=arrived.raw["message_id"])
        self.wire.post({"business_message": message | {"sender_business_bot": bot}})

    def unknown(self) -> None:
        self.wire.post({"brand_new_business_thing": {"business_connection_id": self.CONNECTION}})


class TelegramBusiness(Telegram):
    """A bot behind an owner's account."""

    provider = "business"
    lacks = {
        **{
            deed: why
            for deed, why in Telegram.lacks.items()
            if deed not in ("take_back", "own_app", "hear_us")
        },
        "press": "a button under a message of one's own account is pressed as in a bot's chat",
        "album": "an album comes as in a bot's chat",
        "block": "nobody blocks a bot that stands behind an account",
        "unblock": "nobody blocks a bot that stands behind an account",
    }

    def person(self) -> Person:
        return BusinessPerson(self.server, self.hook)


KINDS = [Telegram, TelegramBusiness]
