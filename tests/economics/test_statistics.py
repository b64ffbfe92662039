"""Intervals and comparisons, against values from tables and by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from economics import intervals


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.7062), (4, 2.7764), (29, 2.0452), (1000, 1.9623)])
def test_students_quantiles_are_those_of_the_table(freedom, quantile):
    assert intervals.t_quantile(freedom) == pytest.approx(quantile, abs=5e-5)


def test_wilson_stays_within_the_share():
    assert intervals.wilson(1, 7) == pytest.approx((0.0257, 0.5131), abs=5e-5)
    assert intervals.wilson(0, 5) == pytest.approx((0, 0.4345), abs=5e-5)
    assert intervals.wilson(5, 5) == pytest.approx((0.5655, 1), abs=5e-5)
    assert intervals.wilson(0, 0) is None


def test_a_count_is_within_byars_interval():
    # The exact Poisson interval of 16 is 9.15 to 25.98.
    assert intervals.byar(16) == pytest.approx((9.14, 25.98), abs=0.01)
    assert intervals.byar(0)[0] == 0


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [("1/3", 4, "0.3333"), ("1/200", 2, "0.01"), ("-1/200", 2, "-0.01"), ("0", 2, "0.00"), ("2/3", 0, "1")],
)
def test_halves_go_away_from_zero(value, places, rounded):
    assert str(intervals.half_up(Fraction(value), places)) == rounded


def test_shares_differ_when_chance_hardly_makes_it():
    assert not intervals.shares_differ(18, 100, 24, 100)
    assert intervals.shares_differ(18, 100, 36, 100)
    assert not intervals.shares_differ(0, 0, 1, 2)


def test_means_differ_by_welch():
    def of(*values):
        numbers = [Decimal(value) for value in values]
        return len(numbers), sum(numbers, Decimal(0)), sum((n * n for n in numbers), Decimal(0))

    assert not intervals.means_differ(of(10, 12, 14, 16, 18), of(11, 13, 15, 17, 19))
    assert intervals.means_differ(of(10, 11, 10, 11, 10), of(20, 21, 20, 21, 20))
    assert not intervals.means_differ(of(1, 2), of(100, 101))
    assert intervals.means_differ(of(5, 5, 5, 5, 5), of(6, 6, 6, 6, 6))


def test_costs_a_head_differ_as_poisson_rates():
    assert not intervals.rates_differ(16, Decimal(9600), 11, Decimal(8650))
    assert intervals.rates_differ(60, Decimal(6000), 20, Decimal(6000))
    assert not intervals.rates_differ(2, Decimal(100), 20, Decimal(10_000))
