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
from tests.storms import crowd, town
from tests.storms.conftest import Blow
from tests.storms.house import House

pytestmark = pytest.mark.storm


def stored(house: House) -> Counter[tuple[int, str]]:
    """(connection, external id) of the events in the table, and how often each stands there."""
    rows = house.sql(
        "SELECT connection_id, external_id, count(*) FROM connections_inboundevent GROUP BY 1, 2"
    )
    return Counter({(connection, external): count for connection, external, count in rows})


def test_killed_web_workers_lose_nothing_they_acknowledged(house: House, blow: Blow, tell: Any) -> None:
    shops = town.open_shops(2)
    web = house.another_web(workers=2)
    kills = blow.many(5, 300)
    with crowd.Crowd(web.port, shops, senders=16, pace=400) as many:
        for _ in range(kills):
            many.goes_on(by=40)
            time.sleep(blow.random.uniform(0.0, 0.2))
            with contextlib.suppress(ProcessLookupError):
                os.kill(blow.random.choice(web.children() or [web.pid]), signal.SIGKILL)
            time.sleep(0.1)
            if not web.alive():  # too many deaths for granian: the launcher starts it again
                web.kill()
                web = house.another_web(port=web.port)
        many.goes_on(by=40)
        web.kill()  # and in the end all at once
    intake.drain_spool()

    acknowledged, broken = many.acknowledged(), many.answers()[0]
    kept = stored(house)
    tell(kills=kills, posted=len(many.posts), acknowledged=len(acknowledged), broken=broken, stored=len(kept))
    assert broken > kills / 2, "the kills met no request: nothing was proved"
    assert set(many.answers()) == {0, 200}
    assert acknowledged - set(kept) == set()
    assert max(kept.values()) == 1

    # Providers repeat what they got no answer for: then all of it stands, each once.
    line = http.client.HTTPConnection("127.0.0.1", house.web().port, timeout=30)
    shop_of = {shop.connection_id: shop for shop in shops}
    lost = [post for post in many.posts if not post.status]
    assert {crowd.post(line, shop_of[p.shop], number=p.number).status for p in lost} == {200}
    kept = stored(house)
    assert set(kept) == {(post.shop, str(post.number)) for post in many.posts}
    assert max(kept.values()) == 1
