"""Nobody waits unseen: after N minutes somebody is told, once; an answer takes the promise back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import F

from assistant import signals as assistant_signals
from conversations import outbox
from conversations.models import Author, Conversation, Holder
from inbox import escalation
from inbox.models import Alert, Escalation, Step
from leads.models import Task
from tests.conftest import Person, Salon
from tests.inbox import stage
from work import sweep


@pytest.fixture(autouse=True)
def by_people(salon: Salon) -> None:
    stage.calm_assistant(salon)


def look_again(salon: Salon, minutes: float = 10) -> None:
    """So many minutes pass and the sweep looks."""
    stage.pass_time(salon, Escalation, minutes)
    with salon.work():
        Conversation.objects.update(waiting_since=F("waiting_since") - dt.timedelta(minutes=minutes))
    sweep.run(sweep.queue(escalation.QUEUE))


def told(salon: Salon) -> list[tuple[str, str]]:
    with salon.work():
        return [(a.user.name, a.way) for a in Alert.objects.select_related("user").order_by("id")]


def test_it_comes_in_ten_minutes_and_once(salon: Salon, masha: Person) -> None:
    stage.write(salon)
    sweep.run(sweep.queue(escalation.QUEUE))
    look_again(salon, 9)
    assert told(salon) == []
    look_again(salon, 1.1)
    assert told(salon) == [("Olga", "email"), ("Masha", "email")]
    look_again(salon, 60)
    assert len(told(salon)) == 2
    with salon.work():
        task = Task.objects.get(done_at=None, reason="no_answer")
        assert "Анна" in task.text
        assert Step.objects.filter(kind="no_answer").count() == 1


def test_a_burst_of_words_is_one_promise(salon: Salon) -> None:
    for _ in range(4):
        stage.write(salon)
    with salon.work():
        assert Escalation.objects.filter(state="waiting").count() == 1


def test_a_colleagues_answer_takes_it_back_and_closes_the_to_do(salon: Salon, olga: Person) -> None:
    thread = stage.write(salon)
    look_again(salon)
    olga.post(f"/inbox/{thread.pk}/reply/", {"text": "Да", "client_key": "k"}, headers={"HX-Request": "true"})
    with salon.work():
        assert not Task.objects.filter(done_at=None).exists()
        assert Task.objects.get(reason="no_answer").done_by_id == olga.user.pk
    stage.write(salon, "Спасибо")
    with salon.work():
        assert Escalation.objects.filter(state="waiting").count() == 1
    olga.post(
        f"/inbox/{thread.pk}/reply/", {"text": "Ждём", "client_key": "k2"}, headers={"HX-Request": "true"}
    )
    look_again(salon)
    assert len(told(salon)) == 1  # Olga alone, of the first wait


def test_the_assistants_answer_takes_it_back(salon: Salon) -> None:
    thread = stage.write(salon)
    with salon.work():
        outbox.say(thread, text="Здравствуйте", author=Author.ASSISTANT, key="a", now=salon.now())
    look_again(salon)
    assert told(salon) == []


def test_a_reminder_is_no_answer(salon: Salon) -> None:
    thread = stage.write(salon)
    with salon.work():
        outbox.say(thread, text="Напоминаем о визите", author=Author.SYSTEM, key="r", now=salon.now())
    look_again(salon)
    assert len(told(salon)) == 1


def test_an_answer_that_did_not_arrive_has_answered_nobody(salon: Salon) -> None:
    thread = stage.write(salon)
    with salon.work():
        said = outbox.say(thread, text="Здравствуйте", author=Author.ASSISTANT, key="a", now=salon.now())
        outbox.settle(said, "failed", error="шлюз")
    assert stage.fresh(salon, thread).waiting_since is not None
    look_again(salon)
    assert len(told(salon)) == 1


def test_a_closed_thread_hurries_nobody(salon: Salon, olga: Person) -> None:
    thread = stage.write(salon)
    olga.post(f"/inbox/{thread.pk}/close/", headers={"HX-Request": "true"})
    look_again(salon)
    assert told(salon) == []


def test_its_own_colleague_first_then_everybody(salon: Salon, olga: Person, masha: Person) -> None:
    thread = stage.write(salon)
    masha.post(f"/inbox/{thread.pk}/assign/", {"to": "me"}, headers={"HX-Request": "true"})
    look_again(salon)
    assert told(salon) == [("Masha", "email")]
    with salon.work():
        assert Task.objects.get(reason="no_answer").assignee_id == masha.user.pk
    look_again(salon)
    assert told(salon) == [("Masha", "email"), ("Masha", "email"), ("Olga", "email")]
    look_again(salon, 100)
    assert len(told(salon)) == 3


@pytest.mark.parametrize(("minutes", "after", "alerts"), [(3, 3.1, 1), (30, 11, 0), (0, 500, 0)])
def test_the_salons_own_patience(salon: Salon, minutes: int, after: float, alerts: int) -> None:
    with salon.work():
        salon.tenant.settings = salon.tenant.settings | {"escalate_after_minutes": minutes}
        salon.tenant.save(update_fields=["settings"])
    stage.write(salon)
    look_again(salon, after)
    assert len(told(salon)) == alerts


def test_handed_over_a_person_is_told_at_once(salon: Salon, masha: Person) -> None:
    thread = stage.write(salon)
    with salon.work():
        thread.holder = Holder.PERSON
        thread.save(update_fields=["holder"])
        for _ in range(2):  # the listener may be told twice; people are told once
            assistant_signals.handed_over.send(
                Conversation, conversation=thread, summary="хочет скидку", now=salon.now(), urgent=False
            )
        # The assistant's farewell comes after; the client waits all the same
        outbox.say(thread, text="Позову коллегу", author=Author.ASSISTANT, key="a", now=salon.now())
    assert told(salon) == [("Olga", "email"), ("Masha", "email")]
    with salon.work():
        task = Task.objects.get(reason="handover")
        assert task.conversation_id == thread.pk
        assert Alert.objects.first().text == "хочет скидку"
        assert Conversation.objects.get().waiting_since is not None
        assert Escalation.objects.filter(state="waiting").exists()


def test_another_salon_is_told_nothing(salon: Salon, other_salon: Salon) -> None:
    stage.calm_assistant(other_salon)
    stage.write(salon)
    look_again(salon)
    with other_salon.work():
        assert not Alert.objects.exists()
        assert not Task.objects.exists()
