"""A bot in MAX."""

from __future__ import annotations

from typing import Any

from fakes import max as fake
from fakes.server import Answer
from tests.conformance.kit import Arrived, HttpKind, Person, fresh_number

TOKEN, SECRET = "f9LHodD0cOK_conformance", "s3cret_s3cret"


class MaxPerson(Person):
    """Somebody in MAX."""

    def __init__(self, server: fake.FakeMax, hook: str) -> None:
        number = fresh_number()
        self.server = server
        self.chat = self.address = str(number)
        self.wire = server.person(number, "Анна", hook=hook, secret=SECRET)

    def say(self, text: str) -> str:
        message = self.wire.message(text)
        self.wire.post("message_created", {"message": message})
        return str(message["body"]["mid"])

    def press(self, arrived: Arrived, label: str) -> None:
        self.wire.press(arrived.raw, label)

    def edit(self, handle: Any, text: str) -> None:
        self.wire.edit(handle, text)

    def take_back(self, handle: Any) -> None:
        self.wire.remove(handle)

    def album(self) -> None:
        photos = [
            {
                "type": "image",
                "payload": {"photo_id": n, "token": f"t{n}", "url": self.server.serve("p", b"\xff\xd8")},
            }
            for n in range(1, 4)
        ]
        self.wire.say("Так можно?", *photos)

    def block(self) -> None:
        self.wire.stop()

    def unblock(self) -> None:
        self.wire.start()

    def unknown(self) -> None:
        self.wire.post("brand_new", {"x": 1})

    def got(self) -> list[Arrived]:
        return [Arrived(str(sent.get("text") or ""), sent) for sent in self.server.sent_to(self.address)]


class Max(HttpKind):
    """A bot."""

    kind = "max"
    sending = "POST /messages"
    settings = {"bot_token": TOKEN, "secret": SECRET}
    lacks = {
        "batch": "an update is a request of its own",
        "own_app": "nobody can write as a bot by hand",
        "hear_us": "a bot does not hear itself",
        "sent": "the Bot API reports nothing on messages",
        "delivered": "the Bot API reports nothing on messages",
        "read": "the Bot API reports nothing on messages",
        "failed": "the Bot API reports nothing on messages",
    }

    def start(self) -> dict[str, str]:
        self.server = fake.FakeMax().start()
        return {"max": self.server.url}

    def person(self) -> Person:
        return MaxPerson(self.server, self.hook)

    def too_many(self, after: int | None) -> Answer:
        headers = {} if after is None else {"Retry-After": str(after)}
        return Answer(429, {"code": "too.many.requests", "message": "Too many requests"}, headers)

    def revoke(self) -> None:
        self.server.revoked.add(TOKEN)


KINDS = [Max]
