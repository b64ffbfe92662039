"""Which source gets the credit, in three ways, without a kopeck lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.economics.story import Story


@pytest.fixture
def three_touches():
    story = Story()
    touches = [("2026-04-01 10:00", "avito"), ("2026-04-02 10:00", "vk_ads"), ("2026-04-03 10:00", "yandex")]
    lead = story.lead("anna", "2026-04-03 12:00", touches=touches, handling_seconds=1)  # 0.10 ₽
    story.visit("anna", "2026-04-05 12:00", lead=lead, made="2026-04-03 12:05")
    return story


def test_last_first_and_shared(told, three_touches):
    books = told(three_touches)
    assert {key: row["leads"] for key, row in books.rows("source").items()} == {"yandex": 1}
    assert {key: row["leads"] for key, row in books.rows("source", attribution="first").items()} == {
        "avito": 1
    }
    shared = books.rows("source", attribution="linear")
    assert {key: row["leads"] for key, row in shared.items()} == dict.fromkeys(
        ("avito", "vk_ads", "yandex"), "0.3333"
    )
    # Ten kopecks of handling: the earliest touch takes the one that is left over.
    assert [shared[key]["acquisition_cost"] for key in ("avito", "vk_ads", "yandex")] == [
        "0.04",
        "0.03",
        "0.03",
    ]
    assert {row["revenue"] for row in shared.values()} == {"500.00"}


def test_an_empty_path_is_a_row_of_its_own(told):
    story = Story()
    story.lead("anna", "2026-04-03 12:00")
    story.lead(
        "boris", "2026-04-03 12:00", touches=[("2026-01-02 12:00", "avito")]
    )  # 91 days before: too old
    story.lead("clara", "2026-04-03 12:00", touches=[("2026-04-03 12:00:01", "avito")])  # after it
    rows = told(story).report(by="source")["rows"]
    assert [(row["key"], row["leads"]) for row in rows] == [(None, 3)]


def test_a_visit_closes_the_path_and_the_client_keeps_its_source(told):
    story = Story()
    first = story.lead("anna", "2026-04-01 12:00", "avito")
    story.visit("anna", "2026-04-02 12:00", lead=first, made="2026-04-01 13:00")
    story.lead("anna", "2026-04-10 12:00", touches=[])  # comes by herself: Avito is behind the visit
    second = story.lead("anna", "2026-04-12 12:00", "vk_ads")
    story.visit("anna", "2026-04-14 12:00", lead=second, made="2026-04-12 13:00")
    rows = told(story).rows("source")
    assert {key: row["leads"] for key, row in rows.items()} == {"avito": 1, "vk_ads": 1, None: 1}
    assert (rows["avito"]["revenue"], rows["vk_ads"]["revenue"]) == ("3000.00", "0.00")
    assert (rows["avito"]["clients_new"], rows["vk_ads"]["clients_new"]) == (1, 0)


def test_a_touch_of_an_earlier_lead_counts(told):
    story = Story()
    story.lead("anna", "2026-04-01 12:00", "avito")
    story.lead("anna", "2026-04-05 12:00", touches=[])
    assert told(story).rows("source")["avito"]["leads"] == 2


def test_a_campaign_is_named_by_its_source(told):
    story = Story()
    story.lead("anna", "2026-04-01 12:00", "vk_ads", campaign="autumn")
    story.lead("boris", "2026-04-01 12:00", "vk_ads")
    story.spent("10.00", "2026-04-01", "2026-04-01", "vk_ads", campaign="winter")
    story.spent("20.00", "2026-04-01", "2026-04-01")
    rows = told(story).rows("campaign")
    assert list(rows) == ["vk_ads/", "vk_ads/autumn", "vk_ads/winter", None]
    assert [row["spend_ads"] for row in rows.values()] == ["0.00", "0.00", "10.00", "20.00"]


def test_overspend_is_a_paid_sources_own(told):
    story = Story()
    lead = story.lead("anna", "2026-04-01 12:00", "avito")
    story.visit("anna", "2026-04-02 12:00", lead=lead, made="2026-04-01 13:00")
    story.spent("1000.00", "2026-04-01", "2026-04-01", "avito")
    story.spent("50.00", "2026-04-01", "2026-04-01", kind="other")
    rows = told(story).rows("source")
    assert (rows["avito"]["overspend"], rows["avito"]["romi"], rows["avito"]["cac"]) == (
        "200.00",
        "-0.2000",
        "1000.00",
    )
    assert (rows[None]["overspend"], rows[None]["cac"]) == ("0.00", None)


def test_channels_masters_and_services(told):
    story = Story()
    story.lead("anna", "2026-04-01 12:00", channel="vk", answered="2026-04-01 12:00:04")
    story.lead("boris", "2026-04-01 12:00", channel="avito")
    story.visit("anna", "2026-04-02 12:00")
    story.visit("boris", "2026-04-02 12:00", service="beard", staff="petr", end="no_show")
    books = told(story)
    channels = books.rows("channel")
    assert (channels["vk"]["first_response_median_s"], channels["avito"]["first_response_median_s"]) == (
        4,
        None,
    )
    assert channels["vk"]["answered_in_target_rate"] == "1.0000"
    masters = books.rows("staff")
    assert (masters["ivan"]["revenue"], masters["petr"]["no_show_rate"]) == ("1500.00", "1.0000")
    assert masters["petr"]["name"] == "Пётр"
    services = books.rows("service")
    assert {key: row["bookings"] for key, row in services.items()} == {"beard": 1, "cut": 1}


@pytest.mark.parametrize("attribution", ["last", "first", "linear"])
def test_totals_do_not_depend_on_the_model(told, three_touches, attribution):
    three_touches.spent("77.77", "2026-04-01", "2026-04-30", "vk_ads")
    report = told(three_touches).report(by="source", attribution=attribution)
    for name in ("spend_ads", "acquisition_cost", "revenue", "contribution"):
        total = sum(Decimal(row[name]) for row in report["rows"])
        assert total == Decimal(report["metrics"][name]["value"]), name
