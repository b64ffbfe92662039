"""Messages on their way to the provider: sent once, put off, refused or uncertain, and never sent twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from connections.hooks import Door
from connections.models import Connection
from conversations import outbox, signals
from conversations.models import Author, Conversation, Delivery, Message
from fakes.telegram import FakeTelegram
from tests.conftest import Salon
from tests.connections import telegram
from work import sweep


@pytest.fixture
def bot(settings: Any) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


@pytest.fixture
def writer(live_db: Any, salon: Salon, bot: FakeTelegram) -> telegram.Writer:
    writer = telegram.Writer(Door(), telegram.connect(salon))
    writer.say("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    return writer


def say(salon: Salon, text: str = "Добрый день!", **more: Any) -> Message:
    with salon.work():
        thread = Conversation.objects.get()
        values: dict[str, Any] = {"author": Author.MANAGER, "key": "test:1"} | more
        return outbox.say(thread, text=text, now=salon.now(), **values)


def carry() -> None:
    sweep.run(sweep.queue(outbox.QUEUE))


def fresh(salon: Salon, message: Message) -> Message:
    with salon.work():
        return Message.objects.get(pk=message.pk)


def test_a_message_is_sent_and_keeps_the_provider_id(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    message = say(salon)
    carry()
    sent = bot.sent_to(writer.chat)
    assert [each["text"] for each in sent] == ["Добрый день!"]
    message = fresh(salon, message)
    assert (message.state, bool(message.external_id), bool(message.sent_at)) == ("sent", True, True)


def test_the_same_key_is_the_same_message(writer: telegram.Writer, salon: Salon, bot: FakeTelegram) -> None:
    assert say(salon).pk == say(salon).pk
    carry()
    assert len(bot.sent_to(writer.chat)) == 1


def test_an_answer_to_an_older_word_is_not_sent(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    message = say(salon, author=Author.ASSISTANT, generation=1)
    writer.say("Подождите")
    sweep.run(sweep.queue("inbound"))
    carry()
    assert bot.sent_to(writer.chat) == []
    assert fresh(salon, message).state == "cancelled"


def test_a_flood_limit_puts_it_off_and_keeps_it_pending(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    bot.flood(retry_after=1)
    message = say(salon)
    carry()
    assert fresh(salon, message).state == "pending"
    with salon.work():
        delivery = Delivery.objects.get()
        assert delivery.state == "pending"
        assert delivery.due_at > delivery.created_at + dt.timedelta(seconds=0.5)


def test_a_lost_answer_is_uncertain_and_never_repeated(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    bot.break_off("drop")
    message = say(salon)
    carry()
    carry()
    assert fresh(salon, message).state == "in_doubt"
    assert len(bot.sent_to(writer.chat)) == 1


def test_send_again_is_a_new_attempt_that_really_sends(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    bot.break_off("drop")
    message = say(salon)
    carry()
    with salon.work():
        outbox.send_again(Message.objects.get(pk=message.pk), now=salon.now())
    carry()
    assert len(bot.sent_to(writer.chat)) == 2
    assert fresh(salon, message).state == "sent"


def test_a_veto_right_before_the_call_cancels(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    def taken_back(sender: Any, messages: list[Message], **_: Any) -> dict[int, str]:
        return {message.pk: "the visit was cancelled" for message in messages}

    message = say(salon)
    signals.about_to_send.connect(taken_back)
    try:
        carry()
    finally:
        signals.about_to_send.disconnect(taken_back)
    assert bot.sent_to(writer.chat) == []
    assert fresh(salon, message).state == "cancelled"


def test_a_revoked_token_parks_the_channel_and_loses_nothing(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    bot.revoked.add(telegram.BOT["bot_token"])
    message = say(salon)
    carry()
    with salon.work():
        assert Connection.objects.get().state == "broken"
        assert Delivery.objects.get().state == "pending"
    assert fresh(salon, message).state == "pending"
