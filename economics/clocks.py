"""Local clocks as SQL: whole microseconds since Monday, 1 January 2001, in the salon's zone.

The zone's offset is taken from a list of its changes: `AT TIME ZONE` asks the zone's rules for each row, which costs
more than all the rest of a question over many rows.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from zoneinfo import ZoneInfo

from economics.question import Question
from kit import periods

SECOND = 1_000_000
DAY = 86_400 * SECOND
WEEK = 7 * DAY
_MONDAY = 978_307_200


def local(question: Question, column: str) -> str:
    """The local clock of an instant, as SQL."""
    until = max(question.as_of, question.period.end)
    changes = _offsets(question.tenant.timezone, question.period.start.year, until.year)
    offset = str(changes[-1][1])
    if len(changes) > 1:
        cases = [
            f"WHEN {column} < '{change.isoformat()}' THEN {before}"
            for (_, before), (change, _) in itertools.pairwise(changes)
        ]
        offset = f"CASE {' '.join(cases)} ELSE {offset} END"
    return (
        f"round(date_part('epoch', {column}) * {SECOND})::bigint + ({offset} - {_MONDAY}) * {SECOND}::bigint"
    )


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
