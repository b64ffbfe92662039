"""A chat goes on under another name: its words, requests and notes follow it, into the thread that stands there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from conversations import outbox
from conversations.models import Conversation, Delivery, MergeSuggestion, Note
from integrations.protocols import channel
from leads.models import Lead
from tests.conftest import Salon
from tests.conversations import facts

pytestmark = pytest.mark.usefixtures("live_db")


def moves(salon: Salon, *, old: str = "old", new: str = "new") -> None:
    facts.hear(salon, "telegram", channel.ChatMigrated(old_chat=old, new_chat=new))


def threads(salon: Salon) -> list[Conversation]:
    with salon.work():
        return list(Conversation.objects.order_by("id"))


def test_a_chat_without_a_thread_under_the_new_name_keeps_its_own(salon: Salon) -> None:
    before = facts.write(salon, "telegram", "anna", chat="old")
    moves(salon)
    (thread,) = threads(salon)
    assert (thread.pk, thread.chat) == (before.pk, "new")
    assert facts.write(salon, "telegram", "anna", "Это я", chat="new").pk == before.pk


def test_two_threads_of_one_person_become_one(salon: Salon) -> None:
    first = facts.write(salon, "telegram", "anna", "Хочу на стрижку", chat="old")
    with salon.work():
        Note.objects.create(conversation=first, text="Просит Катю")
        outbox.say(first, text="Здравствуйте!", author="manager", key="hello", now=salon.now())
    second = facts.write(salon, "telegram", "anna", "Вы здесь?", chat="new")
    moves(salon)
    moves(salon)  # told twice
    (thread,) = threads(salon)
    assert (thread.pk, thread.chat, thread.last_text) == (second.pk, "new", "Вы здесь?")
    assert (thread.unread, thread.waiting_since) == (2, second.waiting_since)
    told = facts.messages(salon, conversation=thread)
    assert {"Хочу на стрижку", "Здравствуйте!", "Вы здесь?"} <= {message.text for message in told}
    with salon.work():
        assert Note.objects.get().conversation_id == second.pk
        assert {lead.conversation_id for lead in Lead.objects.all()} == {second.pk}
        # What was on its way goes out to the new chat, in the order of that thread.
        assert set(Delivery.objects.values_list("thread", flat=True)) == {str(second.pk)}


def test_a_message_told_in_both_chats_stays_once_in_each(salon: Salon) -> None:
    same: dict[str, Any] = {"message": {"external_id": "same"}}
    first = facts.write(salon, "telegram", "anna", "Алло", chat="old", **same)
    facts.write(salon, "telegram", "anna", "Ещё вопрос", chat="old")
    second = facts.write(salon, "telegram", "anna", "Алло", chat="new", **same)
    moves(salon)
    old, new = threads(salon)
    assert (old.pk, old.state, old.unread) == (first.pk, Conversation.State.CLOSED, 0)
    assert [m.text for m in facts.messages(salon, conversation=old)] == ["Алло"]
    assert {m.text for m in facts.messages(salon, conversation=second)} == {"Алло", "Ещё вопрос"}
    assert new.state == Conversation.State.OPEN


def test_two_people_stay_apart_until_a_colleague_says(salon: Salon) -> None:
    facts.write(salon, "telegram", "anna", chat="old")
    facts.write(salon, "telegram", "boris", chat="new")
    moves(salon)
    assert [thread.chat for thread in threads(salon)] == ["old", "new"]
    with salon.work():
        assert MergeSuggestion.objects.get().reason == "alias"


def test_a_snoozed_thread_wakes_when_somebody_waits_in_the_other(salon: Salon) -> None:
    facts.write(salon, "telegram", "anna", chat="old")
    second = facts.write(salon, "telegram", "anna", chat="new")
    with salon.work():
        Conversation.objects.filter(pk=second.pk).update(
            state="snoozed", waiting_since=None, snoozed_until=salon.now() + dt.timedelta(days=1)
        )
    moves(salon)
    (thread,) = threads(salon)
    assert (thread.state, thread.snoozed_until) == (Conversation.State.OPEN, None)
