"""A seller's account at Avito."""

from __future__ import annotations

from typing import Any

from fakes.avito import FakeAvito
from fakes.avito_person import Person as Wire
from fakes.server import Answer, Seen
from tests.conformance.kit import Arrived, HttpKind, Person, fresh_number


class AvitoPerson(Person):
    """A buyer in one chat about a listing."""

    def __init__(self, server: FakeAvito) -> None:
        self.server = server
        self.wire: Wire = server.person(fresh_number(), "Анна")
        self.chat = self.address = self.wire.chat

    def say(self, text: str) -> dict[str, Any]:
        self.wire.say(text)
        return self.wire.last

    def take_back(self, handle: Any) -> None:
        self.wire.last = handle
        self.wire.take_back()

    def own_app(self, text: str) -> None:
        self.wire.answered_by_seller(text)

    def hear_us(self, arrived: Arrived) -> None:
        self.server.tell(self.chat, arrived.raw)

    def unknown(self) -> None:
        event = self.server.event(
            self.chat, self.wire.last or self.server.add(self.chat, self.wire.id, "text", {})
        )
        event["payload"] = {"type": "brand_new", "value": {"id": f"n{fresh_number()}", "chat_id": self.chat}}
        for url in self.server.subscriptions:
            Wire.post(url, event)

    def got(self) -> list[Arrived]:
        return [
            Arrived(row["content"]["text"], row)
            for row in self.server.sent_to(self.chat)
            if any(seen.sent is row for seen in self.server.ledger)
        ]


class Avito(HttpKind):
    """One seller."""

    kind = "avito"
    sending = "messages"
    settings = {"user_id": "353207078", "client_id": "cid", "client_secret": "csecret"}
    lacks = {
        "press": "there are no buttons",
        "edit": "Avito tells of no edits",
        "album": "pictures come one by one and share nothing",
        "batch": "an event is a request of its own",
        "sent": "nothing is reported on messages",
        "delivered": "nothing is reported on messages",
        "read": "nothing is reported on messages",
        "failed": "nothing is reported on messages",
        "block": "nobody tells of the black list; it shows when sending",
        "unblock": "nobody tells of the black list; it shows when sending",
    }

    def start(self) -> dict[str, str]:
        self.server = FakeAvito().start()
        return {"avito": self.server.url}

    def person(self) -> Person:
        if self.hook not in self.server.subscriptions:
            self.server.subscriptions.append(self.hook)
        return AvitoPerson(self.server)

    def is_call(self, seen: Seen, person: Person) -> bool:
        return seen.method == "POST" and super().is_call(seen, person)

    def too_many(self, after: int | None) -> Answer:
        headers = {} if after is None else {"Retry-After": str(after)}
        return Answer(429, {"error": {"code": 429, "message": "too many requests"}}, headers)

    def revoke(self) -> None:
        self.server.expire_tokens()
        self.server.client_secret = "another"

    def calm(self) -> None:
        self.server.client_secret = "csecret"


KINDS = [Avito]
