"""A thread is closed, opened again, or put off until a time."""

from __future__ import annotations

import datetime as dt

from conversations.models import Conversation
from inbox import announce, escalation, story
from inbox.models import Step, Wakeup
from kit.templatetags import marzha
from tenants import clock
from tenants.models import User
from work import claim, sweep
from work.rows import OPEN_STATES, DurableRow, State

QUEUE = "wakeups"
LONGEST = dt.timedelta(days=366)


class BadTime(Exception):
    """A thread is put off to a moment that lies ahead, within a year."""


def close(thread: Conversation, *, by: User | None, now: dt.datetime, name: str = "") -> None:
    """Nothing more to do here; the client's next word opens it again. `name` is a colleague's whom we do not know."""
    if thread.state == Conversation.State.CLOSED:
        return
    _leave(thread, Conversation.State.CLOSED, None)
    escalation.answered(thread, by=by, now=now)
    story.note_step(thread, Step.Kind.CLOSED, by=by, at=now, text=name)


def reopen(
    thread: Conversation, *, by: User | None, now: dt.datetime, waiting_since: dt.datetime | None = None
) -> None:
    """Open again; `waiting_since` is what it was when closing was a mistake."""
    if thread.state == Conversation.State.OPEN:
        return
    _drop_wakeups(thread)
    thread.state, thread.snoozed_until = Conversation.State.OPEN, None
    thread.waiting_since = thread.waiting_since or waiting_since
    thread.save(update_fields=["state", "snoozed_until", "waiting_since"])
    story.note_step(thread, Step.Kind.REOPENED, by=by, at=now)
    escalation.plan(thread, now=now)


def snooze(thread: Conversation, *, until: dt.datetime, by: User, now: dt.datetime) -> None:
    """Out of sight until a moment, or until the client writes.

    Raises:
        BadTime: see the class.
    """
    if not now < until <= now + LONGEST:
        raise BadTime
    _leave(thread, Conversation.State.SNOOZED, until)
    escalation.answered(thread, by=by, now=now)
    Wakeup.objects.create(conversation=thread, due_at=until, state=State.WAITING, created_at=now)
    story.note_step(thread, Step.Kind.SNOOZED, by=by, at=now, text=marzha.when(until, now))


def wake(row: DurableRow, taken: claim.Claim) -> None:
    """The time has come: the thread is open and unread again, so that it is seen."""
    assert isinstance(row, Wakeup)
    now = clock.now()
    thread = Conversation.objects.select_for_update().get(pk=row.conversation_id)
    if thread.state != Conversation.State.SNOOZED or not thread.snoozed_until or thread.snoozed_until > now:
        row.finish(token=taken.token, state=State.SKIPPED)
        return
    thread.state, thread.snoozed_until = Conversation.State.OPEN, None
    thread.waiting_since = thread.waiting_since or now
    thread.unread = max(thread.unread, 1)
    thread.save(update_fields=["state", "snoozed_until", "waiting_since", "unread"])
    story.note_step(thread, Step.Kind.WOKEN, by=None, at=now)
    announce.ring(thread.pk)


RUN = sweep.one_by_one(Wakeup, wake)


def _leave(thread: Conversation, state: str, until: dt.datetime | None) -> None:
    _drop_wakeups(thread)
    thread.state, thread.snoozed_until = state, until
    thread.waiting_since, thread.unread = None, 0
    thread.save(update_fields=["state", "snoozed_until", "waiting_since", "unread"])


def _drop_wakeups(thread: Conversation) -> None:
    Wakeup.objects.filter(conversation=thread, state__in=OPEN_STATES).update(state=State.CANCELLED)
