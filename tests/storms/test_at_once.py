"""The same event many times at once, many messages of somebody new at once, threads under several dispatchers."""

from __future__ import annotations

import http.client
import threading
from collections import defaultdict
from typing import Any

import pytest

from tests.storms import crowd, town
from tests.storms import house as houses
from tests.storms.conftest import Blow
from tests.storms.house import House
from tests.storms.test_providers import Flood, of

pytestmark = pytest.mark.storm


def test_the_same_events_from_all_sides_stand_once(house: House, blow: Blow, tell: Any) -> None:
    shop = town.open_shops(1)[0]
    web = house.web()
    events = {crowd.fresh(): 700 + number % 5 for number in range(blow.many(30, 2000))}
    # Each comes one to five times, and no two senders tell them in the same order.
    orders: list[list[int]] = [[] for _ in range(16)]
    for number in events:
        for order in blow.random.sample(orders, blow.random.randint(1, 5)):
            order.append(number)
    for order in orders:
        blow.random.shuffle(order)
    together = threading.Barrier(len(orders))
    statuses: list[int] = []

    def tell_all(order: list[int]) -> None:
        line = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
        together.wait()
        for number in order:
            update = town.update(f"Слово {number}", chat=events[number], number=number)
            statuses.append(crowd.post(line, shop, number=number, update=update).status)
        line.close()

    _at_once([lambda order=order: tell_all(order) for order in orders])
    assert set(statuses) == {200}
    assert len(statuses) == sum(map(len, orders)) > len(events)
    kept = house.sql("SELECT external_id FROM connections_inboundevent")
    assert sorted(kept) == sorted((str(number),) for number in events)

    house.bear("dispatch", "--queue", "inbound")
    houses.wait_for(
        lambda: house.states("connections_inboundevent") == {"done": len(events)},
        "not all is taken in",
        patience=blow.of(30, 600),
    )
    tell(events=len(events), posts=len(statuses))
    words = house.sql("SELECT text, count(*) FROM conversations_message WHERE direction = 'in' GROUP BY 1")
    assert dict(words) == {f"Слово {number}": 1 for number in events}
    chats = len(set(events.values()))
    assert house.sql("SELECT count(*), count(DISTINCT chat) FROM conversations_conversation") == [
        (chats, chats)
    ]
    assert house.sql("SELECT count(*) FROM conversations_contact") == [(chats,)]
    assert house.sql("SELECT count(*) FROM leads_lead") == [(chats,)]


def test_somebody_new_who_writes_ten_things_at_once_is_one_person(house: House, blow: Blow) -> None:
    shop = town.open_shops(1)[0]
    second = town.another_bot(shop)
    web = house.web()
    for _ in range(3):
        house.bear("dispatch", "--queue", "inbound")
    expected = blow.many(3, 200)
    for person in range(expected):
        together = threading.Barrier(20)

        def write(number: int, *, person: int = person, together: threading.Barrier = together) -> None:
            together.wait()
            bot = shop if number % 2 else second
            assert crowd.say(web.port, bot, f"{person}:{number}", chat=800 + person) == 200

        _at_once([lambda number=number: write(number) for number in range(20)])
    houses.wait_for(
        lambda: house.states("connections_inboundevent") == {"done": 20 * expected},
        "not all is taken in",
        patience=300,
    )
    assert house.sql("SELECT count(*) FROM conversations_contact") == [(expected,)]
    assert house.sql("SELECT count(*) FROM conversations_identity") == [(expected,)]
    assert house.sql("SELECT count(*) FROM conversations_conversation") == [(2 * expected,)]
    words = house.sql(
        "SELECT conversation_id, count(*), count(DISTINCT text) FROM conversations_message"
        " WHERE direction = 'in' GROUP BY 1"
    )
    assert [(count, different) for _, count, different in words] == [(10, 10)] * (2 * expected)
    assert house.sql("SELECT sum(unread) FROM conversations_conversation") == [(20 * expected,)]
    assert house.sql("SELECT max(attempts) FROM connections_inboundevent") == [(1,)], (
        "somebody stumbled over another"
    )


def test_threads_keep_their_order_under_three_dispatchers(house: House, blow: Blow, tell: Any) -> None:
    shop, flooded = town.open_shops(2)
    web = house.web()
    chats, words = range(900, 908), blow.many(6, 60)
    for bot in (shop, flooded):
        town.owe(bot, blow.many(40, 400), threads=5)
    # Refused for a second in the middle: what was refused comes again before what was said after it.
    house.telegram.when(of(flooded), Flood(0.7, times=3))
    house.telegram.latency = 0.02
    for _ in range(3):
        house.bear("dispatch", "--queue", "inbound", "--queue", "deliveries")
    _at_once([lambda chat=chat: _talk(web.port, shop, chat, words) for chat in chats])
    houses.wait_for(
        lambda: (
            house.states("connections_inboundevent") == {"done": len(chats) * words}
            and house.states("conversations_delivery").keys() <= {"done", "cancelled"}
        ),
        "not all is done",
        patience=300,
    )
    heard: dict[int, list[int]] = defaultdict(list)
    for conversation, text in house.sql(
        "SELECT conversation_id, text FROM conversations_message WHERE direction = 'in' ORDER BY id"
    ):
        heard[conversation].append(int(text))
    assert list(heard.values()) == [list(range(words))] * len(chats)
    for bot in (shop, flooded):
        said: dict[str, list[int]] = defaultdict(list)
        for seen in house.telegram.calls("sendMessage"):
            if of(bot)(seen) and str(seen.params()["text"]).startswith("owed:"):
                said[str(seen.params()["chat_id"])].append(int(str(seen.params()["text"]).split(":")[2]))
        assert len(said) == 5
        for numbers in said.values():
            assert numbers == sorted(numbers)


def _talk(port: int, shop: town.Shop, chat: int, words: int) -> None:
    for number in range(words):
        assert crowd.say(port, shop, str(number), chat=chat) == 200


def _at_once(works: list[Any]) -> None:
    """Runs each in a thread of its own; an error in one is an error of the test."""
    failed: list[BaseException] = []

    def guarded(work: Any) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
