"""The spool: what came while PostgreSQL was down is fsynced, sealed, and moved in later, once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connections import intake, spool
from connections.hooks import Door
from connections.models import InboundEvent
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
