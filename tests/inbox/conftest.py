"""Fixtures of the manager's desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connections.hooks import Door
from connections.models import Connection
from conversations.models import Conversation
from fakes.telegram import FakeTelegram
from tests.conftest import Salon
from tests.connections import telegram
from tests.inbox import group_stage, stage


@pytest.fixture
def anna(salon: Salon) -> Conversation:
    """Anna's thread: she wrote a minute ago."""
    return stage.write(salon, ago=1)


@pytest.fixture
def foreign(other_salon: Salon) -> Conversation:
    """A thread of Boris's salon."""
    return stage.write(other_salon, "Секрет Бориса", name="Чужая Клиентка", phone="+79139998877", chat="777")


@pytest.fixture
def desk(live_db: Any, salon: Salon, settings: Any) -> Iterator[group_stage.Stage]:
    """Olga's bot at a fake Telegram and a group with topics; the assistant is silent."""
    group_stage.speak_english(salon)
    stage.calm_assistant(salon)
    with FakeTelegram() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": server.url}
        path = telegram.connect(salon)
        with salon.work():
            bot = Connection.objects.get()
            bot.account = {"link_base": "https://t.me/omsk_bot", "username": "omsk_bot"}
            bot.save(update_fields=["account"])
        group = server.group(group_stage.CHAT, token=telegram.BOT["bot_token"])
        yield group_stage.Stage(salon, server, telegram.Writer(Door(), path), group)
