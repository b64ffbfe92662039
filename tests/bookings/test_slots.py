"""Free times: breaks, buffers, days off, clock changes, midnight; and the list against a slow, obvious oracle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
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
ZONES = ("Asia/Omsk", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")
DAYS = (dt.date(2026, 3, 28), dt.date(2026, 4, 4), dt.date(2026, 10, 3), dt.date(2026, 10, 24), MONDAY)
STEP = 15

quarter = st.integers(0, 95)
week = st.dictionaries(
    st.sampled_from(hours.WEEKDAYS), st.tuples(quarter, quarter).filter(lambda p: p[0] != p[1]), min_size=2
)


def text(quarters: int) -> str:
    return f"{quarters // 4:02}:{quarters % 4 * 15:02}"


def minutes_of(day: dt.date, zone: ZoneInfo) -> Iterator[dt.datetime]:
    """Every minute of a local day, by walking."""
    at = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(hours=15)
    for _ in range(54 * 60):
        if at.astimezone(zone).date() == day:
            yield at
        at += dt.timedelta(minutes=1)


def open_minute(at: dt.datetime, shifts: list[hours.Shift], off: set[dt.date], zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    if local.date() in off:
        return False
    return any(
        s.weekday == local.isoweekday()
        and s.starts <= local.time()
        and (local.time() < s.ends or s.ends == dt.time())
        for s in shifts
    )


@pytest.mark.parametrize("zone_name", ZONES)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    shifts=week.map(lambda w: {day: [text(a), text(b)] for day, (a, b) in w.items()}),
    day=st.sampled_from(DAYS),
    length=st.sampled_from([15, 40, 60, 150]),
    buffer=st.sampled_from([0, 10, 30]),
    taken=st.lists(st.tuples(st.integers(-300, 2100), st.sampled_from([20, 60, 200])), max_size=5),
    off=st.sets(st.integers(-1, 1), max_size=1),
    now_minute=st.sampled_from([-2000, 0, 700]),
)
def test_the_list_is_all_and_only_what_can_be_booked(
    stage: None,
    zone_name: str,
    shifts: Any,
    day: dt.date,
    length: int,
    buffer: int,
    taken: Any,
    off: set[int],
    now_minute: int,
) -> None:
    try:
        parsed = hours.parse_week(shifts)
    except hours.BadHours:
        return  # two shifts over midnight met
    zone = ZoneInfo(zone_name)
    with transaction.atomic():
        salon = make_salon("oracle", email="oracle@example.com", zone=zone_name)
        with salon.work():
            check(
                zone,
                parsed,
                day,
                length,
                buffer,
                taken,
                {day + dt.timedelta(days=n) for n in off},
                now_minute,
            )
        transaction.set_rollback(True)


def check(
    zone: ZoneInfo,
    shifts: list[hours.Shift],
    day: dt.date,
    length: int,
    buffer: int,
    taken: Any,
    off: set[dt.date],
    now_minute: int,
) -> None:
    master = Staff.objects.create(name="M")
    hours.set_week(master, shifts)
    for one in off:
        DayOff.objects.create(staff=master, first_day=one, last_day=one)
    service = Service.objects.create(name="S", minutes=length, buffer_minutes=buffer, price=1)
    ServiceStaff.objects.create(service=service, staff=master)
    midnight = next(minutes_of(day, zone))
    busy: list[tuple[dt.datetime, dt.datetime]] = []
    for minute, size in taken:
        begin = midnight + dt.timedelta(minutes=minute)
        end = begin + dt.timedelta(minutes=size)
        if all(end <= a or b <= begin for a, b in busy):
            busy.append((begin, end))
            Booking.objects.create(
                staff=master,
                starts_at=begin,
                ends_at=end,
                during=(begin, end),
                local_day=day,
                total=0,
                public_token=f"{minute}",
                created_at=begin,
            )
    now = midnight + dt.timedelta(minutes=now_minute)

    def free(start: dt.datetime) -> bool:
        step = dt.timedelta(minutes=1)
        visit = [start + step * n for n in range(length)]
        with_buffer = (start, start + step * (length + buffer))
        return all(open_minute(at, shifts, off, zone) for at in visit) and all(
            with_buffer[1] <= a or b <= with_buffer[0] for a, b in busy
        )

    def on_grid(at: dt.datetime) -> bool:
        local = at.astimezone(zone)
        return (local.hour * 60 + local.minute) % STEP == 0

    expected = [at for at in minutes_of(day, zone) if on_grid(at) and at >= now and free(at)]
    found = slots.find(services=[service], first_day=day, last_day=day, now=now, step_minutes=STEP)
    assert [slot.starts_at for slot in found] == expected

    # Off the grid the same function answers: a start in each hour of the day, and the ends of the list.
    probes = [at for n, at in enumerate(minutes_of(day, zone)) if n % 61 == 7]
    for at in [*probes, *(slot.starts_at for slot in found[:2] + found[-2:])]:
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


def test_the_oracle_sees_a_wrong_list(salon: Salon) -> None:
    """The walk itself knows a break from work."""
    shifts = hours.parse_week({"mon": ["10:00", "14:00", "15:00", "24:00"]})
    zone = salon.tenant.zone
    seen = [at for at in minutes_of(MONDAY, zone) if open_minute(at, shifts, set(), zone)]
    assert len(seen) == (4 + 9) * 60
