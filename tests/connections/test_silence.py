"""A channel that falls silent is noticed by its own habit: not at night, not on a closed day, and told once."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connections import events, health, silence
from connections.hooks import Door
from connections.models import Connection, InboundEvent
from tenants.models import Tenant
from tests.conftest import Salon
from tests.connections import stage, telegram
from tests.connections.stage import fresh, look_after
from work import sweep

OMSK = ZoneInfo("Asia/Omsk")
MONDAY = dt.datetime(2026, 11, 2, tzinfo=OMSK)


def at(day: int, hour: float) -> dt.datetime:
    """A moment of the salon: days from Monday, hours of its clock."""
    return MONDAY + dt.timedelta(days=day, hours=hour)


def weeks(
    *, every: float, opens: float = 10, closes: float = 20, days: int = 28, seed: int = 7
) -> list[dt.datetime]:
    """Events of a salon that is closed on Sundays, `every` so many minutes on the average."""
    chance = random.Random(seed)
    found = []
    for day in range(days):
        moment = at(day, opens) + dt.timedelta(minutes=chance.expovariate(1 / every))
        while (day % 7) != 6 and moment < at(day, closes):
            found.append(moment)
            moment += dt.timedelta(minutes=chance.expovariate(1 / every))
    return found


def alarms(times: list[dt.datetime]) -> list[tuple[dt.datetime, dt.datetime]]:
    """Gaps within a history that would have been told, were each judged by the weeks behind it."""
    habit = silence.learn(times, zone=OMSK)
    assert habit is not None
    return [
        (earlier, later)
        for earlier, later in itertools.pairwise(times)
        if habit.quiet(earlier, later) > habit.too_long
    ]


def test_too_little_is_known_of_a_new_channel() -> None:
    assert silence.learn(weeks(every=60)[: silence.FEWEST - 1], zone=OMSK) is None


def test_a_busy_chat_that_stops_at_noon_is_told_the_same_day() -> None:
    times = [moment for moment in weeks(every=15) if moment < at(25, 12)]
    habit = silence.learn(times, zone=OMSK)
    assert habit is not None
    assert habit.quiet(times[-1], at(25, 12.5)) < habit.too_long
    assert habit.quiet(times[-1], at(25, 18)) > habit.too_long


def test_nights_and_closed_sundays_are_no_silence() -> None:
    """Saturday's last word is 38 hours old on Monday at ten: none of them were opening hours."""
    times = [moment for moment in weeks(every=20) if moment < at(26, 20)]
    habit = silence.learn(times, zone=OMSK)
    assert habit is not None
    assert habit.quiet(at(26, 20), at(28, 9)) < dt.timedelta(hours=3)
    assert not habit.is_open(at(27, 12))
    assert not habit.is_open(at(26, 3))
    assert habit.is_open(at(28, 12))


def test_a_form_filled_in_twice_a_day_is_given_days() -> None:
    times = [moment for moment in weeks(every=300) if moment < at(22, 12)]
    habit = silence.learn(times, zone=OMSK)
    assert habit is not None
    assert habit.quiet(times[-1], at(22, 20)) < habit.too_long
    assert habit.quiet(times[-1], at(33, 20)) > habit.too_long


@pytest.mark.parametrize("every", [5, 20, 60, 180])
def test_months_of_common_days_raise_no_alarm(every: float) -> None:
    found = [gap for seed in range(12) for gap in alarms(weeks(every=every, seed=seed))]
    assert len(found) <= 1, f"a false alarm in {12 * 28} days is one too many"


def test_an_outage_in_the_past_does_not_teach_that_silence_is_usual() -> None:
    """Three days lost in the second week are one gap of hundreds; the habit stays what it was."""
    whole = weeks(every=20)
    torn = [moment for moment in whole if not at(8, 0) < moment < at(11, 0)]
    habit, before = silence.learn(torn, zone=OMSK), silence.learn(whole, zone=OMSK)
    assert habit is not None
    assert before is not None
    assert habit.usual < before.usual * 1.5


def test_an_hour_at_least_whatever_the_habit() -> None:
    times = [at(20, 10) + dt.timedelta(seconds=10 * number) for number in range(200)]
    habit = silence.learn(times, zone=OMSK)
    assert habit is not None
    assert habit.too_long == silence.SHORTEST


def test_words_for_a_length_of_time() -> None:
    said = [silence.in_words(dt.timedelta(minutes=minutes)) for minutes in (0.2, 45, 130)]
    assert [text.split()[0].split("\xa0")[0] for text in said] == ["1", "45", "2"]


# With rows ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet_bot(live_db: Any, salon: Salon) -> Connection:
    """Four weeks of a word every ten minutes around the clock of the test, then nothing for ten hours."""
    with salon.work():
        Tenant.objects.update(timezone=_zone_at_noon(salon))
    bot = stage.bot(salon)
    now = salon.now()
    last = now - dt.timedelta(hours=5)
    with salon.work():
        InboundEvent.objects.bulk_create(
            InboundEvent(
                connection=bot,
                external_id=f"e{number}",
                raw=b"{}",
                received_at=last - dt.timedelta(minutes=10 * number),
                due_at=now,
                state="done",
            )
            for number in range(2000)
        )
        Connection.objects.filter(pk=bot.pk).update(last_event_at=last)
    return fresh(salon, bot)


def _zone_at_noon(salon: Salon) -> str:
    """A zone in which it is between 14 and 15 o'clock now, so that the test has no hours of its own."""
    ahead = (14 - salon.now().astimezone(dt.UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def test_the_owner_is_told_once_and_a_word_ends_it(
    salon: Salon, quiet_bot: Connection, told: stage.Told
) -> None:
    look_after(salon, quiet_bot, "silence")
    look_after(salon, quiet_bot, "silence")
    silent = fresh(salon, quiet_bot)
    assert silent.silence_told_at is not None
    assert silent.usual_gap is not None
    assert len(told.keys) == 1
    writer = telegram.Writer(Door(), _path(salon, quiet_bot))
    assert writer.say("Вы там?").status == 200
    sweep.run(sweep.queue("inbound"))
    assert fresh(salon, quiet_bot).silence_told_at is None
    assert told.keys[0].startswith(told.relieved[0])
    look_after(salon, quiet_bot, "silence")
    assert len(told.keys) == 1


def _path(salon: Salon, connection: Connection) -> str:
    from connections import accounts

    with salon.work():
        return accounts.hook_path(connection)


def test_a_silence_that_is_explained_is_not_told_twice(
    salon: Salon, quiet_bot: Connection, told: stage.Told
) -> None:
    with salon.work():
        Connection.objects.update(unreachable_since=salon.now() - dt.timedelta(hours=5))
    look_after(salon, quiet_bot, "silence")
    assert told.keys == []


def test_a_demo_is_never_silent(salon: Salon, quiet_bot: Connection, told: stage.Told) -> None:
    with salon.work():
        Tenant.objects.update(is_demo=True)
    look_after(salon, quiet_bot, "silence")
    assert told.keys == []


def test_nothing_is_said_at_night(salon: Salon, quiet_bot: Connection, told: stage.Told) -> None:
    hour = salon.now().astimezone(dt.UTC).hour
    ahead = (3 - hour + 12) % 24 - 12
    with salon.work():
        Tenant.objects.update(timezone=f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT")
    look_after(salon, quiet_bot, "silence")
    assert told.keys == []


def test_keys_of_one_matter_begin_alike(salon: Salon, quiet_bot: Connection) -> None:
    """What is relieved is named by the beginning; no channel's number is the beginning of another's."""
    assert health.key(quiet_bot, "silence", MONDAY).startswith(health.key(quiet_bot, "silence"))
    assert health.key(quiet_bot, "silence").endswith(":")
    assert events.KEPT_HEADERS
