"""Words into fields: intents, services, masters, days and times, names and phones. It is Tuesday, 24 November 2026."""

from __future__ import annotations

import datetime as dt

import pytest

from assistant.understanding import reading
from assistant.understanding.reading import Reading
from bookings.models import Service, Staff

TODAY = dt.date(2026, 11, 24)
NAMES = (
    "Мужская стрижка", "Детская стрижка", "Стрижка машинкой", "Стрижка и борода", "Оформление бороды",
    "Королевское бритьё", "Укладка",
)  # fmt: skip
CATALOGUE = [Service(id=number, name=name, synonyms=[]) for number, name in enumerate(NAMES, start=1)]
MASTERS = [Staff(id=1, name="Иван"), Staff(id=2, name="Павел Смирнов"), Staff(id=3, name="Аня")]


def read(text: str) -> Reading:
    return reading.read(text, catalogue=CATALOGUE, masters=MASTERS, today=TODAY, language="ru")


def services(text: str) -> list[list[str]]:
    return [[NAMES[one - 1] for one in group] for group in read(text).groups]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Здравствуйте", "greet"),
        ("добрый вечер", "greet"),
        ("сколько стоит укладка", "price"),
        ("хочу записаться", "book"),
        ("можно перенести на другой день?", "move"),
        ("не смогу завтра, можно на четверг?", "move"),
        ("отмените запись", "cancel"),
        ("не смогу прийти", "cancel"),
        ("я буду", "confirm"),
        ("ок", "affirm"),
        ("да, подходит", "affirm"),
        ("нет, не подходит", "deny"),
        ("где вы находитесь?", "address"),
        ("до скольки вы работаете", "hours"),
        ("позовите администратора", "human"),
        ("верните деньги", "complaint"),
        ("очень болит, щека опухла", "urgent"),
        ("спасибо большое", "thanks"),
        ("опаздываю на 10 минут", "late"),
        ("мне бы чего-нибудь такого", "other"),
        ("How much is it?", "price"),
        ("I need to reschedule", "move"),
    ],
)
def test_the_leading_intent(text: str, intent: str) -> None:
    assert read(text).leading == intent


def test_several_intents_are_kept() -> None:
    assert {"greet", "price", "book"} <= read(
        "Здравствуйте, сколько стоит стрижка и можно записаться?"
    ).intents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("мужскую стрижку", [["Мужская стрижка"]]),
        ("хочу подстричь сына", [["Детская стрижка"]]),
        ("стрижку и бороду", [["Стрижка и борода"]]),
        ("постричься под машинку", [["Стрижка машинкой"]]),
        ("побриться", [["Королевское бритьё"]]),
        ("укладка и оформление бороды", [["Оформление бороды"], ["Укладка"]]),
        ("мужкая стрижка", [["Мужская стрижка"]]),
        ("УКЛАДКУ!!!", [["Укладка"]]),
        ("где вы находитесь", []),
        ("завтра в 15:00", []),
    ],
)
def test_services(text: str, expected: list[list[str]]) -> None:
    assert services(text) == expected


def test_a_word_of_many_services_is_a_choice() -> None:
    (group,) = services("хочу на стрижку")
    assert set(group) == {"Мужская стрижка", "Детская стрижка", "Стрижка машинкой", "Стрижка и борода"}


def test_a_tenant_s_synonym_counts() -> None:
    fade = Service(id=9, name="Фейд", synonyms=["переход", "скин фейд"])
    found = reading.read(
        "сделайте переход", catalogue=[*CATALOGUE, fade], masters=[], today=TODAY, language="ru"
    )
    assert found.groups == [[9]]


@pytest.mark.parametrize(
    ("text", "dates", "starts", "until"),
    [
        ("сегодня вечером", ["11-24"], "17:00", "21:00"),
        ("завтра утром", ["11-25"], "09:00", "12:00"),
        ("послезавтра после обеда", ["11-26"], "13:00", None),
        ("в пятницу после шести", ["11-27"], "18:00", None),
        ("в суботу к 11", ["11-28"], "11:00", "11:00"),
        ("во вторник", ["12-01"], None, None),
        ("в следующий четверг", ["12-03"], None, None),
        ("на выходных", ["11-28", "11-29"], None, None),
        ("через неделю", ["12-01"], None, None),
        ("через 3 дня", ["11-27"], None, None),
        ("25.11 в 17.00", ["11-25"], "17:00", "17:00"),
        ("26/11 18-30", ["11-26"], "18:30", "18:30"),
        ("28 ноября с 10 до 12", ["11-28"], "10:00", "12:00"),
        ("на 15-е в 12", ["12-15"], "12:00", "12:00"),
        ("в полтретьего", [], "14:30", "14:30"),
        ("в половине второго", [], "13:30", "13:30"),
        ("в час дня", [], "13:00", "13:00"),
        ("к семи вечера завтра", ["11-25"], "19:00", "19:00"),
        ("в 10:30 утра", [], "10:30", "10:30"),
        ("не раньше 18", [], "18:00", None),
        ("до обеда", [], None, "12:00"),
        ("tomorrow at 5 pm", ["11-25"], "17:00", "17:00"),
        ("добрый вечер", [], None, None),
        ("мне 30 лет", [], None, None),
        ("скидка 20% есть?", [], None, None),
        ("мой номер 8 913 123-45-67", [], None, None),
        ("это за 1500 р?", [], None, None),
    ],
)
def test_days_and_times(text: str, dates: list[str], starts: str | None, until: str | None) -> None:
    wish = read(text).wish
    told = [time.strftime("%H:%M") if time else None for time in (wish.starts, wish.until)]
    assert ([f"{day:%m-%d}" for day in wish.dates], *told) == (dates, starts, until)


def test_the_past_of_this_year_is_the_next_one() -> None:
    assert read("3 марта").wish.dates == [dt.date(2027, 3, 3)]


@pytest.mark.parametrize(
    ("text", "master"),
    [
        ("к Ивану", 1),
        ("можно к Паше?", None),
        ("запишите к Павлу", 2),
        ("к Ане на укладку", 3),
        ("иван или аня", None),
    ],
)
def test_the_master(text: str, master: int | None) -> None:
    assert read(text).staff_id == master


def test_a_name_and_a_phone() -> None:
    found = read("Меня зовут Пётр, 8 (913) 123-45-67")
    assert (found.name, found.phone) == ("Пётр", "+79131234567")
    assert read("это важно").name is None


@pytest.mark.parametrize("text", ["", "   ", "🙂", "a" * 50_000, "1" * 5_000, "\ufffd\ufffd", "да " * 5_000])
def test_odd_texts_are_read_as_little(text: str) -> None:
    found = read(text)
    assert found.groups == []
    assert not found.wish
