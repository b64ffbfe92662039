"""Free times: breaks, buffers, days off, clock changes, midnight; and the list against a slow, obvious oracle."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from bookings import hours, lifecycle, slots
from bookings.models import Booking, DayOff, Service, ServiceStaff, Staff
from tests.bookings.conftest import Shop
from tests.conftest import Salon, make_salon

MONDAY = dt.date(2026, 11, 30)
EARLY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def clocks(found: list[slots.Slot], zone: ZoneInfo) -> list[str]:
    return [slot.starts_at.astimezone(zone).strftime("%H:%M") for slot in found]


def pashas_day(shop: Shop, day: dt.date = MONDAY, **how: Any) -> list[str]:
    how = {"services": [shop.beard], "staff": shop.pasha, "now": EARLY, "step_minutes": 30} | how
    return clocks(slots.find(first_day=day, last_day=day, **how), shop.salon.tenant.zone)


def test_a_visit_ends_before_lunch_and_before_closing(shop: Shop) -> None:
    with shop.salon.work():
        times = pashas_day(shop)
    assert times[:7] == ["10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00"]
    assert "13:30" in times
    assert "14:00" not in times
    assert "14:30" not in times
    assert times[-1] == "19:30"


def test_add_ons_make_it_longer(shop: Shop) -> None:
    with shop.salon.work():
        assert "13:30" not in pashas_day(shop, addons=[shop.wax])


def test_a_buffer_keeps_the_next_visit_away_but_may_run_over_closing(shop: Shop) -> None:
    with shop.salon.work():
        shop.book(shop.at(MONDAY, "12:00"), now=EARLY)  # until 12:45, the chair is free at 13:00
        times = pashas_day(shop, services=[shop.cut], step_minutes=15)
    assert "11:00" in times  # 11:45 and fifteen minutes more
    assert "11:15" not in times
    assert "12:45" not in times
    assert "13:00" in times
    assert "19:15" in times  # the cut ends at 20:00, the buffer after it


def test_a_day_off_and_a_sunday_have_no_times(shop: Shop) -> None:
    with shop.salon.work():
        DayOff.objects.create(staff=shop.pasha, first_day=MONDAY, last_day=MONDAY)
        assert pashas_day(shop) == []
        assert pashas_day(shop, MONDAY + dt.timedelta(days=1)) != []
        assert pashas_day(shop, MONDAY - dt.timedelta(days=1)) == []


def test_what_has_passed_is_not_offered(shop: Shop) -> None:
    with shop.salon.work():
        times = pashas_day(shop, now=shop.at(MONDAY, "12:10"))
    assert times[0] == "12:30"


def test_any_master_means_each_who_does_it_all(shop: Shop) -> None:
    with shop.salon.work():
        cut = slots.find(services=[shop.cut], first_day=MONDAY, last_day=MONDAY, now=EARLY)
        both = slots.find(services=[shop.cut, shop.beard], first_day=MONDAY, last_day=MONDAY, now=EARLY)
    assert {slot.staff_id for slot in cut} == {shop.pasha.pk, shop.gleb.pk}
    assert {slot.staff_id for slot in both} == {shop.pasha.pk}
    assert both[0].ends_at - both[0].starts_at == dt.timedelta(minutes=75)


def test_a_dismissed_master_is_not_offered(shop: Shop) -> None:
    with shop.salon.work():
        Staff.objects.filter(pk=shop.gleb.pk).update(active=False)
        found = slots.find(services=[shop.cut], first_day=MONDAY, last_day=MONDAY, now=EARLY)
    assert {slot.staff_id for slot in found} == {shop.pasha.pk}


def test_times_of_another_salon_take_nothing(shop: Shop, boris_shop: Shop) -> None:
    with boris_shop.salon.work():
        boris_shop.book(boris_shop.at(MONDAY, "10:00"), now=EARLY)
    with shop.salon.work():
        assert pashas_day(shop)[0] == "10:00"


@pytest.fixture
def night(stage: None) -> Shop:
    """A bar of beards in Berlin, open from 22 to 4 every day."""
    salon = make_salon("berlin", email="berta@example.com", zone="Europe/Berlin")
    with salon.work():
        master = Staff.objects.create(name="Berta")
        hours.set_week(master, hours.parse_week({day: ["22:00", "04:00"] for day in hours.WEEKDAYS}))
        service = Service.objects.create(name="Bart", minutes=60, price=10)
        ServiceStaff.objects.create(service=service, staff=master)
        return Shop(salon, pasha=master, gleb=master, cut=service, beard=service, wax=None)  # type: ignore[arg-type]


def lengths(night: Shop, day: dt.date) -> list[slots.Slot]:
    with night.salon.work():
        return slots.find(
            services=[night.cut], first_day=day, last_day=day, now=EARLY - dt.timedelta(days=365)
        )


def test_a_shift_over_midnight_is_one_shift(night: Shop) -> None:
    times = clocks(lengths(night, dt.date(2026, 6, 10)), night.salon.tenant.zone)
    assert "23:30" in times  # ends at 0:30, in the next day's hours
    assert times[0] == "00:00"
    assert "03:00" in times
    assert "03:15" not in times


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        (
            dt.date(2026, 3, 28),
            13 + 8,
        ),  # an ordinary day: 0:00-3:00 and 22:00-23:45, every quarter of an hour
        (dt.date(2026, 3, 29), 13 + 8 - 4),  # the clocks skip 2:00-3:00
        (dt.date(2026, 10, 25), 13 + 8 + 4),  # the clocks show 2:00-3:00 twice
    ],
)
def test_a_change_of_clocks_is_an_hour_less_or_more(night: Shop, day: dt.date, starts: int) -> None:
    found = lengths(night, day)
    assert len(found) == starts
    assert all(slot.ends_at - slot.starts_at == dt.timedelta(hours=1) for slot in found)
    assert [slot.starts_at for slot in found] == sorted({slot.starts_at for slot in found})
    assert all(slot.starts_at.astimezone(night.salon.tenant.zone).date() == day for slot in found)


def test_a_visit_over_the_change_of_clocks_is_booked_and_takes_its_real_time(night: Shop) -> None:
    zone = night.salon.tenant.zone
    start = dt.datetime(2026, 3, 29, 1, 30, tzinfo=zone)
    with night.salon.work():
        booking = night.book(start, now=EARLY - dt.timedelta(days=365))
        assert booking.ends_at.astimezone(zone).strftime("%H:%M") == "03:30"
    assert "01:15" not in clocks(lengths(night, dt.date(2026, 3, 29)), zone)


def test_nearest_are_three_different_times_around_it(shop: Shop) -> None:
    with shop.salon.work():
        for clock in ("12:00", "13:00"):
            shop.book(shop.at(MONDAY, clock), now=EARLY)
        found = slots.nearest(
            services=[shop.cut], staff=shop.pasha, around=shop.at(MONDAY, "12:00"), now=EARLY
        )
        free = slots.nearest(services=[shop.cut], around=shop.at(MONDAY, "12:00"), now=EARLY)
    assert clocks(found, shop.salon.tenant.zone) == ["10:30", "10:45", "11:00"]
    assert clocks(free, shop.salon.tenant.zone) == ["11:45", "12:00", "12:15"]
    assert found[0].staff_id == shop.pasha.pk


def test_nearest_looks_further_when_the_days_around_are_full(shop: Shop) -> None:
    with shop.salon.work():
        DayOff.objects.create(staff=shop.pasha, first_day=MONDAY, last_day=MONDAY + dt.timedelta(days=20))
        around = shop.at(MONDAY + dt.timedelta(days=10), "12:00")
        found = slots.nearest(
            services=[shop.cut], staff=shop.pasha, around=around, now=shop.at(MONDAY, "9:00".zfill(5))
        )
    assert len(found) == 3
    assert found[0].starts_at.astimezone(shop.salon.tenant.zone).date() == MONDAY + dt.timedelta(days=21)


@pytest.mark.parametrize("step", [0, -15, 7, 50])
def test_a_step_that_does_not_divide_the_day_is_refused(shop: Shop, step: int) -> None:
    with shop.salon.work(), pytest.raises(ValueError, match="divide"):
        pashas_day(shop, step_minutes=step)


# ---------------------------------------------------------------- the oracle
# Days on which clocks change somewhere, the days before them, and an ordinary one.
DAYS = (
    dt.date(2026, 3, 28),
    dt.date(2026, 3, 29),
    dt.date(2026, 4, 5),
    dt.date(2026, 10, 4),
    dt.date(2026, 10, 25),
    MONDAY,
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A master's day: the same hours all week, in quarters of an hour; the second shift may lie over midnight."""

    opens: int
    work: int
    pause: int
    more: int
    length: int
    buffer: int
    # (which shift's end or the opening they lie at, minutes from there, minutes long)
    taken: list[tuple[int, int, int]]
    off: int | None
    # Minutes from the day's beginning.
    now: int
    step: int

    def week(self) -> dict[str, list[str]]:
        ends = self.opens + self.work
        again = ends + self.pause
        pairs = [text(self.opens), text(ends)]
        if self.more:
            pairs += [text(again), text(again + self.more)]
        return dict.fromkeys(hours.WEEKDAYS, pairs)


def text(quarters: int) -> str:
    return f"{quarters // 4 % 24:02}:{quarters % 4 * 15:02}"


cases = st.builds(
    Case,
    opens=st.integers(0, 60),
    work=st.integers(4, 34),
    pause=st.integers(1, 8),
    more=st.integers(0, 40),
    length=st.sampled_from([15, 40, 60, 150]),
    buffer=st.sampled_from([0, 10, 30]),
    taken=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from([-200, -60, -45, -20, -5, 0, 5, 90]),
            st.sampled_from([20, 60, 200]),
        ),
        min_size=2,
        max_size=6,
    ),
    off=st.sampled_from([None, None, None, -1, 0, 1]),
    now=st.sampled_from([-2000, -2000, 700]),
    step=st.sampled_from([15, 20, 60]),
)


@functools.cache
def minutes_of(day: dt.date, zone: ZoneInfo) -> dict[dt.datetime, dt.time]:
    """Every minute of a local day with what the clock on the wall shows, by walking."""
    at = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(hours=15)
    walked = {
        at + dt.timedelta(minutes=n): (at + dt.timedelta(minutes=n)).astimezone(zone) for n in range(54 * 60)
    }
    return {at: local.time() for at, local in walked.items() if local.date() == day}


def open_minutes(
    shifts: list[hours.Shift], days: list[dt.date], off: set[dt.date], zone: ZoneInfo
) -> set[dt.datetime]:
    """The minutes at which the clock on the wall says "open"."""
    return {
        at
        for day in days
        if day not in off
        for shift in shifts
        if shift.weekday == day.isoweekday()
        for at, clock in minutes_of(day, zone).items()
        if shift.starts <= clock and (clock < shift.ends or shift.ends == dt.time())
    }


def odd(shifts: list[hours.Shift], days: list[dt.date], zone: ZoneInfo) -> bool:
    """Whether a shift begins or ends at a time that the clocks of these days skip or show twice."""
    return any(
        dt.datetime.combine(day, edge, zone).utcoffset()
        != dt.datetime.combine(day, edge, zone).replace(fold=1).utcoffset()
        for day in days
        for shift in shifts
        for edge in (shift.starts, shift.ends)
    )


@pytest.fixture(params=["Asia/Omsk", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"])
def anywhere(stage: None, request: pytest.FixtureRequest) -> Salon:
    """A salon in a zone without a change of clocks, with one, with one of half an hour, and on a half hour."""
    return make_salon("oracle", email="oracle@example.com", zone=request.param)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=cases, day=st.sampled_from(DAYS))
def test_the_list_is_all_and_only_what_can_be_booked(anywhere: Salon, case: Case, day: dt.date) -> None:
    # Every example leaves nothing behind.
    with anywhere.work(), transaction.atomic():
        check(anywhere.tenant.zone, case, day)
        transaction.set_rollback(True)


def test_an_edge_at_a_skipped_time_moves_on_and_at_a_double_one_is_the_first(stage: None) -> None:
    zone = ZoneInfo("Europe/Berlin")
    salon = make_salon("berlin", email="berta@example.com", zone="Europe/Berlin")
    with salon.work():
        master = Staff.objects.create(name="Berta")
        hours.set_week(master, hours.parse_week({"sun": ["02:30", "06:00"]}))
        spring = hours.open_intervals(
            [master.pk], first_day=dt.date(2026, 3, 29), last_day=dt.date(2026, 3, 29), zone=zone
        )
        autumn = hours.open_intervals(
            [master.pk], first_day=dt.date(2026, 10, 25), last_day=dt.date(2026, 10, 25), zone=zone
        )
    opens = [dt.datetime.fromtimestamp(i[master.pk][0][0], dt.UTC) for i in (spring, autumn)]
    assert opens == [
        dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC),
    ]


def check(zone: ZoneInfo, case: Case, day: dt.date) -> None:
    try:
        shifts = hours.parse_week(case.week())
    except hours.BadHours:
        reject()  # the second shift ran into the next day's first
    near = [day + dt.timedelta(days=n) for n in (-1, 0, 1)]
    if odd(shifts, near, zone):
        reject()  # its length is a matter of taste; the next test says ours
    off = set() if case.off is None else {day + dt.timedelta(days=case.off)}
    master = Staff.objects.create(name="M")
    hours.set_week(master, shifts)
    for one in off:
        DayOff.objects.create(staff=master, first_day=one, last_day=one)
    service = Service.objects.create(name="S", minutes=case.length, buffer_minutes=case.buffer, price=1)
    ServiceStaff.objects.create(service=service, staff=master)
    minute = dt.timedelta(minutes=1)
    busy: list[tuple[dt.datetime, dt.datetime]] = []
    day_begins = next(iter(minutes_of(day, zone)))
    anchors = [
        case.opens,
        case.opens + case.work,
        case.opens + case.work + case.pause + case.more,
        case.opens - 96,
    ]
    for number, (anchor, after, size) in enumerate(case.taken):
        begin = day_begins + minute * (anchors[anchor] * 15 + after)
        end = begin + minute * size
        if all(end <= a or b <= begin for a, b in busy):
            busy.append((begin, end))
            Booking.objects.create(
                staff=master,
                starts_at=begin,
                ends_at=end,
                during=(begin, end),
                local_day=day,
                total=0,
                public_token=f"{number}",
                created_at=begin,
            )
    now = day_begins + minute * case.now
    opened = open_minutes(shifts, near, off, zone)

    def free(start: dt.datetime) -> bool:
        until = start + minute * (case.length + case.buffer)
        return all(start + minute * n in opened for n in range(case.length)) and all(
            until <= a or b <= start for a, b in busy
        )

    expected = [
        at
        for at, clock in minutes_of(day, zone).items()
        if (clock.hour * 60 + clock.minute) % case.step == 0 and at >= now and free(at)
    ]
    found = slots.find(services=[service], first_day=day, last_day=day, now=now, step_minutes=case.step)
    assert [slot.starts_at for slot in found] == expected

    # Off the grid, and at the ends of the list, the last check says the same.
    probes = list(minutes_of(day, zone))[case.now % 97 :: 97]
    for at in [*probes, *(slot.starts_at for slot in found[:1] + found[-1:])]:
        assert slots.is_free(services=[service], staff=master, starts_at=at, now=now) is free(at)
    for slot in found[:1] + found[-1:]:
        with transaction.atomic():
            lifecycle.book(
                contact=None,
                services=[service],
                starts_at=slot.starts_at,
                now=now,
                origin="walk_in",
                by="salon",
            )
            transaction.set_rollback(True)
