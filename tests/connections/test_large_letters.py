"""Letters come with their files: the door takes them to 25 MiB, and nobody else's lead waits behind one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connections import accounts, events, gather, hooks, intake, quarantine, spool
from connections.hooks import Door
from connections.models import InboundEvent, Quarantined
from integrations.protocols.channel import HookRequest
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def door(live_db: Any) -> Door:
    return Door()


def box(salon: Salon, **settings: str) -> str:
    """A mail box that a service posts to; returns its hook's path."""
    with salon.work():
        told = {"address": "hello@salon.example", **settings}
        return accounts.hook_path(accounts.create("email", settings=told))


def letter(size: int, *, ident: str = "one") -> list[bytes]:
    """A letter as Postmark posts it, in pieces as a network brings them."""
    told = {
        "MessageID": ident,
        "From": "anna@mail.example",
        "FromFull": {"Email": "anna@mail.example", "Name": "Анна"},
        "To": "hello@salon.example",
        "Subject": "Фото",
        "TextBody": "Посмотрите, пожалуйста",
        "Date": "Tue, 24 Nov 2026 10:00:00 +0300",
        "Headers": [{"Name": "Message-ID", "Value": f"<{ident}@mail.example>"}],
        "Attachments": [{"Name": "a.jpg", "ContentType": "image/jpeg", "Content": ""}],
    }
    head, tail = json.dumps(told).encode().split(b'"Content": ""')
    return [head + b'"Content": "', *[b"A" * MIB] * (size // MIB), b'"' + tail]


def stored(salon: Salon) -> list[int]:
    with salon.work():
        return [len(event.raw) for event in InboundEvent.objects.order_by("id")]


def test_a_letter_of_twenty_mebibytes_is_taken_in_once(door: Door, salon: Salon) -> None:
    path = box(salon)
    assert [asgi.call(door, "POST", path, letter(20 * MIB), JSON).status for _ in range(2)] == [200, 200]
    (size,) = stored(salon)
    assert size > 20 * MIB


def test_beyond_the_limit_it_is_413(door: Door, salon: Salon) -> None:
    answer = asgi.call(door, "POST", box(salon), letter(25 * MIB), JSON)
    assert (answer.status, answer.body) == (413, b"body over 25 MiB")
    assert stored(salon) == []


def test_a_stranger_cannot_make_us_read_so_much(door: Door, salon: Salon) -> None:
    pieces = letter(20 * MIB)
    assert asgi.call(door, "POST", "/hooks/email/nosuchtokennosuchtoken/", pieces, JSON).status == 404
    assert asgi.call(door, "POST", telegram.connect(salon), pieces, telegram.SECRET).status == 413


def test_only_so_many_are_in_the_memory_at_once(
    door: Door, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = box(salon)
    monkeypatch.setattr(hooks, "MOST_LARGE", 1)

    async def together() -> list[int]:
        answers = await asyncio.gather(
            *(
                asgi.acall(door, "POST", path, letter(4 * MIB, ident=f"n{number}"), JSON)
                for number in range(3)
            )
        )
        return sorted(answer.status for answer in answers)

    assert asyncio.run(together())[0] == 200
    assert 503 in asyncio.run(together())
    assert door._large_open == 0
    assert asgi.call(door, "POST", path, letter(4 * MIB, ident="last"), JSON).status == 200


def test_a_large_forgery_is_refused_and_not_kept(door: Door, salon: Salon) -> None:
    path = box(salon, hook_password="right")
    assert asgi.call(door, "POST", path, letter(4 * MIB), JSON).status == 401
    with salon.work():
        assert not Quarantined.objects.exists()
    assert asgi.call(door, "POST", path, b"{}", JSON).status == 401
    with salon.work():
        assert Quarantined.objects.count() == 1
    assert quarantine.MOST_A_DAY > 1


def test_a_commit_is_never_larger_than_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MOST_BYTES", 100)
    gatherer = gather.Gatherer()
    loop = asyncio.new_event_loop()
    for size in (60, 60, 30, 500, 10):
        row = events.Row(1, 1, "x", False, "", "POST", "", "", {}, b"x" * size, None)  # type: ignore[arg-type]
        gatherer._waiting.put(gather.Waiting(row, loop.create_future(), loop))
    batches = [[len(waiting.row.raw) for waiting in gatherer._next()] for _ in range(4)]
    assert batches == [[60], [60, 30], [500], [10]]
    loop.close()


def test_the_spool_keeps_room_for_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_BYTES", 20 * MIB)

    def keep(size: int) -> None:
        request = HookRequest(body=b"x" * size)
        kept = spool.Kept("email", "t" * 32, request, _now(), verified=True)
        writer = spool.Writer(tmp_path)
        writer.keep(kept)
        writer._close()

    keep(6 * MIB)
    with pytest.raises(spool.Full):
        keep(6 * MIB)
    keep(1000)
    groups: list[list[int]] = []

    def store(records: Sequence[spool.Kept]) -> list[spool.Kept]:
        groups.append([len(each.request.body) for each in records])
        return []

    spool.drain(store, tmp_path)
    assert groups == [[6 * MIB], [1000]]


def test_a_spooled_letter_is_moved_in_whole(
    door: Door, salon: Salon, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SPOOL_DIR = tmp_path
    door.spool = spool.Writer(tmp_path)
    path = box(salon)
    assert asgi.call(door, "POST", path, letter(2 * MIB, ident="first"), JSON).status == 200
    door.large._down_until = float("inf")  # its connection is away, that of the others is not
    assert asgi.call(door, "POST", path, letter(8 * MIB, ident="second"), JSON).status == 200
    assert len(stored(salon)) == 1
    door.spool.rest(after=0)
    assert intake.drain_spool() == 1
    assert stored(salon)[1] > 8 * MIB


def _now() -> Any:
    import datetime as dt

    return dt.datetime.now(dt.UTC)
