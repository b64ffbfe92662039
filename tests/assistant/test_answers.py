"""When the assistant speaks: one answer to a burst, nothing stale, nothing over a person, never silence."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection

from assistant import answer, mode, turn
from assistant.models import Answer
from conversations import outbox
from conversations.models import Conversation, Holder, Message
from tests.assistant.stage import Client, sweep_all
from tests.conftest import Salon
from work import sweep

BURST = ("Здравствуйте", "хочу", "на мужскую", "стрижку", "завтра после обеда")


def states(salon: Salon) -> list[str]:
    with salon.work():
        return list(Answer.objects.order_by("id").values_list("state", flat=True))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses so long that the test's own slowness never ends one; `pause_ends` does."""
    monkeypatch.setattr(answer, "AFTER_LAST", dt.timedelta(minutes=5))
    monkeypatch.setattr(answer, "AFTER_FIRST", dt.timedelta(minutes=20))
    monkeypatch.setattr(answer, "BEFORE_HELLO", dt.timedelta(minutes=2))


def pause_ends(salon: Salon) -> None:
    """The client has stopped typing long enough for what is planned next."""
    with salon.work():
        assert Answer.objects.filter(state="pending").update(due_at=salon.now()) == 1


def test_a_burst_of_five_words_gets_one_answer_to_all_of_them(
    live_anna: Client, salon: Salon, patient: None
) -> None:
    anna = live_anna
    for word in BURST:
        anna.write(word)
        sweep_all()
        assert anna.sent == []
    pause_ends(salon)
    sweep_all()
    assert len(anna.sent) == 1
    text = anna.sent[0]["text"]
    assert "Здравствуйте, Анна!" in text
    assert "Мужская стрижка, 1" in text
    assert "Укладка воском" in text


def test_a_whole_request_is_greeted_ahead_of_its_answer(anna: Client, salon: Salon, patient: None) -> None:
    anna.write("Хочу записаться на мужскую стрижку")
    sweep_all()
    assert anna.sent == []
    pause_ends(salon)
    sweep_all()
    assert [one["text"] for one in anna.sent] == ["Здравствуйте, Анна! Это Барбершоп «Омск»."]
    pause_ends(salon)
    sweep_all()
    assert len(anna.sent) == 2
    assert "Укладка воском" in anna.sent[1]["text"]
    assert "Здравствуйте" not in anna.sent[1]["text"]


def test_who_goes_on_typing_is_not_greeted_ahead(anna: Client, salon: Salon, patient: None) -> None:
    for words in ("Хочу записаться на мужскую стрижку", "завтра после обеда"):
        anna.write(words)
        sweep_all()
    pause_ends(salon)
    sweep_all()
    assert len(anna.sent) == 1
    assert anna.sent[0]["text"].startswith("Здравствуйте, Анна!")


def test_a_greeting_that_has_not_left_goes_into_the_answer(anna: Client, salon: Salon, patient: None) -> None:
    anna.write("Хочу записаться на мужскую стрижку")
    sweep.run(sweep.queue("inbound"))
    for _greeting_then_answer in range(2):
        pause_ends(salon)
        sweep.run(sweep.queue("answers"))  # the provider is slow: nothing is carried meanwhile
    sweep_all()
    assert len(anna.sent) == 1
    assert anna.sent[0]["text"].startswith("Здравствуйте, Анна!")
    with salon.work():
        states = Message.objects.filter(direction="out").order_by("id").values_list("state", flat=True)
        assert list(states) == ["cancelled", "sent"]


def test_who_was_greeted_on_opening_and_says_hello_is_greeted_back(
    anna: Client, salon: Salon, patient: None
) -> None:
    anna.start()
    anna.write("Здравствуйте, хочу на стрижку")
    sweep_all()
    pause_ends(salon)
    assert anna.heard() == "Здравствуйте!"


def test_the_pauses_are_what_a_client_can_bear(
    anna: Client, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "AFTER_LAST", dt.timedelta(milliseconds=700))
    anna.start()
    with salon.work():
        thread, began = anna.thread(), salon.now()
        for step in range(8):
            now = began + step * dt.timedelta(seconds=0.4)
            thread.generation += 1
            answer.plan(thread, now=now)
            due = Answer.objects.get(state="pending").due_at
            # Shortly after the last word, and two seconds after the first one however much is typed.
            assert due == max(min(now + answer.AFTER_LAST, began + dt.timedelta(seconds=2)), now)
        assert Answer.objects.get(state="pending").received_at == began


def test_an_answer_that_was_overtaken_is_taken_back_and_its_words_are_read_again(
    anna: Client, salon: Salon
) -> None:
    anna.write("Здравствуйте, на мужскую стрижку")
    for name in ("inbound", "answers"):
        sweep.run(sweep.queue(name))
    assert anna.sent == []  # made, not carried yet
    text = anna.say("завтра после обеда")
    assert len(anna.sent) == 1
    assert "Здравствуйте, Анна!" in text
    assert "Мужская стрижка" in text
    with salon.work():
        outgoing = Message.objects.filter(direction="out").order_by("id")
        assert [message.state for message in outgoing] == ["cancelled", "sent"]


def test_a_person_who_answers_first_is_not_talked_over(anna: Client, salon: Salon) -> None:
    anna.write("Здравствуйте")
    for name in ("inbound", "answers"):
        sweep.run(sweep.queue(name))
    with salon.work():
        outbox.reply(
            anna.thread(), text="Здравствуйте, это Ольга", by=salon.owner, key="olga:1", now=salon.now()
        )
    sweep_all()
    assert [one["text"] for one in anna.sent] == ["Здравствуйте, это Ольга"]
    anna.say("хочу на стрижку")
    assert len(anna.sent) == 1


def test_an_answer_planned_before_a_person_took_over_is_not_made(anna: Client, salon: Salon) -> None:
    anna.write("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        Conversation.objects.update(holder=Holder.PERSON)
    sweep_all()
    assert anna.sent == []
    assert states(salon) == ["cancelled"]


@pytest.mark.parametrize("silence", ["off", "not_a_client"])
def test_it_is_silent_where_it_should_be(silence: str, anna: Client, salon: Salon) -> None:
    anna.say("Здравствуйте")
    with salon.work():
        if silence == "off":
            mode.choose(salon.tenant, mode.OFF)
        else:
            Conversation.objects.update(not_a_client=True)
    anna.say("хочу на стрижку")
    assert len(anna.sent) == 1


def test_two_workers_make_one_answer(live_anna: Client, at_once: None) -> None:
    anna = live_anna
    anna.write("Здравствуйте")
    sweep.run(sweep.queue("inbound"))

    def work() -> None:
        sweep.run(sweep.queue("answers"))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep_all()
    assert len(anna.sent) == 1


def test_a_worker_that_died_holds_nothing_up(anna: Client, salon: Salon) -> None:
    anna.write("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        Answer.objects.update(state="claimed", lease_until="2020-01-01T00:00Z", lease_token="0" * 32)
    anna.say("на мужскую стрижку")
    assert len(anna.sent) == 1
    assert sorted(states(salon)) == ["cancelled", "done"]


def test_an_error_of_ours_calls_a_person(anna: Client, salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(turn, "by_words", broken)
    anna.write("Здравствуйте")
    for _ in range(3):
        sweep_all()
        with salon.work():
            Answer.objects.filter(state="pending").update(due_at=salon.now())
    assert "администратор" in anna.heard()
    with salon.work():
        assert anna.thread().holder == Holder.PERSON


def test_an_error_at_a_press_keeps_the_press_and_calls_a_person(
    anna: Client, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    anna.say("на стрижку")
    monkeypatch.setattr("assistant.presses.by_press", broken)
    assert "администратор" in anna.press("Мужская стрижка")
    with salon.work():
        assert Message.objects.filter(kind="button").count() == 1
        assert anna.thread().holder == Holder.PERSON


def test_a_start_is_greeted_at_once_and_again_when_pressed_again(anna: Client) -> None:
    assert "Здравствуйте, Анна!" in anna.start("vk_autumn")
    assert "Здравствуйте, Анна!" in anna.start()
    assert len(anna.sent) == 2
    # Not a second time within the same dialogue.
    assert "Здравствуйте" not in anna.say("мужская стрижка")
