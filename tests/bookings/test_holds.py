"""Held times: taken while they last, free by themselves afterwards, kept by whoever confirms in time."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings import holds, lifecycle, slots
from bookings.models import Booking, BookingStatus, HoldExpiry
from leads import pipeline
from leads.models import LeadStatus
from tests.bookings.conftest import Shop
from work import sweep
from work.rows import State

MONDAY = dt.date(2026, 11, 30)
NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=10)


def hold(shop: Shop, now: dt.datetime = NOW, minutes: int = 10) -> Booking:
    return shop.book(shop.at(MONDAY, "10:00"), now=now, hold_minutes=minutes)


def ten_is_free(shop: Shop, now: dt.datetime) -> bool:
    return slots.is_free(services=[shop.cut], staff=shop.pasha, starts_at=shop.at(MONDAY, "10:00"), now=now)


def test_a_hold_takes_the_time_and_is_no_booking_yet(shop: Shop) -> None:
    with shop.salon.work():
        lead = pipeline.open_lead(contact=shop.anna(), now=NOW, channel_kind="telegram")
        booking = hold(shop)
        lead.refresh_from_db()
        assert lead.status == LeadStatus.NEW
        assert not ten_is_free(shop, NOW)
        with pytest.raises(lifecycle.SlotTaken):
            shop.book(shop.at(MONDAY, "10:00"), now=NOW)
        lifecycle.confirm(booking, now=NOW, by="client")
        lead.refresh_from_db()
        assert lead.status == LeadStatus.BOOKED
        assert [c.kind for c in booking.changes.order_by("id")] == ["held", "created"]
        assert booking.hold_until is None
        assert not ten_is_free(shop, LATER)


def test_a_hold_that_ran_out_is_free_at_once_in_list_and_check(shop: Shop) -> None:
    with shop.salon.work():
        held = hold(shop)
        assert ten_is_free(shop, LATER)
        booking = shop.book(shop.at(MONDAY, "10:00"), now=LATER)
        held.refresh_from_db()
        assert held.status == BookingStatus.EXPIRED
        assert booking.status == BookingStatus.CONFIRMED
        with pytest.raises(lifecycle.BadTransition):
            lifecycle.confirm(held, now=LATER, by="client")


def test_a_hold_nobody_needed_can_be_confirmed_a_little_late(shop: Shop) -> None:
    with shop.salon.work():
        held = hold(shop)
        lifecycle.confirm(held, now=LATER, by="client")
        assert not ten_is_free(shop, LATER)
        assert holds.expire_holds(now=LATER) == 0


def test_expire_holds_frees_those_that_ran_out(shop: Shop) -> None:
    with shop.salon.work():
        held = hold(shop)
        assert holds.expire_holds(now=NOW + dt.timedelta(minutes=9)) == 0
        assert holds.expire_holds(now=LATER) == 1
        assert holds.expire_holds(now=LATER) == 0
        held.refresh_from_db()
        assert held.status == BookingStatus.EXPIRED
        assert held.changes.order_by("-id")[0].status_before == "held"


def test_the_sweep_keeps_the_promise(shop: Shop, live_db: object) -> None:
    """By the database's clock, in its own transaction, as `dispatch` does it."""
    ago = shop.salon.now() - dt.timedelta(minutes=11)
    monday = shop.monday()
    with shop.salon.work():
        over = shop.book(shop.at(monday, "10:00"), now=ago, hold_minutes=10)
        kept = shop.book(shop.at(monday, "12:00"), now=ago, hold_minutes=10)
        lifecycle.confirm(kept, now=ago, by="client")
        running = shop.book(shop.at(monday, "17:00"), now=ago, hold_minutes=60)
    sweep.run(sweep.queue("holds"))
    with shop.salon.work():
        found = {b.pk: b.status for b in Booking.objects.all()}
        assert found == {over.pk: "expired", kept.pk: "confirmed", running.pk: "held"}
        assert sorted(HoldExpiry.objects.values_list("state", flat=True)) == [
            State.DONE,
            State.DONE,
            State.WAITING,
        ]
