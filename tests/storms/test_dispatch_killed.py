"""Dispatchers are killed in the middle of their calls: no message goes out twice, none vanishes, doubts are shown."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.storms import house as houses
from tests.storms import town
from tests.storms.conftest import Blow
from tests.storms.house import House

pytestmark = pytest.mark.storm

OPEN = {"waiting", "pending", "claimed", "calling"}


def outcomes(house: House) -> dict[str, tuple[str, str]]:
    """Key → (state of the delivery, state of its message)."""
    rows = house.sql(
        "SELECT m.key, d.state, m.state FROM conversations_delivery d"
        " JOIN conversations_message m ON m.id = d.message_id"
    )
    return {key: (delivery, message) for key, delivery, message in rows}


def storm(
    house: House, blow: Blow, *, sign: signal.Signals, seconds: float, every: tuple[float, float]
) -> int:
    """Keeps three dispatchers alive and ends one now and then by a signal; kills the last ones. Returns how often."""
    ended = 0
    with house.nursery() as bear:
        alive = [bear("dispatch", "--queue", "deliveries") for _ in range(3)]
        end = time.monotonic() + seconds
        while time.monotonic() < end and OPEN & set(house.states("conversations_delivery")):
            time.sleep(blow.random.uniform(*every))
            victim = blow.random.randrange(len(alive))
            os.kill(alive[victim], sign)
            ended += 1
            alive[victim] = bear("dispatch", "--queue", "deliveries")
        for pid in alive:
            os.kill(pid, sign)
        if sign == signal.SIGTERM:
            houses.wait_for(lambda: not any(map(_lives, alive)), "a dispatcher does not end")
    return ended


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_killed_dispatchers_send_nothing_twice_and_lose_nothing(house: House, blow: Blow, tell: Any) -> None:
    shops = town.open_shops(8)
    count = blow.many(60, 1000)
    keys = {key for shop in shops for key in town.owe(shop, count)}
    house.telegram.latency = 0.05
    kills = storm(house, blow, sign=signal.SIGKILL, seconds=blow.of(6, 300), every=(0.25, 0.5))

    house.outlast_leases()
    stranded = outcomes(house)
    began = time.monotonic()
    house.dispatch("--queue", "deliveries")
    houses.wait_for(
        lambda: not OPEN & set(house.states("conversations_delivery")), "does not resume", patience=60
    )
    resumed = time.monotonic() - began

    taken, known = town.texts_sent(house.telegram), outcomes(house)
    sent = {key for key, (delivery, _) in known.items() if delivery == "done"}
    doubted = {key for key, (delivery, _) in known.items() if delivery == "in_doubt"}
    tell(
        kills=kills,
        due=len(keys),
        sent=len(sent),
        in_doubt=len(doubted),
        in_doubt_per_kill=len(doubted) / max(kills, 1),
        of_which_arrived=len(doubted & set(taken)),
        stranded=sum(state in OPEN for state, _ in stranded.values()),
        resumed_after=resumed,
    )
    assert kills > 5
    assert doubted & set(taken), "no kill met a call: nothing was proved"
    assert set(known) == keys
    assert sent | doubted == keys
    assert max(taken.values()) == 1
    assert sent <= set(taken)
    assert set(taken) - sent <= doubted
    assert {message for delivery, message in known.values() if delivery == "in_doubt"} == {"in_doubt"}
    assert {message for delivery, message in known.values() if delivery == "done"} == {"sent"}


def test_dispatchers_told_to_end_finish_what_they_began(house: House, blow: Blow, tell: Any) -> None:
    shops = town.open_shops(6)
    keys = {key for shop in shops for key in town.owe(shop, blow.many(40, 500))}
    house.telegram.latency = 0.05
    ends = storm(house, blow, sign=signal.SIGTERM, seconds=blow.of(4, 120), every=(0.3, 0.6))
    house.outlast_leases()
    house.dispatch("--queue", "deliveries")
    houses.wait_for(
        lambda: not OPEN & set(house.states("conversations_delivery")), "does not resume", patience=60
    )
    taken = town.texts_sent(house.telegram)
    tell(ends=ends, due=len(keys), sent=len(taken))
    assert ends > 2
    assert set(taken) == keys
    assert max(taken.values()) == 1
    assert house.states("conversations_delivery") == {"done": len(keys)}
