"""The sweep: every queue's due rows are claimed and carried out.

`dispatch`, `pump` and Celery's worker all do this same sweep; running it in several processes at once, or not at
all for a while, changes when things happen and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from tenants import wall
from work import claim
from work.rows import DurableRow, LeaseLost, State

log = logging.getLogger(__name__)

FAST, SLOW = "fast", "slow"


@dataclasses.dataclass(frozen=True)
class Queue:
    """A table of durable rows and what carries them out.

    `run` gets the claims of one batch, outside any transaction. `lane` says who works on it: `fast` queues by
    `dispatch` itself (a person is waiting), `slow` ones by Celery's worker, and by `dispatch` when Redis is dead.
    `doubted` is told, inside the tenant's transaction, of a row that became `in_doubt` because its worker died.
    `begin`, where there is one, stands in for `run` in `dispatch`: it returns while what it began goes on, so that the
    next batch is made ready beside it. `wait` returns once nothing that `run` or `begin` left under way is under way
    any more; it says how much that was. `loops` is how many threads of a `dispatch` take batches of it side by side:
    one more makes use of the time that the others wait for the database.
    """

    name: str
    model: type[DurableRow]
    run: Callable[[Sequence[claim.Claim]], None]
    lane: str = FAST
    batch: int = 100
    loops: int = 1
    lease: dt.timedelta = dt.timedelta(seconds=60)
    doubted: Callable[[DurableRow], None] | None = None
    begin: Callable[[Sequence[claim.Claim]], None] | None = None
    wait: Callable[[], int] | None = None


# The database is away or would not wait; what was being done is rolled back and comes again.
AWAY = (OperationalError, InterfaceError)
_queues: dict[str, Queue] = {}
_chores: list[Callable[[], int]] = []
_left: dict[str, list[claim.Claim]] = {}
_leaving = threading.Lock()
_looks: dict[str, float] = {}


def register(queue: Queue) -> None:
    """Adds a queue; called once by the room that owns the table."""
    _queues[queue.name] = queue


def before_each(chore: Callable[[], int]) -> None:
    """Adds a small idempotent job that every sweep does first, such as draining the spool."""
    _chores.append(chore)


def do_chores() -> int:
    """Does them; one that fails is reported and does not stop the others. Returns the work done."""
    done = 0
    for chore in _chores:
        try:
            done += chore()
        except Exception as error:
            log.warning("%s failed: %s", getattr(chore, "__name__", chore), str(error).strip())
    return done


def queues(lane: str | None = None) -> list[Queue]:
    """The registered queues, of one lane or all."""
    return [queue for queue in _queues.values() if lane in (None, queue.lane)]


def queue(name: str) -> Queue:
    """One queue by name.

    Raises:
        KeyError: there is none.
    """
    return _queues[name]


def look_again(name: str, *, after: dt.timedelta) -> None:
    """Says that rows of a queue, put off for a moment, are due again then: sooner than the next poll, perhaps."""
    at = time.monotonic() + after.total_seconds()
    _looks[name] = min(at, _looks.get(name, at))


def next_look(name: str, *, within: float) -> float:
    """Seconds until the next look at a queue, at most `within`."""
    return min(max(_looks.pop(name, math.inf) - time.monotonic(), 0.0), within)


def run(queue: Queue, *, linger: bool = True) -> int:
    """One round of one queue: free what dead workers held, promote, claim, carry out; returns rows taken.

    Without `linger` it does not wait for the end of what it began, where the queue can do without.
    """
    _give_back(queue)
    free_stale(queue)
    claim.promote(queue.model)
    claims = claim.due(queue.model, batch=queue.batch, lease=queue.lease)
    if claims:
        try:
            carry = queue.run if linger or queue.begin is None else queue.begin
            carry(claims)
        except AWAY:
            with _leaving:
                _left.setdefault(queue.name, []).extend(claims)
            raise
    return len(claims)


def drain(*, lane: str | None = None, rounds: int = 1000) -> dict[str, int]:
    """Sweeps until nothing is due; returns rows taken per queue.

    A queue that fails does not keep the others from being swept; its error is raised when they are done.
    """
    taken = {queue.name: 0 for queue in queues(lane)}
    failed: dict[str, Exception] = {}
    for _ in range(rounds):
        progress = do_chores()
        for each_queue in queues(lane):
            if each_queue.name in failed:
                continue
            try:
                count = run(each_queue)
            except Exception as error:
                log.exception("%s: sweep failed", each_queue.name)
                failed[each_queue.name] = error
                continue
            taken[each_queue.name] += count
            progress += count
        if not progress and not wait(lane=lane):
            break
    for name in failed:
        raise failed[name]
    return taken


def wait(*, lane: str | None = None) -> int:
    """Returns once nothing is under way any more that a sweep of this process began; says how much that was."""
    return sum(each_queue.wait() for each_queue in queues(lane) if each_queue.wait)


def _give_back(queue: Queue) -> None:
    """Makes due again what the last round claimed and did not touch when the database went away."""
    left: dict[tuple[int, uuid.UUID], list[claim.Claim]] = {}
    with _leaving:
        found = _left.pop(queue.name, [])
    for taken in found:
        left.setdefault((taken.tenant_id, taken.token), []).append(taken)
    for (tenant_id, token), claims in left.items():
        with wall.tenant_tx(tenant_id):
            queue.model.objects.filter(
                pk__in=[taken.id for taken in claims], lease_token=token, state=State.CLAIMED
            ).update(state=State.PENDING, attempts=F("attempts") - 1, lease_until=None, lease_token=None)


def free_stale(queue: Queue) -> None:
    """Gives back rows whose lease is over: untouched ones are due again, half-made calls become `in_doubt`."""
    for tenant_id, row_id in claim.stale(queue.model):
        try:
            with wall.tenant_tx(tenant_id):
                _free(queue, row_id)
        except AWAY:
            raise
        except Exception:
            log.exception(
                "%s %s could not be freed", queue.name, row_id
            )  # it must not keep the others waiting


def _free(queue: Queue, row_id: int) -> None:
    # Looked at again under the lock: somebody may have freed and claimed it meanwhile.
    rows = queue.model.objects.select_for_update(skip_locked=True)
    row = rows.filter(pk=row_id, lease_until__lt=Now()).first()
    if row is None:
        return
    if row.state == State.CALLING:
        row.state = State.IN_DOUBT
        row.last_error = row.last_error or "the worker died during the call"
    elif row.state == State.CLAIMED:
        row.state = State.PENDING
    else:
        return
    row.lease_until = row.lease_token = None
    row.save(update_fields=["state", "lease_until", "lease_token", "last_error"])
    if row.state == State.IN_DOUBT and queue.doubted:
        queue.doubted(row)


def one_by_one(
    model: type[DurableRow],
    work: Callable[[DurableRow, claim.Claim], None],
    *,
    died: Callable[[DurableRow], None] | None = None,
) -> Callable[[Sequence[claim.Claim]], None]:
    """A `run` that does each row in its own tenant transaction and finishes it there.

    `work` may end the row itself; otherwise it is `done`. An exception rolls the row's work back and puts it off;
    after the last attempt it is `dead`, and `died` is told inside the tenant's transaction.
    """

    def run_claims(claims: Sequence[claim.Claim]) -> None:
        for taken in claims:
            try:
                with wall.tenant_tx(taken.tenant_id):
                    row = model.objects.select_for_update().get(pk=taken.id)
                    if row.lease_token != taken.token:
                        continue
                    work(row, taken)
                    if row.state == State.CLAIMED:
                        row.finish(token=taken.token)
            except Exception as error:
                log.exception("%s %s failed", model._meta.label, taken.id)
                put_off(model, taken, error, died=died)

    return run_claims


def put_off(
    model: type[DurableRow],
    taken: claim.Claim,
    error: Exception,
    *,
    died: Callable[[DurableRow], None] | None = None,
) -> None:
    """Records a failure that was rolled back, in a transaction of its own."""
    said = f"{type(error).__name__}: {error}"
    with contextlib.suppress(LeaseLost), wall.tenant_tx(taken.tenant_id):
        row = model.objects.get(pk=taken.id)
        row.retry(token=taken.token, error=said)
        if row.state == State.DEAD and died:
            try:
                with transaction.atomic():
                    died(row)
            except AWAY:
                raise
            except Exception:
                log.exception("%s %s is dead, and telling so failed", model._meta.label, taken.id)


def nudge(name: str) -> None:
    """Wakes `dispatch` for a queue when the present transaction commits. Loses nothing when nobody listens."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_notify('work', %s)", [name])
