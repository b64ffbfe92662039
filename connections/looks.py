"""Which looks an account is given, and when the first of each is. What a look does: `connections.upkeep`."""

from __future__ import annotations

import datetime as dt

from django.db.models.functions import Now

from connections import kinds, silence
from connections.models import Connection, Upkeep
from integrations import registry
from work.rows import AppNow, State

HEALTH_EVERY = dt.timedelta(hours=1)
SILENCE_EVERY = dt.timedelta(minutes=15)
# Where a look has just brought something, more is likely to come: a letter's answer, a hook that is behind.
POLL_SOON = dt.timedelta(seconds=20)


def plan(connection: Connection) -> None:
    """Plans the looks that make sense for an account, or wakes those that rest. Call it in the tenant's transaction."""
    for job in jobs_of(connection):
        row, new = Upkeep.objects.get_or_create(
            connection=connection,
            job=job,
            defaults={"state": State.WAITING, "due_at": AppNow() + first_pause(job)},
        )
        if not new and row.state not in (State.WAITING, State.PENDING, State.CLAIMED):
            Upkeep.objects.filter(pk=row.pk, state=row.state).update(
                state=State.WAITING, due_at=AppNow() + first_pause(job), failures=0, attempts=0
            )


def jobs_of(connection: Connection) -> list[str]:
    """The looks that make sense for an account."""
    if connection.kind not in registry.channels:
        return []
    jobs: list[str] = []
    if kinds.calls(connection.kind, connection.account):
        jobs.append(Upkeep.Job.HEALTH)
    if kinds.polled(connection.kind):
        jobs.append(Upkeep.Job.POLL)
    if silence.matters(connection.kind):
        jobs.append(Upkeep.Job.SILENCE)
    return jobs


def first_pause(job: str) -> dt.timedelta:
    """How long after connecting the first look is."""
    return {Upkeep.Job.POLL: POLL_SOON, Upkeep.Job.SILENCE: SILENCE_EVERY}.get(Upkeep.Job(job), HEALTH_EVERY)


def soon(connection: Connection, job: str) -> None:
    """Brings a planned look forward: something has happened that makes it worth while."""
    Upkeep.objects.filter(
        connection=connection, job=job, state__in=(State.WAITING, State.PENDING), due_at__gt=Now()
    ).update(state=State.PENDING, due_at=AppNow())
