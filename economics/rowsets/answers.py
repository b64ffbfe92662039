"""How long people waited for an answer, by the clock and by the inbox's opening hours."""

from __future__ import annotations

import datetime as dt

from economics import clocks
from economics.question import Question
from economics.rowsets.pieces import Scope, piece


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
       asked %% {clocks.DAY} >= {week.opens("asked")} AND asked %% {clocks.DAY} < {week.closes("asked")} AS in_hours,
       CASE WHEN told IS NOT NULL
         THEN greatest({week.worked("told")} - {week.worked("asked")}, 0) / {clocks.SECOND} END AS working_wait
FROM (SELECT id, at, contact_id, spam, floor(date_part('epoch', answered_at - at))::bigint AS wait,
             {clocks.local(question, "at")} AS asked, {clocks.local(question, "answered_at")} AS told
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
        today = f"greatest(0, least({clock} %% {clocks.DAY}, {self.closes(clock)}) - {self.opens(clock)})"
        return f"({clock} / {clocks.WEEK} * {self._length} + {self._of(self._before, clock)} + {today})"

    def _of(self, days: str, clock: str) -> str:
        return f"({days})[1 + {clock} / {clocks.DAY} %% 7]"


def _micros(text: str) -> int:
    time = dt.time.fromisoformat(text)
    return ((time.hour * 60 + time.minute) * 60 + time.second) * clocks.SECOND


def _array(values: list[int]) -> str:
    return f"ARRAY[{', '.join(map(str, values))}]::bigint[]"
