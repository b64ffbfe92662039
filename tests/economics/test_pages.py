"""The owner's pages: figures and their rows, spend by hand, files."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import openpyxl
import pytest
from django.urls import reverse

from economics.models import Spend
from tests.economics.story import Story

APRIL = "from=2026-04-01&to=2026-04-30"
PAGES = ("dashboard", "figures", "spend")


@pytest.fixture
def month(told):
    story = Story()
    for number in range(6):
        lead = story.lead(f"p{number}", f"2026-04-0{number + 1} 12:00", "avito" if number % 2 else "vk_ads")
        story.visit(
            f"p{number}", f"2026-04-1{number} 12:00", lead=lead, end="no_show" if number == 5 else "completed"
        )
    story.spent("1000.10", "2026-04-01", "2026-04-30", "avito")
    return told(story)


def text_of(response) -> str:
    """What a page says, without tags."""
    return re.sub(r"[ \n]+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_the_owners(name, month, olga, masha, pasha, client):
    url = reverse(f"economics:{name}")
    assert olga.get(url).status_code == 200
    assert masha.get(url).status_code == 403
    assert pasha.get(url).status_code == 403
    assert client.get(url).status_code == 302


def test_the_first_screen(month, olga):
    page = olga.get(f"/money/?{APRIL}")
    said = text_of(page)
    assert "1\u202f500\u202f₽" in said  # the average ticket
    assert "16,7\u202f%" in said or "16.7\u202f%" in said  # one of six did not come
    assert page.context["table"]["rows"][0]["name"]
    for name in ("cac", "conversion_lead_booking", "average_ticket", "no_show_rate", "ltv"):
        assert f"metric={name}&amp;from=2026-04-01&amp;to=2026-04-30" in page.content.decode()


def test_a_figure_without_data_says_what_to_do(told, olga):
    story = Story()
    story.visit("anna", "2026-04-10 12:00")
    told(story)
    page = olga.get(f"/money/?{APRIL}")
    cac = next(item for item in page.context["five"] if item["tile"].name == "cac")
    assert (cac["tile"].value, bool(cac["tile"].reason), cac["href"]) == ("", True, "/money/spend/")
    ticket = next(item for item in page.context["five"] if item["tile"].name == "average_ticket")
    assert ticket["tile"].note  # of one visit only


def test_two_of_four_is_no_percent(told, olga):
    story = Story()
    for number in range(4):
        story.visit(f"p{number}", f"2026-04-1{number} 12:00", end="no_show" if number < 2 else "completed")
    told(story)
    missed = next(
        item["tile"]
        for item in olga.get(f"/money/?{APRIL}").context["five"]
        if item["tile"].name == "no_show_rate"
    )
    assert "%" not in missed.value
    assert re.findall(r"\d+", missed.value) == ["2", "4"]


def test_nothing_at_all_teaches(olga):
    page = olga.get("/money/")
    assert page.context["empty"]
    assert "/money/spend/" in page.content.decode()


@pytest.mark.parametrize("period", ["month", "last-month", "30", "90", "nonsense"])
def test_every_period_answers(period, month, olga):
    assert olga.get(f"/money/?period={period}").status_code == 200


def test_the_table_alone(month, olga):
    part = olga.get(f"/money/?{APRIL}&by=channel&part=table")
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert [row["cells"][0]["text"] for row in part.context["table"]["rows"]] == ["6"]


def test_rows_of_a_share_can_be_narrowed_to_its_hits(month, olga):
    every = olga.get(f"/money/rows/?metric=no_show_rate&{APRIL}")
    assert (len(every.context["rows"]), every.context["sums"]) == (6, "1 ÷ 6")
    hits = olga.get(f"/money/rows/?metric=no_show_rate&{APRIL}&only=hits")
    assert [item["words"].title for item in hits.context["rows"]] == ["p5"]
    assert olga.get(f"/money/rows/?metric=luck&{APRIL}").status_code == 404
    assert olga.get(f"/money/rows/?metric=leads&{APRIL}&by=staff&key=1").status_code == 400


def test_a_stranger_sees_no_row(month, boris):
    assert boris.get(f"/money/rows/?metric=revenue&{APRIL}").context["rows"] == []
    assert b"p1" not in boris.get(f"/money/?{APRIL}").content


def test_a_file_ends_with_the_figure(month, olga):
    page = olga.get(f"/money/rows/?metric=revenue&{APRIL}")
    answer = olga.get(f"/money/rows/?metric=revenue&{APRIL}&file=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="revenue-2026-04-01-2026-04-30.csv"'
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert len(lines) == 1 + 5 + 1
    assert lines[-1][2] == page.context["value"]
    assert lines[-1][3] == "7500.00"
    assert sum(float(line[3]) for line in lines[1:-1]) == 7500


def test_a_workbook_holds_numbers(month, olga):
    answer = olga.get(f"/money/rows/?metric=cac&{APRIL}&file=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[-1][3:] == (pytest.approx(1000.10), 5)
    assert sum(row[3] for row in rows[1:-1]) == pytest.approx(1000.10)


def test_a_cell_is_never_a_formula(told, olga):
    story = Story()
    story.visit("=HYPERLINK(1)", "2026-04-10 12:00")
    told(story)
    text = b"".join(olga.get(f"/money/rows/?metric=revenue&{APRIL}&file=csv").streaming_content).decode()
    assert ";'=HYPERLINK(1);" in text


def test_spend_is_added_by_month(olga, salon):
    answer = olga.post(
        "/money/spend/", {"kind": "ads", "source": "avito", "amount": "12 500,50", "month": "2026-04"}
    )
    assert answer.status_code == 302
    with salon.work():
        row = Spend.objects.get()
        assert (str(row.first_day), str(row.last_day), str(row.amount)) == (
            "2026-04-01",
            "2026-04-30",
            "12500.50",
        )
        assert row.created_by == salon.owner
    assert "12\u202f500,50" in text_of(olga.get("/money/spend/"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "", "month": "2026-04"}, "amount"),
        ({"amount": "many", "month": "2026-04"}, "amount"),
        ({"amount": "1", "month": ""}, "month"),
        ({"amount": "1", "month": "2026-13"}, "month"),
        ({"amount": "1", "first_day": "2026-04-05", "last_day": "2026-04-01"}, "last_day"),
        ({"amount": "1", "month": "2026-04", "campaign": "spring"}, "source"),
        ({"amount": "1", "month": "2026-04", "kind": "bribe"}, "kind"),
    ],
)
def test_a_wrong_form_comes_back_with_its_words(olga, salon, body, field):
    answer = olga.post("/money/spend/", {"kind": "ads", **body})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    with salon.work():
        assert not Spend.objects.exists()


def test_a_row_is_changed(olga, salon):
    olga.post("/money/spend/", {"kind": "ads", "source": "avito", "amount": "100", "month": "2026-04"})
    with salon.work():
        row = Spend.objects.get()
    form = olga.get(f"/money/spend/{row.pk}/").context["form"]
    assert (form["month"].value(), str(form["amount"].value())) == ("2026-04", "100.00")
    days = {
        "kind": "other",
        "source": "",
        "amount": "-5",
        "first_day": "2026-04-03",
        "last_day": "2026-04-04",
    }
    assert olga.post(f"/money/spend/{row.pk}/", days).status_code == 302
    with salon.work():
        row.refresh_from_db()
        assert (row.kind, row.source, str(row.amount), str(row.last_day)) == (
            "other",
            "",
            "-5.00",
            "2026-04-04",
        )


def test_a_removed_row_comes_back_by_undo(olga, salon):
    olga.post("/money/spend/", {"kind": "ads", "source": "avito", "amount": "100", "month": "2026-04"})
    with salon.work():
        row = Spend.objects.get()
    gone = olga.post(f"/money/spend/{row.pk}/remove/", headers={"HX-Request": "true"})
    toast = json.loads(gone["HX-Trigger"])["toast"]
    assert toast["undo"] == f"/money/spend/{row.pk}/restore/"
    assert "avito" not in olga.get("/money/spend/?part=list").content.decode()
    assert olga.get(f"/money/spend/{row.pk}/").status_code == 404
    assert olga.post(toast["undo"], headers={"HX-Request": "true"}).status_code == 204
    assert olga.get(f"/money/spend/{row.pk}/").status_code == 200


def test_a_strangers_spend_is_not_there(olga, boris, salon):
    olga.post("/money/spend/", {"kind": "ads", "source": "avito", "amount": "100", "month": "2026-04"})
    with salon.work():
        row = Spend.objects.get()
    for path in (
        f"/money/spend/{row.pk}/",
        f"/money/spend/{row.pk}/remove/",
        f"/money/spend/{row.pk}/restore/",
    ):
        assert boris.post(path, {"kind": "ads", "amount": "1", "month": "2026-04"}).status_code == 404
    with salon.work():
        assert Spend.objects.get().removed_at is None
