"""Web workers are killed at random while the world posts: what was acknowledged is kept, and nothing stands twice."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import time
from collections import Counter
from typing import Any

import pytest

from connections import intake
from tests.storms import crowd, proxy, town
from tests.storms.conftest import Blow
from tests.storms.house import House

pytestmark = pytest.mark.storm


def stored(house: House) -> Counter[tuple[int, str]]:
    """(connection, external id) of the events in the table, and how often each stands there."""
    rows = house.sql(
        "SELECT connection_id, external_id, count(*) FROM connections_inboundevent GROUP BY 1, 2"
    )
    return Counter({(connection, external): count for connection, external, count in rows})


def storm(house: House, blow: Blow, shops: list[town.Shop], *, kills: int, wire: proxy.Proxy) -> crowd.Crowd:
    """Kills web workers one after another while a crowd posts, and in the end all at once."""
    ingest = house.given.databases.ingest.replace(f":{house.postgres.port}/", f":{wire.port}/")
    web = house.another_web(DATABASE_URL_INGEST=ingest)

    def tend() -> None:
        """Too many deaths at once are the end of granian: then the launcher starts it again."""
        nonlocal web
        if not web.alive():
            web.kill()
            web = house.another_web(port=web.port, DATABASE_URL_INGEST=ingest)

    with crowd.Crowd(web.port, shops, senders=16, pace=400) as many:
        for _ in range(kills):
            many.goes_on(by=30, tend=tend)
            time.sleep(blow.random.uniform(0.0, 0.2))
            with contextlib.suppress(ProcessLookupError):
                os.kill(blow.random.choice(web.children() or [web.pid]), signal.SIGKILL)
        many.goes_on(by=30, tend=tend)
        web.kill()
    return many


def test_killed_web_workers_lose_nothing_they_acknowledged(house: House, blow: Blow, tell: Any) -> None:
    shops = town.open_shops(2)
    kills = blow.many(4, 300)
    # A commit takes its time here: who acknowledges before it, and is killed meanwhile, has promised too much.
    with proxy.Proxy(house.postgres.port) as wire:
        wire.delay = 0.02
        many = storm(house, blow, shops, kills=kills, wire=wire)
    intake.drain_spool()

    acknowledged, broken = many.acknowledged(), many.answers()[0]
    kept = stored(house)
    tell(kills=kills, posted=len(many.posts), acknowledged=len(acknowledged), broken=broken, stored=len(kept))
    assert broken > kills / 2, "the kills met no request: nothing was proved"
    assert set(many.answers()) == {0, 200}
    assert acknowledged - set(kept) == set()
    assert max(kept.values()) == 1

    # Providers repeat what they got no answer for: then all of that stands too, and still each once.
    line = http.client.HTTPConnection("127.0.0.1", house.web().port, timeout=30)
    shop_of = {shop.connection_id: shop for shop in shops}
    lost = [post for post in many.posts if not post.status]
    again = blow.random.sample(lost, min(len(lost), 200))
    assert {crowd.post(line, shop_of[p.shop], number=p.number).status for p in again} == {200}
    repeated = {(post.shop, str(post.number)) for post in again}
    kept, before = stored(house), set(kept)
    assert set(kept) == before | repeated
    assert max(kept.values()) == 1
