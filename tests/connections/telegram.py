"""A person who writes to the salon's Telegram bot, on the real wire."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from typing import Any

from connections import accounts
from tests import asgi
from tests.conftest import Salon

BOT = {"bot_token": "700000001:AAtest", "secret_token": "s3cret_s3cret"}
SECRET = {"X-Telegram-Bot-Api-Secret-Token": BOT["secret_token"], "Content-Type": "application/json"}
_numbers = itertools.count(int(time.time()))


def connect(salon: Salon) -> str:
    """A Telegram connection; returns its hook's path."""
    with salon.work():
        return accounts.hook_path(accounts.create("telegram", settings=BOT))


@dataclasses.dataclass
class Writer:
    """One person."""

    door: Any
    path: str
    chat: int = 900100
    name: str = "Анна"

    def message(self, **extra: Any) -> dict[str, Any]:
        """A message object of the Bot API."""
        person = {"id": self.chat, "is_bot": False, "first_name": self.name, "language_code": "ru"}
        chat = {"id": self.chat, "type": "private", "first_name": self.name}
        return {"message_id": next(_numbers), "from": person, "chat": chat, "date": int(time.time()), **extra}

    def post(self, update: dict[str, Any]) -> asgi.Answer:
        """Posts an update, signed."""
        body = json.dumps({"update_id": next(_numbers), **update}).encode()
        return asgi.call(self.door, "POST", self.path, body, SECRET)

    def say(self, text: str) -> asgi.Answer:
        """Writes a text."""
        return self.post({"message": self.message(text=text)})
