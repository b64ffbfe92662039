"""When the assistant speaks: one answer to a burst, nothing stale, nothing over a person, never silence."""

from __future__ import annotations

import threading
import time
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


def test_a_burst_of_five_words_gets_one_answer_to_all_of_them(live_anna: Client) -> None:
    anna = live_anna
    for word in BURST:
        anna.write(word)
        sweep_all()
        assert anna.sent == []
    time.sleep(0.9)
    sweep_all()
    assert len(anna.sent) == 1
    text = anna.sent[0]["text"]
    assert "Здравствуйте, Анна!" in text
    assert "Мужская стрижка, 1" in text
    assert "Укладка воском" in text


def test_a_whole_request_is_greeted_ahead_of_its_answer(live_anna: Client) -> None:
    live_anna.write("Хочу записаться на мужскую стрижку")
    sweep_all()
    assert live_anna.sent == []
    time.sleep(0.4)
    sweep_all()
    assert [one["text"] for one in live_anna.sent] == ["Здравствуйте, Анна! Это Барбершоп «Омск»."]
    time.sleep(0.4)
    sweep_all()
    assert len(live_anna.sent) == 2
    assert "Укладка воском" in live_anna.sent[1]["text"]
    assert "Здравствуйте" not in live_anna.sent[1]["text"]


def test_who_goes_on_typing_is_not_greeted_ahead(live_anna: Client) -> None:
    for words in ("Хочу записаться на мужскую стрижку", "завтра после обеда"):
        live_anna.write(words)
    sweep_all()
    time.sleep(0.9)
    sweep_all()
    assert len(live_anna.sent) == 1
    assert live_anna.sent[0]["text"].startswith("Здравствуйте, Анна!")


def test_a_greeting_that_has_not_left_goes_into_the_answer(live_anna: Client, salon: Salon) -> None:
    live_anna.write("Хочу записаться на мужскую стрижку")
    sweep.run(sweep.queue("inbound"))
    time.sleep(0.4)
    sweep.run(sweep.queue("answers"))
    time.sleep(0.4)
    sweep_all()  # the provider was slow: both are due now
    assert len(live_anna.sent) == 1
    assert live_anna.sent[0]["text"].startswith("Здравствуйте, Анна!")
    with salon.work():
        assert [one.state for one in Message.objects.filter(direction="out").order_by("id")] == ["cancelled", "sent"]


def test_who_was_greeted_on_opening_and_says_hello_is_greeted_back(live_anna: Client) -> None:
    live_anna.start()
    live_anna.write("Здравствуйте, хочу на стрижку")
    sweep_all()
    time.sleep(0.4)
    sweep_all()
    assert live_anna.sent[-1]["text"] == "Здравствуйте!"


def test_the_answer_is_due_soon_after_the_last_word_and_never_late(live_anna: Client, salon: Salon) -> None:
    anna = live_anna
    anna.write("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        first = Answer.objects.get()
        assert 0.6 < (first.due_at - first.received_at).total_seconds() < 0.8
        # Somebody who types on and on is answered two seconds after the first word all the same.
        thread = anna.thread()
        for _ in range(6):
            time.sleep(0.4)
            thread.generation += 1
            answer.plan(thread, now=salon.now())
        last = Answer.objects.get()
        assert (last.due_at - first.received_at).total_seconds() < 2.5
        assert last.received_at == first.received_at


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


def test_two_workers_make_one_answer(live_anna: Client) -> None:
    anna = live_anna
    anna.write("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    time.sleep(0.8)

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
