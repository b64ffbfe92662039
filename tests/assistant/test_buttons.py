"""Buttons: of an old step, of a booked visit, pressed twice, typed, of somebody else; times that are gone."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings import lifecycle
from bookings.models import Booking, Service, Staff
from conversations.models import Contact, Holder, Message
from fakes.telegram import FakeTelegram
from tests.assistant.stage import Client
from tests.conftest import Salon


def bookings(salon: Salon) -> list[Booking]:
    with salon.work():
        return list(Booking.objects.select_related("staff").order_by("id"))


def to_times(anna: Client) -> list[str]:
    """The dialogue up to the offered times of a beard; their labels."""
    anna.say("оформление бороды")
    return [label for label in anna.labels if ":" in label]


def with_phone(anna: Client, salon: Salon) -> None:
    anna.start()
    with salon.work():
        Contact.objects.update(phone="+79131234567")


def take(salon: Salon, starts_at: dt.datetime) -> None:
    with salon.work():
        lifecycle.book(
            contact=None,
            services=[Service.objects.get(external_id="beard")],
            staff=Staff.objects.get(external_id="gleb"),
            starts_at=starts_at,
            now=salon.now(),
            origin="desk",
            by="salon",
        )


def start_of(anna: Client, salon: Salon, label: str) -> dt.datetime:
    """The start behind a button."""
    from conversations.models import ButtonAction

    value = dict(anna.buttons())[label]
    with salon.work():
        return dt.datetime.fromisoformat(ButtonAction.objects.get(token=value).payload["starts_at"])


def test_with_a_known_phone_the_time_is_the_last_press(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    assert anna.press(times[0]).startswith("Готово, вы записаны!")
    assert len(bookings(salon)) == 1


def test_a_time_that_was_just_taken_gives_way_to_three_others(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    take(salon, start_of(anna, salon, times[0]))
    assert "только что заняли" in anna.press(times[0])
    others = [label for label in anna.labels if ":" in label]
    assert len(others) == 3
    assert times[0] not in others
    assert anna.press(others[0]).startswith("Готово, вы записаны!")
    assert len(bookings(salon)) == 2


def test_pressed_twice_is_booked_once(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    offer = anna.sent[-1]
    anna.press(times[0], sent=offer)
    assert "Вы уже записаны" in anna.press(times[0], sent=offer)
    assert len(bookings(salon)) == 1


def test_another_old_time_offers_to_move_the_visit_there(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    offer = anna.sent[-1]
    anna.press(times[0], sent=offer)
    assert "Вы уже записаны" in anna.press(times[1], sent=offer)
    assert times[1] in anna.labels
    assert "визит перенесён" in anna.press(times[1])
    assert len(bookings(salon)) == 1


def test_an_old_service_button_begins_a_new_visit(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    anna.say("стрижка")
    choice = anna.sent[-1]
    anna.press("Детская стрижка", sent=choice)
    anna.press(next(label for label in anna.labels if ":" in label))
    assert "Укладка воском" in anna.press("Мужская стрижка", sent=choice)


def test_an_old_add_on_button_after_the_booking_shows_the_visit(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    anna.say("мужская стрижка")
    question = anna.sent[-1]
    anna.press("Нет, спасибо")
    anna.press(next(label for label in anna.labels if ":" in label))
    assert "Вы уже записаны" in anna.press("Да, добавить", sent=question)
    assert [len(bookings(salon)), str(bookings(salon)[0].total)] == [1, "1500.00"]


def test_a_label_that_was_typed_is_a_press(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    assert anna.say(times[0]).startswith("Готово, вы записаны!")
    count = len(anna.sent)
    assert anna.heard() == anna.sent[-1]["text"]
    assert len(anna.sent) == count  # and not answered a second time as words


def test_no_typed_later_is_not_the_add_on_s_no(anna: Client, salon: Salon) -> None:
    anna.say("мужская стрижка")
    anna.press("Да, добавить")
    # The same words stood on the add-on's button; now they say that no time suits.
    anna.say("Нет, спасибо")
    assert "Какой день вам удобен?" in anna.sent[-1]["text"]


def test_a_service_that_was_taken_off_the_list(anna: Client, salon: Salon) -> None:
    anna.say("стрижка")
    with salon.work():
        Service.objects.filter(external_id="child").update(active=False)
    assert "нет в прайсе" in anna.press("Детская стрижка")


def test_a_time_of_yesterday_is_refused_in_words(
    anna: Client, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    with salon.work():
        from conversations.models import ButtonAction

        action = ButtonAction.objects.get(token=dict(anna.buttons())[times[0]])
        action.payload["starts_at"] = (salon.now() - dt.timedelta(days=1)).isoformat()
        action.save()
    assert "уже прошло" in anna.press(times[0])
    assert bookings(salon) == []


def test_another_client_s_button_does_nothing(anna: Client, salon: Salon, bot: FakeTelegram) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    value = dict(anna.buttons())[times[0]]
    boris = Client.new(salon, bot, chat=900200, name="Борис")
    boris.say("привет")
    count = len(boris.sent)
    boris.press_value(value)
    boris.press_value("forged-token")
    assert len(boris.sent) == count
    assert bookings(salon) == []


def test_a_press_while_a_person_has_the_thread_waits_for_them(anna: Client, salon: Salon) -> None:
    times = to_times(anna)
    offer = anna.sent[-1]
    anna.say("администратор")
    with salon.work():
        thread = anna.thread()
        thread.waiting_since = None
        thread.save(update_fields=["waiting_since"])
    count = len(anna.sent)
    anna.press(times[0], sent=offer)
    assert len(anna.sent) == count
    with salon.work():
        thread = anna.thread()
        assert (thread.holder, thread.waiting_since is not None) == (Holder.PERSON, True)
        assert Message.objects.filter(conversation=thread, kind="button", text=times[0]).exists()


def test_an_existing_visit_is_shown_moved_and_cancelled(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    times = to_times(anna)
    anna.press(times[0])
    assert "Вы уже записаны" in anna.say("когда я записан?")
    assert "Какое время подойдёт лучше?" in anna.say("хочу перенести")
    new = next(label for label in anna.labels if ":" in label)
    assert f"визит перенесён: {new}" in anna.press(new)
    assert f"Отменить визит {new}?" in anna.say("отмените запись")
    assert "отменён" in anna.press("Да, отменить")
    assert [one.status for one in bookings(salon)] == ["cancelled"]
    assert "нет предстоящих визитов" in anna.say("когда я записан?")


def test_two_visits_are_asked_which(anna: Client, salon: Salon) -> None:
    with_phone(anna, salon)
    first = to_times(anna)[0]
    anna.press(first)
    anna.press("Записаться ещё")
    anna.press("Детская стрижка")
    anna.press(next(label for label in anna.labels if ":" in label))
    assert "О каком визите речь?" in anna.say("отменить запись")
    assert f"Отменить визит {first}?" in anna.press(first)
