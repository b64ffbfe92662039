"""The period a page shows: chosen by a name or by two days, kept in the address; and what it is compared with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

MONTH, LAST_MONTH, DAYS_30, DAYS_90, CUSTOM = "month", "last-month", "30", "90", "custom"
NAMES = {
    MONTH: _("This month"),
    LAST_MONTH: _("Last month"),
    DAYS_30: _("30 days"),
    DAYS_90: _("90 days"),
    CUSTOM: _("Own dates"),
}
# Own dates go as far as anybody's history.
_EARLIEST = dt.date(2000, 1, 1)
_LONGEST = dt.timedelta(days=3660)


@dataclasses.dataclass(frozen=True)
class Choice:
    """A period, the name it was chosen by, and whether it goes on today."""

    name: str
    first: dt.date
    last: dt.date
    unfinished: bool

    def address(self) -> dict[str, str]:
        """The parameters that choose it again."""
        if self.name == CUSTOM:
            return {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return {"period": self.name}

    def before(self) -> tuple[dt.date, dt.date]:
        """The period to compare with: as long, and of the same weekdays where it is short enough to matter.

        A month that goes on is compared with the same days of the month before, never with the whole of it.
        """
        whole = self.first.day == 1 and (self.last + dt.timedelta(days=1)) == _next_month(self.first)
        if self.name in (MONTH, LAST_MONTH) or whole:
            end = self.first - dt.timedelta(days=1)
            begin = end.replace(day=1)
            if self.unfinished:
                end = min(end, begin + (self.last - self.first))
            return begin, end
        length = self.last - self.first + dt.timedelta(days=1)
        if length < dt.timedelta(days=28):
            length = dt.timedelta(days=-(-length.days // 7) * 7)
        return self.first - length, self.last - length


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def read(words: Mapping[str, str], *, today: dt.date) -> Choice:
    """What an address asks for; what cannot be read is this month."""
    name = words.get("period", "")
    if words.get("from") or words.get("to"):
        own = _own(words, today)
        if own is not None:
            return own
    if name == LAST_MONTH:
        last = today.replace(day=1) - dt.timedelta(days=1)
        return Choice(LAST_MONTH, last.replace(day=1), last, unfinished=False)
    if name in (DAYS_30, DAYS_90):
        return Choice(name, today - dt.timedelta(days=int(name) - 1), today, unfinished=True)
    return Choice(MONTH, today.replace(day=1), today, unfinished=True)


def _own(words: Mapping[str, str], today: dt.date) -> Choice | None:
    try:
        first = dt.date.fromisoformat(words.get("from") or words.get("to") or "")
        last = dt.date.fromisoformat(words.get("to") or today.isoformat())
    except ValueError:
        return None
    if last < first:
        first, last = last, first
    if not first >= _EARLIEST or last - first > _LONGEST or last.year > 2099:
        return None
    return Choice(CUSTOM, first, last, unfinished=first <= today <= last)
