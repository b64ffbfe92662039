"""A community in VK."""

from __future__ import annotations

import time
from typing import Any

from fakes import vk as fake
from fakes.server import Answer
from tests.conformance.kit import Arrived, HttpKind, Person, fresh_number

TOKEN, SECRET = "vk1.a.conformance", "s3cret_s3cret"


class VkPerson(Person):
    """Somebody in VK."""

    def __init__(self, server: fake.FakeVk, hook: str) -> None:
        number = fresh_number()
        self.server = server
        self.chat = self.address = str(number)
        self.wire = server.person(number, "Анна", hook=hook, secret=SECRET)

    def say(self, text: str) -> int:
        message = self.wire.message(text=text)
        self.wire.post("message_new", {"message": message, "client_info": {}})
        return int(message["conversation_message_id"])

    def press(self, arrived: Arrived, label: str) -> None:
        self.wire.press(arrived.raw, label)

    def edit(self, handle: Any, text: str) -> None:
        changed = {**self.wire.message(text=text), "conversation_message_id": handle}
        self.wire.post("message_edit", {**changed, "update_time": int(time.time()) + 1})

    def album(self) -> None:
        sizes = [
            {"type": "w", "width": 9, "height": 9, "url": self.server.serve("w.jpg", b"\xff\xd8picture")}
        ]
        photos = [
            {"type": "photo", "photo": {"id": n, "owner_id": self.wire.id, "sizes": sizes}}
            for n in range(1, 4)
        ]
        self.wire.say("Так можно?", attachments=photos)

    def own_app(self, text: str) -> None:
        self.wire.hear_admin(text)

    def hear_us(self, arrived: Arrived) -> None:
        self.wire.hear_us(arrived.raw)

    def report(self, arrived: Arrived, state: str) -> None:
        self.wire.read(arrived.raw)

    def block(self) -> None:
        self.wire.deny()

    def unblock(self) -> None:
        self.wire.allow()

    def unknown(self) -> None:
        self.wire.post("brand_new", {"a": 1})

    def got(self) -> list[Arrived]:
        return [Arrived(sent.get("message", ""), sent) for sent in self.server.sent_to(self.address)]


class Vk(HttpKind):
    """A community."""

    kind = "vk"
    sending = "messages.send"
    settings = {
        "group_id": str(fake.GROUP),
        "access_token": TOKEN,
        "secret": SECRET,
        "confirmation": "a1b2c3d4",
    }
    lacks = {
        "take_back": "callbacks do not tell of deletions",
        "batch": "a callback is a request of its own",
        "sent": "only «read» is reported",
        "delivered": "only «read» is reported",
        "failed": "only «read» is reported",
    }

    def start(self) -> dict[str, str]:
        self.server = fake.FakeVk().start()
        return {"vk": self.server.url}

    def person(self) -> Person:
        return VkPerson(self.server, self.hook)

    def too_many(self, after: int | None) -> Answer:
        return fake.error(6 if after is None else 9, "Too many requests per second")

    def revoke(self) -> None:
        self.server.revoked.add(TOKEN)


KINDS = [Vk]
