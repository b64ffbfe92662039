"""Words that change, go, come back as echoes or come from a machine: each as the provider shows it, nothing lost."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from assistant.models import Answer
from connections.hooks import Door
from connections.models import InboundEvent
from conversations import changes, outbox
from conversations.models import Author, Conversation, Delivery, EarlyChange, Message
from inbox.models import Escalation
from integrations.protocols import channel
from leads.models import Lead
from tests.conftest import Person, Salon
from tests.connections import telegram
from tests.conversations import facts
from work import sweep
from work.rows import State

CHAT = "Bz7Yx0:900100"


@pytest.fixture
def anna(live_db: Any, salon: Salon) -> facts.Business:
    return facts.Business(Door(), telegram.connect(salon))


def only(salon: Salon, **narrowed: Any) -> Message:
    (message,) = facts.messages(salon, **narrowed)
    return message


def edit(anna: facts.Business, number: int, text: str, *, at: int = 0, own: bool = False) -> None:
    update = anna.update("edited_business_message", own=own, text=text)
    update["edited_business_message"] |= {"message_id": number, "edit_date": at or int(time.time())}
    anna.post(update)


def lines(person: Person, salon: Salon) -> str:
    with salon.work():
        thread = Conversation.objects.get()
    answer = person.get(f"/inbox/{thread.pk}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


# ---------------------------------------------------------------- edits
def test_an_edit_keeps_what_was_said_before(anna: facts.Business, salon: Salon, olga: Person) -> None:
    number = anna.says("Хочу в среду")
    facts.pump()
    edit(anna, number, "Хочу в четверг", at=int(time.time()) + 1)
    edit(anna, number, "Хочу в пятницу", at=int(time.time()) + 5)
    facts.pump()
    message = only(salon)
    assert message.text == "Хочу в пятницу"
    assert [was["text"] for was in message.wordings] == ["Хочу в среду", "Хочу в четверг"]
    with salon.work():
        assert Conversation.objects.get().last_text == "Хочу в пятницу"
    html = lines(olga, salon)
    assert "data-was" in html
    assert "<del>Хочу в среду</del>" in html


def test_an_edit_that_a_newer_one_overtook_changes_no_words(anna: facts.Business, salon: Salon) -> None:
    number, now = anna.says("Первое"), int(time.time())
    facts.pump()
    edit(anna, number, "Третье", at=now + 20)
    edit(anna, number, "Второе", at=now + 10)
    edit(anna, number, "Третье", at=now + 20)
    facts.pump()
    message = only(salon)
    assert message.text == "Третье"
    assert [was["text"] for was in message.wordings] == ["Первое", "Второе"]


def test_an_edit_before_its_message_waits_for_it(anna: facts.Business, salon: Salon) -> None:
    update = anna.update(text="Было")
    number = int(update["business_message"]["message_id"])
    edit(anna, number, "Стало", at=int(time.time()) + 3)
    facts.pump()
    with salon.work():
        assert InboundEvent.objects.get().state == "done"
        # An edit tells of a person as well, but is no request of theirs.
        assert not Lead.objects.exists()
    look_again(salon)
    anna.post(update)
    facts.pump()
    look_again(salon)
    assert (only(salon).text, len(only(salon).wordings)) == ("Стало", 1)


def look_again(salon: Salon) -> None:
    """The time comes to look whether the message of an early change is there."""
    with salon.work():
        EarlyChange.objects.update(due_at=salon.now() - dt.timedelta(seconds=1))
    sweep.run(sweep.queue(changes.QUEUE))


@pytest.mark.parametrize("what", ["edit", "deletion"])
def test_a_change_of_a_message_from_before_our_time_ends_quietly(
    anna: facts.Business, salon: Salon, what: str
) -> None:
    if what == "edit":
        edit(anna, 5, "Старое")
    else:
        anna.takes_back(5)
    facts.pump()
    for _ in changes.LOOKS:
        look_again(salon)
    with salon.work():
        assert InboundEvent.objects.get().state == "done"
        assert EarlyChange.objects.get().state == "ignored"
        assert not Lead.objects.exists()  # no raw lead: nobody has anything to read


# ---------------------------------------------------------------- deletions
def test_what_is_deleted_stays_to_be_opened(anna: facts.Business, salon: Salon, olga: Person) -> None:
    number = anna.says("Лишнее слово")
    facts.pump()
    anna.takes_back(number, 999_999)
    facts.pump()
    message = only(salon)
    assert (message.text, message.deleted_at is not None) == ("Лишнее слово", True)
    html = lines(olga, salon)
    assert "<del>Лишнее слово</del>" in html
    assert "trash" in html


def test_a_deletion_before_its_message_waits_for_it(anna: facts.Business, salon: Salon) -> None:
    update = anna.update(text="Ой, не туда")
    anna.takes_back(int(update["business_message"]["message_id"]))
    facts.pump()
    anna.post(update)
    facts.pump()
    look_again(salon)
    assert only(salon).deleted_at is not None


# ---------------------------------------------------------------- echoes
def test_a_reply_in_telegram_itself_is_ours_and_silences_the_assistant(
    anna: facts.Business, salon: Salon
) -> None:
    anna.says("Здравствуйте")
    facts.pump()
    anna.olga_says("Добрый день! Чем помочь?")
    facts.pump()
    message = only(salon, direction="out", author="manager")
    assert (message.text, message.state, message.user_id) == ("Добрый день! Чем помочь?", "sent", None)
    with salon.work():
        thread = Conversation.objects.get()
        assert (thread.holder, thread.waiting_since) == ("person", None)
        lead = Lead.objects.get()
        assert (lead.status, lead.first_human_reply_at is not None) == ("contacted", True)


def calling(salon: Salon, thread: Conversation, text: str, *, state: str = State.CALLING) -> Message:
    """A message of the assistant's whose call is under way."""
    with salon.work():
        now = salon.now()
        message = outbox.say(thread, text=text, author=Author.ASSISTANT, key=f"k:{text}", now=now)
        Delivery.objects.filter(message=message).update(state=state, called_at=now)
        if state == State.IN_DOUBT:
            Message.objects.filter(pk=message.pk).update(state="in_doubt")
        return message


def echo(salon: Salon, text: str, *, ident: str = "e1", seconds: float = 0) -> None:
    at = salon.now() + dt.timedelta(seconds=seconds)
    person = channel.Person(external_id="900100", name="Анна")
    told = channel.OperatorEcho(external_id=ident, chat=CHAT, text=text, person=person, sent_at=at)
    facts.hear(salon, "telegram", told)


@pytest.mark.parametrize("state", [State.CALLING, State.IN_DOUBT])
def test_an_echo_of_our_own_call_settles_it(salon: Salon, state: str) -> None:
    thread = facts.write(salon, "telegram", "900100", chat=CHAT)
    ours = calling(salon, thread, "На пятницу?\nЕсть время", state=state)
    echo(salon, "На пятницу? Есть время")
    sent = only(salon, direction="out")
    assert (sent.pk, sent.state, sent.external_id) == (ours.pk, "sent", "e1")
    with salon.work():
        assert Conversation.objects.get().holder == "assistant"
        delivery = Delivery.objects.get()
        assert delivery.state == (State.DONE if state == State.IN_DOUBT else State.CALLING)
    echo(salon, "На пятницу? Есть время")
    assert only(salon, direction="out").pk == ours.pk


@pytest.mark.parametrize(("text", "seconds"), [("Совсем другое", 0), ("На пятницу?", -600)])
def test_another_word_or_another_time_is_a_colleagues(salon: Salon, text: str, seconds: float) -> None:
    thread = facts.write(salon, "telegram", "900100", chat=CHAT)
    calling(salon, thread, "На пятницу?")
    echo(salon, text, seconds=seconds)
    assert {m.author for m in facts.messages(salon, direction="out")} == {"assistant", "manager"}
    with salon.work():
        assert Conversation.objects.get().holder == "person"


# ---------------------------------------------------------------- machines, letters, stories
def test_a_machines_letter_is_kept_and_answered_by_nobody(salon: Salon, olga: Person) -> None:
    thread = facts.write(
        salon, "telegram", "900100", "Меня нет до понедельника", message={"automatic": "auto-replied"}
    )
    assert (thread.waiting_since, thread.generation, thread.unread) == (None, 0, 1)
    assert only(salon).automatic == "auto-replied"
    with salon.work():
        assert not Lead.objects.exists()
        assert not Answer.objects.exists()
        assert not Escalation.objects.exists()
    assert "auto-replied" in lines(olga, salon)
    facts.write(salon, "telegram", "900100", "А это уже я")
    with salon.work():
        assert Lead.objects.count() == Answer.objects.count() == 1


def test_all_that_a_letter_says_is_kept_and_shown(salon: Salon, olga: Person) -> None:
    facts.write(salon, "telegram", "900100", "Вопрос про окрашивание", message={"external_id": "900100:1"})
    facts.write(
        salon, "telegram", "900100", "Да, это я",
        message={
            "external_id": "900100:2", "subject": "Re: Запись", "reply_to": "900100:1", "group_key": "album-7",
            "note": "Откройте в приложении",
        },
    )  # fmt: skip
    letter = facts.messages(salon)[-1]
    assert (letter.subject, letter.reply_to) == ("Re: Запись", "900100:1")
    assert (letter.group_key, letter.hint) == ("album-7", "Откройте в приложении")
    html = lines(olga, salon)
    assert "Re: Запись" in html
    assert "Откройте в приложении" in html
    assert 'mzi-quoted">Вопрос про окрашивание' in html


@pytest.mark.parametrize("kind", ["story", "comment"])
def test_stories_and_comments_say_what_they_are(salon: Salon, olga: Person, kind: str) -> None:
    facts.write(salon, "telegram", "900100", "Красота!", message={"kind": kind})
    html = lines(olga, salon)
    assert ("spark" in html) is (kind == "story")
    assert "Красота!" in html


def test_calls_have_their_own_bubbles(salon: Salon, olga: Person) -> None:
    for number, (state, direction) in enumerate([("missed", "in"), ("ended", "in"), ("missed", "out")]):
        facts.hear(
            salon, "telephony",
            channel.CallHappened(
                external_id=f"c{number}", state=state, direction=direction, phone="+79131234567",  # type: ignore[arg-type]
                seconds=151 if state == "ended" else None, answered_by="Маша" if state == "ended" else "",
            ),
        )  # fmt: skip
    html = lines(olga, salon)
    assert html.count('class="mzi-call') == 3
    assert html.count("mzi-call--missed") == 1
    assert "2:31 · Маша" in html


def test_when_a_client_was_heard_last(salon: Salon) -> None:
    now = salon.now()
    facts.write(salon, "telegram", "900100", message={"sent_at": now})
    thread = facts.write(salon, "telegram", "900100", message={"sent_at": now - dt.timedelta(hours=2)})
    assert thread.last_heard_at == now
    with salon.work():
        outbox.say(thread, text="Ответ", author=Author.MANAGER, key="a", now=now + dt.timedelta(minutes=1))
        thread.refresh_from_db()
    assert thread.last_heard_at == now
