"""Phone numbers as people type them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import phones


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("8 913 123-45-67", "+79131234567"),
        ("7913 123 45 67", "+79131234567"),
        ("+7 (913) 123-45-67", "+79131234567"),
        ("9131234567", "+79131234567"),
        ("тел. 8-913-123-45-67", "+79131234567"),
        ("моб: 89131234567", "+79131234567"),
        ("8(905)123-45-73 доб. 12", "+79051234573"),
        ("8913\u00a0123\u201345\u201367", "+79131234567"),
        ("８９１３１２３４５６７", "+79131234567"),
        ("٨٩١٣١٢٣٤٥٦٧", "+79131234567"),
        ("8 3812 12-34-56", "+73812123456"),
        ("+7 495 000-00-00", "+74950000000"),
        ("+380501234567", "+380501234567"),
        ("380501234567", "+380501234567"),
        ("87011234567", "+77011234567"),
        ("+49 30 123456", "+4930123456"),
        ("+1 202 555 0123", "+12025550123"),
    ],
)
def test_numbers_are_understood(typed, number):
    assert phones.normalise(typed) == number


JUNK = [
    *(
        None,
        "",
        " ",
        "123",
        "позвоните вечером",
        "0" * 11,
        "+",
        "+7",
        "8 913",
        "12.10.2026",
        "1700000000123456789",
    ),
    *("9131234567890123", "8 913 123-45-67 и 8 913 123-45-68", "\x00", "\ud800"),
    *("a" * 65536, "9" * 65536, "+" * 65536),
]


@pytest.mark.parametrize("typed", JUNK)
def test_junk_is_no_number_and_costs_nothing(typed):
    started = time.perf_counter()
    assert phones.normalise(typed) is None
    assert time.perf_counter() - started < 0.05


@given(
    st.integers(9_000_000_000, 9_999_999_999),
    st.sampled_from(["{}", "8{}", "7{}", "+7{}", " +7 {} ", "8-{}"]),
)
def test_every_russian_mobile_is_understood_in_every_spelling(digits, spelling):
    number = f"+7{digits}"
    assert phones.normalise(spelling.format(digits)) == number
    assert phones.normalise(number) == number


@given(st.text(max_size=200))
def test_any_text_gives_a_number_or_nothing(typed):
    for region in ("RU", "KZ", "DE", "ZZ", ""):
        found = phones.normalise(typed, region)
        assert found is None or (found.startswith("+") and found[1:].isdigit() and found.isascii())
    assert phones.find(typed) is None or phones.find(typed).startswith("+")


def test_a_normalised_number_stays_the_same():
    for number in ("+79131234567", "+73812123456", "+380501234567", "+12025550123"):
        assert phones.normalise(number, "DE") == number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("мой номер 8(905)123-45-73", "+79051234573"),
        ("Заказ 123456789012345 от 12.10.2026, звоните +7 913 123 45 67 после 10", "+79131234567"),
        ("два номера: 8 913 123-45-67, 8 913 123-45-68", "+79131234567"),
        ("приду 12.10 в 15:30, нас двое", None),
        ("", None),
        (None, None),
    ],
)
def test_a_number_is_found_in_running_text(said, number):
    assert phones.find(said) == number


def test_looking_through_long_text_is_quick():
    started = time.perf_counter()
    for filler in ("1 ", "1-", "(", "12345 ", "+7 "):
        phones.find(filler * 40_000)
    assert time.perf_counter() - started < 0.5


def test_a_phone_in_a_log_is_masked():
    assert phones.masked("+79131234567") == "…67"
    assert phones.masked(None) == ""
