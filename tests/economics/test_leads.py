"""Leads: which count, when, what became of them."""

from __future__ import annotations

from tests.economics.story import Story


def test_midnight_in_omsk_belongs_to_the_new_day(told):
    story = Story()
    story.lead("a", "2026-03-31 23:59:59")
    story.lead("b", "2026-04-01 00:00")  # 18:00 of March 31 in UTC
    story.lead("c", "2026-04-30 23:59:59")
    story.lead("d", "2026-05-01 00:00")
    books = told(story)
    assert books.values()["leads"] == 2
    assert books.values("2026-03-01", "2026-03-31")["leads"] == 1
    assert books.values("2026-05-01", "2026-05-31")["leads"] == 1
    assert books.values("2026-03-01", "2026-05-31")["leads"] == 4


def test_tests_and_spam_count_nowhere_but_spam_costs_time(told):
    story = Story()
    story.lead("anna", "2026-04-02 12:00", handling_seconds=100)
    story.person("probe", is_test=True)
    story.lead("probe", "2026-04-02 12:00", handling_seconds=1000)
    story.lead("boris", "2026-04-03 12:00", handling_seconds=1000, is_test=True)
    story.lead("spammer", "2026-04-04 12:00", handling_seconds=50, is_spam=True)
    story.visit("probe", "2026-04-05 12:00")
    values = told(story).values()
    assert values["leads"] == 1
    assert values["cost_manager"] == "15.00"  # 100 s and 50 s at 0.10 ₽
    assert (values["visits"], values["revenue"]) == (0, "0.00")


def test_a_duplicate_folds_into_the_earlier_lead(told):
    story = Story()
    first = story.lead("anna", "2026-04-02 12:00", handling_seconds=10)
    twin = story.lead(
        "anna", "2026-04-02 12:10", duplicate_of=first, handling_seconds=20, answered="2026-04-02 12:11"
    )
    story.visit("anna", "2026-04-05 12:00", lead=twin, made="2026-04-02 13:00")
    values = told(story).values()
    assert (values["leads"], values["leads_booked"], values["conversion_lead_visit"]) == (1, 1, "1.0000")
    assert values["cost_manager"] == "3.00"
    assert values["first_response_median_s"] == 11 * 60


def test_a_merged_contact_reads_as_the_survivor(told):
    story = Story()
    story.person("anna", client_since="2025-01-01")
    story.person("anna-2", merged_into="anna")
    story.lead("anna-2", "2026-04-02 12:00")
    story.visit("anna-2", "2026-04-05 12:00")
    values = told(story).values()
    assert (values["leads_new"], values["leads_returning"]) == (0, 1)
    assert (values["visits"], values["clients_new"]) == (1, 0)  # the old card's date survives the merge


def test_states_sum_to_the_leads(told):
    story = Story()
    booked = story.lead("booked", "2026-04-02 12:00")
    story.visit("booked", "2026-04-05 12:00", lead=booked, end="cancelled", ended="2026-04-03 12:00")
    story.lead("back", "2026-04-02 12:00")
    story.lead("back", "2026-04-20 12:00")  # carries the need of the first
    story.lead("silent", "2026-04-10 12:00")
    story.lead("closed", "2026-05-31 12:00", closed_at=story.at("2026-05-31 13:00"))
    story.lead("talks", "2026-05-20 12:00", answered="2026-05-25 00:00:01")
    values = told(story).values("2026-04-01", "2026-05-31")
    assert values["leads"] == 6
    assert values["leads_booked"] == 1  # a later cancellation takes nothing away: the client said yes
    assert values["leads_recovered"] == 1
    assert values["leads_lost"] == 3  # silent, closed, and the second of `back`
    assert values["leads_in_progress"] == 1  # not silent for over seven days
    assert values["ripe_share"] == "0.8333"


def test_a_month_as_it_looked_then(told):
    story = Story()
    lead = story.lead("anna", "2026-04-28 12:00", answered="2026-04-28 12:01")
    story.say(lead, "2026-05-03 12:00")
    story.visit("anna", "2026-05-05 12:00", lead=lead, made="2026-05-03 12:05")
    books = told(story)
    then = books.values(as_of="2026-05-01T00:00:00+06:00")
    assert (then["leads_in_progress"], then["leads_booked"], then["first_response_median_s"]) == (1, 0, 60)
    later = books.values(as_of="2026-05-04T00:00:00+06:00")
    assert (later["leads_booked"], later["conversion_lead_visit"]) == (1, "0.0000")
    assert books.values()["conversion_lead_visit"] == "1.0000"


def test_an_old_client_asks_again(told):
    story = Story()
    story.lead("anna", "2026-04-02 12:00")
    story.visit("anna", "2026-04-03 12:00")
    story.lead("anna", "2026-04-03 11:59", handling_seconds=600)  # before the visit: still new
    story.lead("anna", "2026-04-03 12:01", handling_seconds=600)  # service, not acquisition
    values = told(story).values()
    assert (values["leads_new"], values["leads_returning"]) == (2, 1)
    assert values["cost_manager"] == "60.00"
