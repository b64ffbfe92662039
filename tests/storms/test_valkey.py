"""Valkey hangs, forgets everything, dies: events come in as fast, answers go out, no page waits."""

from __future__ import annotations

import dataclasses
import http.client
import json
import threading
import time
from typing import Any, Self

import pytest

from conversations.models import Conversation
from inbox import alerts
from tests.conftest import token_of
from tests.storms import crowd, town
from tests.storms import house as houses
from tests.storms.conftest import Blow
from tests.storms.house import House

pytestmark = pytest.mark.storm


class Desk:
    """A colleague who writes to a client again and again; each message is told to open pages after its commit."""

    def __init__(self, port: int, token: str, conversation_id: int) -> None:
        self.port, self.token, self.conversation_id = port, token, conversation_id
        self.statuses: set[int] = set()
        self.times: list[tuple[float, float]] = []
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join(60)

    def slowest(self, *, since: float = 0.0, until: float = float("inf")) -> float:
        """Seconds of the slowest request that began in a span."""
        return max((seconds for began, seconds in self.times if since <= began < until), default=0.0)

    def _write(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"conversation": self.conversation_id, "text": "Минуту, пожалуйста"})
        while not self._leave.wait(0.1):
            began = time.monotonic()
            line.request("POST", "/api/v1/messages/", body, headers)
            answer = line.getresponse()
            answer.read()
            self.statuses.add(answer.status)
            self.times.append((began, time.monotonic() - began))


@dataclasses.dataclass
class Span:
    """What happened during one state of Valkey."""

    name: str
    since: float
    until: float
    answered_after: float


def client_asks(house: House, port: int, shop: town.Shop, *, chat: int) -> float:
    """Somebody new writes; returns how long it took until the bot had answered."""
    assert crowd.say(port, shop, "Здравствуйте", chat=chat) == 200
    return houses.wait_for(lambda: house.telegram.sent_to(chat), "the client gets no answer", patience=20)


def alert(shop: town.Shop, *, key: str) -> None:
    """Writes an alert, which is slow work: Celery's, where it can be told."""
    with shop.salon.work():
        thread = Conversation.objects.order_by("pk").last()
        now = shop.salon.now()
        Conversation.objects.filter(pk=thread.pk).update(waiting_since=now)
        made = alerts.raise_about(
            thread, key=key, subject="Ждут ответа", text="Ждут", now=now, people=[shop.salon.owner]
        )
        assert made == 1


def told(house: House, *, key: str) -> bool:
    """Whether the alert went out."""
    return house.sql("SELECT state FROM inbox_alert WHERE key = %s", [key]) == [("done",)]


def test_valkey_hung_flushed_and_dead_holds_up_nothing(house: House, blow: Blow, tell: Any) -> None:
    shop, quiet_shop = town.open_shops(2)
    town.owe(quiet_shop, 2)
    talk = house.sql("SELECT min(id) FROM conversations_conversation")[0][0]
    web, _ = house.web(), house.bear("dispatch")
    spans: list[Span] = []
    chats = iter(range(5000, 6000))
    client_asks(house, web.port, shop, chat=next(chats))  # everything is warm

    def during(name: str) -> None:
        since = time.monotonic()
        answered = client_asks(house, web.port, shop, chat=next(chats))
        time.sleep(max(0.0, since + blow.of(1.0, 60) - time.monotonic()))
        spans.append(Span(name, since, time.monotonic(), answered))

    with (
        crowd.Crowd(web.port, [shop], senders=4, pace=60) as many,
        Desk(web.port, token_of(quiet_shop.salon), talk) as desk,
    ):
        houses.wait_for(lambda: desk.times, "no page answers")
        during("quiet")
        house.valkey_hangs()
        alert(quiet_shop, key="hung")
        during("hung")
        houses.wait_for(
            lambda: told(house, key="hung"), "slow work is not done while Valkey hangs", patience=15
        )
        house.valkey_wakes()
        for _ in range(20):
            house.redis().flushall()
            time.sleep(0.02)
        during("flushed")
        house.valkey.stop()
        alert(quiet_shop, key="dead")
        during("dead")
        houses.wait_for(
            lambda: told(house, key="dead"), "slow work is not done while Valkey is dead", patience=15
        )

    quiet = spans[0]
    usual = {s.name: many.slowest(since=s.since, until=s.until, share=0.5) for s in spans}
    p99 = {s.name: many.slowest(since=s.since, until=s.until) for s in spans}
    pages = {s.name: desk.slowest(since=s.since, until=s.until) for s in spans}
    tell(
        ingest_p99={name: round(value, 3) for name, value in p99.items()},
        slowest_page={name: round(value, 3) for name, value in pages.items()},
        answered_after={s.name: round(s.answered_after, 2) for s in spans},
    )
    assert set(many.answers()) == {200}
    assert desk.statuses == {201}
    for span in spans[1:]:
        assert many.answers(since=span.since, until=span.until)[200] > 10
        assert usual[span.name] < 5 * usual[quiet.name] + 0.05, span.name
        assert p99[span.name] < 5 * p99[quiet.name] + 1.0, span.name
        assert pages[span.name] < 1.0 + 3 * pages[quiet.name], span.name
        assert span.answered_after < 3.0 + 3 * quiet.answered_after, span.name


def test_a_worker_goes_on_after_valkey_came_back(house: House, shop: town.Shop, tell: Any) -> None:
    town.owe(shop, 1)
    house.bear("dispatch")
    worker = house.worker()
    alert(shop, key="before")
    houses.wait_for(lambda: told(house, key="before"), "slow work is not done")
    house.valkey.stop()
    house.servers.start()
    alert(shop, key="after")
    # Sooner than `dispatch` loses patience with a worker that takes nothing.
    took = houses.wait_for(lambda: told(house, key="after"), "slow work is not done any more", patience=15)
    tell(done_after=took)
    assert worker.alive()
