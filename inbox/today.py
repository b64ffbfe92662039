"""What the day asks for: to-dos, waiting threads, visits without an outcome, calls, doubts, broken channels."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Prefetch, Q, QuerySet

from bookings.models import Booking, BookingItem, BookingStatus
from connections.models import Connection, ConnectionState
from conversations.models import Direction, Message, MessageState
from inbox import merges, queue
from leads.models import Task
from reminders import calls
from tenants.models import Role, User

MOST = 100
# Visits whose outcome was forgotten are asked for this long.
UNMARKED_FOR = dt.timedelta(days=7)
DOUBTS_FOR = dt.timedelta(days=14)
# A to-do of this very minute is not yet late.
GRACE = dt.timedelta(minutes=15)


@dataclasses.dataclass
class Day:
    """What the page shows; lists a role has no use for are empty."""

    overdue: list[Task]
    due: list[Task]
    later: list[Task]
    waiting: list[queue.Row]
    unmarked: list[Booking]
    coming: list[Booking]
    calls: int
    # Pairs of contacts who may be one person.
    merges: int
    doubts: list[Message]
    broken: list[Connection]

    @property
    def empty(self) -> bool:
        """Nothing is asked of anybody."""
        return not any(
            (
                *(self.overdue, self.due, self.later, self.waiting, self.unmarked, self.coming),
                *(self.calls, self.merges, self.doubts, self.broken),
            )
        )


def tasks_of(user: User, role: Role) -> QuerySet[Task]:
    """To-dos a person sees: a manager all of them, a master their own."""
    found = Task.objects.select_related("assignee", "contact", "conversation")
    return found if role.rank >= Role.MANAGER.rank else found.filter(assignee=user)


def visits_of(user: User, role: Role) -> QuerySet[Booking]:
    """Visits a person marks: a manager all of them, a master their own."""
    found = Booking.objects.select_related("contact", "attendee", "staff", "conversation").prefetch_related(
        Prefetch("items", BookingItem.objects.order_by("position", "id"))
    )
    return found if role.rank >= Role.MANAGER.rank else found.filter(staff__user=user)


def of(user: User, role: Role, *, now: dt.datetime, zone: dt.tzinfo) -> Day:
    """The day of one person; `zone` is the tenant's, whose midnight ends it."""
    manager = role.rank >= Role.MANAGER.rank
    day = now.astimezone(zone).date()
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, zone)
    tasks = list(tasks_of(user, role).filter(done_at=None).order_by("due_at", "id")[:MOST])
    visits = visits_of(user, role)
    unmarked = visits.filter(
        Q(status=BookingStatus.CONFIRMED, starts_at__lte=now) | Q(status=BookingStatus.ARRIVED),
        starts_at__gt=now - UNMARKED_FOR,
    )
    return Day(
        overdue=[task for task in tasks if task.due_at < now - GRACE],
        due=[task for task in tasks if now - GRACE <= task.due_at < midnight],
        later=[task for task in tasks if task.due_at >= midnight],
        waiting=queue.page(queue.View.WAITING, user_id=user.pk, size=6).rows if manager else [],
        unmarked=list(unmarked.order_by("starts_at")[:MOST]),
        coming=list(
            visits.filter(
                local_day=day, starts_at__gt=now, status__in=(BookingStatus.CONFIRMED, BookingStatus.HELD)
            ).order_by("starts_at")[:MOST]
        ),
        calls=len(calls.waiting(now=now, master=None if manager else user)),
        merges=merges.count() if manager else 0,
        doubts=doubts(now=now) if manager else [],
        broken=list(
            Connection.objects.filter(
                Q(state=ConnectionState.BROKEN) | Q(state=ConnectionState.OK) & ~Q(trouble="")
            )
            .defer("sealed_settings")
            .order_by("id")
        )
        if manager
        else [],
    )


def doubts(*, now: dt.datetime) -> list[Message]:
    """Messages of which nobody knows whether they arrived, newest first."""
    return list(
        Message.objects.filter(
            state=MessageState.IN_DOUBT, direction=Direction.OUT, created_at__gt=now - DOUBTS_FOR
        )
        .select_related("contact", "conversation")
        .order_by("-created_at", "-id")[:20]
    )
