"""Confirm, move and cancel by the buttons under a reminder, all the way inside the chat."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings import lifecycle
from bookings.models import Booking
from tenants import clock
from tests.assistant.stage import Client, sweep_all
from tests.conftest import Salon
from tests.reminders.conftest import Book


@pytest.fixture
def booking(anna: Client, shop: Salon, book: Book) -> Booking:
    """A visit whose reminder stands in the chat."""
    made = book(hours=26)
    with shop.work():
        clock.move(dt.timedelta(hours=2.2))
    sweep_all()
    assert anna.labels == ["Приду", "Перенести", "Отменить визит"]
    return made


def fresh(shop: Salon, booking: Booking) -> Booking:
    with shop.work():
        return Booking.objects.select_related("staff").get(pk=booking.pk)


def test_confirm(anna: Client, shop: Salon, booking: Booking) -> None:
    assert anna.press("Приду").startswith("Спасибо! Ждём вас: ")
    assert fresh(shop, booking).client_confirmed_at is not None


def test_move_to_an_offered_time(anna: Client, shop: Salon, booking: Booking) -> None:
    reminder = anna.sent[-1]
    assert "Какое время подойдёт лучше?" in anna.press("Перенести")
    new = anna.labels[0]
    assert anna.press(new).startswith(f"Готово, визит перенесён: {new}, мастер: Глеб.")
    assert fresh(shop, booking).starts_at != booking.starts_at
    # The old reminder's buttons tell what has changed instead of acting on it.
    assert "За это время визит перенесли" in anna.press("Приду", sent=reminder)
    assert fresh(shop, booking).client_confirmed_at is None
    assert anna.press("Приду").startswith("Спасибо!")


def test_move_by_another_day(anna: Client, shop: Salon, booking: Booking) -> None:
    anna.press("Перенести")
    anna.press("Другой день")
    day = anna.labels[2]
    assert anna.press(day) == f"Свободно {day}:"
    anna.press(anna.labels[0])
    local = fresh(shop, booking).starts_at.astimezone(shop.tenant.zone).date()
    assert (local - shop.now().astimezone(shop.tenant.zone).date()).days >= 2


def test_a_time_taken_meanwhile_gives_way_to_others(
    anna: Client, shop: Salon, booking: Booking, book: Book
) -> None:
    from conversations.models import ButtonAction

    anna.press("Перенести")
    label = anna.labels[0]
    with shop.work():
        taken = dt.datetime.fromisoformat(
            ButtonAction.objects.get(token=dict(anna.buttons())[label]).payload["to"]
        )
        book(hours=0, starts_at=taken, contact=None, conversation=None)
    text = anna.press(label)
    assert len([one for one in anna.labels if ":" in one]) == 3
    assert label not in anna.labels
    assert text
    assert fresh(shop, booking).starts_at == booking.starts_at


def test_cancel_asks_once_and_says_it_is_done(anna: Client, shop: Salon, booking: Booking) -> None:
    reminder = anna.sent[-1]
    assert anna.press("Отменить визит").startswith("Отменить визит ")
    assert fresh(shop, booking).status == "confirmed"
    assert "отменён" in anna.press("Да, отменить")
    assert fresh(shop, booking).status == "cancelled"
    assert "больше не запланирован" in anna.press("Приду", sent=reminder)


def test_cancel_and_think_again(anna: Client, shop: Salon, booking: Booking) -> None:
    anna.press("Отменить визит")
    assert "визит остаётся" in anna.press("Оставить как есть")
    assert fresh(shop, booking).status == "confirmed"


def test_too_late_is_said_in_words(anna: Client, shop: Salon, booking: Booking) -> None:
    reminder = anna.sent[-1]
    with shop.work():
        clock.move(dt.timedelta(hours=30))
    assert "Визит уже начался" in anna.press("Отменить визит", sent=reminder)


def test_the_buttons_work_while_a_person_has_the_thread(anna: Client, shop: Salon, booking: Booking) -> None:
    with shop.work():
        thread = anna.thread()
        thread.holder = "person"
        thread.save(update_fields=["holder"])
    assert anna.press("Приду").startswith("Спасибо!")


def test_yes_in_words_under_a_reminder_confirms(anna: Client, shop: Salon, booking: Booking) -> None:
    with shop.work():
        shop.tenant.settings = {}
        shop.tenant.save(update_fields=["settings"])
    import assistant.answer

    assistant.answer.AFTER_LAST, usual = dt.timedelta(), assistant.answer.AFTER_LAST
    try:
        assert anna.say("да, буду").startswith("Спасибо!")
    finally:
        assistant.answer.AFTER_LAST = usual
    assert fresh(shop, booking).client_confirmed_at is not None


def test_a_visit_changed_at_the_desk_is_not_confirmed_by_an_old_button(
    anna: Client, shop: Salon, booking: Booking
) -> None:
    with shop.work():
        lifecycle.cancel(Booking.objects.get(pk=booking.pk), now=clock.now(), by="salon")
    assert "больше не запланирован: отменён" in anna.press("Приду").replace("отменен", "отменён")
