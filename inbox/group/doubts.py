"""What may be missing in a group: counted, and shown once more when a person wants it."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from inbox.group.models import Mirror, StaffGroup, Topic
from inbox.group.plan import LIFE, QUEUE
from work import sweep
from work.rows import State

# Older ones are no news any more.
SHOWN_FOR = dt.timedelta(days=7)


def count(group: StaffGroup) -> int:
    """How many messages nobody knows of whether they are shown."""
    return _of(group).count()


def threads(group: StaffGroup) -> int:
    """How many clients stand in the group."""
    return Topic.objects.filter(group=group).count()


def again(group: StaffGroup, *, now: dt.datetime) -> int:
    """Shows them once more; returns how many."""
    shown = _of(group).update(state=State.PENDING, due_at=now, expires_at=now + LIFE, attempts=0)
    if shown:
        sweep.nudge(QUEUE)
    return shown


def _of(group: StaffGroup) -> QuerySet[Mirror]:
    return Mirror.objects.filter(
        group=group, state=State.IN_DOUBT, kind__in=(Mirror.Kind.SAY, Mirror.Kind.FILE)
    ).exclude(key__startswith="doubt:")
