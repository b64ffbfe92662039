"""Stored events become people, threads, messages and leads; what cannot be read stands before a person."""

from __future__ import annotations

from typing import Any

import pytest

from connections.hooks import Door
from connections.models import InboundEvent
from conversations.models import Contact, Conversation, Message
from leads.models import Lead, Task
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram
from work import sweep


@pytest.fixture
def writer(live_db: Any, salon: Salon) -> telegram.Writer:
    return telegram.Writer(Door(), telegram.connect(salon))


def test_a_first_word_becomes_a_lead_with_its_source(writer: telegram.Writer, salon: Salon) -> None:
    start = {"offset": 0, "length": 6, "type": "bot_command"}
    writer.post({"message": writer.message(text="/start vk_autumn", entities=[start])})
    writer.say("Хочу на стрижку")
    sweep.run(sweep.queue("inbound"))
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        contact = Contact.objects.get()
        lead = Lead.objects.get()
        assert (contact.name, lead.contact_id) == ("Анна", contact.pk)
        assert (lead.source, lead.campaign, lead.channel_kind) == ("vk", "autumn", "telegram")
        thread = Conversation.objects.get()
        assert thread.waiting_since is not None
        texts = list(Message.objects.filter(direction="in").order_by("id").values_list("text", flat=True))
        assert texts[-1] == "Хочу на стрижку"


def test_ten_messages_at_once_are_one_person_one_thread_one_lead(
    writer: telegram.Writer, salon: Salon
) -> None:
    for number in range(10):
        writer.say(f"Сообщение {number}")
    for _ in range(10):
        sweep.run(sweep.queue("inbound"))
    with salon.work():
        assert (Contact.objects.count(), Conversation.objects.count(), Lead.objects.count()) == (1, 1, 1)
        said = Message.objects.filter(direction="in").order_by("id").values_list("text", flat=True)
        assert list(said) == [f"Сообщение {number}" for number in range(10)]


def test_what_cannot_be_read_is_dead_and_stands_as_a_raw_lead(writer: telegram.Writer, salon: Salon) -> None:
    asgi.call(writer.door, "POST", writer.path, b'{"update_id": 1, "message": ', telegram.SECRET)
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        event = InboundEvent.objects.get()
        assert event.state == "dead"
        assert event.last_error
        assert Lead.objects.get().event_id == event.pk
        assert Task.objects.get().reason == "raw_lead"


def test_an_unknown_kind_of_update_is_ignored_with_a_reason(writer: telegram.Writer, salon: Salon) -> None:
    writer.post({"brand_new_thing": {"a": 1}})
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        event = InboundEvent.objects.get()
        assert (event.state, bool(event.last_error)) == ("ignored", True)
        assert not Lead.objects.exists()
