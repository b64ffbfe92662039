"""Olga's shop with a Telegram bot, and Anna who writes to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from assistant import answer
from fakes.telegram import FakeTelegram
from tests.assistant.stage import Client, open_shop
from tests.conftest import Salon
from tests.connections import telegram


@pytest.fixture
def bot(settings: Any) -> Iterator[FakeTelegram]:
    """Telegram's server."""
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


@pytest.fixture
def hook(salon: Salon) -> str:
    """The hook of Olga's bot; her shop is open."""
    open_shop(salon)
    return telegram.connect(salon)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the end of a burst."""
    monkeypatch.setattr(answer, "AFTER_LAST", dt.timedelta())


@pytest.fixture
def anna(salon: Salon, bot: FakeTelegram, hook: str, at_once: None) -> Client:
    """A new client."""
    return Client.new(salon, bot)


@pytest.fixture
def live_anna(live_db: Any, salon: Salon, bot: FakeTelegram, hook: str) -> Client:
    """The same through the real door; her words are answered when she has stopped."""
    return Client.at_the_door(salon, bot, hook)
