"""Giving a thread to a person: why, what the client hears, what the colleague is told, and the silence after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from assistant import handover, signals
from bookings.models import Service, WorkingHours
from conversations.models import Holder
from tests.assistant.stage import Client
from tests.conftest import Salon


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What the desk hears."""
    heard: list[dict[str, Any]] = []

    def hear(sender: Any, **facts: Any) -> None:
        heard.append(facts)

    signals.handed_over.connect(hear)
    yield heard
    signals.handed_over.disconnect(hear)


def holder(anna: Client, salon: Salon) -> str:
    with salon.work():
        return anna.thread().holder


def open_always(salon: Salon) -> None:
    with salon.work():
        WorkingHours.objects.update(starts=dt.time.min, ends=dt.time.min)


@pytest.mark.parametrize(
    "words", ["позовите администратора", "Оператор", "можно живого человека?", "вы бот?"]
)
def test_asked_for_a_person(words: str, anna: Client, salon: Salon, told: list[dict[str, Any]]) -> None:
    open_always(salon)
    assert anna.say(words).endswith("Передаём ваш вопрос администратору: он ответит здесь.")
    assert holder(anna, salon) == Holder.PERSON
    assert [fact["conversation"].chat for fact in told] == ["900100"]
    # From here on the person speaks, and the client waits for them.
    count = len(anna.sent)
    anna.say("алло")
    assert len(anna.sent) == count
    with salon.work():
        assert anna.thread().waiting_since is not None


def test_the_button_does_the_same(anna: Client, salon: Salon, told: list[dict[str, Any]]) -> None:
    anna.start()
    anna.press("Позвать администратора")
    assert holder(anna, salon) == Holder.PERSON
    assert len(told) == 1


def test_outside_hours_it_says_when_somebody_will_be_there(anna: Client, salon: Salon) -> None:
    tomorrow = (salon.now().astimezone(salon.tenant.zone) + dt.timedelta(days=1)).isoweekday()
    with salon.work():
        WorkingHours.objects.exclude(weekday=tomorrow).delete()
    assert anna.say("администратор").endswith("он ответит завтра, 10:00.")


def test_a_complaint_is_urgent_and_never_sold_to(
    anna: Client, salon: Salon, told: list[dict[str, Any]]
) -> None:
    text = anna.say("Это ужас, меня плохо подстригли, верните деньги!")
    assert "Нам жаль" in text
    assert anna.labels == []
    assert told[0]["urgent"] is True
    assert "верните деньги" in told[0]["summary"]


def test_not_understood_twice_is_a_person_s_turn(
    anna: Client, salon: Salon, told: list[dict[str, Any]]
) -> None:
    first = anna.say("абракадабра швабра")
    assert "Не получилось понять вас." in first
    assert "Позвать администратора" in anna.labels
    assert told == []
    anna.say("кракозябра же")
    assert holder(anna, salon) == Holder.PERSON
    assert "кракозябра же" in told[0]["summary"]


def test_being_understood_in_between_starts_the_count_anew(anna: Client, salon: Salon) -> None:
    anna.say("абракадабра")
    anna.say("мужская стрижка")
    anna.say("кракозябра")
    assert holder(anna, salon) == Holder.ASSISTANT


def test_the_summary_says_what_is_known(anna: Client, salon: Salon, told: list[dict[str, Any]]) -> None:
    anna.say("мужскую стрижку завтра после обеда, 8 913 123-45-67")
    anna.say("позовите человека")
    summary = told[0]["summary"]
    for known in ("Мужская стрижка", "завтра 13:00–…", "+79131234567", "позовите человека"):
        assert known in summary
    assert "\n" not in summary


def test_a_voice_message_gets_an_honest_line(anna: Client, salon: Salon, told: list[dict[str, Any]]) -> None:
    anna.writer.post(
        {"message": anna.writer.message(voice={"file_id": "v1", "file_unique_id": "v", "duration": 3})}
    )
    assert "понятен только текст" in anna.heard()
    assert holder(anna, salon) == Holder.PERSON


def test_without_a_price_list_a_person_answers(
    anna: Client, salon: Salon, told: list[dict[str, Any]]
) -> None:
    with salon.work():
        Service.objects.update(active=False)
    assert "Здравствуйте, Анна!" in anna.say("Добрый день")
    assert len(told) == 1


def test_an_unknown_address_is_not_made_up(anna: Client, salon: Salon, told: list[dict[str, Any]]) -> None:
    assert "Адрес: Ленина, 10" in anna.say("как к вам доехать, какой адрес?")
    with salon.work():
        salon.tenant.address = ""
        salon.tenant.save(update_fields=["address"])
    anna.say("а какой адрес?")
    assert len(told) == 1


def test_an_incomplete_calendar_promises_no_time(
    anna: Client, salon: Salon, told: list[dict[str, Any]]
) -> None:
    with salon.work():
        salon.tenant.calendar_complete = False
        salon.tenant.save(update_fields=["calendar_complete"])
    anna.say("оформление бороды")
    assert anna.labels == ["Позвать администратора"]
    anna.say("завтра вечером")
    assert "завтра 17:00–21:00" in told[0]["summary"]


def test_given_back_it_answers_again(anna: Client, salon: Salon) -> None:
    anna.say("администратор")
    with salon.work():
        handover.give_back(anna.thread())
    assert "Ближайшее" in anna.say("оформление бороды")
