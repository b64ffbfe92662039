"""One row for each offset, always: planned, skipped, cancelled and planned anew as the visit changes."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from bookings import lifecycle
from bookings.models import Booking, Staff
from bookings.signals import booked
from conversations.models import Contact
from reminders import plan
from reminders.models import Reminder
from tests.conftest import Salon
from tests.reminders.conftest import Book


@pytest.fixture(autouse=True)
def client(shop: Salon) -> None:
    with shop.work():
        Contact.objects.create(name="Анна", created_at=shop.now())


def rows(shop: Salon, booking: Booking) -> list[tuple[int, str, str]]:
    """(offset, state, reason) of the visit's present start, the earliest due first."""
    with shop.work():
        found = Reminder.objects.filter(booking=booking, starts_at=booking.starts_at).order_by("due_at")
        return [(row.offset_minutes, row.state, row.reason) for row in found]


WAITING = [(2880, "waiting", ""), (1440, "waiting", ""), (120, "waiting", "")]


def test_three_rows_are_planned_with_the_visit(shop: Salon, book: Book) -> None:
    booking = book(hours=100)
    assert rows(shop, booking) == WAITING
    with shop.work():
        for row in Reminder.objects.all():
            assert row.due_at == booking.starts_at - dt.timedelta(minutes=row.offset_minutes)
            late = dt.timedelta(minutes=20) if row.offset_minutes == 120 else dt.timedelta(hours=6)
            assert row.expires_at == row.due_at + late


def test_announced_twice_is_planned_once(shop: Salon, book: Book) -> None:
    booking = book(hours=100)
    with shop.work():
        booked.send(Booking, booking=booking, now=shop.now())
        assert plan.plan([booking], now=shop.now()) == 0
    assert rows(shop, booking) == WAITING


def test_booked_three_hours_ahead(shop: Salon, book: Book) -> None:
    assert rows(shop, book(hours=3)) == [
        (2880, "skipped", "past"), (1440, "skipped", "past"), (120, "waiting", ""),
    ]  # fmt: skip


def test_booked_for_this_hour(shop: Salon, book: Book) -> None:
    assert {state for _, state, _ in rows(shop, book(hours=1))} == {"skipped"}


def test_a_move_cancels_the_old_start_and_plans_the_new(shop: Salon, book: Book) -> None:
    booking = book(hours=100)
    before = booking.starts_at
    with shop.work():
        lifecycle.move(booking, starts_at=before + dt.timedelta(hours=5), now=shop.now(), by="salon")
    assert rows(shop, booking) == WAITING
    with shop.work():
        old = Reminder.objects.filter(starts_at=before)
        assert set(old.values_list("state", "reason")) == {("cancelled", "moved")}


def test_moved_there_and_back_the_first_rows_live_again(shop: Salon, book: Book) -> None:
    booking = book(hours=100)
    before = booking.starts_at
    with shop.work():
        lifecycle.move(booking, starts_at=before + dt.timedelta(hours=5), now=shop.now(), by="salon")
        lifecycle.move(booking, starts_at=before, now=shop.now(), by="salon")
    assert rows(shop, booking) == WAITING


def test_another_master_at_the_same_time_changes_nothing(shop: Salon, book: Book) -> None:
    booking = book(hours=100)
    with shop.work():
        from bookings.models import Service, ServiceStaff

        pasha = Staff.objects.get(external_id="pasha")
        ServiceStaff.objects.create(service=Service.objects.get(external_id="beard"), staff=pasha)
        lifecycle.move(booking, starts_at=booking.starts_at, staff=pasha, now=shop.now(), by="salon")
    assert rows(shop, booking) == WAITING


def test_a_cancelled_visit_is_not_reminded_of_and_a_reopened_one_is(shop: Salon, book: Book) -> None:
    booking = book(hours=100)
    with shop.work():
        lifecycle.cancel(booking, now=shop.now(), by="client")
    assert {(state, reason) for _, state, reason in rows(shop, booking)} == {("cancelled", "cancelled")}
    with shop.work():
        lifecycle.reopen(booking, now=shop.now())
    assert rows(shop, booking) == WAITING


def test_a_held_time_is_not_reminded_of_until_it_is_agreed(shop: Salon, book: Book) -> None:
    booking = book(hours=100, hold_minutes=30)
    assert rows(shop, booking) == []
    with shop.work():
        lifecycle.confirm(booking, now=shop.now(), by="client")
    assert rows(shop, booking) == WAITING


def test_what_is_undone_takes_its_reminders_with_it(shop: Salon, book: Book) -> None:
    class Undone(Exception):
        pass

    def book_and_undo() -> None:
        with shop.work():
            book(hours=100)
            raise Undone

    with pytest.raises(Undone):
        book_and_undo()
    with shop.work():
        assert Reminder.objects.count() == 0


def test_a_change_of_clocks_keeps_elapsed_hours(shop: Salon, book: Book) -> None:
    """On 25 October 2026 Berlin has 25 hours: a day before 09:00 is 10:00, not 09:00."""
    with shop.work():
        shop.tenant.timezone = "Europe/Berlin"
        shop.tenant.save(update_fields=["timezone"])
        berlin = ZoneInfo("Europe/Berlin")
        starts = dt.datetime(2027, 10, 31, 9, 0, tzinfo=berlin)
        booking = book(hours=0, starts_at=starts)
        due = Reminder.objects.get(booking=booking, offset_minutes=1440).due_at
    assert due.astimezone(berlin) == dt.datetime(2027, 10, 30, 10, 0, tzinfo=berlin)
    assert starts.astimezone(dt.UTC) - due == dt.timedelta(hours=24)
