"""Looks after accounts without being asked: health, what a hook missed, silence. Durable rows, planned anew each time.

Everything here may be done twice: a worker that dies leaves a row that is simply claimed again.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import logging
import random
from collections.abc import Sequence

from django.db import connection as database

from connections import poll, renewal, restore, silence
from connections.looks import HEALTH_EVERY, POLL_SOON, SILENCE_EVERY
from connections.models import ConnectionState, Upkeep
from tenants import wall
from work.claim import Claim
from work.rows import LeaseLost, State

log = logging.getLogger(__name__)

QUEUE = "upkeep"
AT_ONCE = 8
POLL_EVERY = dt.timedelta(minutes=2)
# After failures in a row, the last for all further ones.
BACKOFF = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 30))
# Longer than the longest look: a call has a minute, and a restored address takes three of them.
LEASE = dt.timedelta(minutes=6)


def carry(claims: Sequence[Claim]) -> None:
    """The queue's `run`: several accounts at once, so that a slow provider does not hold up the others."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upkeep") as crew:
        for done in [crew.submit(_one, claim) for claim in claims]:
            done.result()


def _one(claim: Claim) -> None:
    try:
        job, connection_id = _begin(claim)
        if connection_id:
            _after(claim, *_DO[Upkeep.Job(job)](claim.tenant_id, connection_id))
    except LeaseLost:
        log.info("upkeep %s is somebody else's by now", claim.id)
    except Exception:
        log.exception("upkeep %s failed", claim.id)
        with contextlib.suppress(Exception):
            _after(claim, False, HEALTH_EVERY)
    finally:
        database.close()


def _begin(claim: Claim) -> tuple[str, int]:
    """(job, connection), or no connection where there is nothing to look at any more."""
    with wall.tenant_tx(claim.tenant_id):
        row = Upkeep.objects.select_related("connection").get(pk=claim.id)
        if row.lease_token != claim.token:
            return row.job, 0
        if row.connection.state in (ConnectionState.OFF, ConnectionState.NEW):
            row.finish(token=claim.token, state=State.CANCELLED)
            return row.job, 0
        return row.job, row.connection_id


def _after(claim: Claim, went_well: bool, pause: dt.timedelta) -> None:
    """Plans the next look: after `pause`, give or take a tenth, or sooner and then rarer when this one failed."""
    with wall.tenant_tx(claim.tenant_id):
        row = Upkeep.objects.get(pk=claim.id)
        failures = 0 if went_well else row.failures + 1
        if failures:
            pause = BACKOFF[min(failures, len(BACKOFF)) - 1]
        pause *= random.uniform(0.9, 1.1)
        row.plan_again(token=claim.token, after=pause, failures=min(failures, 1000))


def _health(tenant_id: int, connection_id: int) -> tuple[bool, dt.timedelta]:
    look = restore.look(tenant_id, connection_id)
    if look.reached:
        renewal.look(tenant_id, connection_id)
    return look.reached, HEALTH_EVERY


def _poll(tenant_id: int, connection_id: int) -> tuple[bool, dt.timedelta]:
    found = poll.look(tenant_id, connection_id)
    return found is not None, POLL_SOON if found else POLL_EVERY


def _silence(tenant_id: int, connection_id: int) -> tuple[bool, dt.timedelta]:
    silence.look(tenant_id, connection_id)
    return True, SILENCE_EVERY


_DO = {Upkeep.Job.HEALTH: _health, Upkeep.Job.POLL: _poll, Upkeep.Job.SILENCE: _silence}
