"""One salon's provider hangs, loses answers, asks for patience: its own messages wait or are doubted, nobody else's."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from conversations import outbox
from fakes.server import Answer, Seen
from fakes.telegram import FakeTelegram, error
from tests.storms import house as houses
from tests.storms import town
from tests.storms.conftest import Blow
from tests.storms.house import House
from work import sweep
from work.rows import MAX_ATTEMPTS

pytestmark = pytest.mark.storm


def of(shop: town.Shop) -> Callable[[Seen], bool]:
    """Whether a call sends a message by this shop's bot."""
    return lambda seen: seen.path == f"/bot{shop.token}/sendMessage"


def calls(telegram: FakeTelegram, shop: town.Shop) -> list[Seen]:
    """Every attempt to send by this shop's bot, whatever became of it."""
    with telegram.lock:
        return [seen for seen in telegram.ledger if of(shop)(seen)]


def states(house: House, shop: town.Shop) -> dict[tuple[str, str], int]:
    """(state of the delivery, state of its message) → how many."""
    rows = house.sql(
        "SELECT d.state, m.state, count(*) FROM conversations_delivery d"
        " JOIN conversations_message m ON m.id = d.message_id WHERE d.tenant_id = %s GROUP BY 1, 2",
        [shop.id],
    )
    return {(delivery, message): count for delivery, message, count in rows}


class Flood:
    """Telegram's flood control: from the first call on everything is refused for some seconds, again and again."""

    def __init__(self, seconds: float, *, times: int) -> None:
        self.seconds, self.times = seconds, times
        self.until = 0.0
        self.impatient = 0

    def __call__(self, seen: Seen) -> Answer | None:
        now = time.monotonic()
        if now >= self.until:
            if not self.times:
                return None
            self.times -= 1
            self.until = now + self.seconds
            self.told = now
        # What was under way when we first said so could not know.
        self.impatient += now > self.told + 0.4
        rest = max(1, math.ceil(self.until - now))
        return error(429, f"Too Many Requests: retry after {rest}", retry_after=rest)


def slowly(telegram: FakeTelegram, seconds: float) -> Callable[[Seen], Answer]:
    """Executes, and takes its time to say so."""

    def answer(seen: Seen) -> Answer:
        seen.executed = True
        return dataclasses.replace(telegram.execute(seen), delay=seconds)

    return answer


def test_one_salons_trouble_is_nobody_elses(house: House, blow: Blow, tell: Any) -> None:
    hung, slow, lost, flooded, refused, *good = town.open_shops(8)
    telegram, flood = house.telegram, Flood(2.0, times=2)
    telegram.when(of(hung), fault="hang")
    telegram.when(of(lost), fault="drop")
    telegram.when(of(slow), slowly(telegram, 1.5))
    telegram.when(of(flooded), flood)
    telegram.when(of(refused), error(429, "Too Many Requests: retry after 0", retry_after=0))
    count = blow.many(60, 400)
    for shop in (hung, slow, lost, flooded):
        town.owe(shop, count)
    town.owe(refused, 3)
    dispatch = house.bear("dispatch", "--queue", "deliveries")
    houses.wait_for(lambda: calls(telegram, hung), "nothing is sent")

    written: dict[str, float] = {}
    end = time.monotonic() + blow.of(3.5, 120)
    while time.monotonic() < end:
        for shop in good:
            written |= dict.fromkeys(town.owe(shop, 1, key=f"good{len(written)}"), time.time())
        time.sleep(0.2)
    houses.wait_for(lambda: set(written) <= set(town.texts_sent(telegram)), "others' messages do not go out")
    houses.wait_for(
        lambda: states(house, slow) == {("done", "sent"): count}, "a slow provider's answers are lost"
    )
    houses.wait_for(lambda: states(house, flooded) == {("done", "sent"): count}, "patience is not rewarded")
    houses.wait_for(lambda: states(house, refused) == {("dead", "failed"): 3}, "it is tried for ever")
    if blow.soak:
        dispatch.end()
    else:  # what hangs does so for ten seconds: not waited for here
        dispatch.kill()
        house.outlast_leases()
        sweep.free_stale(sweep.queue(outbox.QUEUE))

    dwell = sorted(
        seen.at - written[text]
        for shop in good
        for seen in calls(telegram, shop)
        if (text := str(seen.params()["text"])) in written
    )
    tell(
        others=len(written),
        others_waited_at_most=dwell[-1],
        hung_calls=len(calls(telegram, hung)),
        lost_calls=len(calls(telegram, lost)),
        lost=states(house, lost),
        impatient_calls=flood.impatient,
    )
    assert max(town.texts_sent(telegram).values()) == 1
    assert dwell[-1] < 5.0
    # What hangs or gets lost is not tried with every message that is due: after some failures the account rests.
    assert len(calls(telegram, hung)) < blow.many(45, 100)
    assert len(calls(telegram, lost)) < blow.many(45, 100)
    assert set(states(house, lost)) == {("in_doubt", "in_doubt"), ("pending", "pending")}
    assert states(house, lost)["in_doubt", "in_doubt"] == len(calls(telegram, lost))
    # A provider that asks for patience gets it, and each message still goes out once.
    assert flood.impatient == 0
    assert len(calls(telegram, refused)) == 3 * MAX_ATTEMPTS
    # Each message that hung is doubted, and no other.
    assert sum(states(house, hung).values()) == count
    assert states(house, hung)["in_doubt", "in_doubt"] == len(calls(telegram, hung))
