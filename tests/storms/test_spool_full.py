"""The spool when there is no more room, when its writer died, and when several write and drain at once."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connections import intake, spool
from integrations.protocols.channel import HookRequest
from tests.storms import crowd, town
from tests.storms.conftest import Blow
from tests.storms.house import House
from tests.storms.test_web_killed import stored

pytestmark = pytest.mark.storm


def test_a_full_disk_is_said_and_a_torn_record_was_promised_to_nobody(
    house: House, blow: Blow, tell: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shops = town.open_shops(2)
    web = house.another_web(workers=1, largest_file=32 * 1024)
    with crowd.Crowd(web.port, shops, senders=8, pace=200) as many:
        time.sleep(0.5)
        house.postgres_stops("immediate")
        time.sleep(blow.of(2, 60))
    web.kill()
    last = town.poll(number=crowd.fresh())  # the record in whose writing the process died
    writer = spool.Writer()
    writer.keep(_kept(shops[0], last))
    writer.rest(after=0.0)
    os.truncate(spool.files()[-1], spool.files()[-1].stat().st_size - 3)

    house.servers.start()
    intake.drain_spool()
    kept = stored(house)
    refused = [post for post in many.posts if post.status == 503]
    tell(answers=dict(many.answers()), stored=len(kept), retry_after=sorted({p.retry_after for p in refused}))
    assert set(many.answers()) == {200, 503}
    assert all(post.retry_after for post in refused)
    assert many.acknowledged() <= set(kept)
    assert max(kept.values()) == 1
    assert (shops[0].connection_id, str(last["update_id"])) not in kept
    assert "torn record" in caplog.text
    assert spool.files() == []


def test_writers_and_drainers_at_once_lose_and_double_nothing(tmp_path: Path, blow: Blow, tell: Any) -> None:
    """Files so short-lived that a drainer is always there before, during and after the writing."""
    found: Counter[bytes] = Counter()
    written = threading.Event()
    lock = threading.Lock()
    each = blow.many(150, 20_000)

    def store(records: Sequence[spool.Kept]) -> list[spool.Kept]:
        with lock:
            found.update(record.request.body for record in records)
        return []

    def write(name: int) -> None:
        writer = spool.Writer(tmp_path)
        for number in range(each):
            request = HookRequest(body=f"{name}:{number}".encode(), headers={})
            writer.keep(spool.Kept("telegram", "t" * 32, request, dt.datetime.now(dt.UTC), verified=True))
            if number % 3:
                writer.rest(after=0.0)
        writer.rest(after=0.0)

    def drain() -> None:
        while not written.is_set():
            spool.drain(store, tmp_path)

    writers = [threading.Thread(target=write, args=(name,)) for name in range(3)]
    drainers = [threading.Thread(target=drain) for _ in range(3)]
    for thread in (*drainers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    written.set()
    for thread in drainers:
        thread.join()
    spool.drain(store, tmp_path)
    tell(records=len(found))
    assert set(found) == {f"{name}:{number}".encode() for name in range(3) for number in range(each)}
    assert max(found.values()) == 1
    assert list(tmp_path.iterdir()) == []


def _kept(shop: town.Shop, update: dict[str, Any]) -> spool.Kept:
    body, headers = crowd.signed(update)
    request = HookRequest(body=body, headers={name.lower(): value for name, value in headers.items()})
    return spool.Kept("telegram", shop.path.split("/")[3], request, dt.datetime.now(dt.UTC), verified=True)
