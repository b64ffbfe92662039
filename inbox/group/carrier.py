"""Carries rows to the group: looked at afresh, called outside any transaction, recorded.

A row first sees to it that its topic and the client's card are there; each is recorded by itself, so a death in between
costs at most a second empty topic or card. Then it is marked `calling` and shown. A process that dies then leaves it
uncertain: it is never shown twice by itself, and the topic is told that something may be missing. The group's pace is
kept here; what waits meanwhile is put together. A crowded group holds up nobody's answers to clients.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import ConnectionState
from conversations import lanes
from inbox.group import calls, plan, state, words
from inbox.group.calls import Job, Step
from inbox.group.crew import Crew
from inbox.group.models import GroupState, Mirror, StaffGroup, Topic
from integrations.errors import FAILURES, Rejected, Retry, Uncertain, Unreachable
from integrations.protocols import group as protocol
from integrations.protocols.group import Looked, Posting
from kit import limits
from tenants import clock, wall
from work import sweep
from work.claim import Claim
from work.rows import AppNow, DurableRow, LeaseLost, State

log = logging.getLogger(__name__)

# Longer than making a topic, posting the card and pinning it may take together.
LEASE = dt.timedelta(seconds=90)
# What is lacking in the group is looked for anew so often.
MENDED = dt.timedelta(seconds=60)
# A file is on its way to us; for so long the words about it wait.
FETCHED, FETCHED_WITHIN = dt.timedelta(seconds=2), dt.timedelta(minutes=3)

# How groups fare, apart from how their accounts do: a group's trouble is none of the clients'.
_lanes = lanes.Lanes()


def bucket(group_id: int) -> str:
    """The group's pace, see `kit.limits`."""
    return f"group:{group_id}"


def _work(claim: Claim) -> None:
    try:
        _carry(claim)
    except LeaseLost:
        log.info("mirror %s is somebody else's by now", claim.id)
    except sweep.AWAY:
        raise  # the lease ends, and it is done then
    except Exception as error:
        log.exception("mirror %s failed", claim.id)
        sweep.put_off(Mirror, claim, error)


_crew = Crew("mirrors", _work)
carry, wait = _crew.carry, _crew.wait


def _carry(claim: Claim) -> None:
    with wall.tenant_tx(claim.tenant_id), plan.in_tenants_words():
        job = calls.job_of(claim)
        if job is None or not _stands(job):
            return
    if job.row.kind == Mirror.Kind.HELLO:
        _hello(job)
        return
    # A topic and a card may have to be made before the row itself.
    for _time in range(4):
        with wall.tenant_tx(claim.tenant_id), plan.in_tenants_words():
            job = calls.job_of(claim)
            if job is None:
                return
            now = clock.now()
            needed = calls.first(job, now=now)
            step = needed or calls.main(job, now=now)
            if step is None:
                job.row.finish(token=claim.token, state=State.SKIPPED)
                return
            if not _has_turn(job):
                return
            if step.says:
                for row in job.rows:
                    row.begin_call(token=claim.token)
        if not _made(job, step, ends=needed is None):
            return
        if needed is None:
            return


def _made(job: Job, step: Step, *, ends: bool) -> bool:
    """Makes one call and records it; False when the row was put off or has ended otherwise."""
    try:
        result = job.run(step.call())
    except FAILURES as failure:
        with wall.tenant_tx(job.claim.tenant_id), plan.in_tenants_words():
            _failed(job, failure, says=step.says)
        return False
    _lanes.answered(job.group.pk)
    with wall.tenant_tx(job.claim.tenant_id):
        step.kept(result)
        if step.proves:
            state.works(job.group, now=clock.now())
        if ends:
            for row in job.rows:
                shown = result.external_id[:200] if step.says else ""
                row.finish(token=job.claim.token, external_id=shown)
    return True


# ---------------------------------------------------------------- whether and when
def _stands(job: Job) -> bool:
    """Whether the row is still to be shown; ends it when not."""
    row, topic, token = job.row, job.topic, job.claim.token
    ended = ""
    if job.group.state == GroupState.OFF or (
        job.group.state == GroupState.GONE and row.kind != Mirror.Kind.HELLO
    ):
        ended = State.CANCELLED
    elif row.expires_at and row.expires_at < clock.now():
        ended = State.EXPIRED
    elif calls.is_taken_back(row):
        ended = State.SKIPPED
    elif topic is not None and row.kind in (Mirror.Kind.SAY, Mirror.Kind.FILE):
        thread = topic.conversation
        ended = State.SKIPPED if thread.is_private or thread.not_a_client else ""
    if ended:
        row.finish(token=token, state=ended)
        return False
    file = row.file if row.kind == Mirror.Kind.FILE else None
    if file is not None and plan.is_under_way(file) and clock.now() - row.created_at < FETCHED_WITHIN:
        park(job, FETCHED)
        return False
    return True


def _has_turn(job: Job) -> bool:
    """Takes a place in the group's pace; puts the row off when there is none."""
    account = job.group.connection
    if account.state != ConnectionState.OK:
        park(job, MENDED, account.last_error)
        return False
    pace = job.wire.capabilities
    pause = _lanes.closed_for(job.group.pk, kind=f"group:{account.kind}") or limits.take(
        bucket(job.group.pk), rate=pace.calls_a_minute / 60, burst=pace.burst
    )
    if pause:
        park(job, dt.timedelta(seconds=pause))
    return not pause


def park(job: Job, after: dt.timedelta, reason: str = "") -> None:
    """Puts rows of ours off without counting an attempt."""
    Mirror.objects.filter(pk__in=[row.pk for row in job.rows], lease_token=job.claim.token).update(
        state=State.PENDING,
        due_at=AppNow() + after,
        attempts=Greatest(F("attempts") - 1, 0),
        lease_token=None,
        lease_until=None,
        last_error=reason[:2000],
    )
    sweep.look_again(plan.QUEUE, after=after)


# ---------------------------------------------------------------- what went wrong
def _failed(job: Job, failure: Exception, *, says: bool) -> None:
    match failure:
        case Retry():
            after = failure.after or 1.0
            limits.pause(bucket(job.group.pk), after, rate=job.wire.capabilities.calls_a_minute / 60)
            park(job, dt.timedelta(seconds=after), failure.reason)
        case Rejected():
            _refused(job, failure)
        case Unreachable():
            _lanes.failed(job.group.pk)
            _again(job, failure)
        case Uncertain() if says:
            _lanes.failed(job.group.pk)
            for row in job.rows:
                row.finish(token=job.claim.token, state=State.IN_DOUBT, error=str(failure))
            _tell_doubt(job.topic, job.row)
        case _:
            _lanes.failed(job.group.pk)
            _again(job, failure)


def _refused(job: Job, refusal: Rejected) -> None:
    now, topic = clock.now(), job.topic
    if refusal.revoked:
        accounts.note_trouble(job.group.connection, reason=refusal.reason, broken=True)
        park(job, MENDED, refusal.reason)
    elif refusal.moved_to:
        state.moved(job.group, refusal.moved_to)
        park(job, dt.timedelta())
    elif refusal.code == protocol.GONE:
        for row in job.rows:
            row.finish(token=job.claim.token, state=State.CANCELLED, error=refusal.reason)
        state.gone(job.group, now=now)
    elif refusal.code == protocol.LACKS:
        state.lacks(job.group, refusal.reason, now=now)
        park(job, MENDED, refusal.reason)
    elif refusal.code == protocol.TOPIC_LOST and topic is not None:
        # Deleted by somebody: the client gets another one.
        Topic.objects.filter(pk=topic.pk).update(number="", card="", card_digest="", is_closed=False)
        park(job, dt.timedelta())
    elif refusal.code == protocol.MESSAGE_LOST and topic is not None:
        Topic.objects.filter(pk=topic.pk).update(card="", card_digest="")
        park(job, dt.timedelta())
    elif job.row.reply_to:
        # What it answers may be gone: the word counts more than its place.
        Mirror.objects.filter(pk=job.row.pk).update(reply_to="")
        park(job, dt.timedelta(), refusal.reason)
    elif job.row.kind == Mirror.Kind.FILE:
        calls.as_words(job)
        park(job, dt.timedelta(), refusal.reason)
    else:
        for row in job.rows:
            row.finish(token=job.claim.token, state=State.DEAD, error=refusal.reason)


def _again(job: Job, failure: Exception) -> None:
    for row in job.rows:
        row.retry(token=job.claim.token, error=str(failure))


def doubted(row: DurableRow) -> None:
    """The worker died during the call."""
    assert isinstance(row, Mirror)
    with plan.in_tenants_words():
        _tell_doubt(row.topic, row)


def _tell_doubt(topic: Topic | None, row: Mirror) -> None:
    """Says in the topic that something may be missing there; of such a word there is no further one."""
    if topic is None or row.key.startswith("doubt:"):
        return
    now = clock.now()
    text = _("A message may be missing here. The whole conversation: %(url)s")
    plan.say(
        topic,
        words.notice(topic, text % {"url": words.link(topic.conversation)}),
        key=f"doubt:{now:%Y%m%d%H%M}",
        now=now,
    )


# ---------------------------------------------------------------- the group itself
def _hello(job: Job) -> None:
    """Looks whether we may work there; greets where that was promised."""
    claim = job.claim
    with wall.tenant_tx(claim.tenant_id), plan.in_tenants_words():
        found = calls.job_of(claim)
        if found is None or not _has_turn(found):
            return
    try:
        looked: Looked = job.run(job.wire.look(job.settings, job.chat))
    except FAILURES as failure:
        with wall.tenant_tx(claim.tenant_id), plan.in_tenants_words():
            _failed(job, failure, says=False)
        return
    with wall.tenant_tx(claim.tenant_id), plan.in_tenants_words():
        found = calls.job_of(claim)
        if found is None:
            return
        now = clock.now()
        StaffGroup.objects.filter(pk=job.group.pk).exclude(title=looked.title).update(
            title=looked.title or found.group.title
        )
        if looked.lacks:
            state.lacks(found.group, str(looked.lacks), now=now)
            park(found, MENDED, str(looked.lacks))
            return
        state.works(found.group, now=now, after_all=True)
        if not found.row.payload.get("greet"):
            found.row.finish(token=claim.token)
            return
        found.row.begin_call(token=claim.token)
        posting = Posting(chat=job.chat, text=_greeting(found), key=f"hello:{found.row.pk}")
    error = ""
    try:
        job.run(job.wire.post(job.settings, posting))
    except FAILURES as failure:
        error = str(failure)  # a greeting is a courtesy
    with contextlib.suppress(LeaseLost), wall.tenant_tx(claim.tenant_id):
        found.row.finish(token=claim.token, error=error)


def _greeting(job: Job) -> str:
    if job.wire.capabilities.topics:
        return _(
            "This group is connected: clients appear here as they write. Answer in a client's topic, and it goes to"
            " the client. A line that begins with // is a note for colleagues."
        )
    return _(
        "This group is connected: clients appear here as they write. Answer to a client's message, and it goes"
        " to the client. A line that begins with // is a note for colleagues."
    )
