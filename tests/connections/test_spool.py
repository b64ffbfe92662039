"""The spool: what came while PostgreSQL was down is fsynced, sealed, and moved in later, once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from config.settings import KeyRing
from connections import intake, spool
from connections.hooks import Door
from connections.models import Connection, InboundEvent
from integrations.protocols.channel import HookRequest
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.SPOOL_DIR = tmp_path / "spool"
    return tmp_path / "spool"


def kept(body: bytes) -> spool.Kept:
    request = HookRequest(body=body, headers={"content-type": "application/json"})
    return spool.Kept("telegram", "t" * 32, request, dt.datetime.now(dt.UTC), verified=True)


def drained(folder: Path) -> list[bytes]:
    found: list[bytes] = []

    def store(records: Sequence[spool.Kept]) -> list[spool.Kept]:
        found.extend(each.request.body for each in records)
        return []

    spool.drain(store, folder)
    return found


def test_records_come_back_in_order_and_the_file_goes(folder: Path) -> None:
    writer = spool.Writer(folder)
    for number in range(3):
        writer.keep(kept(b"%d" % number))
    writer._close()
    assert drained(folder) == [b"0", b"1", b"2"]
    assert spool.files(folder) == []


def test_a_file_still_written_to_is_left_alone(folder: Path) -> None:
    writer = spool.Writer(folder)
    writer.keep(kept(b"x"))
    assert drained(folder) == []
    assert len(spool.files(folder)) == 1


def test_nothing_can_be_read_in_the_file(folder: Path) -> None:
    spool.Writer(folder).keep(kept("секрет клиента".encode()))
    assert "секрет клиента".encode() not in spool.files(folder)[0].read_bytes()
    assert spool.files(folder)[0].stat().st_mode & 0o077 == 0


def test_a_torn_last_record_is_skipped(folder: Path) -> None:
    writer = spool.Writer(folder)
    writer.keep(kept(b"whole"))
    writer.keep(kept(b"torn"))
    writer._close()
    path = spool.files(folder)[0]
    os.truncate(path, path.stat().st_size - 3)
    assert drained(folder) == [b"whole"]


def test_a_full_spool_refuses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_BYTES", 10)
    with pytest.raises(spool.Full):
        spool.Writer(folder).keep(kept(b"x" * 100))


def test_a_database_that_is_away_costs_no_event(
    live_db: Any, salon: Salon, folder: Path, settings: Any
) -> None:
    path = telegram.connect(salon)
    right = settings.INGEST_DATABASE_URL
    settings.INGEST_DATABASE_URL = "postgresql://nobody@127.0.0.1:1/nowhere"
    door = Door()
    answer = asgi.call(door, "POST", path, b'{"update_id": 77}', telegram.SECRET)
    assert answer.status == 200
    assert (
        asgi.call(door, "POST", path, b'{"update_id": 78}', {"X-Telegram-Bot-Api-Secret-Token": "no"}).status
        == 200
    )
    settings.INGEST_DATABASE_URL = right
    door.spool._close()
    assert intake.drain_spool() == 2
    with salon.work():  # the unsigned one was refused when its signature could be checked
        assert [event.external_id for event in InboundEvent.objects.all()] == ["77"]
    assert spool.files(folder) == []


def test_neither_database_nor_spool_is_503(live_db: Any, salon: Salon, folder: Path, settings: Any) -> None:
    path = telegram.connect(salon)
    settings.INGEST_DATABASE_URL = "postgresql://nobody@127.0.0.1:1/nowhere"
    folder.parent.joinpath("spool").write_text("a file where the folder should be")
    answer = asgi.call(Door(), "POST", path, b'{"update_id": 79}', telegram.SECRET)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_a_record_that_cannot_be_read_is_set_aside_and_holds_up_nothing(folder: Path, settings: Any) -> None:
    ring = settings.ENCRYPTION_KEYS
    writer = spool.Writer(folder)
    writer.keep(kept(b"first"))
    settings.ENCRYPTION_KEYS = KeyRing("gone", {"gone": b"k" * 32})
    writer.keep(kept(b"sealed with a key that is gone"))
    settings.ENCRYPTION_KEYS = ring
    writer.keep(kept(b"third"))
    writer.rest(after=0.0)
    assert drained(folder) == [b"first", b"third"]
    (aside,) = folder.iterdir()
    assert aside.suffix == ".aside"
    # With the key back it is renamed and comes in after all.
    settings.ENCRYPTION_KEYS = KeyRing("gone", {"gone": b"k" * 32, **ring.keys})
    aside.rename(aside.with_suffix(".spool"))
    assert drained(folder) == [b"sealed with a key that is gone"]
    assert list(folder.iterdir()) == []


def test_what_can_never_be_stored_is_set_aside(folder: Path) -> None:
    writer = spool.Writer(folder)
    for body in (b"good", b"bad", b"good too"):
        writer.keep(kept(body))
    writer.rest(after=0.0)
    assert spool.drain(lambda records: [each for each in records if each.request.body == b"bad"], folder) == 2
    (aside,) = folder.iterdir()
    aside.rename(aside.with_suffix(".spool"))
    assert drained(folder) == [b"bad"]


def test_an_account_that_cannot_be_opened_spools_and_spares_the_others(
    live_db: Any, salon: Salon, other_salon: Salon, folder: Path, settings: Any
) -> None:
    bad, good = telegram.connect(salon), telegram.connect(other_salon)
    with salon.work():
        Connection.objects.update(sealed_settings=b"\x02k1 not what was sealed")
    door = Door()
    assert asgi.call(door, "POST", bad, b'{"update_id": 1}', telegram.SECRET).status == 200
    writer = spool.Writer(folder)
    now = dt.datetime.now(dt.UTC)
    headers = {key.lower(): value for key, value in telegram.SECRET.items()}
    request = HookRequest(body=b'{"update_id": 2}', headers=headers)
    writer.keep(spool.Kept("telegram", good.split("/")[3], request, now, verified=False))
    for each in (door.spool, writer):
        each.rest(after=0.0)
    assert intake.drain_spool() == 1
    with other_salon.work():
        assert InboundEvent.objects.get().external_id == "2"
    assert spool.files(folder) == []
    assert len(list(folder.glob("*.aside"))) == 1
