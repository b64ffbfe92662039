"""Accounts are looked after by durable rows: planned with the account, planned anew after each look, never lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from connections import accounts, connect, errands, events, poll
from connections.models import Connection, ConnectionState, InboundEvent, Upkeep
from fakes.avito import FakeAvito
from fakes.telegram import FakeTelegram
from kit import http
from tests.conftest import Salon
from tests.connections import stage
from tests.connections.stage import TOKEN, fresh, look_after
from work import sweep
from work.rows import State

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture
def avito_api(settings: Any) -> Iterator[FakeAvito]:
    with FakeAvito() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "avito": fake.url}
        yield fake


@pytest.fixture
def avito(live_db: Any, salon: Salon, avito_api: FakeAvito) -> Connection:
    keys = {"user_id": str(avito_api.user_id), "client_id": "cid", "client_secret": "csecret"}
    with salon.work():
        return accounts.create("avito", settings=keys)


def rows(salon: Salon, connection: Connection) -> dict[str, Upkeep]:
    with salon.work():
        return {row.job: row for row in Upkeep.objects.filter(connection=connection)}


def stored(salon: Salon) -> list[InboundEvent]:
    with salon.work():
        return list(InboundEvent.objects.order_by("id"))


# Planning ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "settings", "jobs"),
    [
        ("webchat", {}, {"silence"}),
        ("form", {}, {"silence"}),
        ("telegram", {"bot_token": TOKEN}, {"health", "silence"}),
        (
            "avito",
            {"user_id": "1", "client_id": "a", "client_secret": "b"},
            {"health", "poll", "silence"},
        ),
    ],
)
def test_an_account_gets_the_looks_that_make_sense(
    salon: Salon, kind: str, settings: dict[str, str], jobs: set[str]
) -> None:
    with salon.work():
        made = accounts.create(kind, settings=settings)
    planned = rows(salon, made)
    assert planned.keys() == jobs
    assert all(row.state == "waiting" and row.due_at > salon.now() for row in planned.values())


def test_an_account_that_is_still_being_connected_is_left_alone(salon: Salon) -> None:
    with salon.work():
        made = accounts.create("telegram", settings={"bot_token": TOKEN}, state=ConnectionState.NEW)
    assert rows(salon, made) == {}


def test_after_a_look_the_next_is_an_hour_away_give_or_take(salon: Salon, telegram_api: FakeTelegram) -> None:
    bot = stage.bot(salon)
    connect.register(salon.id, bot.pk)
    pauses = []
    for _ in range(4):
        row = look_after(salon, bot)
        pauses.append((row.due_at - salon.now()).total_seconds() / 60)
        assert (row.state, row.attempts, row.failures, row.lease_token) == ("waiting", 0, 0, None)
    assert all(53 < pause < 67 for pause in pauses)
    assert len({round(pause, 3) for pause in pauses}) > 1, "accounts must not be asked all at the same moment"


def test_failures_bring_the_next_look_nearer_and_then_further(
    salon: Salon, telegram_api: FakeTelegram
) -> None:
    bot = stage.bot(salon)
    telegram_api.break_off("drop", times=None, method="getWebhookInfo")
    pauses = []
    for _ in range(7):
        row = look_after(salon, bot)
        pauses.append(round((row.due_at - salon.now()).total_seconds() / 60))
    assert pauses[0] == 1
    assert pauses[:6] == sorted(pauses[:6])
    assert 27 <= pauses[-1] <= 33


def test_a_look_that_fails_on_our_side_is_planned_anew(
    salon: Salon, telegram_api: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connections import restore

    def broken(*_: Any) -> None:
        raise RuntimeError("a mistake of ours")

    bot = stage.bot(salon)
    monkeypatch.setattr(restore, "look", broken)
    row = look_after(salon, bot)
    assert (row.state, row.failures) == ("waiting", 1)


def test_a_dead_workers_look_is_simply_done_again(salon: Salon, telegram_api: FakeTelegram) -> None:
    from work import claim

    bot = stage.bot(salon)
    connect.register(salon.id, bot.pk)
    stage.due(salon, bot, "health")
    assert claim.due(Upkeep, batch=10, lease=dt.timedelta(seconds=-1))
    sweep.run(sweep.queue("upkeep"))
    assert rows(salon, bot)["health"].state == "waiting"
    assert len(telegram_api.calls("getWebhookInfo")) == 1


def test_switched_off_it_rests_and_switched_on_it_is_looked_after_again(
    salon: Salon, telegram_api: FakeTelegram
) -> None:
    bot = stage.bot(salon)
    with salon.work():
        errands.switch_off(Connection.objects.get(pk=bot.pk), by=None)
    assert look_after(salon, bot).state == State.CANCELLED
    with salon.work():
        errands.switch_on(Connection.objects.get(pk=bot.pk), by=None)
    assert rows(salon, bot)["health"].state == State.WAITING


def test_the_slow_lane_does_it(salon: Salon) -> None:
    assert sweep.queue("upkeep").lane == sweep.SLOW
    assert sweep.queue("errands").lane == sweep.FAST


# Fetching what a hook has missed ------------------------------------------------------------------------------------


def test_what_the_hook_missed_comes_by_the_same_door_once(
    salon: Salon, avito: Connection, avito_api: FakeAvito
) -> None:
    look_after(salon, avito, "poll")  # history is left out
    assert stored(salon) == []
    anna = avito_api.person(121185841, "Anna")
    anna.say("Ещё актуально?")
    row = look_after(salon, avito, "poll")
    (event,) = stored(salon)
    assert "Ещё актуально?" in bytes(event.raw).decode()
    assert (event.connection_id, event.weak_id, event.state) == (avito.pk, False, "pending")
    assert (row.due_at - salon.now()).total_seconds() < 30, "where one came, more are likely"
    look_after(salon, avito, "poll")
    assert len(stored(salon)) == 1


def test_the_place_is_kept_after_the_rows_so_that_a_death_between_loses_nothing(
    salon: Salon, avito: Connection, avito_api: FakeAvito, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll.look(salon.id, avito.pk)
    before = fresh(salon, avito).cursor
    avito_api.person(121185841, "Anna").say("Ещё актуально?")
    insert = events.insert

    def die(door: Any, rows: Any) -> None:
        raise RuntimeError("killed before the rows stood")

    monkeypatch.setattr(events, "insert", die)
    with pytest.raises(RuntimeError):
        poll.look(salon.id, avito.pk)
    assert fresh(salon, avito).cursor == before

    def insert_and_die(door: Any, rows: Any) -> None:
        insert(door, rows)
        raise RuntimeError("killed right after")

    monkeypatch.setattr(events, "insert", insert_and_die)
    with pytest.raises(RuntimeError):
        poll.look(salon.id, avito.pk)
    monkeypatch.setattr(events, "insert", insert)
    poll.look(salon.id, avito.pk)
    assert len(stored(salon)) == 1


def test_what_came_by_the_hook_is_not_fetched_a_second_time(
    salon: Salon, avito: Connection, avito_api: FakeAvito
) -> None:
    import json

    from connections.hooks import Door
    from tests import asgi

    poll.look(salon.id, avito.pk)
    anna = avito_api.person(121185841, "Anna")
    anna.say("Ещё актуально?")
    (told,) = avito_api.history[anna.chat]
    with salon.work():
        path = accounts.hook_path(avito)
    body = json.dumps(avito_api.event(anna.chat, told)).encode()
    assert asgi.call(Door(), "POST", path, body, {"content-type": "application/json"}).status == 200
    poll.look(salon.id, avito.pk)
    assert len({event.external_id for event in stored(salon)}) == len(stored(salon)) == 1


def test_a_poll_finds_out_that_nobody_answers(salon: Salon, avito: Connection, avito_api: FakeAvito) -> None:
    poll.look(salon.id, avito.pk)
    avito_api.stop()
    row = look_after(salon, avito, "poll")
    assert row.failures == 1
    assert fresh(salon, avito).unreachable_since is not None


# The way out --------------------------------------------------------------------------------------------------------


def test_every_look_goes_through_the_accounts_own_proxy(salon: Salon, telegram_api: FakeTelegram) -> None:
    way = stage.ForwardProxy()
    bot = stage.bot(salon, proxy_url=way.url)
    connect.register(salon.id, bot.pk)
    look_after(salon, bot)
    asked = [place.rpartition("/")[2] for place in way.seen]
    assert len(way.seen) >= 1
    assert [seen.name for seen in telegram_api.ledger] == ["getMe", "setWebhook", "getWebhookInfo"]
    assert asked


def test_another_account_does_not_go_through_it(salon: Salon, telegram_api: FakeTelegram) -> None:
    way = stage.ForwardProxy()
    stage.bot(salon, proxy_url=way.url)
    with salon.work():
        plain = accounts.create("telegram", settings={"bot_token": "700000002:AAtest"})
    connect.register(salon.id, plain.pk)
    assert way.seen == []


@pytest.mark.parametrize("kind", ["webchat", "form"])
def test_who_calls_nobody_has_no_proxy(salon: Salon, kind: str) -> None:
    from django.core.exceptions import ValidationError

    with salon.work(), pytest.raises(ValidationError) as refused:
        accounts.create(kind, settings={"proxy_url": "http://proxy.example.org:3128"})
    assert list(refused.value.message_dict) == ["proxy_url"]


def test_a_proxy_inside_a_house_is_refused_where_houses_are_closed(salon: Salon) -> None:
    from django.core.exceptions import ValidationError

    http.configure(allow_private_hosts=False)
    try:
        with salon.work(), pytest.raises(ValidationError) as refused:
            accounts.create("telegram", settings={"bot_token": TOKEN, "proxy_url": "http://10.0.0.1:3128"})
    finally:
        http.configure(allow_private_hosts=True)
    assert list(refused.value.message_dict) == ["proxy_url"]


def test_a_dead_proxy_is_out_of_reach_not_a_dead_key(salon: Salon, telegram_api: FakeTelegram) -> None:
    bot = stage.bot(salon, proxy_url="http://127.0.0.1:9")
    look_after(salon, bot)
    found = fresh(salon, bot)
    assert (found.state, found.trouble, bool(found.unreachable_since)) == ("ok", "", True)
    assert telegram_api.ledger == []
