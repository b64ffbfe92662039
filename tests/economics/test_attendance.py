"""Who came: moves, corrections, cancellations to the second, and what real steps of a visit leave behind."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings import lifecycle
from bookings.models import Booking
from tests.economics.story import Story


def test_a_moved_visit_belongs_to_its_last_day(told):
    story = Story()
    story.visit(
        "anna", "2026-04-28 12:00", made="2026-04-20 12:00", moved=("2026-04-21 12:00", "2026-05-03 12:00")
    )
    books = told(story)
    assert (books.values()["bookings"], books.values()["bookings_created"]) == (0, 1)
    may = books.values("2026-05-01", "2026-05-31")
    assert (may["bookings"], may["bookings_moved"], may["revenue"]) == (1, 1, "1500.00")
    # Before the move it stood in April.
    then = books.values(as_of="2026-04-21T00:00:00+06:00")
    assert (then["bookings"], then["bookings_open"], then["bookings_moved"]) == (1, 1, 0)


def test_a_corrected_no_show_is_a_visit(told):
    story = Story()
    story.visit("anna", "2026-04-10 12:00", end="no_show completed")
    story.visit("boris", "2026-04-11 12:00", end="no_show")
    report = told(story).report()["metrics"]
    assert report["no_show_rate"]["value"] == "0.5000"
    assert (report["no_show_rate"]["numerator"], report["no_show_rate"]["denominator"]) == (1, 2)
    assert report["no_show_rate"]["confidence"] == "too_few"
    assert report["revenue"]["value"] == "1500.00"


@pytest.mark.parametrize(
    ("cancelled", "by", "late", "cancels"),
    [
        ("2026-04-09 12:00:00", "client", 0, 1),  # exactly 24 hours are in time
        ("2026-04-09 12:00:01", "client", 1, 1),
        ("2026-04-10 11:00:00", "salon", 0, 0),  # never the client's
    ],
)
def test_late_is_less_notice_than_agreed(told, cancelled, by, late, cancels):
    story = Story()
    story.visit("anna", "2026-04-10 12:00", made="2026-04-01 12:00", end="cancelled", ended=cancelled, by=by)
    report = told(story).report()["metrics"]
    assert report["late_cancel_rate"]["numerator"] == late
    assert (report["cancel_rate"]["numerator"], report["cancel_rate"]["denominator"]) == (cancels, 1)


def test_walk_ins_cannot_fail_to_come(told):
    story = Story()
    story.visit(None, "2026-04-10 12:00", origin="walk_in")
    story.visit("anna", "2026-04-10 14:00", end="no_show")
    report = told(story).report()["metrics"]
    assert report["walk_ins"]["value"] == 1
    assert (report["no_show_rate"]["numerator"], report["no_show_rate"]["denominator"]) == (1, 1)
    assert report["conversion_booking_visit"]["value"] == "0.0000"


def test_a_hold_that_ran_out_is_no_booking(told):
    story = Story()
    lead = story.lead("anna", "2026-04-02 12:00")
    story.visit(
        "anna",
        "2026-04-10 12:00",
        lead=lead,
        made="2026-04-02 12:01",
        end="expired",
        ended="2026-04-02 12:31",
    )
    values = told(story).values()
    assert (values["bookings"], values["bookings_created"], values["leads_booked"]) == (0, 0, 0)


def test_real_steps_of_a_visit_read_alike_from_now_and_from_the_past(told):
    story = Story()
    for hour, name in ((12, "anna"), (14, "boris"), (16, "clara")):
        story.visit(name, f"2026-04-10 {hour}:00", made="2026-04-01 12:00", end="", id=name)
    books = told(story)
    noon = dt.datetime.fromisoformat("2026-04-10T12:00:00+06:00")
    with books.salon.work():
        anna, boris, clara = (Booking.objects.get(external_id=name) for name in ("anna", "boris", "clara"))
        lifecycle.cancel(boris, now=noon - dt.timedelta(hours=3), by="client")
        lifecycle.no_show(anna, now=noon + dt.timedelta(hours=1))
        lifecycle.complete(anna, now=noon + dt.timedelta(hours=2))
        lifecycle.no_show(clara, now=noon + dt.timedelta(hours=5))
        lifecycle.reopen(clara, now=noon + dt.timedelta(hours=6))
    live = books.values(as_of="")
    assert books.values(as_of=(books.salon.now() - dt.timedelta(seconds=1)).isoformat()) == live
    assert (live["bookings_completed"], live["bookings_open"], live["late_cancel_rate"]) == (1, 1, "0.5000")
    before = books.values(as_of=(noon + dt.timedelta(minutes=90)).isoformat())
    assert before["no_show_rate"] == "1.0000"
    # Clara's mark stood for an hour.
    marked = books.values(as_of=(noon + dt.timedelta(hours=5, minutes=30)).isoformat())
    assert marked["bookings_open"] == 0
