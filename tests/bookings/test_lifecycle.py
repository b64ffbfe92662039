"""A visit's life: who may do what from where, what is written, what is announced, who hears of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings import lifecycle, signals
from bookings.models import Booking, BookingChange, BookingStatus, Service
from leads import pipeline
from leads.models import LeadStatus
from tests.bookings.conftest import Shop

MONDAY = dt.date(2026, 11, 30)
NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
KINDS = BookingChange.Kind


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Everything this room announces, in order."""
    told: list[tuple[str, dict[str, Any]]] = []
    names = [
        "booked", "moved", "cancelled", "arrived", "completed", "no_show", "client_confirmed", "reopened", "expired",
    ]  # fmt: skip

    def listener(name: str) -> Any:
        def hear(sender: Any, **facts: Any) -> None:
            facts.pop("signal")
            told.append((name, facts))

        return hear

    listeners = {name: listener(name) for name in names}
    for name, hear in listeners.items():
        getattr(signals, name).connect(hear)
    yield told
    for name, hear in listeners.items():
        getattr(signals, name).disconnect(hear)


def story(booking: Booking) -> list[tuple[str, str, str]]:
    return [(c.kind, c.status_before, c.by) for c in booking.changes.order_by("id")]


def test_a_visit_from_booking_to_completion(shop: Shop, heard: list[Any]) -> None:
    with shop.salon.work():
        anna = shop.anna()
        lead = pipeline.open_lead(contact=anna, now=NOW, channel_kind="telegram")
        booking = shop.book(
            shop.at(MONDAY, "10:00"),
            services=[shop.cut, shop.beard],
            addons=[shop.wax],
            now=NOW,
            user=shop.salon.owner,
        )
        assert booking.lead == lead
        assert booking.total == 1500 + 900 + 400
        assert booking.addons_offered
        assert booking.ends_at - booking.starts_at == dt.timedelta(minutes=45 + 30 + 15)
        assert (booking.during.upper or booking.ends_at) - booking.ends_at == dt.timedelta(minutes=15)
        assert booking.local_day == MONDAY
        assert [(i.name, i.minutes, i.cost) for i in booking.items.order_by("position")] == [
            ("Мужская стрижка", 45, 120),
            ("Борода", 30, 0),
            ("Воск", 15, 0),
        ]
        lead.refresh_from_db()
        assert lead.status == LeadStatus.BOOKED
        lifecycle.confirm_by_client(booking, now=NOW)
        lifecycle.move(booking, starts_at=shop.at(MONDAY, "15:00"), now=NOW, by="client")
        assert booking.client_confirmed_at is None  # it was said of another time
        lifecycle.arrive(booking, now=booking.starts_at)
        lifecycle.complete(booking, now=booking.ends_at)
        lead.refresh_from_db()
        assert lead.status == LeadStatus.VISITED
        assert story(booking) == [
            (KINDS.CREATED, "", "salon"),
            (KINDS.CLIENT_CONFIRMED, "confirmed", "client"),
            (KINDS.MOVED, "confirmed", "client"),
            (KINDS.ARRIVED, "confirmed", "salon"),
            (KINDS.COMPLETED, "arrived", "salon"),
        ]
        moved = booking.changes.get(kind=KINDS.MOVED)
        assert (moved.starts_before, moved.starts_after) == (
            shop.at(MONDAY, "10:00"),
            shop.at(MONDAY, "15:00"),
        )
    assert [name for name, _ in heard] == ["booked", "client_confirmed", "moved", "arrived", "completed"]
    assert heard[2][1] == {
        "booking": booking,
        "starts_before": shop.at(MONDAY, "10:00"),
        "staff_before": shop.pasha.pk,
        "now": NOW,
    }


def test_prices_of_the_day_it_was_booked_stay(shop: Shop) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        Service.objects.update(price=9999, minutes=60)
        lifecycle.move(booking, starts_at=shop.at(MONDAY, "11:07"), now=NOW, by="salon")
        booking.refresh_from_db()
        assert booking.total == 1500
        assert booking.ends_at == shop.at(MONDAY, "11:52")


def test_a_step_made_twice_is_made_once(shop: Shop, heard: list[Any]) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        for _ in range(2):
            lifecycle.confirm_by_client(booking, now=NOW)
        for _ in range(2):
            lifecycle.move(booking, starts_at=shop.at(MONDAY, "12:00"), now=NOW, by="salon")
            lifecycle.move(booking, starts_at=shop.at(MONDAY, "12:00"), now=NOW, by="salon", staff=shop.pasha)
        for _ in range(2):
            lifecycle.cancel(booking, now=NOW, by="client")
    assert [name for name, _ in heard] == ["booked", "client_confirmed", "moved", "cancelled"]


@pytest.mark.parametrize(
    ("by", "hours", "late"),
    [("client", 24, False), ("client", 23.9, True), ("assistant", 1, True), ("salon", 1, False)],
)
def test_a_clients_cancellation_on_short_notice_is_late(
    shop: Shop, by: str, hours: float, late: bool
) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        lifecycle.cancel(booking, now=booking.starts_at - dt.timedelta(hours=hours), by=by, reason="заболела")
        change = booking.changes.get(kind=KINDS.CANCELLED)
    assert (change.late, change.by, change.reason) == (late, by, "заболела")


def test_the_salon_says_what_is_late(shop: Shop) -> None:
    shop.salon.tenant.settings["late_cancel_hours"] = 2
    with shop.salon.work():
        shop.salon.tenant.save()
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        lifecycle.cancel(booking, now=booking.starts_at - dt.timedelta(hours=3), by="client")
        assert not booking.changes.get(kind=KINDS.CANCELLED).late


def test_a_cancelled_time_is_sold_again_and_cannot_be_taken_back(shop: Shop) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        lifecycle.cancel(booking, now=NOW, by="client")
        shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        with pytest.raises(lifecycle.SlotTaken) as refused:
            lifecycle.reopen(booking, now=NOW)
        assert booking.status == BookingStatus.CANCELLED
    assert len(refused.value.alternatives) == 3


@pytest.mark.parametrize(
    ("steps", "back"),
    [
        (["cancel"], "confirmed"),
        (["no_show"], "confirmed"),
        (["arrive", "complete"], "arrived"),
        (["no_show", "complete"], "no_show"),
    ],
)
def test_a_mistaken_mark_is_taken_back(shop: Shop, heard: list[Any], steps: list[str], back: str) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        for step in steps:
            getattr(lifecycle, step)(booking, now=NOW, **({"by": "salon"} if step == "cancel" else {}))
        undone = booking.status
        lifecycle.reopen(booking, now=NOW + dt.timedelta(minutes=1))
        assert booking.status == back
        with pytest.raises(lifecycle.BadTransition):
            lifecycle.reopen(booking, now=NOW + dt.timedelta(minutes=2))
    assert heard[-1][0] == "reopened"
    assert heard[-1][1]["status_before"] == undone


def test_an_old_mark_stays(shop: Shop) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        lifecycle.cancel(booking, now=NOW, by="client")
        with pytest.raises(lifecycle.BadTransition):
            lifecycle.reopen(booking, now=NOW + dt.timedelta(days=4))


@pytest.mark.parametrize(
    ("made", "refused"),
    [
        ("cancel", ["move", "arrive", "complete", "no_show", "confirm_by_client", "confirm"]),
        ("complete", ["move", "cancel", "arrive", "no_show", "confirm_by_client"]),
        ("no_show", ["move", "cancel", "arrive", "confirm_by_client"]),
        ("arrive", ["move", "confirm_by_client"]),
    ],
)
def test_steps_that_make_no_sense_are_refused(
    shop: Shop, heard: list[Any], made: str, refused: list[str]
) -> None:
    how = {
        "cancel": {"by": "salon"},
        "confirm": {"by": "salon"},
        "move": {"by": "salon", "starts_at": shop.at(MONDAY, "12:00")},
    }
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        getattr(lifecycle, made)(booking, now=NOW, **how.get(made, {}))
        before = len(heard), story(booking)
        for step in refused:
            with pytest.raises(lifecycle.BadTransition):
                getattr(lifecycle, step)(booking, now=NOW, **how.get(step, {}))
        assert (len(heard), story(booking)) == before


@pytest.mark.parametrize(
    ("clock", "error"),
    [("14:30", lifecycle.OutsideHours), ("19:30", lifecycle.OutsideHours), ("10:30", lifecycle.SlotTaken)],
)
def test_a_time_that_cannot_be_had_comes_with_three_others(shop: Shop, clock: str, error: Any) -> None:
    with shop.salon.work():
        shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        with pytest.raises(error) as refused:
            shop.book(shop.at(MONDAY, clock), now=NOW)
        assert len(refused.value.alternatives) == 3
        for slot in refused.value.alternatives:
            with transaction.atomic():
                shop.book(slot.starts_at, now=NOW)
                transaction.set_rollback(True)


def test_a_refused_move_leaves_the_visit_where_it_was(shop: Shop) -> None:
    with shop.salon.work():
        shop.book(shop.at(MONDAY, "12:00"), now=NOW)
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        with pytest.raises(lifecycle.SlotTaken):
            lifecycle.move(booking, starts_at=shop.at(MONDAY, "12:30"), now=NOW, by="salon")
        assert booking.starts_at == shop.at(MONDAY, "10:00")
        both = shop.book(shop.at(MONDAY, "15:00"), now=NOW, services=[shop.cut, shop.beard])
        with pytest.raises(lifecycle.NotServed):
            lifecycle.move(both, starts_at=both.starts_at, staff=shop.gleb, now=NOW, by="salon")
        assert both.staff == shop.pasha


def test_a_visit_moves_into_its_own_time_and_to_another_master(shop: Shop) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        lifecycle.move(booking, starts_at=shop.at(MONDAY, "10:20"), now=NOW, by="salon")
        lifecycle.move(booking, starts_at=shop.at(MONDAY, "10:20"), staff=shop.gleb, now=NOW, by="salon")
        booking.refresh_from_db()
        assert booking.staff == shop.gleb
        assert booking.changes.order_by("-id")[0].staff_before == shop.pasha


def test_a_past_or_too_far_start_is_refused_and_seconds_are_cut(shop: Shop) -> None:
    with shop.salon.work():
        now = shop.at(MONDAY, "11:00")
        with pytest.raises(lifecycle.PastDate):
            shop.book(shop.at(MONDAY, "10:59"), now=now)
        with pytest.raises(lifecycle.TooFar):
            shop.book(shop.at(dt.date(2036, 11, 3), "10:00"), now=now)
        booking = shop.book(now + dt.timedelta(seconds=30), now=now)
        assert booking.starts_at == now


def test_a_client_neither_cancels_nor_moves_what_has_begun(shop: Shop) -> None:
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        with pytest.raises(lifecycle.BadTransition):
            lifecycle.cancel(booking, now=booking.starts_at, by="client")
        with pytest.raises(lifecycle.BadTransition):
            lifecycle.move(booking, starts_at=shop.at(MONDAY, "15:00"), now=booking.starts_at, by="client")
        lifecycle.cancel(booking, now=booking.starts_at, by="salon")


def test_any_master_is_the_less_busy_one_who_can(shop: Shop) -> None:
    with shop.salon.work():
        shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        assert shop.book(shop.at(MONDAY, "12:00"), staff=None, now=NOW).staff == shop.gleb
        assert shop.book(shop.at(MONDAY, "12:00"), staff=None, now=NOW).staff == shop.pasha
        with pytest.raises(lifecycle.SlotTaken):
            shop.book(shop.at(MONDAY, "12:00"), staff=None, now=NOW)


@pytest.mark.parametrize("what", ["inactive", "nothing"])
def test_what_is_not_sold_cannot_be_booked(shop: Shop, what: str) -> None:
    with shop.salon.work():
        shop.cut.active = False
        services = [] if what == "nothing" else [shop.cut]
        with pytest.raises(lifecycle.NotServed):
            shop.book(shop.at(MONDAY, "10:00"), services=services, now=NOW)


def test_the_database_itself_refuses_an_overlap(shop: Shop) -> None:
    """Whatever a programmer forgets: no check of ours is asked here."""
    with shop.salon.work():
        booking = shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        with pytest.raises(IntegrityError, match="one_slot_once"), transaction.atomic():
            Booking.objects.create(
                staff=shop.pasha,
                starts_at=shop.at(MONDAY, "10:50"),  # in the buffer
                ends_at=shop.at(MONDAY, "11:50"),
                during=(shop.at(MONDAY, "10:50"), shop.at(MONDAY, "11:50")),
                local_day=MONDAY,
                total=0,
                public_token="x",
                created_at=NOW,
            )
        assert Booking.objects.get() == booking


def test_a_listener_that_fails_undoes_the_step(shop: Shop) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("no reminders could be planned")

    signals.booked.connect(fail)
    try:
        with shop.salon.work():
            with pytest.raises(RuntimeError), transaction.atomic():
                shop.book(shop.at(MONDAY, "10:00"), now=NOW)
            assert not Booking.objects.exists()
    finally:
        signals.booked.disconnect(fail)
