"""Money keeps every kopeck."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import money

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
WEIGHTS = st.lists(
    st.integers(0, 10**6) | st.decimals(min_value=0, max_value=10**4, places=3), min_size=1, max_size=12
)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("2.675", "2.68"),
        ("1", "1.00"),
        ("0.004999", "0.00"),
        (7, "7.00"),
    ],
)
def test_halves_go_away_from_zero(given_, expected):
    assert money.quantize(given_) == Decimal(expected)
    assert str(money.quantize(given_)) == expected


@pytest.mark.parametrize("wrong", [0.1, "NaN", "Infinity"])
def test_what_is_no_amount_is_refused(wrong):
    with pytest.raises(ValueError):
        money.quantize(wrong)


@given(AMOUNTS, WEIGHTS)
def test_parts_add_up_and_are_fair_to_a_kopeck(amount, weights):
    parts = money.split(amount, weights)
    assert sum(parts) == amount
    assert len(parts) == len(weights)
    whole = sum(Fraction(weight) for weight in weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(amount) * (Fraction(weight) / whole if whole else Fraction(1, len(weights)))
        assert abs(Fraction(part) - exact) < Fraction(1, 100)
        assert part == money.quantize(part)


def test_left_over_kopecks_go_to_the_largest_remainders():
    assert money.split(Decimal("100.00"), [1, 1, 1]) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert money.split(Decimal("-0.05"), [1, 1]) == [Decimal("-0.03"), Decimal("-0.02")]
    assert money.split(Decimal("1.00"), [0, 0]) == [Decimal("0.50"), Decimal("0.50")]
    assert money.split(Decimal("10"), [0, 1]) == [Decimal("0.00"), Decimal("10.00")]


@pytest.mark.parametrize("weights", [[], [-1, 2]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ValueError):
        money.split(Decimal(1), weights)


def test_per_cent():
    assert money.percent(Decimal("1999.99"), 30) == Decimal("600.00")
