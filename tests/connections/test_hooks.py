"""The durable door: what is authentic is stored before it is acknowledged, whatever it looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connections.hooks import Door
from connections.models import InboundEvent, Quarantined
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram


@pytest.fixture
def door(live_db: Any) -> Door:
    return Door()


@pytest.fixture
def path(salon: Salon) -> str:
    return telegram.connect(salon)


def stored(salon: Salon) -> list[InboundEvent]:
    with salon.work():
        return list(InboundEvent.objects.order_by("id"))


def test_an_update_is_stored_and_acknowledged(door: Door, path: str, salon: Salon) -> None:
    answer = telegram.Writer(door, path).say("Здравствуйте")
    assert (answer.status, answer.body) == (200, b"")
    (event,) = stored(salon)
    assert "Здравствуйте" in json.loads(bytes(event.raw))["message"]["text"]


def test_the_same_update_twice_is_one_row(door: Door, path: str, salon: Salon) -> None:
    body = json.dumps({"update_id": 7, "message": telegram.Writer(door, path).message(text="Раз")}).encode()
    answers = [asgi.call(door, "POST", path, body, telegram.SECRET).status for _ in range(2)]
    assert (answers, len(stored(salon))) == ([200, 200], 1)


def test_a_chunked_body_is_whole(door: Door, path: str, salon: Salon) -> None:
    body = json.dumps(
        {"update_id": 8, "message": telegram.Writer(door, path).message(text="По частям")}
    ).encode()
    assert asgi.call(door, "POST", path, [body[:10], body[10:], b""], telegram.SECRET).status == 200
    assert bytes(stored(salon)[0].raw) == body


def test_a_wrong_signature_is_refused_and_kept_aside(door: Door, path: str, salon: Salon) -> None:
    answer = asgi.call(door, "POST", path, b"{}", {"X-Telegram-Bot-Api-Secret-Token": "wrong"})
    assert answer.status in (401, 403)
    assert stored(salon) == []
    with salon.work():
        assert Quarantined.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["/hooks/telegram/nosuchtokennosuchtoken/", "/hooks/nosuchkind/abcdefabcdefabcdef/", "/hooks/"]
)
def test_an_unknown_channel_is_404(door: Door, address: str) -> None:
    assert asgi.call(door, "POST", address, b"{}", telegram.SECRET).status == 404


def test_a_body_over_a_mebibyte_is_413(door: Door, path: str, salon: Salon) -> None:
    assert asgi.call(door, "POST", path, b"x" * (1024 * 1024 + 1), telegram.SECRET).status == 413
    assert stored(salon) == []


HOSTILE = {
    "malformed": b'{"update_id": 1, "message": ',
    "invalid utf-8": b'{"update_id": 2, "message": "\xff\xfe"}',
    "nul": b'{"update_id": 3, "message": {"text": "a\\u0000b"}}',
    "lone surrogate": b'{"update_id": 4, "message": {"text": "\\ud800"}}',
    "deep": b"[" * 100_000,
    "long number": b'{"update_id": 5, "n": ' + b"9" * 5000 + b"}",
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_but_authentic_bodies_are_kept_to_the_byte(
    name: str, door: Door, path: str, salon: Salon
) -> None:
    assert asgi.call(door, "POST", path, HOSTILE[name], telegram.SECRET).status == 200
    (event,) = stored(salon)
    assert bytes(event.raw) == HOSTILE[name]
