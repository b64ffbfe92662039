"""How long people waited for an answer, by the clock and by the inbox's opening hours."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from zoneinfo import ZoneInfo

from economics.question import Question
from economics.rowsets.pieces import Scope, piece
from kit import periods

# Clocks are counted in local microseconds since Monday, 1 January 2001: whole numbers, so that no second is lost.
_MONDAY = 978_307_200
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_WEEK = 7 * _DAY


@piece("lead_waits", "lead_facts", inline=True)
def _waits(_: Scope) -> str:
    """Whole seconds from the lead to the first answer, and to the first by a person; null: none yet."""
    return """
SELECT id, at, contact_id, channel, spam,
       floor(date_part('epoch', answered_at - at))::bigint AS wait,
       floor(date_part('epoch', human_at - at))::bigint AS human_wait
FROM lead_facts"""


@piece("inbox_waits", "lead_facts")
def _inbox(scope: Scope) -> str:
    """The wait as the inbox's hours count it; whether the lead came within them (opening minute in, closing out)."""
    question = scope.question
    week = _Week(question)
    return f"""
SELECT id, at, contact_id, spam, wait,
       asked %% {_DAY} >= {week.opens("asked")} AND asked %% {_DAY} < {week.closes("asked")} AS in_hours,
       CASE WHEN told IS NOT NULL
         THEN greatest({week.worked("told")} - {week.worked("asked")}, 0) / {_SECOND} END AS working_wait
FROM (SELECT id, at, contact_id, spam, floor(date_part('epoch', answered_at - at))::bigint AS wait,
             {_clock(question, "at")} AS asked, {_clock(question, "answered_at")} AS told
      FROM lead_facts) clocks"""


class _Week:
    """The inbox's week as SQL over a clock: opening, closing, and working time since the count began."""

    def __init__(self, question: Question) -> None:
        hours = [question.terms.inbox_hours.get(str(day)) for day in range(1, 8)]
        opens = [_micros(day[0]) if day else 0 for day in hours]
        closes = [_micros(day[1]) if day else 0 for day in hours]
        lengths = [end - begin for begin, end in zip(opens, closes, strict=True)]
        self._opens, self._closes = _array(opens), _array(closes)
        self._before = _array([sum(lengths[:day]) for day in range(7)])
        self._length = sum(lengths)

    def opens(self, clock: str) -> str:
        return self._of(self._opens, clock)

    def closes(self, clock: str) -> str:
        return self._of(self._closes, clock)

    def worked(self, clock: str) -> str:
        today = f"greatest(0, least({clock} %% {_DAY}, {self.closes(clock)}) - {self.opens(clock)})"
        return f"({clock} / {_WEEK} * {self._length} + {self._of(self._before, clock)} + {today})"

    def _of(self, days: str, clock: str) -> str:
        return f"({days})[1 + {clock} / {_DAY} %% 7]"


def _micros(text: str) -> int:
    time = dt.time.fromisoformat(text)
    return ((time.hour * 60 + time.minute) * 60 + time.second) * _SECOND


def _array(values: list[int]) -> str:
    return f"ARRAY[{', '.join(map(str, values))}]::bigint[]"


def _clock(question: Question, column: str) -> str:
    """The local clock of an instant. The zone's offset is taken from a list of its changes: `AT TIME ZONE` asks the
    zone's rules for each row, which costs more than all the rest."""
    until = max(question.as_of, question.period.end)
    changes = _offsets(question.tenant.timezone, question.period.start.year, until.year)
    offset = str(changes[-1][1])
    if len(changes) > 1:
        cases = [
            f"WHEN {column} < '{change.isoformat()}' THEN {before}"
            for (_, before), (change, _) in itertools.pairwise(changes)
        ]
        offset = f"CASE {' '.join(cases)} ELSE {offset} END"
    return f"round(date_part('epoch', {column}) * {_SECOND})::bigint + ({offset} - {_MONDAY}) * {_SECOND}::bigint"


@functools.lru_cache(maxsize=64)
def _offsets(zone_name: str, first_year: int, last_year: int) -> tuple[tuple[dt.datetime, int], ...]:
    """(instant, seconds east of UTC from it on), the first one valid from ever."""
    zone = ZoneInfo(zone_name)

    def offset(at: dt.datetime) -> int:
        shift = at.astimezone(zone).utcoffset()
        return int(shift.total_seconds()) if shift is not None else 0

    at = dt.datetime(first_year - 1, 12, 31, tzinfo=dt.UTC)
    found = [(at, offset(at))]
    for day in periods.each_day(at.date(), dt.date(last_year + 1, 1, 2)):
        morning = dt.datetime.combine(day, dt.time(), dt.UTC)
        if offset(morning) != found[-1][1]:
            before, after = morning - dt.timedelta(days=1), morning
            while after - before > dt.timedelta(seconds=1):
                middle = (before + (after - before) / 2).replace(microsecond=0)
                if offset(middle) == offset(morning):
                    after = middle
                else:
                    before = middle
            found.append((after, offset(morning)))
    return tuple(found)
