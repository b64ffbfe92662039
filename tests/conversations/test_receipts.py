"""What providers say of our messages later on, in any order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from connections import accounts
from connections.models import Connection
from conversations import outbox, receipts
from conversations.models import Contact, Conversation, Delivery, Message
from integrations.protocols.channel import Receipt
from tests.conftest import Salon
from work.rows import State


@pytest.fixture
def thread(salon: Salon) -> Conversation:
    with salon.work():
        bot = accounts.create("telegram", settings={"bot_token": "700000001:AAtest"})
        contact = Contact.objects.create(name="Анна")
        return Conversation.objects.create(connection=bot, chat="900100", contact=contact)


def said(
    salon: Salon, thread: Conversation, key: str, *, state: str = "sent", external_id: str = ""
) -> Message:
    with salon.work():
        message = outbox.say(thread, text="Ждём вас", author="manager", key=key, now=salon.now())
        outbox.settle(message, state, external_id=external_id, sent_at=salon.now())
        return message


def take(salon: Salon, bot: Connection, **told: Any) -> None:
    with salon.work():
        receipts.take(bot, Receipt(**told), now=salon.now())


def state_of(salon: Salon, message: Message) -> Message:
    with salon.work():
        return Message.objects.get(pk=message.pk)


def test_read_before_delivered_stays_read(salon: Salon, thread: Conversation) -> None:
    message = said(salon, thread, "k", external_id="m1")
    take(salon, thread.connection, external_id="m1", state="read")
    take(salon, thread.connection, external_id="m1", state="delivered")
    now = state_of(salon, message)
    assert now.state == "read"
    assert now.read_at
    assert now.delivered_at


def test_the_providers_failure_stands_above_sent_and_says_why(salon: Salon, thread: Conversation) -> None:
    message = said(salon, thread, "k", external_id="m1")
    take(salon, thread.connection, external_id="m1", state="failed", reason="over 24 hours", blocked=True)
    now = state_of(salon, message)
    assert (now.state, now.error) == ("failed", "over 24 hours")
    with salon.work():
        assert Conversation.objects.get().blocked_at


def test_a_receipt_before_our_own_record_finds_the_message_by_our_key(
    salon: Salon, thread: Conversation
) -> None:
    message = said(salon, thread, "k", state="pending")
    take(salon, thread.connection, external_id="m1", key="k", state="delivered")
    with salon.work():
        outbox.settle(message, "sent", external_id="m1", sent_at=salon.now())
    assert state_of(salon, message).state == "delivered"


def test_a_receipt_during_the_call_comes_again_later(salon: Salon, thread: Conversation) -> None:
    said(salon, thread, "k", state="pending")
    with salon.work():
        Delivery.objects.update(state=State.CALLING)
    with pytest.raises(receipts.TooEarly):
        take(salon, thread.connection, external_id="m1", state="delivered")


def test_a_receipt_settles_a_doubt(salon: Salon, thread: Conversation) -> None:
    message = said(salon, thread, "k", state="in_doubt")
    with salon.work():
        Delivery.objects.update(state=State.IN_DOUBT)
    take(salon, thread.connection, external_id="m1", key="k", state="delivered", cost="4.65")
    now = state_of(salon, message)
    assert (now.state, now.external_id, now.cost) == ("delivered", "m1", Decimal("4.65"))
    with salon.work():
        assert Delivery.objects.get().state == State.DONE


def test_read_as_far_as_here(salon: Salon, thread: Conversation) -> None:
    first, second = said(salon, thread, "a", external_id="m1"), said(salon, thread, "b", external_id="m2")
    third = said(salon, thread, "c", external_id="m3")
    take(salon, thread.connection, external_id="m2", state="read", through=True)
    assert [state_of(salon, m).state for m in (first, second, third)] == ["read", "read", "sent"]
    later = salon.now() + dt.timedelta(minutes=1)
    take(salon, thread.connection, external_id="", chat="900100", at=later, state="read", through=True)
    assert state_of(salon, third).state == "read"


def test_somebody_elses_message_is_nothing_to_us(salon: Salon, thread: Conversation) -> None:
    take(salon, thread.connection, external_id="m9", state="read")
    take(salon, thread.connection, external_id="m9", state="read", through=True)


@pytest.mark.parametrize("cost", ["NaN", "-1", "x", "1e99", "Infinity"])
def test_a_cost_that_is_none_is_left_out(salon: Salon, thread: Conversation, cost: str) -> None:
    message = said(salon, thread, "k", external_id="m1")
    take(salon, thread.connection, external_id="m1", state="delivered", cost=cost)
    assert state_of(salon, message).cost is None
