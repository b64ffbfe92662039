"""Dispatchers are killed in the middle of their calls: no message goes out twice, none vanishes, doubts are shown."""

from __future__ import annotations

import functools
import os
import signal
import time
from typing import Any

import pytest

from conversations import courier
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


def storm(house: House, blow: Blow, *, sign: signal.Signals, times: int, latency: float) -> set[str]:
    """Owes messages again and again and ends one of two dispatchers by a signal while they are on their way.

    Returns the keys of the messages; no dispatcher lives any more.
    """
    shops = town.open_shops(8)
    house.telegram.latency = latency
    keys: set[str] = set()
    alive = [house.bear("dispatch", "--queue", "deliveries") for _ in range(2)]
    for number in range(times):
        before = len(house.telegram.ledger)
        for shop in shops:
            keys |= set(town.owe(shop, 4, key=f"owed{number}"))
        houses.wait_for(functools.partial(_grown, house, before), "nothing is sent", every=0.005)
        time.sleep(blow.random.uniform(0.0, 0.2))
        victim = blow.random.randrange(len(alive))
        os.kill(alive[victim].pid, sign)
        alive[victim] = house.bear("dispatch", "--queue", "deliveries")
    for process in alive:
        os.kill(process.pid, sign)
    houses.wait_for(lambda: not any(process.alive() for process in house.born()), "a dispatcher does not end")
    return keys


def _grown(house: House, before: int) -> bool:
    return len(house.telegram.ledger) > before


def resume(house: House) -> float:
    """A minute later a dispatcher comes up; returns how long it takes until nothing is open."""
    house.outlast_leases()
    began = time.monotonic()
    house.bear("dispatch", "--queue", "deliveries")
    houses.wait_for(
        lambda: not OPEN & set(house.states("conversations_delivery")), "does not resume", patience=120
    )
    return time.monotonic() - began


def test_killed_dispatchers_send_nothing_twice_and_lose_nothing(house: House, blow: Blow, tell: Any) -> None:
    kills = blow.many(12, 600)
    keys = storm(house, blow, sign=signal.SIGKILL, times=kills, latency=0.15)
    stranded = sum(state in OPEN for state, _ in outcomes(house).values())
    resumed = resume(house)

    taken, known = town.texts_sent(house.telegram), outcomes(house)
    sent = {key for key, (delivery, _) in known.items() if delivery == "done"}
    doubted = {key for key, (delivery, _) in known.items() if delivery == "in_doubt"}
    tell(
        kills=kills,
        due=len(keys),
        sent=len(sent),
        in_doubt=len(doubted),
        in_doubt_per_kill=len(doubted) / kills,
        of_which_arrived=len(doubted & set(taken)),
        stranded=stranded,
        resumed_after=resumed,
    )
    assert doubted & set(taken), "no kill met a call: nothing was proved"
    assert set(known) == keys
    assert sent | doubted == keys
    assert max(taken.values()) == 1
    assert sent <= set(taken)
    assert set(taken) - sent <= doubted
    assert {message for delivery, message in known.values() if delivery == "in_doubt"} == {"in_doubt"}
    assert {message for delivery, message in known.values() if delivery == "done"} == {"sent"}


def test_dispatchers_told_to_end_finish_what_they_began(house: House, blow: Blow, tell: Any) -> None:
    ends = blow.many(4, 200)
    # Every call is late, and still waited for.
    keys = storm(house, blow, sign=signal.SIGTERM, times=ends, latency=courier.PATIENCE_SECONDS + 0.2)
    stranded = sum(state in OPEN for state, _ in outcomes(house).values())
    resumed = resume(house)
    taken = town.texts_sent(house.telegram)
    tell(ends=ends, due=len(keys), sent=len(taken), left=stranded, resumed_after=resumed)
    assert set(taken) == keys
    assert max(taken.values()) == 1
    assert house.states("conversations_delivery") == {"done": len(keys)}
