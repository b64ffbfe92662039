"""The same rows swept by several processes at once, or by `pump` alone with Redis dead: each done, and once."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from connections import spool
from integrations.protocols.channel import HookRequest
from tests.storms import crowd, town
from tests.storms import house as houses
from tests.storms.conftest import Blow
from tests.storms.house import House
from tests.storms.test_valkey import alert, told

pytestmark = pytest.mark.storm


def test_pump_does_the_whole_sweep_with_redis_dead(house: House, tell: Any) -> None:
    shop, quiet_shop = town.open_shops(2)
    house.valkey.stop()
    # A word in the table, a word in the spool, messages that are owed, and slow work.
    assert crowd.say(house.web().port, shop, "Здравствуйте", chat=501) == 200
    body, headers = crowd.signed(town.update("Здравствуйте", chat=502, number=crowd.fresh()))
    writer = spool.Writer()
    writer.keep(
        spool.Kept(
            "telegram",
            shop.path.split("/")[3],
            HookRequest(body=body, headers={name.lower(): value for name, value in headers.items()}),
            dt.datetime.now(dt.UTC),
            verified=True,
        )
    )
    writer.rest(after=0.0)
    owed = town.owe(quiet_shop, 5)
    alert(quiet_shop, key="slow")

    began = time.monotonic()
    swept = house.command("pump", "--once")
    took = time.monotonic() - began
    tell(swept={name: count for name, count in swept.items() if count}, took=took)
    assert house.states("connections_inboundevent") == {"done": 2}
    assert set(owed) <= set(town.texts_sent(house.telegram))
    assert told(house, key="slow")
    assert spool.files() == []
    house.bear("pump")  # an answer waits a moment for the client to stop typing
    houses.wait_for(
        lambda: bool(house.telegram.sent_to(501) and house.telegram.sent_to(502)),
        "the client is not answered",
    )
    assert max(town.texts_sent(house.telegram, [quiet_shop.token]).values()) == 1


def test_two_dispatchers_and_pump_send_each_message_once(house: House, blow: Blow, tell: Any) -> None:
    shops = town.open_shops(25)
    keys = {key for shop in shops for key in town.owe(shop, blow.many(40, 2000))}
    began = time.monotonic()
    for command in ("dispatch", "dispatch", "pump"):
        house.bear(command)
    houses.wait_for(
        lambda: house.states("conversations_delivery") == {"done": len(keys)},
        "not all sent",
        patience=blow.of(60, 1800),
    )
    taken = town.texts_sent(house.telegram)
    tell(due=len(keys), seconds=time.monotonic() - began)
    assert set(taken) == keys
    assert max(taken.values()) == 1
    assert {state for (state,) in house.sql("SELECT DISTINCT state FROM conversations_message")} == {"sent"}
    # Nobody did a row that another one had: no claim was ever lost.
    assert house.sql("SELECT DISTINCT attempts FROM conversations_delivery") == [(1,)]
