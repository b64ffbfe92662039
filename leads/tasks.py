"""To-dos of colleagues: opened by what happened, or by hand; one open to-do per cause."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from conversations.models import Contact, Conversation
from leads import signals
from leads.models import Lead, Task
from tenants.models import User


def open_task(
    text: str,
    *,
    due_at: dt.datetime,
    now: dt.datetime,
    reason: str = "by_hand",
    key: str = "",
    assignee: User | None = None,
    lead: Lead | None = None,
    contact: Contact | None = None,
    conversation: Conversation | None = None,
    booking_id: int | None = None,
    by: User | None = None,
) -> Task:
    """A to-do; with a `key` whose to-do is still open, that one is returned."""
    try:
        with transaction.atomic():
            task = Task.objects.create(
                text=text[:500],
                due_at=due_at,
                reason=reason,
                key=key[:100],
                assignee=assignee,
                lead=lead,
                contact=contact,
                conversation=conversation,
                booking_id=booking_id,
                created_by=by,
                created_at=now,
            )
    except IntegrityError:
        return Task.objects.get(key=key[:100], done_at=None)
    signals.task_opened.send(Task, task=task, now=now)
    return task


def close(task: Task, *, by: User | None, now: dt.datetime) -> None:
    """Marks a to-do done; done twice is done once."""
    if task.done_at is None:
        task.done_at, task.done_by = now, by
        task.save(update_fields=["done_at", "done_by"])


def reopen(task: Task) -> None:
    """Undoes `close`."""
    task.done_at = task.done_by = None
    task.save(update_fields=["done_at", "done_by"])


def close_by_key(key: str, *, by: User | None, now: dt.datetime) -> None:
    """Closes the open to-do of a cause that has gone away."""
    for task in Task.objects.filter(key=key, done_at=None):
        close(task, by=by, now=now)
