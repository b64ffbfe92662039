"""Sums, shares, times, phones and names as pages show them, in English and in Russian."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from kit.templatetags import marzha

OMSK = ZoneInfo("Asia/Omsk")
NOW = dt.datetime(2026, 11, 23, 20, 30, tzinfo=OMSK)  # a Monday


@pytest.fixture(autouse=True)
def _omsk() -> Iterator[None]:
    with timezone.override(OMSK), translation.override("en"):
        yield


def rendered(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1250.00"), "1\u202f250\u202f₽"),
        (Decimal("1250.50"), "1\u202f250,50\u202f₽"),
        (0, "0\u202f₽"),
        (Decimal("-99.9"), "\u221299,90\u202f₽"),
        (Decimal("-0.001"), "0\u202f₽"),
        ("1234567", "1\u202f234\u202f567\u202f₽"),
        (None, "–"),
        ("", "–"),
        ("no sum", "–"),
        (Decimal("NaN"), "–"),
    ],
)
def test_money_in_russian(value: Any, shown: str) -> None:
    with translation.override("ru"):
        assert marzha.money(value) == shown


def test_money_of_others() -> None:
    with translation.override("ru"):
        assert marzha.money(10, "KZT") == "10\u202f₸"
        assert marzha.money(10, "XXX") == "10\u202fXXX"
    assert marzha.money(Decimal("1250.5")) == "1\u202f250.50\u202f₽"


def test_percent_is_of_a_share() -> None:
    with translation.override("ru"):
        assert marzha.percent(Decimal("0.125")) == "12,5\u202f%"
        assert marzha.percent(Decimal("0.5")) == "50\u202f%"
        assert marzha.percent(0.3333, 0) == "33\u202f%"
        assert marzha.percent(None) == "–"


def test_lengths() -> None:
    assert marzha.minutes(95) == "1\u00a0h\u00a035\u00a0min"
    assert marzha.minutes(60) == "1\u00a0h"
    assert marzha.minutes(0) == "0\u00a0min"
    assert marzha.minutes(dt.timedelta(minutes=45)) == "45\u00a0min"


@pytest.mark.parametrize(
    ("moved", "shown"),
    [
        (dt.timedelta(), "today, 20:30"),
        (dt.timedelta(hours=4), "tomorrow, 00:30"),
        (dt.timedelta(days=-1), "yesterday, 20:30"),
        (dt.timedelta(days=2), "Wed, 25\u00a0Nov, 20:30"),
        (dt.timedelta(days=60), "Fri, 22\u00a0Jan 2027, 20:30"),
    ],
)
def test_when(moved: dt.timedelta, shown: str) -> None:
    assert marzha.when(NOW + moved, NOW) == shown


def test_when_goes_by_the_salons_day() -> None:
    """19:00 UTC on the 23rd is already the 24th in Omsk, and so is the day of `now`."""
    late = dt.datetime(2026, 11, 23, 19, 0, tzinfo=dt.UTC)
    assert marzha.when(late, NOW) == "tomorrow, 01:00"
    assert marzha.day(late.date(), NOW) == "today"
    assert marzha.clock(late) == "01:00"


@pytest.mark.parametrize("spring", [dt.datetime(2026, 3, 29, 0, 30), dt.datetime(2026, 10, 25, 12, 0)])
def test_when_over_a_change_of_clocks(spring: dt.datetime) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        there = spring.replace(tzinfo=ZoneInfo("Europe/Berlin"))
        assert marzha.when(there + dt.timedelta(days=1), there).startswith("tomorrow")


def test_moment_and_ago_are_times_for_scripts() -> None:
    assert marzha.moment(NOW, NOW) == f'<time datetime="{NOW.isoformat()}" data-local>today, 20:30</time>'
    html = marzha.ago(NOW - dt.timedelta(minutes=5), NOW)
    assert re.fullmatch(r'<time datetime="[^"]+" data-ago title="today, 20:25">5 minutes ago</time>', html)
    assert marzha.since(dt.timedelta(seconds=-5)) == "just now"
    assert marzha.since(dt.timedelta(days=3)) == "3 days ago"


def test_phone() -> None:
    assert marzha.phone("+79131234567") == "+7 913 123-45-67"
    assert marzha.phone("extension 5") == "extension 5"
    assert marzha.phone_link("+79131234567") == (
        '<a class="mz-num" href="tel:+79131234567">+7 913 123-45-67</a>'
    )
    assert "<b>" not in marzha.phone_link("<b>")
    assert marzha.phone_link(None) == ""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Анна Петрова", "АП"),
        ("olga@example.org", "OE"),
        ("Ян", "Я"),
        ("★ Ли", "Л"),
        ("+7913", "?"),
        ("", "?"),
        (None, "?"),
    ],
)
def test_initials(name: str | None, shown: str) -> None:
    assert marzha.initials(name) == shown


def test_a_name_keeps_its_tint() -> None:
    assert marzha.tint("Анна Петрова") == marzha.tint("Анна Петрова")
    assert {marzha.tint(str(n)) for n in range(100)} == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (1, "визит"),
        (2, "визита"),
        (5, "визитов"),
        (11, "визитов"),
        (21, "визит"),
        (112, "визитов"),
        (0, "визитов"),
    ],
)
def test_plural_of_words_kept_as_data(count: int, word: str) -> None:
    assert marzha.plural(count, "визит|визита|визитов") == word


def test_place_in_the_day() -> None:
    start = dt.datetime(2026, 11, 23, 10, 0, tzinfo=OMSK)
    assert marzha.place(start, start + dt.timedelta(minutes=45)) == "t-120 n-9"
    assert marzha.place(start) == "t-120"
    assert marzha.place(dt.time(9, 30), dt.time(10, 0)) == "t-114 n-6"
    assert marzha.place(dt.time(23, 0), dt.time(0, 0)) == "t-276 n-12"
    late = start.replace(hour=23, minute=30)
    assert marzha.place(late, late + dt.timedelta(hours=3)) == "t-282 n-6"
    assert marzha.place(start, start + dt.timedelta(minutes=7)) == "t-120 n-2"


def test_icon_is_decoration_unless_named() -> None:
    assert 'aria-hidden="true"' in marzha.icon("send")
    named = marzha.icon("check", '"Read"')
    assert 'role="img" aria-label="&quot;Read&quot;"' in named
    assert "aria-hidden" not in named


def test_a_dialog_keeps_its_body_and_escapes_its_title() -> None:
    html = rendered(
        '{% dialog id="x" title=title %}<p>{{ said }}</p>{% enddialog %}', title="A & B", said="<i>"
    )
    assert "<p>&lt;i&gt;</p>" in html
    assert "A &amp; B" in html
    assert "data-dialog-now" not in html


def test_nobody_can_write_html_by_a_name() -> None:
    html = rendered("{% avatar name %}{% badge name %}", name='<script>"')
    assert "<script" not in html
