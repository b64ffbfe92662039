"""What the courier does when a row is broken, an answer is late, or the database goes away between call and record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError

from connections.models import Connection
from conversations import checks, courier, lanes, outbox, outcomes, signals
from conversations.models import Conversation, Delivery, Message, MessageState
from fakes.server import Answer
from fakes.telegram import FakeTelegram
from tests.conftest import Salon
from tests.connections import telegram
from tests.conversations.test_courier import bot, carry, fresh, say, writer  # noqa: F401 - fixtures
from work import sweep


@pytest.fixture
def chat(writer: telegram.Writer) -> telegram.Writer:  # noqa: F811
    return writer


@pytest.fixture
def provider(bot: FakeTelegram) -> FakeTelegram:  # noqa: F811
    return bot


def state(salon: Salon, message: Message) -> tuple[str, str]:
    with salon.work():
        return Delivery.objects.get(message=message).state, Message.objects.get(pk=message.pk).state


def test_a_row_that_cannot_be_prepared_spares_the_others(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    def broken(sender: Any, messages: list[Message], **_: Any) -> None:
        if any(message.key == "bad" for message in messages):
            raise ZeroDivisionError

    bad, other_chat = say(salon, "Раз", key="bad"), telegram.Writer(chat.door, chat.path, chat=900200)
    other_chat.say("И я")
    sweep.run(sweep.queue("inbound"))
    signals.about_to_send.connect(broken)
    try:
        with salon.work():
            thread = Message.objects.get(text="И я").conversation
            good = outbox.say(thread, text="Два", author="manager", key="good", now=salon.now())
        carry()
    finally:
        signals.about_to_send.disconnect(broken)
    assert state(salon, good) == ("done", "sent")
    assert state(salon, bad) == ("pending", "pending")
    with salon.work():
        delivery = Delivery.objects.get(message=bad)
        assert delivery.attempts == 1
        assert "ZeroDivisionError" in delivery.last_error


def test_a_row_that_can_never_be_prepared_is_shown_as_failed(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    message = say(salon)
    with salon.work():
        Connection.objects.update(sealed_settings=b"\x02k1 not what was sealed")
        Delivery.objects.update(attempts=Delivery.max_attempts - 1)
    carry()
    assert state(salon, message) == ("dead", "failed")
    assert "CannotOpen" not in fresh(salon, message).error, "a client's page needs no name of a class"


def test_a_late_answer_is_recorded_when_it_comes(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    provider.latency = courier.PATIENCE_SECONDS + 0.5
    message = say(salon)
    carry()
    assert state(salon, message) == ("calling", "pending")
    assert courier.wait() == 1
    assert state(salon, message) == ("done", "sent")
    assert fresh(salon, message).external_id


def test_a_known_outcome_outlives_a_database_that_went_away(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, absences = outcomes._write, iter((OperationalError("gone"), OperationalError("gone")))

    def absent(*given: Any) -> None:
        for error in absences:
            raise error
        record(*given)

    monkeypatch.setattr(outcomes, "_write", absent)
    message = say(salon)
    carry()
    assert state(salon, message) == ("done", "sent")
    assert len(provider.sent_to(chat.chat)) == 1


def test_an_answer_that_comes_after_the_doubt_settles_it(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    provider.latency = courier.PATIENCE_SECONDS + 0.5
    message = say(salon)
    carry()
    with salon.work():
        Delivery.objects.update(lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    sweep.free_stale(sweep.queue(outbox.QUEUE))
    assert state(salon, message) == ("in_doubt", "in_doubt")
    courier.wait()
    assert state(salon, message) == ("done", "sent")


def test_after_some_lost_answers_the_rest_is_not_tried(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    provider.break_off("drop", times=None)
    messages = [say(salon, str(number), key=f"lost:{number}") for number in range(lanes.FAILURES + 3)]
    for _ in messages:
        carry()
    outcomes = [fresh(salon, message).state for message in messages]
    assert outcomes == [MessageState.IN_DOUBT] * lanes.FAILURES + [MessageState.PENDING] * 3
    assert len(provider.sent_to(chat.chat)) == lanes.FAILURES


def test_what_is_refused_for_now_is_not_overtaken(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    provider.when("sendMessage", Answer(429, {"ok": False, "error_code": 429}), times=1)
    first, second = say(salon, "Раз", key="1"), say(salon, "Два", key="2")
    for _ in range(3):
        carry()
    assert state(salon, first) == ("pending", "pending")
    assert state(salon, second) == ("pending", "pending")


def test_a_demo_clock_does_not_hurry_repeats(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    from tenants import clock
    from tenants.models import Tenant

    with salon.work():
        Tenant.objects.update(is_demo=True)
        clock.move(dt.timedelta(days=1))
    provider.when("sendMessage", fault="refuse")
    message = say(salon)
    carry()
    for _ in range(3):
        carry()
    with salon.work():
        assert Delivery.objects.get(message=message).attempts == 1


def test_many_words_in_one_chat_keep_its_pace_and_nobody_elses(
    chat: telegram.Writer, salon: Salon, provider: FakeTelegram
) -> None:
    many = [say(salon, str(number), key=f"many:{number}") for number in range(int(checks.CHAT_BURST) + 2)]
    bob = telegram.Writer(chat.door, chat.path, chat=900200, name="Боб")
    bob.say("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        other = Conversation.objects.get(chat="900200")
    with salon.work():
        one = outbox.say(other, text="Ждём вас", author="manager", key="one", now=salon.now())
    for _ in many:
        carry()
    waiting = [message for message in many if fresh(salon, message).state == MessageState.PENDING]
    assert waiting == many[int(checks.CHAT_BURST) :]
    assert fresh(salon, one).state == MessageState.SENT
