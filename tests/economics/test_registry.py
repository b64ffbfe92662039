"""The registry itself: every figure has its words, its document is up to date, periods are chosen and compared."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings

from economics import choice, document, metrics, terms
from economics.metric import Shape


def test_every_figure_says_what_it_is():
    names = [metric.name for family in metrics.FAMILIES for metric in family.metrics]
    assert len(names) == len(set(names))
    for metric in metrics.ALL.values():
        assert str(metric.label)
        assert str(metric.about).endswith(".")
        assert str(metric.event_time)
        assert bool(metric.parts) != bool(metric.of)
        assert (metric.shape is Shape.PERCENTILE) == bool(metric.column)


def test_the_document_is_written_from_the_registry():
    text = (settings.ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert text == document.markdown(), "run manage.py metrics_document"


TODAY = dt.date(2026, 4, 17)


@pytest.mark.parametrize(
    ("words", "first", "last", "before"),
    [
        ({}, "2026-04-01", "2026-04-17", ("2026-03-01", "2026-03-17")),
        ({"period": "last-month"}, "2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
        ({"period": "30"}, "2026-03-19", "2026-04-17", ("2026-02-17", "2026-03-18")),
        (
            {"from": "2026-04-06", "to": "2026-04-10"},
            "2026-04-06",
            "2026-04-10",
            ("2026-03-30", "2026-04-03"),
        ),
        (
            {"from": "2026-03-01", "to": "2026-03-31"},
            "2026-03-01",
            "2026-03-31",
            ("2026-02-01", "2026-02-28"),
        ),
        (
            {"from": "2026-04-10", "to": "2026-04-06"},
            "2026-04-06",
            "2026-04-10",
            ("2026-03-30", "2026-04-03"),
        ),
        ({"from": "soon"}, "2026-04-01", "2026-04-17", ("2026-03-01", "2026-03-17")),
        (
            {"from": "1026-01-01", "to": "2026-04-17"},
            "2026-04-01",
            "2026-04-17",
            ("2026-03-01", "2026-03-17"),
        ),
    ],
)
def test_a_period_and_the_one_it_is_compared_with(words, first, last, before):
    chosen = choice.read(words, today=TODAY)
    assert (chosen.first.isoformat(), chosen.last.isoformat()) == (first, last)
    assert tuple(day.isoformat() for day in chosen.before()) == before
    assert choice.read(chosen.address(), today=TODAY) == chosen


def test_a_month_that_goes_on_is_compared_with_the_same_days():
    late = choice.read({}, today=dt.date(2026, 3, 31))
    assert late.before() == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))


def test_terms_have_usual_values_and_refuse_what_is_none():
    assert terms.read({}).answer_target_s == 300
    assert terms.read({"target_conversion": None, "colour": "red"}).target_conversion is None
    for wrong in (
        {"vat_rate": "much"},
        {"lost_after_days": 1.5},
        {"inbox_hours": {"8": ["10:00", "20:00"]}},
        {"inbox_hours": []},
    ):
        with pytest.raises(terms.BadTerms):
            terms.read(wrong)
