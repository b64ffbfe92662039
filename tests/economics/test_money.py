"""Rubles of visits, rounded on the row."""

from __future__ import annotations

import pytest

from tests.economics.story import Story


def test_a_visit_leaves_what_its_costs_leave(told):
    story = Story()
    cut = story.visit("anna", "2026-04-10 12:00", addons=1, discount="100.00")
    story.paid(cut, "1800.00", "2026-04-10 13:00", fee="36.00")
    story.paid(cut, "50.00", "2026-04-10 13:00", kind="tip")
    values = told(story).values()
    assert values["revenue_list"] == "1900.00"
    assert values["revenue"] == "1800.00"
    assert values["discounts"] == "100.00"
    assert values["cost_materials"] == "170.00"
    assert values["cost_staff_share"] == "720.00"  # 40 % of 1,800
    assert values["gross_margin"] == "910.00"
    assert values["contribution"] == "874.00"
    assert (values["tips"], values["addon_revenue"], values["receivables"]) == ("50.00", "400.00", "0.00")
    assert values["contribution_ratio"] == "0.4856"


def test_a_share_is_rounded_on_the_row(told):
    story = Story()
    for day in (10, 11, 12):
        story.visit("anna", f"2026-04-{day} 12:00", service="beard", staff="petr", discount="0.05")
    values = told(story).values()
    # 33.33 % of 799.95 is 266.623…: three rows of 266.62, not one sum rounded at the end (799.87)
    assert values["cost_staff_share"] == "799.86"


def test_a_refund_belongs_to_its_visit(told):
    story = Story()
    cut = story.visit("anna", "2026-04-10 12:00")
    story.paid(cut, "1500.00", "2026-04-10 13:00")
    story.paid(cut, "500.00", "2026-05-05 12:00", kind="refund")
    books = told(story)
    assert books.values()["revenue"] == "1000.00"
    assert books.values("2026-05-01", "2026-05-31")["refunds"] == "0.00"
    assert books.values(as_of="2026-05-01T00:00:00+06:00")["revenue"] == "1500.00"


def test_a_kept_deposit_is_no_revenue(told):
    story = Story()
    missed = story.visit("anna", "2026-04-10 12:00", end="no_show")
    story.paid(missed, "500.00", "2026-04-08 12:00", kind="deposit", fee="10.00")
    values = told(story).values()
    assert (values["revenue"], values["forfeited_deposits"], values["contribution"]) == (
        "0.00",
        "500.00",
        "490.00",
    )


def test_two_masters_in_a_row_are_one_visit(told):
    story = Story()
    story.visit("anna", "2026-04-10 12:00")
    story.visit("anna", "2026-04-10 13:00", service="beard", staff="petr")
    story.visit(None, "2026-04-10 15:00", origin="walk_in")
    story.visit(None, "2026-04-10 17:00", origin="walk_in")
    report = told(story).report()["metrics"]
    assert (report["visits"]["value"], report["visits_anonymous"]["value"]) == (3, 2)
    assert report["average_ticket"]["value"] == "1766.67"  # 5,300 of three visits
    assert report["average_ticket"]["numerator"] == "5300.00"
    assert report["clients_active"]["value"] == 1


def test_vat_is_inside_the_price(told):
    story = Story(vat_rate="5")
    story.visit("anna", "2026-04-10 12:00")
    values = told(story).values()
    assert values["vat"] == "71.43"
    assert values["contribution_ratio"] == "0.5100"  # (1500 − 71.43 − 100 − 600) ÷ 1428.57


def test_a_mean_gets_its_interval_from_five_visits_on(told):
    story = Story()
    for day in range(1, 5):
        story.visit("anna", f"2026-04-0{day} 12:00", addons=day % 2)
    books = told(story)
    few = books.report()["metrics"]["average_ticket"]
    assert (few["confidence"], few["ci_low"]) == ("too_few", None)
    story.visit("anna", "2026-04-05 12:00", addons=1)
    five = told(story).report()["metrics"]["average_ticket"]
    # 1900, 1500, 1900, 1500, 1900: mean 1740, s 219.09, t(4) 2.776445; 1740 ± 272.035
    assert five["value"] == "1740.00"
    assert (five["ci_low"], five["ci_high"]) == pytest.approx((1467.965, 2012.035), abs=0.01)


def test_a_visit_without_money_events_is_taken_at_its_word(told):
    from bookings.models import Booking

    story = Story()
    story.visit("anna", "2026-04-10 12:00", id="word")
    books = told(story)
    assert books.values()["receivables"] == "1500.00"
    with books.salon.work():
        Booking.objects.filter(external_id="word").update(paid="1500.00")
    assert books.values()["receivables"] == "0.00"
