"""How an account fares is told apart: works, out of reach, a dead key, a stolen address; some of it is mended."""

from __future__ import annotations

import datetime as dt
import socket
from typing import Any

import pytest

from connections import connect, health
from connections.models import Connection
from fakes.telegram import FakeTelegram
from tests.conftest import Salon
from tests.connections import stage
from tests.connections.stage import TOKEN, fresh, look_after
from work import sweep

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture
def bot(live_db: Any, salon: Salon, telegram_api: FakeTelegram) -> Connection:
    """A bot that was connected for real."""
    made = stage.bot(salon)
    connect.register(salon.id, made.pk)
    return fresh(salon, made)


@pytest.fixture
def nowhere(settings: Any) -> None:
    """A provider that nobody answers for: the connection is refused."""
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": f"http://127.0.0.1:{port}"}


def pass_time(salon: Salon, connection: Connection, **moments: dt.timedelta) -> None:
    """Puts moments of an account back, as if so much time had gone by."""
    with salon.work():
        now = salon.now()
        Connection.objects.filter(pk=connection.pk).update(**{name: now - by for name, by in moments.items()})


def test_a_bot_that_reports_to_us_is_well(salon: Salon, bot: Connection, telegram_api: FakeTelegram) -> None:
    telegram_api.webhooks[TOKEN]["pending"] = 3
    found = health.look(salon.id, bot.pk)
    bot = fresh(salon, bot)
    assert found.well
    assert (bot.state, bot.trouble, bot.waiting, bot.last_error) == ("ok", "", 3, "")
    assert bot.accepted_at == bot.checked_at


def test_a_provider_out_of_reach_is_no_dead_key(
    salon: Salon, bot: Connection, nowhere: None, told: stage.Told
) -> None:
    accepted = bot.accepted_at
    row = look_after(salon, bot)
    bot = fresh(salon, bot)
    assert bot.unreachable_since is not None
    assert (bot.state, bot.trouble, bot.accepted_at) == ("ok", "", accepted)
    assert row.failures == 1
    assert told.subjects == []  # a minute without an answer is nobody's business yet


def test_only_what_lasts_is_told_once_and_passes_by_itself(
    salon: Salon, bot: Connection, nowhere: None, told: stage.Told, settings: Any, telegram_api: FakeTelegram
) -> None:
    look_after(salon, bot)
    pass_time(salon, bot, unreachable_since=dt.timedelta(minutes=16))
    look_after(salon, bot)
    look_after(salon, bot)
    assert len(told.keys) == 1
    assert "Наш бот" in told.subjects[0]
    settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": telegram_api.url}
    row = look_after(salon, bot)
    bot = fresh(salon, bot)
    assert (bot.unreachable_since, bot.unreachable_told_at, row.failures) == (None, None, 0)
    assert told.keys[0].startswith(told.relieved[0])


def test_a_provider_that_takes_the_line_and_says_nothing_is_out_of_reach_too(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram
) -> None:
    telegram_api.break_off("drop", method="getWebhookInfo")
    look_after(salon, bot)
    assert fresh(salon, bot).unreachable_since is not None


def test_a_dead_key_stops_the_channel_until_it_lives_again(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram
) -> None:
    telegram_api.revoked.add(TOKEN)
    look_after(salon, bot)
    broken = fresh(salon, bot)
    assert (broken.state, broken.trouble, broken.unreachable_since) == ("broken", "token", None)
    assert TOKEN not in broken.last_error
    telegram_api.revoked.clear()
    look_after(salon, bot)
    mended = fresh(salon, bot)
    assert (mended.state, mended.trouble, mended.last_error) == ("ok", "", "")


def test_a_lost_address_is_registered_again_and_told(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram, told: stage.Told
) -> None:
    address = telegram_api.webhooks.pop(TOKEN)["url"]
    look_after(salon, bot)
    assert telegram_api.webhooks[TOKEN]["url"] == address
    assert fresh(salon, bot).trouble == ""
    assert len(told.keys) == 1
    assert ":restored:" in told.keys[0]


def test_an_address_taken_twice_is_left_to_the_owner(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram, told: stage.Told
) -> None:
    """Once it is taken back; then it would be a quarrel of machines."""
    for _ in range(3):
        telegram_api.webhooks[TOKEN]["url"] = "https://other-service.example/hook"
        look_after(salon, bot)
    stolen = fresh(salon, bot)
    assert telegram_api.webhooks[TOKEN]["url"] == "https://other-service.example/hook"
    assert (stolen.state, stolen.trouble) == ("ok", "taken")
    kinds = [key.split(":")[2] for key in told.keys]
    assert kinds.count("restored") == 1
    assert len(set(told.keys)) == 2, "the second time is one matter, however often it is seen"
    pass_time(salon, bot, restored_at=dt.timedelta(hours=25))
    look_after(salon, bot)
    assert fresh(salon, bot).trouble == ""


def test_a_provider_that_does_not_get_through_to_us_is_no_lost_address(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram, told: stage.Told
) -> None:
    telegram_api.webhooks[TOKEN] |= {"pending": 5, "last_error": "Connection timed out"}
    look_after(salon, bot)
    found = fresh(salon, bot)
    assert (found.trouble, found.waiting, found.restored_at) == ("delivery", 5, None)
    assert len(telegram_api.calls("setWebhook")) == 1
    assert len(told.keys) == 1


def test_rights_that_are_missing_are_no_dead_key(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram
) -> None:
    from fakes.telegram import error

    telegram_api.when("getWebhookInfo", error(400, "Bad Request: not enough rights"))
    look_after(salon, bot)
    found = fresh(salon, bot)
    assert (found.state, found.trouble) == ("ok", "rights")


def test_a_provider_that_is_busy_says_nothing_new(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram
) -> None:
    telegram_api.flood(retry_after=5, method="getWebhookInfo")
    look_after(salon, bot)
    found = fresh(salon, bot)
    assert (found.state, found.trouble, found.unreachable_since) == ("ok", "", None)


def test_the_courier_and_the_look_speak_of_the_same_dead_key(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram
) -> None:
    """What sending finds out first stands where the look would put it."""
    from connections import accounts

    with salon.work():
        accounts.note_trouble(Connection.objects.get(pk=bot.pk), reason="Unauthorized", broken=True)
    found = fresh(salon, bot)
    assert (found.state, found.trouble, bool(found.trouble_at)) == ("broken", "token", True)


def test_a_look_never_wakes_what_was_switched_off(
    salon: Salon, bot: Connection, telegram_api: FakeTelegram
) -> None:
    with salon.work():
        Connection.objects.update(state="off")
    before = len(telegram_api.ledger)
    row = look_after(salon, bot)
    assert (row.state, len(telegram_api.ledger)) == ("cancelled", before)
    assert sweep.run(sweep.queue("upkeep")) == 0
