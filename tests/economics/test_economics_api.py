"""/api/v1/economics/ and its command: the shape others rely on."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from economics import metrics
from tests.conftest import Api
from tests.economics.story import Story

APRIL = "from=2026-04-01&to=2026-04-30"

# A refusal rolls back what was half-written, so requests need transactions of their own.
pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture
def month(told):
    story = Story()
    for number, source in enumerate(("avito", "avito", "vk_ads", None)):
        lead = story.lead(
            f"p{number}", f"2026-04-0{number + 1} 12:00", source, answered=f"2026-04-0{number + 1} 12:01"
        )
        if number != 1:
            story.visit(
                f"p{number}",
                f"2026-04-1{number} 12:00",
                lead=lead,
                end="no_show" if number == 2 else "completed",
            )
    story.spent("310.00", "2026-04-01", "2026-04-30", "avito")
    return told(story)


def test_the_report(month, api: Api):
    answer = api.get(f"economics/?{APRIL}&by=source&as_of=2026-06-01T00:00:00%2B06:00")
    assert answer.status_code == 200
    report = answer.json()
    assert list(report) == [
        "from",
        "to",
        "by",
        "attribution",
        "as_of",
        "timezone",
        "currency",
        "metrics",
        "rows",
    ]
    assert (report["from"], report["to"], report["by"], report["attribution"]) == (
        "2026-04-01",
        "2026-04-30",
        "source",
        "last",
    )
    assert (report["as_of"], report["timezone"], report["currency"]) == (
        "2026-06-01T00:00:00+06:00",
        "Asia/Omsk",
        "RUB",
    )
    assert set(report["metrics"]) == set(metrics.LISTED)
    share = report["metrics"]["no_show_rate"]
    assert share == {
        "value": "0.3333",
        "numerator": 1,
        "denominator": 3,
        "confidence": "too_few",
        "ci_low": 0.0615,
        "ci_high": 0.7923,
        "rows_url": share["rows_url"],
    }
    assert [row["key"] for row in report["rows"]] == ["avito", "vk_ads", None]
    for entry in report["metrics"].values():
        assert entry["value"] is not None or entry["reason"] in ("no_data", "no_spend", "unanswered", "never")


def test_a_figure_opens_its_rows(month, api: Api):
    report = api.get(f"economics/?{APRIL}").json()
    answer = api.get(report["metrics"]["cac"]["rows_url"] + "&limit=200").json()
    assert answer["metric"]["value"] == report["metrics"]["cac"]["value"]
    assert sum(float(row["numerator"]) for row in answer["results"]) == pytest.approx(310)
    assert sum(row["denominator"] for row in answer["results"]) == 2
    kinds = {row["kind"] for row in answer["results"]}
    assert kinds == {"spend", "client"}
    client = next(row for row in answer["results"] if row["kind"] == "client")
    assert set(client) == {
        "kind",
        "id",
        "at",
        "contact",
        "title",
        "detail",
        "numerator",
        "denominator",
        "value",
    }
    assert client["title"].startswith("p")
    assert client["at"].endswith("+06:00")


def test_pages_of_rows_go_there_and_back(month, api: Api):
    everything = api.get(f"economics/rows/?metric=acquisition_cost&{APRIL}&limit=200").json()["results"]
    page = api.get(f"economics/rows/?metric=acquisition_cost&{APRIL}&limit=11").json()
    assert page["previous"] is None
    collected = [page["results"]]
    while page["next"]:
        page = api.get(page["next"]).json()
        collected.append(page["results"])
    assert [row for part in collected for row in part] == everything
    assert [len(part) for part in collected] == [11, 11, 8]
    while page["previous"]:
        page = api.get(page["previous"]).json()
        collected.pop()
        assert page["results"] == collected[-1]
    assert len(collected) == 1


def test_a_row_of_a_breakdown_opens_its_rows(month, api: Api):
    answer = api.get(f"economics/rows/?metric=leads&{APRIL}&by=source&key=avito").json()
    assert answer["metric"] == {"value": 2}
    assert {row["title"] for row in answer["results"]} == {"p0", "p1"}
    unknown = api.get(f"economics/rows/?metric=leads&{APRIL}&by=source&key=-").json()
    assert [row["title"] for row in unknown["results"]] == ["p3"]


BAD_QUESTIONS = [
    ("", "from"),
    ("from=2026-04-01", "to"),
    ("from=april&to=2026-04-30", "from"),
    ("from=2026-04-31&to=2026-05-01", "from"),
    ("from=2026-04-02&to=2026-04-01", "to"),
    ("from=0001-01-01&to=9999-12-31", "from"),
    (f"{APRIL}&by=colour", "by"),
    (f"{APRIL}&attribution=all", "attribution"),
    (f"{APRIL}&as_of=now", "as_of"),
    (f"{APRIL}&as_of=2026-05-01T00:00:00", "as_of"),
    ("from=2001-01-01&to=2026-04-01", "to"),
    ("from=%00&to=2026-04-01", "from"),
]


def test_a_bad_question_is_named(api: Api):
    for query, field in BAD_QUESTIONS:
        refused = api.get(f"economics/?{query}")
        assert refused.status_code == 400, query
        assert list(refused.json()["fields"]) == [field], query


BAD_ROWS = [
    ("metric=luck", "metric"),
    ("", "metric"),
    ("metric=leads&cursor=%F0", "cursor"),
    ("metric=leads&cursor=WzFd", "cursor"),
    ("metric=leads&key=avito", "key"),
    ("metric=leads&by=staff&key=1", "by"),
    ("metric=leads&limit=many", "limit"),
]


def test_bad_questions_for_rows_are_named(api: Api):
    for query, field in BAD_ROWS:
        refused = api.get(f"economics/rows/?{APRIL}&{query}")
        assert refused.status_code == 400, query
        assert list(refused.json()["fields"]) == [field], query


def test_a_stranger_sees_nothing(month, boris_api: Api):
    report = boris_api.get(f"economics/?{APRIL}&by=source").json()
    assert report["rows"] == []
    for name, entry in report["metrics"].items():
        assert entry["value"] in (0, None, "0.00"), name
    for name in metrics.LISTED:
        assert boris_api.get(f"economics/rows/?metric={name}&{APRIL}").json()["results"] == [], name


def test_the_command_prints_the_same(month, api: Api):
    out = StringIO()
    as_of = "2026-06-01T00:00:00+06:00"
    call_command(
        "economics",
        "omsk",
        "--from",
        "2026-04-01",
        "--to",
        "2026-04-30",
        "--by",
        "source",
        "--as-of",
        as_of,
        stdout=out,
    )
    assert (
        json.loads(out.getvalue())
        == api.get(f"economics/?{APRIL}&by=source&as_of={as_of.replace('+', '%2B')}").json()
    )
    with pytest.raises(CommandError) as wrong:
        call_command("economics", "omsk", "--from", "2026-04-31", "--to", "2026-04-30")
    assert wrong.value.returncode == 2
    with pytest.raises(CommandError):
        call_command("economics", "nowhere", "--from", "2026-04-01", "--to", "2026-04-30")
