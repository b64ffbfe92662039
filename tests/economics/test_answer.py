"""How soon people are answered."""

from __future__ import annotations

from tests.economics.story import Story


def test_silence_is_an_endless_wait(told):
    story = Story()
    for number, seconds in enumerate((1, 2, 300, 301)):
        story.lead(
            f"p{number}", "2026-04-02 12:00", answered=f"2026-04-02 12:{seconds // 60:02}:{seconds % 60:02}"
        )
    story.lead("nobody", "2026-04-02 12:00")
    report = told(story).report()["metrics"]
    assert report["first_response_median_s"]["value"] == 300
    assert report["first_response_p90_s"] | {"rows_url": ""} == {
        "value": None, "denominator": 5, "reason": "unanswered", "rows_url": "",
    }  # fmt: skip
    assert report["answered_in_target_rate"]["value"] == "0.6000"  # exactly the target is in time
    assert report["leads_unanswered"]["value"] == 1


def test_nine_of_ten_is_the_ninth_of_ten(told):
    story = Story()
    for number in range(1, 11):
        story.lead(f"p{number}", "2026-04-02 12:00", answered=f"2026-04-02 12:00:{number:02}")
    values = told(story).values()
    assert (values["first_response_median_s"], values["first_response_p90_s"]) == (5, 9)


def test_a_notice_is_no_answer_and_a_booking_is_one(told):
    story = Story()
    lead = story.lead("anna", "2026-04-02 12:00", answered="2026-04-02 12:00:05", by="system")
    story.visit("anna", "2026-04-05 12:00", lead=lead, made="2026-04-02 12:03")
    values = told(story).values()
    assert values["first_response_median_s"] == 180
    assert values["first_human_response_median_s"] is None


def test_the_night_is_not_working_time(told):
    story = Story(inbox_hours={"4": ["10:00", "20:00"], "5": ["10:00", "20:00"]})
    # Thursday 19:59 to Friday 10:01: fourteen hours by the clock, two minutes of work.
    story.lead("evening", "2026-04-02 19:59", answered="2026-04-03 10:01", by="manager")
    story.lead("closing", "2026-04-02 20:00", answered="2026-04-03 10:00:30", by="manager")
    values = told(story).values()
    assert values["first_response_median_s"] == 14 * 3600 + 30
    assert values["first_response_working_median_s"] == 30
    assert values["first_response_working_p90_s"] == 120
    assert values["first_response_in_hours_median_s"] == 14 * 3600 + 120  # the closing minute is out
    assert values["first_response_off_hours_median_s"] == 14 * 3600 + 30


def test_clocks_that_change_keep_their_hours(told):
    # Berlin goes forward in the night to 29 March 2026: nine in the morning stays nine in the morning.
    story = Story("Europe/Berlin", inbox_hours={"6": ["09:00", "18:00"], "7": ["09:00", "18:00"]})
    story.lead("a", "2026-03-28 17:00", answered="2026-03-29 10:00", by="manager")
    values = told(story).values("2026-03-01", "2026-03-31")
    assert values["first_response_median_s"] == 16 * 3600  # an hour less than the clocks show
    assert values["first_response_working_median_s"] == 2 * 3600
