"""What holds for any history: figures are their rows, parts sum to the whole, months to the quarter."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator
from fractions import Fraction

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from economics import counting, figures, listing, metrics
from economics.ledger import refusal, writing
from economics.metric import Metric, Shape
from economics.question import ATTRIBUTIONS, BREAKDOWNS, Question
from tenants import clock, wall
from tenants.models import Tenant
from tests.conftest import make_salon
from tests.economics import chance

NOW = dt.datetime.fromisoformat("2026-06-20T12:00:00+06:00")
ADDITIVE = tuple(
    name
    for name, m in metrics.ALL.items()
    if m.shape in (Shape.COUNT, Shape.MONEY) and name != "clients_active"
)


_salons = itertools.count(1)


@contextlib.contextmanager
def _salon(seed: int) -> Iterator[Tenant]:
    """A salon with a history, entered; nothing of it stays."""
    with transaction.atomic():
        name = f"chance-{next(_salons)}"
        with make_salon(name, email=f"{name}@example.com").work():
            try:
                document = chance.history(seed).document()
                writing.import_ledger(document, tenant=wall.entered_tenant(), now=clock.now())
            except refusal.Refused:
                assume(False)  # two visits of one master met: that is no history
            yield wall.entered_tenant()
        transaction.set_rollback(True)


def _by_hand(metric: Metric, rows: list[listing.Row]) -> counting.Tally:
    """The figure's numbers, added up row by row."""
    if metric.shape is Shape.PERCENTILE:
        waits = sorted(float("inf") if row.value is None else row.value for row in rows)
        place = -(-len(waits) * metric.tenths // 10) - 1
        value = waits[place] if waits else None
        return counting.Tally(
            den=Fraction(len(rows)), value=None if value in (None, float("inf")) else int(value)
        )
    num = sum((row.numerator for row in rows), Fraction(0))
    return counting.Tally(num=num, den=sum((row.denominator for row in rows), Fraction(0)))


def _same(found: counting.Tally, wanted: counting.Tally) -> bool:
    return (found.num, found.den, found.value) == (wanted.num, wanted.den, wanted.value)


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000), start=st.integers(0, 60), days=st.sampled_from([0, 13, 40]),
    by=st.sampled_from(BREAKDOWNS), attribution=st.sampled_from(ATTRIBUTIONS),
    seen=st.sampled_from([None, dt.datetime.fromisoformat("2026-04-20T00:00:00+06:00")]),
)  # fmt: skip
def test_figures_are_their_rows_and_parts_sum_to_the_whole(db, seed, start, days, by, attribution, seen):
    with _salon(seed) as tenant:
        first = dt.date(2026, 3, 10) + dt.timedelta(days=start)
        asked = Question(
            tenant=tenant, first=first, last=first + dt.timedelta(days=days), by=by,
            attribution=attribution, seen_at=seen, now=NOW,
        )  # fmt: skip
        counted = counting.count(asked, tuple(metrics.ALL))
        for name, metric in metrics.ALL.items():
            if metric.parts:
                rows = list(listing.every(asked.total(), metric))
                assert _same(_by_hand(metric, rows), counted.totals[name]), name
        for metric in metrics.columns(by):
            if metric.shape is Shape.PERCENTILE:
                continue
            tallies = {key: group[metric.name] for key, group in counted.groups.items()}
            for key, tally in tallies.items():
                rows = list(listing.every(asked, metric, key=listing.NO_KEY if key is None else key))
                assert _same(_by_hand(metric, rows), tally), (metric.name, key)
            whole = counted.totals[metric.name]
            assert sum(t.num for t in tallies.values()) == whole.num, metric.name
            assert sum(t.den for t in tallies.values()) == whole.den, metric.name


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), border=st.integers(1, 60))
def test_adjoining_periods_add_up(db, seed, border):
    with _salon(seed) as tenant:
        first, last = dt.date(2026, 3, 10), dt.date(2026, 6, 10)
        cut = first + dt.timedelta(days=border)
        whole = Question(tenant=tenant, first=first, last=last, now=NOW)
        parts = (whole.over(first, cut - dt.timedelta(days=1)), whole.over(cut, last))
        both = [counting.count(part, ADDITIVE).totals for part in parts]
        total = counting.count(whole, ADDITIVE).totals
        for name in ADDITIVE:
            assert both[0][name].num + both[1][name].num == total[name].num, name


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_now_and_the_past_read_alike(db, seed):
    with _salon(seed) as tenant:
        live = Question(
            tenant=tenant, first=dt.date(2026, 3, 10), last=dt.date(2026, 6, 10), by="source", now=NOW
        )
        names = tuple(metrics.ALL)
        past = dataclasses.replace(live, seen_at=NOW - dt.timedelta(microseconds=1))
        assert (past.past, live.past) == (True, False)
        now, then = counting.count(live, names), counting.count(past, names)
        for name in names:
            metric = metrics.get(name)
            assert figures.cell(metric, now.totals[name]) == figures.cell(metric, then.totals[name]), name
        assert now.groups == then.groups
