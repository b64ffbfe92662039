"""Reminders at their time: once, fresh, over a chat that works, or shown to a person. The demo clock is moved."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection

from bookings import lifecycle
from bookings.models import Booking
from conversations.models import Conversation, Message
from fakes.telegram import FakeTelegram
from reminders import dispatch, texts
from reminders.models import Reminder
from tenants import clock
from tests.assistant.stage import Client, sweep_all
from tests.conftest import Salon
from tests.reminders.conftest import Book
from work import sweep


def pass_time(shop: Salon, **by: float) -> None:
    """Moves the demo's clock and lets the sweep run."""
    with shop.work():
        clock.move(dt.timedelta(**by))
    sweep_all()


def state(shop: Salon, offset: int) -> tuple[str, str]:
    with shop.work():
        row = Reminder.objects.get(offset_minutes=offset, state__isnull=False)
        return row.state, row.reason


def texts_of(anna: Client) -> list[str]:
    return [one["text"] for one in anna.sent]


def test_each_arrives_in_its_time_with_what_remains(anna: Client, shop: Salon, book: Book) -> None:
    book(hours=100)
    pass_time(shop, hours=51.9)
    assert anna.sent == []
    pass_time(shop, hours=0.2)
    assert len(anna.sent) == 1
    assert "Здравствуйте, Анна! через 2 дня".lower() in texts_of(anna)[0].lower()
    assert "Оформление бороды, мастер: Глеб." in texts_of(anna)[0]
    assert "Ленина, 10" in texts_of(anna)[0]
    assert anna.labels == ["Приду", "Перенести", "Отменить визит"]
    pass_time(shop, hours=24)
    pass_time(shop, hours=22)
    assert len(anna.sent) == 3
    assert "через 24 часа" in texts_of(anna)[1]
    assert "через 2 часа" in texts_of(anna)[2]
    # However often it is swept, nothing comes twice.
    sweep_all()
    assert len(anna.sent) == 3
    with shop.work():
        assert set(Reminder.objects.values_list("state", "channel_kind")) == {("done", "telegram")}


def test_the_tenant_s_own_words(anna: Client, shop: Salon, book: Book) -> None:
    with shop.work():
        texts.save(120, text="{name}, ждём в {time}. {services} за {price}. {nothing} {left}")
        texts.save(1440, text="", active=False)
    booking = book(hours=30)
    pass_time(shop, hours=6.1)
    assert anna.sent == []
    assert state(shop, 1440) == ("skipped", "switched_off")
    pass_time(shop, hours=22)
    local = booking.starts_at.astimezone(shop.tenant.zone)
    assert texts_of(anna) == [
        f"Анна, ждём в {local:%H:%M}. Оформление бороды за 900\u202f₽. {{nothing}} через 2 часа"
    ]


def test_after_an_outage_only_the_nearer_is_said(anna: Client, shop: Salon, book: Book) -> None:
    book(hours=100)
    pass_time(shop, hours=77)
    assert len(anna.sent) == 1
    assert "через 23 часа" in texts_of(anna)[0]
    assert state(shop, 2880) == ("skipped", "nearer")


def test_too_late_is_not_said_and_is_called(anna: Client, shop: Salon, book: Book) -> None:
    book(hours=100)
    pass_time(shop, hours=98.5)  # 2 hours before was half an hour ago
    assert anna.sent == []
    assert state(shop, 120) == ("expired", "late")
    with shop.work():
        assert Reminder.objects.get(offset_minutes=120).to_call


def test_never_past_the_start(anna: Client, shop: Salon, book: Book) -> None:
    book(hours=100)
    pass_time(shop, hours=101)
    assert anna.sent == []
    with shop.work():
        assert not Reminder.objects.filter(to_call=True).exists()
        assert set(Reminder.objects.values_list("state", flat=True)) == {"cancelled"}


def test_a_visit_cancelled_just_before_is_checked_afresh(anna: Client, shop: Salon, book: Book) -> None:
    booking = book(hours=3)
    with shop.work():
        # As if the listener had not been there: the row itself still waits.
        Booking.objects.filter(pk=booking.pk).update(status="cancelled")
    pass_time(shop, hours=1.1)
    assert anna.sent == []
    assert state(shop, 120) == ("cancelled", "cancelled")


def test_cancelled_between_the_word_and_the_call_it_stays_unsent(
    anna: Client, shop: Salon, book: Book
) -> None:
    booking = book(hours=3)
    with shop.work():
        clock.move(dt.timedelta(hours=1.1))
    sweep.run(sweep.queue("reminders"))
    with shop.work():
        message = Message.objects.get(key__startswith="reminder:")
        assert message.state == "pending"
        lifecycle.cancel(booking, now=clock.now(), by="client")
    sweep_all()
    assert anna.sent == []
    assert state(shop, 120) == ("cancelled", "cancelled")


def test_moved_between_the_word_and_the_call_it_stays_unsent(anna: Client, shop: Salon, book: Book) -> None:
    booking = book(hours=3)
    with shop.work():
        clock.move(dt.timedelta(hours=1.1))
    sweep.run(sweep.queue("reminders"))
    with shop.work():
        lifecycle.move(
            booking, starts_at=booking.starts_at + dt.timedelta(hours=5), now=clock.now(), by="salon"
        )
    sweep_all()
    assert anna.sent == []


def test_a_blocked_chat_goes_to_the_call_list(
    anna: Client, shop: Salon, book: Book, bot: FakeTelegram
) -> None:
    book(hours=3)
    bot.blocked.add("900100")
    pass_time(shop, hours=1.1)
    with shop.work():
        row = Reminder.objects.get(offset_minutes=120)
        assert (row.state, row.reason, row.to_call) == ("dead", "undelivered", True)
        assert Conversation.objects.get().blocked_at is not None


def test_a_definite_failure_tries_the_next_chat_once(
    anna: Client, shop: Salon, book: Book, bot: FakeTelegram
) -> None:
    book(hours=3)
    second = Client.new(shop, bot, chat=900300)
    second.say("это снова я")
    with shop.work():
        first_contact = anna.thread().contact
        Conversation.objects.filter(chat="900300").update(contact=first_contact)
    bot.blocked.add("900100")
    pass_time(shop, hours=1.1)
    assert anna.sent == []
    assert len(second.sent) == 1
    with shop.work():
        row = Reminder.objects.select_related("message").get(offset_minutes=120)
        assert (row.state, row.to_call, row.message.key) == ("done", False, dispatch.key_of(row) + "#2")


def test_an_uncertain_one_is_shown_and_never_repeated(
    anna: Client, shop: Salon, book: Book, bot: FakeTelegram
) -> None:
    book(hours=3)
    bot.break_off("drop")
    pass_time(shop, hours=1.1)
    sweep_all()
    assert len(anna.sent) == 1
    assert state(shop, 120) == ("in_doubt", "uncertain")


def test_who_never_wrote_is_called(shop: Salon, book: Book) -> None:
    from conversations.models import Contact

    with shop.work():
        contact = Contact.objects.create(name="Виктор", phone="+79130000000", created_at=shop.now())
    book(hours=3, contact=contact)
    pass_time(shop, hours=1.1)
    assert state(shop, 120) == ("dead", "no_chat")
    with shop.work():
        assert Reminder.objects.get(offset_minutes=120).to_call


def test_a_broken_channel_is_no_way(anna: Client, shop: Salon, book: Book) -> None:
    from connections.models import Connection

    book(hours=3)
    with shop.work():
        Connection.objects.update(state="broken")
    pass_time(shop, hours=1.1)
    assert state(shop, 120) == ("dead", "channel_down")


def test_a_defect_in_one_row_does_not_hold_up_the_others(
    anna: Client, shop: Salon, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, _fine = book(hours=27), book(hours=27.6)
    usual = texts.write

    def write(booking: Booking, **how: Any) -> str:
        if booking.pk == broken.pk:
            raise RuntimeError("a defect")
        return usual(booking, **how)

    monkeypatch.setattr(texts, "write", write)
    pass_time(shop, hours=4)
    assert len(anna.sent) == 1
    with shop.work():
        row = Reminder.objects.get(booking=broken, offset_minutes=1440)
        assert row.state == "claimed"
        assert "a defect" in row.last_error
        assert row.due_at == broken.starts_at - dt.timedelta(hours=24)


def test_the_sweep_of_another_tenant_is_its_own(
    anna: Client, shop: Salon, book: Book, other_salon: Salon
) -> None:
    book(hours=3)
    with other_salon.work():
        assert Reminder.objects.count() == 0
    pass_time(shop, hours=1.1)
    assert len(anna.sent) == 1


# ---------------------------------------------------------------- with real transactions
def test_two_dispatchers_at_once_say_it_once(
    live_db: Any, anna: Client, shop: Salon, book: Book, bot: FakeTelegram
) -> None:
    for hours in (27, 27.6, 28.2, 28.8):
        book(hours=hours)
    with shop.work():
        clock.move(dt.timedelta(hours=5))

    def work() -> None:
        for name in ("reminders", "deliveries", "reminders", "deliveries"):
            sweep.run(sweep.queue(name))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep_all()
    with shop.work():
        said = Message.objects.filter(key__startswith="reminder:")
        assert sorted(said.values_list("state", flat=True)) == ["sent"] * said.count()
        assert said.count() == len(anna.sent) == 4
        assert Reminder.objects.filter(offset_minutes=1440, state="done").count() == 4


def test_a_visit_that_somebody_is_changing_is_not_waited_for(
    live_db: Any, anna: Client, shop: Salon, book: Book
) -> None:
    booking = book(hours=3)
    with shop.work():
        clock.move(dt.timedelta(hours=1.1))
    changing, go = threading.Event(), threading.Event()

    def cancel() -> None:
        with shop.work():
            lifecycle.cancel(Booking.objects.get(pk=booking.pk), now=clock.now(), by="client")
            changing.set()
            go.wait(10)
        connection.close()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    assert changing.wait(10)
    sweep.run(sweep.queue("reminders"))  # comes back although the visit is locked
    go.set()
    canceller.join()
    sweep_all()
    assert anna.sent == []
    with shop.work():
        row = Reminder.objects.get(offset_minutes=120)
        assert (row.state, row.reason) == ("cancelled", "cancelled")


def test_a_cancellation_waits_for_the_last_check_or_is_seen_by_it(
    live_db: Any, anna: Client, shop: Salon, book: Book
) -> None:
    """The check right before the call holds the visit until its transaction ends."""
    booking = book(hours=3)
    with shop.work():
        clock.move(dt.timedelta(hours=1.1))
    sweep.run(sweep.queue("reminders"))
    order: list[str] = []
    locked = threading.Event()

    def cancel() -> None:
        locked.wait(10)
        with shop.work():
            lifecycle.cancel(Booking.objects.get(pk=booking.pk), now=clock.now(), by="client")
            order.append("cancelled")
        connection.close()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with shop.work():
        message = Message.objects.get(key__startswith="reminder:")
        assert dispatch.vetoes([message]) == {}
        locked.set()
        canceller.join(0.5)
        assert canceller.is_alive()  # it waits for us
        order.append("marked as calling")
    canceller.join()
    assert order == ["marked as calling", "cancelled"]
    with shop.work():
        assert dispatch.vetoes([message])
