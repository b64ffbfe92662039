"""Whole dialogues, from the first word to the booking, on Telegram's wire."""

from __future__ import annotations

from bookings.models import Booking
from tests.assistant.stage import Client
from tests.conftest import Salon


def booking(salon: Salon) -> Booking:
    with salon.work():
        return Booking.objects.select_related("contact", "lead", "staff", "conversation").get()


def test_from_the_first_word_to_a_booking(live_anna: Client, at_once: None, salon: Salon) -> None:
    anna = live_anna
    greeting = anna.say("Здравствуйте, хочу записаться на стрижку")
    assert "Здравствуйте, Анна! Это Барбершоп «Омск»." in greeting
    # "A haircut" may be one of two: they are a choice, not a guess, and the beard is none of them.
    assert [label.split(" ·")[0] for label in anna.labels][:2] == ["Мужская стрижка", "Детская стрижка"]
    assert not any("бород" in label for label in anna.labels)

    offer = anna.press("Мужская стрижка")
    assert "Укладка воском: +300 ₽".replace(" ", "\u202f") in offer.replace(" ", "\u202f")
    assert "Уложим после стрижки?" in offer

    times = anna.press("Да, добавить")
    assert "Мужская стрижка, Укладка воском" in times
    slots = anna.labels[: anna.labels.index("Другой день")]
    assert 3 <= len(slots) <= 6

    assert "номер телефона" in anna.press(slots[0])
    done = anna.share_contact("+79131234567")
    assert done.startswith("Готово, вы записаны!")
    made = booking(salon)
    assert (made.status, str(made.total), made.contact.phone) == ("confirmed", "1800.00", "+79131234567")
    assert made.conversation is not None
    assert made.lead.status == "booked"
    for fact in (made.staff.name, "Ленина, 10", "Мужская стрижка, Укладка воском", slots[0].split(", ")[-1]):
        assert fact in done
    assert "Напомним" in done or slots[0].startswith("сегодня")


def test_an_easy_going_client_says_yes_to_everything(anna: Client, salon: Salon) -> None:
    anna.say("хочу на мужскую стрижку завтра после обеда")
    anna.say("да")  # the add-on
    assert all(label.startswith("завтра") for label in anna.labels[:3])
    anna.say("давайте")  # the first of the times
    anna.say("8 913 123-45-67")
    made = booking(salon)
    local = made.starts_at.astimezone(salon.tenant.zone)
    assert local.hour >= 13
    assert [item.name for item in made_items(made, salon)] == ["Мужская стрижка", "Укладка воском"]


def made_items(made: Booking, salon: Salon) -> list:
    with salon.work():
        return list(made.items.order_by("position"))


def test_a_time_that_was_typed_is_looked_up(anna: Client, salon: Salon) -> None:
    anna.say("оформить бороду завтра в 15:30")
    assert anna.sent[-1]["text"].endswith("Свободно: завтра, 15:30. Записать?")
    anna.say("да")
    anna.say("не надо")  # no phone
    made = booking(salon)
    assert f"{made.starts_at.astimezone(salon.tenant.zone):%H:%M}" == "15:30"
    assert made.staff.name == "Глеб"


def test_a_price_is_told_and_the_dialogue_goes_on(anna: Client) -> None:
    answer = anna.say("сколько стоит детская стрижка?")
    assert "Детская стрижка – 1\u202f200\u202f₽" in answer
    assert "Другой день" in anna.labels


def test_another_day_and_another_master(anna: Client, salon: Salon) -> None:
    anna.say("мужская стрижка")
    anna.press("Нет, спасибо")
    anna.press("Другой день")
    day = anna.labels[1]
    assert f"Свободно {day}" in anna.press(day)
    assert anna.labels[0].startswith(day)
    anna.press("Выбрать мастера")
    assert anna.labels == ["Паша", "Глеб", "Любой мастер"]
    assert "у мастера Глеб" in anna.press("Глеб")
    anna.press(anna.labels[0])
    anna.say("Записать без номера")
    assert booking(salon).staff.name == "Глеб"


def test_a_correction_in_the_middle(anna: Client) -> None:
    anna.say("мужская стрижка")
    anna.press("Нет, спасибо")
    assert "Оформление бороды, 900" in anna.say("нет, лучше бороду")


def test_english_is_answered_in_english(anna: Client) -> None:
    assert anna.say("Hello, how much is it tomorrow?").startswith("Hello, Анна!")
