"""Spend, CAC and LTV; where unknown is not zero."""

from __future__ import annotations

from tests.economics.story import Story


def test_a_spend_over_the_months_border_loses_no_kopeck(told):
    story = Story()
    story.spent("100.00", "2026-04-15", "2026-05-14", "avito")
    books = told(story)
    # 30 days of 3.33, ten kopecks left over to the first ten: April has 10 × 3.34 + 6 × 3.33
    assert books.values()["spend_ads"] == "53.38"
    assert books.values("2026-05-01", "2026-05-31")["spend_ads"] == "46.62"
    assert books.values("2026-04-15", "2026-04-15")["spend_ads"] == "3.34"
    assert books.values("2026-04-25", "2026-04-25")["spend_ads"] == "3.33"
    assert books.values("2026-04-01", "2026-05-31")["spend_ads"] == "100.00"


def test_a_correction_is_split_like_what_it_corrects(told):
    story = Story()
    story.spent("-0.05", "2026-04-29", "2026-05-01", "avito")
    books = told(story)
    assert books.values()["spend_ads"] == "-0.04"  # 0.02, 0.02, 0.01 with the sign turned
    assert books.values("2026-05-01", "2026-05-01")["spend_ads"] == "-0.01"


def test_unknown_is_not_zero(told):
    story = Story()
    story.visit("anna", "2026-04-10 12:00")
    books = told(story)
    unknown = books.report()["metrics"]
    assert {
        name: unknown[name]["reason"] for name in ("cac", "cac_ads", "romi", "payback_visits")
    } == dict.fromkeys(("cac", "cac_ads", "romi", "payback_visits"), "no_spend")
    assert unknown["cac"]["denominator"] == 1
    story.spent("0.00", "2026-04-01", "2026-04-30", "avito")
    zero = told(story).report()["metrics"]
    assert (zero["cac_ads"]["value"], zero["cac"]["value"]) == ("0.00", "0.00")
    assert zero["romi"]["reason"] == "no_data"  # nothing to divide by
    assert zero["cac_paid"]["reason"] == "no_spend"  # a free source is not a paid one


def test_cac_is_cost_by_new_clients(told):
    story = Story()
    lead = story.lead("anna", "2026-04-02 12:00", "avito", handling_seconds=100)
    story.say(lead, "2026-04-02 12:05", cost="4.50")
    story.visit("anna", "2026-04-05 12:00", lead=lead)
    story.person("old", client_since="2025-01-01")
    story.visit("old", "2026-04-06 12:00")
    story.visit(None, "2026-04-07 12:00", origin="walk_in")
    story.spent("900.00", "2026-04-01", "2026-04-30", "avito")
    story.spent("60.00", "2026-04-01", "2026-04-30", kind="other")
    story.spent("500.00", "2026-04-01", "2026-04-30", kind="retention")
    report = told(story).report()["metrics"]
    assert report["clients_new"]["value"] == 1  # neither the old client nor the nameless walk-in
    assert report["acquisition_cost"]["value"] == "974.50"  # 900 + 60 + 10 + 4.50
    assert report["cac_ads"]["value"] == "900.00"
    assert report["cac"]["value"] == "974.50"
    assert report["cac"]["confidence"] == "too_few"
    assert report["cac_paid"] == {
        "value": "914.50", "numerator": "914.50", "denominator": 1, "rows_url": report["cac_paid"]["rows_url"],
    }  # fmt: skip
    assert report["cpl"]["value"] == "900.00"


def test_ltv_is_to_date_and_never_pays_back_is_said(told):
    story = Story()
    story.visit("anna", "2026-04-05 12:00")
    story.visit("anna", "2026-05-05 12:00")
    story.spent("1000.00", "2026-04-01", "2026-04-30", "avito")
    books = told(story)
    april = books.values()
    assert april["ltv"] == "1600.00"  # two visits of 1500 − 100 − 600
    assert april["ltv_revenue"] == "3000.00"
    assert (april["romi"], april["ltv_to_cac"], april["payback_visits"]) == ("0.6000", "1.6000", 2)
    assert books.values(as_of="2026-05-01T00:00:00+06:00")["ltv"] == "800.00"
    may = books.values("2026-05-01", "2026-05-31")
    assert (may["clients_new"], may["ltv"]) == (0, None)
    free = Story()
    free.visit("boris", "2026-03-05 12:00", discount="1500.00")
    free.spent("10.00", "2026-03-01", "2026-03-31")
    assert told(free).report("2026-03-01", "2026-03-31")["metrics"]["payback_visits"]["reason"] == "never"


def test_who_comes_back_is_asked_only_of_those_who_had_the_time(told):
    story = Story(repeat_window_days=30)
    story.visit("anna", "2026-04-01 12:00")
    story.visit("anna", "2026-05-01 12:00")  # the thirtieth day
    story.visit("boris", "2026-04-02 12:00")
    story.visit("boris", "2026-05-03 12:00")  # the thirty-first
    story.visit("clara", "2026-05-10 12:00")
    report = told(story).report("2026-04-01", "2026-05-31", as_of="2026-05-20T00:00:00+06:00")["metrics"]
    assert (report["repeat_rate"]["numerator"], report["repeat_rate"]["denominator"]) == (1, 2)
    assert report["visit_interval_median_days"]["value"] == 30
