"""Days and instants, over changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import periods

OMSK = ZoneInfo("Asia/Omsk")
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_day_in_omsk_is_half_open():
    day = periods.day(date(2026, 11, 23), OMSK)
    assert day.start == datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert day.end == datetime(2026, 11, 23, 18, tzinfo=UTC)
    assert day.start in day
    assert day.end not in day
    assert day.end - timedelta(microseconds=1) in day


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_days_of_a_clock_change_have_their_own_length(day, hours):
    assert periods.day(day, BERLIN).length == timedelta(hours=hours)


def test_a_skipped_time_moves_forward_and_a_double_one_is_its_first():
    assert periods.instant(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert periods.instant(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), time(1)),  # midnight was skipped
        ("America/Toronto", date(1919, 3, 31), time(0, 30)),  # the clocks went from 23:30 to 00:30
        ("America/Havana", date(2026, 11, 1), time(0)),  # midnight comes twice
        ("Pacific/Apia", date(2011, 12, 31), time(0)),  # the day before did not exist
    ],
)
def test_a_day_starts_at_its_first_instant(zone, day, first):
    zone = ZoneInfo(zone)
    start = periods.start_of_day(day, zone)
    assert start.astimezone(zone).time() == first
    assert (start - timedelta(seconds=1)).astimezone(zone).date() < day


ZONES = st.sampled_from(
    """Asia/Omsk Europe/Berlin Asia/Almaty Europe/Volgograd Europe/Kaliningrad Asia/Kathmandu Pacific/Kiritimati
    Etc/GMT+12 UTC America/Havana Africa/Cairo Asia/Beirut""".split()  # noqa: SIM905
).map(ZoneInfo)


@given(st.dates(date(1995, 1, 1), date(2035, 12, 30)), ZONES)
def test_days_touch_without_gap_or_overlap(day, zone):
    today, tomorrow = periods.day(day, zone), periods.day(day + timedelta(days=1), zone)
    assert today.end == tomorrow.start
    assert not today.overlaps(tomorrow)
    if today.length:
        assert periods.local_date(today.start, zone) == day
        assert periods.local_date(today.end - timedelta(microseconds=1), zone) == day


@given(st.datetimes(datetime(1995, 1, 1), datetime(2035, 12, 30), timezones=st.just(UTC)), ZONES)
def test_an_instant_lies_in_the_day_of_its_date(at, zone):
    assert at in periods.day(periods.local_date(at, zone), zone)


def test_months_and_spans():
    assert periods.month(date(2026, 2, 14), OMSK).length == timedelta(days=28)
    assert periods.days(date(2026, 1, 1), date(2026, 12, 31), OMSK).length == timedelta(days=365)
    assert list(periods.each_day(date(2026, 2, 27), date(2026, 3, 1))) == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]


def test_naive_times_are_refused():
    with pytest.raises(ValueError):
        periods.Period(datetime(2026, 1, 1), datetime(2026, 1, 2))
    with pytest.raises(ValueError):
        periods.local_date(datetime(2026, 1, 1), OMSK)
    with pytest.raises(ValueError):
        periods.Period(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
