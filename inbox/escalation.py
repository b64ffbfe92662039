"""Nobody may wait unseen: a thread unanswered for N minutes, or handed over, becomes a to-do and alerts.

The promise is a durable row written with the client's word. It is cancelled by an answer; carried out, it looks
again at the thread before it tells anybody.
"""

from __future__ import annotations

import datetime as dt

from django.utils import translation
from django.utils.translation import gettext as _

from conversations.models import Conversation
from inbox import alerts, announce, story
from inbox.models import Escalation, Step
from leads import pipeline, tasks
from leads.models import Task
from tenants import clock, wall
from tenants.models import Tenant, User
from work import claim, rows, sweep

QUEUE = "escalations"
# A tenant's setting; 0 switches escalation off.
SETTING, MINUTES = "escalate_after_minutes", 10


def minutes_of(tenant: Tenant) -> int:
    """After how many minutes without an answer somebody is told; 0 is never."""
    value = tenant.settings.get(SETTING, MINUTES)
    return value if isinstance(value, int) and 0 <= value <= 24 * 60 else MINUTES


def task_key(conversation_id: int) -> str:
    """The one to-do "answer this thread"."""
    return f"answer:conversation:{conversation_id}"


def plan(conversation: Conversation, *, now: dt.datetime, stage: int = 0) -> None:
    """Promises to look at a waiting thread later; a promise that stands already is kept.

    Call it with the thread locked, as the one who takes a message in has it.
    """
    minutes = minutes_of(wall.entered_tenant())
    if not minutes or conversation.not_a_client or conversation.waiting_since is None:
        return
    standing = Escalation.objects.filter(conversation=conversation, state__in=rows.OPEN_STATES)
    if stage == 0 and standing.exists():
        return
    due_at = (now if stage else conversation.waiting_since) + dt.timedelta(minutes=minutes)
    row, made = Escalation.objects.get_or_create(
        conversation=conversation,
        generation=conversation.generation,
        stage=stage,
        defaults={
            "lead": pipeline.open_of(conversation.contact),
            "state": rows.State.WAITING,
            "due_at": due_at,
            "created_at": now,
        },
    )
    # The same word waits once more: its answer did not arrive, or the thread was closed by mistake.
    if not made and row.state in (rows.State.CANCELLED, rows.State.SKIPPED):
        Escalation.objects.filter(pk=row.pk).update(state=rows.State.WAITING, due_at=due_at, attempts=0)


def answered(conversation: Conversation, *, by: User | None, now: dt.datetime) -> None:
    """Takes the promises back and closes the to-do: somebody has answered, or nobody needs to."""
    Escalation.objects.filter(
        conversation=conversation, state__in=(rows.State.WAITING, rows.State.PENDING)
    ).update(state=rows.State.CANCELLED)
    if Task.objects.filter(key=task_key(conversation.pk), done_at=None).exists():
        tasks.close_by_key(task_key(conversation.pk), by=by, now=now)
        announce.today()


def carry_out(row: rows.DurableRow, taken: claim.Claim) -> None:
    """Tells whose turn it is, if the thread still waits."""
    assert isinstance(row, Escalation)
    now = clock.now()
    thread = Conversation.objects.select_for_update().select_related("contact").get(pk=row.conversation_id)
    if thread.waiting_since is None or thread.not_a_client or thread.state == Conversation.State.CLOSED:
        row.finish(token=taken.token, state=rows.State.SKIPPED)
        return
    waited = int((now - thread.waiting_since).total_seconds() // 60)
    first_stage = row.stage == 0
    if first_stage:
        story.note_step(thread, Step.Kind.NO_ANSWER, by=None, at=now)
    with translation.override(wall.entered_tenant().language):
        call_people(
            thread,
            reason="no_answer",
            task=_("%(name)s waits for an answer") % {"name": thread.contact},
            subject=_("%(name)s has been waiting for %(minutes)s min")
            % {"name": thread.contact, "minutes": waited},
            text=thread.last_text,
            key=f"no_answer:{thread.pk}:{row.generation}:{row.stage}",
            now=now,
            only_assignee=first_stage,
        )
    if first_stage and thread.assignee_id is not None:
        plan(thread, now=now, stage=1)


def handed_over(conversation: Conversation, *, summary: str, now: dt.datetime) -> None:
    """The assistant asks for a person: a to-do and alerts at once, and a promise to look again."""
    story.note_step(conversation, Step.Kind.HANDED_OVER, by=None, at=now, text=summary)
    # The assistant speaks the client's language; colleagues read the salon's.
    with translation.override(wall.entered_tenant().language):
        call_people(
            conversation,
            reason="handover",
            task=_("Answer %(name)s: the assistant asks for a person") % {"name": conversation.contact},
            subject=_("%(name)s needs a person") % {"name": conversation.contact},
            text=summary or conversation.last_text,
            key=f"handover:{conversation.pk}:{conversation.generation}",
            now=now,
        )
    plan(conversation, now=now)


def call_people(
    conversation: Conversation,
    *,
    reason: str,
    task: str,
    subject: str,
    text: str,
    key: str,
    now: dt.datetime,
    only_assignee: bool = False,
) -> None:
    """A to-do and alerts about a thread; its colleague first, or alone while they have their turn."""
    tasks.open_task(
        task,
        due_at=now,
        now=now,
        reason=reason,
        key=task_key(conversation.pk),
        assignee=conversation.assignee,
        lead=pipeline.open_of(conversation.contact),
        contact=conversation.contact,
        conversation=conversation,
    )
    alerts.raise_about(
        conversation,
        key=key,
        subject=subject,
        text=text,
        now=now,
        people=alerts.who_answers(first=conversation.assignee_id, alone=only_assignee),
    )
    announce.ring(conversation.pk)
    announce.today()


RUN = sweep.one_by_one(Escalation, carry_out)
