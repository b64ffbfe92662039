"""PostgreSQL stops at once and comes back while the world posts: acknowledged is stored, here or in the spool."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from connections import intake, spool
from tests.storms import crowd, proxy, town
from tests.storms import house as houses
from tests.storms.conftest import Blow
from tests.storms.house import House
from tests.storms.test_web_killed import stored

pytestmark = pytest.mark.storm


def drained() -> float:
    """Waits until the spool is empty, draining it as any sweep does; returns how long that took."""

    def is_empty() -> bool:
        intake.drain_spool()
        return not spool.files()

    return houses.wait_for(is_empty, "the spool is not drained")


def test_postgres_gone_and_back_loses_nothing_acknowledged(house: House, blow: Blow, tell: Any) -> None:
    shops = town.open_shops(2)
    web = house.web()
    # The spool is drained before each sweep, whatever its queues are.
    dispatch = house.dispatch("--queue", "deliveries")
    absences, most_spooled = 0, 0
    with crowd.Crowd(web.port, shops, senders=16, pace=200) as many:
        for _ in range(blow.many(2, 60)):
            many.goes_on(by=60)
            house.postgres_stops(blow.random.choice(("immediate", "kill")))
            many.goes_on(by=60)
            most_spooled = max(most_spooled, len(spool.files()))
            time.sleep(blow.random.uniform(0.0, 0.5))
            house.servers.start()
            absences += 1
        many.goes_on(by=60)
    recovery = houses.wait_for(lambda: not spool.files(), "the spool is not drained")

    acknowledged, kept = many.acknowledged(), stored(house)
    tell(
        absences=absences,
        posted=len(many.posts),
        answers=dict(many.answers()),
        stored=len(kept),
        drained_after=recovery,
        slowest=many.slowest(share=1.0),
    )
    assert most_spooled, "nothing was spooled: nothing was proved"
    assert set(many.answers()) <= {200, 503}
    assert all(post.retry_after for post in many.posts if post.status == 503)
    assert acknowledged - set(kept) == set()
    assert max(kept.values()) == 1
    assert recovery < 10

    # And what was due all the while goes out: nobody has to start `dispatch` again.
    assert dispatch.alive()
    town.owe(shops[0], 3)
    houses.wait_for(lambda: house.states("conversations_delivery") == {"done": 3}, "dispatch does not go on")


@pytest.fixture(scope="module")
def wire(built_house: House) -> Iterator[proxy.Proxy]:
    """Between the web process and PostgreSQL."""
    with proxy.Proxy(built_house.postgres.port) as wire:
        yield wire


@pytest.fixture
def web(house: House, wire: proxy.Proxy) -> houses.Process:
    """A web process whose door reaches PostgreSQL through the wire."""
    ingest = house.given.databases.ingest.replace(f":{house.postgres.port}/", f":{wire.port}/")
    return house.web(workers=1, DATABASE_URL_INGEST=ingest)


def test_a_commit_whose_answer_is_lost_is_stored_once(
    house: House, blow: Blow, wire: proxy.Proxy, web: houses.Process, tell: Any
) -> None:
    shops = town.open_shops(1)
    with crowd.Crowd(web.port, shops, senders=8, pace=100) as many:
        time.sleep(0.5)
        wire.mode = "lose answers"
        time.sleep(blow.of(1.0, 60))
        wire.mode = "pass"
        time.sleep(0.5)
    drained()
    kept = stored(house)
    tell(lost_answers=wire.lost, answers=dict(many.answers()), stored=len(kept))
    assert wire.lost > 1
    assert set(many.answers()) == {200}
    assert many.acknowledged() == set(kept)
    assert max(kept.values()) == 1


def test_a_database_that_falls_silent_keeps_nobody_from_the_spool(
    house: House, blow: Blow, wire: proxy.Proxy, web: houses.Process, tell: Any
) -> None:
    shops = town.open_shops(2)
    # The second shop's account is not known yet when the database falls silent.
    with crowd.Crowd(web.port, shops[:1], senders=4, pace=40) as known:
        time.sleep(0.5)
        wire.mode = "silence"
        with crowd.Crowd(web.port, shops[1:], senders=8, pace=80) as unknown:
            time.sleep(blow.of(3.4, 60))
            silent_until = time.monotonic()
            wire.mode = "pass"
            time.sleep(0.5)
    drained()
    kept = stored(house)
    slowest = max(many.slowest(until=silent_until, share=1.0) for many in (known, unknown))
    tell(known=dict(known.answers()), unknown=dict(unknown.answers()), slowest=slowest, stored=len(kept))
    assert set(known.answers()) == set(unknown.answers()) == {200}
    assert known.acknowledged() | unknown.acknowledged() == set(kept)
    assert known.answers(until=silent_until)[200] > 10
    assert unknown.answers(until=silent_until)[200] > 10
    assert slowest < 8, "providers give up after ten seconds"
