"""A channel that has fallen silent: no error anywhere, and clients write into the void.

What is usual is learnt from the channel's own events of four weeks. Time is counted in its opening hours alone: hours
of the week in which, as a rule, something comes, never at night. So a closed Sunday is no silence. The measure is the
longest quiet of a day, as nineteen days of twenty have it: single gaps would be counted by the thousand in a busy chat
and by the handful in a form, and the one between closing and opening again would be the rarest of all.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections import health, signals
from connections.models import Connection, ConnectionState, InboundEvent
from tenants import clock, wall

WEEKS = 4
FEWEST = 20
MOST = 5000
SHARE = 0.95
# Events to an hour of the week from which on its neighbours need not count as opening hours too.
DENSE = 4
# Nobody is told before it is so many times the longest usual quiet, and at least so long.
TIMES = 2.0
SHORTEST = dt.timedelta(hours=1)
# Local hours that may be opening hours at all.
FIRST_HOUR, LAST_HOUR = 8, 21
# Reports on what we sent: they come when we write, not when clients do.
_OUTGOING_ONLY = frozenset({"sms"})
_STEP = dt.timedelta(minutes=30)


def matters(kind: str) -> bool:
    """Whether silence of such an account means anything."""
    return kind not in _OUTGOING_ONLY


@dataclasses.dataclass(frozen=True)
class Habit:
    """What is usual for a channel. `open_hours` are (ISO weekday, local hour); `usual` the longest usual quiet."""

    open_hours: frozenset[tuple[int, int]]
    usual: dt.timedelta
    zone: ZoneInfo

    @property
    def too_long(self) -> dt.timedelta:
        """Quiet from which on somebody is told."""
        return max(self.usual * TIMES, SHORTEST)

    def is_open(self, at: dt.datetime) -> bool:
        """Whether something may be expected at this moment."""
        local = at.astimezone(self.zone)
        return (local.isoweekday(), local.hour) in self.open_hours

    def quiet(self, since: dt.datetime, until: dt.datetime) -> dt.timedelta:
        """Opening time between two moments."""
        return _Ruler(self.open_hours, self.zone, since, until).between(since, until)


def learn(times: Sequence[dt.datetime], *, zone: ZoneInfo) -> Habit | None:
    """The habit behind events (sorted); None while there are too few to tell."""
    if len(times) < FEWEST:
        return None
    hours = _open_hours(times, zone)
    ruler = _Ruler(hours, zone, times[0], times[-1])
    longest: dict[dt.date, dt.timedelta] = {}
    for earlier, later in itertools.pairwise(times):
        day = later.astimezone(zone).date()
        longest[day] = max(longest.get(day, dt.timedelta()), ruler.between(earlier, later))
    days = sorted(longest.values())
    return Habit(hours, days[math.ceil(SHARE * len(days)) - 1], zone)


def _open_hours(times: Sequence[dt.datetime], zone: ZoneInfo) -> frozenset[tuple[int, int]]:
    """Hours of the week in which something comes. Where little comes, their neighbours too: four weeks do not fill
    every hour then; where much comes, an hour that saw one event in four weeks is none of them."""
    counts = Counter((local.isoweekday(), local.hour) for local in (at.astimezone(zone) for at in times))
    if len(times) >= DENSE * len(counts):
        found = {place for place, count in counts.items() if count > 1}
    else:
        found = {(day, hour + near) for day, hour in counts for near in (-1, 0, 1)}
    return frozenset((day, hour) for day, hour in found if FIRST_HOUR <= hour <= LAST_HOUR)


class _Ruler:
    """Measures opening time: its sum up to each half hour is made once."""

    def __init__(
        self, hours: frozenset[tuple[int, int]], zone: ZoneInfo, first: dt.datetime, last: dt.datetime
    ) -> None:
        begin = first.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
        self._marks = [begin]
        self._sums = [0.0]
        self._open: list[bool] = []
        while self._marks[-1] <= last:
            local = self._marks[-1].astimezone(zone)
            is_open = (local.isoweekday(), local.hour) in hours
            self._open.append(is_open)
            self._sums.append(self._sums[-1] + (_STEP.total_seconds() if is_open else 0.0))
            self._marks.append(self._marks[-1] + _STEP)

    def between(self, since: dt.datetime, until: dt.datetime) -> dt.timedelta:
        """Opening time from one moment to a later one, both within what is measured."""
        return dt.timedelta(seconds=max(0.0, self._at(until) - self._at(since)))

    def _at(self, moment: dt.datetime) -> float:
        place = max(0, min(bisect.bisect_right(self._marks, moment) - 1, len(self._open) - 1))
        over = min((moment - self._marks[place]).total_seconds(), _STEP.total_seconds())
        return self._sums[place] + (over if self._open[place] else 0.0)


def look(tenant_id: int, connection_id: int) -> None:
    """Learns what is usual and tells the owner, once, of a silence that is not."""
    with wall.tenant_tx(tenant_id):
        tenant = wall.entered_tenant()
        connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
        last, now = connection.last_event_at, clock.now()
        if last is None or connection.state != ConnectionState.OK or tenant.is_demo:
            return  # a demo's clock runs ahead of what really comes in
        habit = learn(_times(connection, last), zone=tenant.zone)
        connection.usual_gap = round(habit.usual.total_seconds()) if habit else None
        if habit and connection.silence_told_at is None and habit.is_open(now):
            quiet = habit.quiet(last, now)
            # A provider out of reach or a dead key explains the silence, and is told by itself.
            explained = connection.unreachable_since or connection.trouble
            if quiet > habit.too_long and not explained:
                connection.silence_told_at = now
                with translation.override(tenant.language):
                    _tell(connection, quiet=quiet, usual=habit.usual, now=now)
        connection.save(update_fields=["usual_gap", "silence_told_at"])


def _times(connection: Connection, last: dt.datetime) -> list[dt.datetime]:
    """When events came in the weeks before the last one: a silence must not teach that silence is usual."""
    rows = InboundEvent.objects.filter(
        connection=connection, received_at__gt=last - dt.timedelta(weeks=WEEKS), received_at__lte=last
    )
    return sorted(rows.order_by("-received_at").values_list("received_at", flat=True)[:MOST])


def _tell(connection: Connection, *, quiet: dt.timedelta, usual: dt.timedelta, now: dt.datetime) -> None:
    names = {"name": connection.name, "quiet": in_words(quiet), "usual": in_words(usual)}
    signals.attention.send(
        Connection,
        connection=connection,
        key=health.key(connection, "silence", now),
        subject=_("%(name)s is silent") % names,
        text=_(
            "Nothing has come in for %(quiet)s of opening time; as a rule it is never quiet for more than %(usual)s."
            " Write a test message: the channel's page has the QR code. If it arrives, all is well."
        )
        % names,
        now=now,
    )
    signals.changed.send(Connection, connection=connection)


def heard(connection: Connection) -> None:
    """Something came in: a silence that was told is over. Call it inside the event's transaction."""
    if connection.silence_told_at is not None:
        Connection.objects.filter(pk=connection.pk).update(silence_told_at=None)
        signals.relieved.send(Connection, connection=connection, key=health.key(connection, "silence"))
        signals.changed.send(Connection, connection=connection)


def in_words(span: dt.timedelta) -> str:
    """A length of time for a sentence: minutes up to two hours, then hours."""
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes < 120:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
