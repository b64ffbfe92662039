"""Records what became of calls, tenant by tenant; a known outcome waits for a database that is away.

Messages that went out, nearly all of them, are recorded by one statement for all of a tenant; anything else row by
row. Nothing is recorded on a row whose lease is no longer ours.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import logging
import queue
import threading
import time
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from connections import accounts
from conversations import outbox, pace, receipts, signals
from conversations.flights import Future, Outcome, Parcel
from conversations.models import Conversation, Delivery, Message, MessageState
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Sent
from kit.text import storable
from tenants import clock, wall
from work import sweep
from work.claim import Claim
from work.rows import LeaseLost, State

log = logging.getLogger(__name__)

# How long a known outcome waits for a database that is away.
RECORD_SECONDS = 45.0
# A channel that is broken keeps its rows; they are looked at again after this.
PARKED = dt.timedelta(seconds=60)
# Outcomes of about the same moment are recorded together.
GATHER_SECONDS = 0.02
# So many known outcomes may wait for their record; no more calls are begun meanwhile.
BACKLOG = 200


class Recorder:
    """A thread that records outcomes as they come, beside whoever prepares the next calls."""

    def __init__(self) -> None:
        self._done: queue.SimpleQueue[tuple[Parcel, Outcome]] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._under_way = 0
        self._thread: threading.Thread | None = None

    def take(self, calls: dict[Future, Parcel]) -> None:
        """Sees to it that the outcomes are recorded when they come."""
        with self._changed:
            self._under_way += len(calls)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="courier-records", daemon=True)
                self._thread.start()
        for future, parcel in calls.items():
            future.add_done_callback(functools.partial(self._put, parcel))

    def _put(self, parcel: Parcel, done: Future) -> None:
        self._done.put((parcel, done.result()))

    def catch_up(self) -> None:
        """Returns once few enough outcomes wait for their record."""
        with self._changed:
            self._changed.wait_for(lambda: self._done.qsize() < BACKLOG)

    def wait(self) -> int:
        """Returns when no call is under way any more; says how many were."""
        with self._changed:
            were = self._under_way
            self._changed.wait_for(lambda: not self._under_way)
        return were

    def _work(self) -> None:
        while True:
            found = [self._done.get()]
            time.sleep(GATHER_SECONDS)
            with contextlib.suppress(queue.Empty):
                while len(found) < BACKLOG:
                    found.append(self._done.get_nowait())
            try:
                record(found)
            except Exception:
                log.exception(
                    "deliveries %s: their outcomes are lost", [parcel.claim.id for parcel, _outcome in found]
                )
            finally:
                close_old_connections()
                with self._changed:
                    self._under_way -= len(found)
                    if not self._under_way:
                        connection.close()
                    self._changed.notify_all()


recorder = Recorder()
"""Of this process."""


def record(outcomes: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Records what became of calls. While the database is away it tries again: a known outcome is no doubt."""
    groups: dict[int, list[tuple[Parcel, Outcome]]] = {}
    for each in outcomes:
        groups.setdefault(each[0].claim.tenant_id, []).append(each)
    end = time.monotonic() + RECORD_SECONDS
    trouble: Exception | None = None
    for group in groups.values():
        try:
            _record_group(group, end)
        except sweep.AWAY as error:
            trouble = error
    if trouble is not None:
        raise trouble


def _record_group(outcomes: list[tuple[Parcel, Outcome]], end: float) -> None:
    """Records outcomes of one tenant; one that cannot be recorded spares the others."""
    while True:
        try:
            with wall.tenant_tx(outcomes[0][0].claim.tenant_id):
                _write(outcomes)
            return
        except sweep.AWAY:
            if time.monotonic() > end:
                raise
            close_old_connections()
            time.sleep(0.3)
        except Exception:
            if len(outcomes) == 1:
                log.exception("delivery %s: its outcome cannot be recorded", outcomes[0][0].claim.id)
                return
            for each in outcomes:
                _record_group([each], end)
            return


def _write(outcomes: list[tuple[Parcel, Outcome]]) -> None:
    sent = [(parcel, outcome) for parcel, outcome in outcomes if isinstance(outcome, Sent)]
    if sent:
        _sent(sent)
    for parcel, outcome in outcomes:
        if not isinstance(outcome, Sent):
            _other(parcel, outcome)


# A doubt that arose meanwhile (we were slow to record) is settled by what we know. A receipt may have come before us.
_SENT = """
WITH told AS (
  SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::numeric[], %s::int[])
    AS t(id, token, external_id, cost, parts)
), ended AS (
  UPDATE conversations_delivery d SET state = 'done', last_error = '', lease_until = NULL, lease_token = NULL
  FROM told WHERE d.tenant_id = %s AND d.id = told.id
  AND (d.state = 'in_doubt' OR (d.state IN ('claimed', 'calling') AND d.lease_token = told.token))
  RETURNING d.message_id, told.external_id, told.cost, told.parts
)
UPDATE conversations_message m SET sent_at = app_now(), parts = ended.parts, cost = coalesce(ended.cost, m.cost),
  error = CASE WHEN m.state = 'failed' THEN m.error ELSE '' END,
  state = CASE WHEN m.state IN ('delivered', 'read', 'failed') THEN m.state ELSE 'sent' END,
  external_id = CASE WHEN ended.external_id = '' THEN m.external_id ELSE ended.external_id END
FROM ended WHERE m.tenant_id = %s AND m.id = ended.message_id
RETURNING m.id, m.state, m.sent_at, m.external_id, m.error
"""


def _sent(outcomes: Sequence[tuple[Parcel, Sent]]) -> None:
    """What `outbox.settle` does for one, for all messages of a tenant that went out."""
    tenant_id = wall.current_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _SENT,
            [
                [parcel.claim.id for parcel, _outcome in outcomes],
                [parcel.claim.token for parcel, _outcome in outcomes],
                [storable(outcome.external_id)[:200] for _parcel, outcome in outcomes],
                [receipts.cost_of(outcome.cost) for _parcel, outcome in outcomes],
                [min(max(outcome.parts, 1), 99) for _parcel, outcome in outcomes],
                tenant_id,
                tenant_id,
            ],
        )
        recorded = {row[0]: row[1:] for row in cursor.fetchall()}
    for parcel, _outcome in outcomes:
        message = parcel.row.message
        if message.pk in recorded:
            message.state, message.sent_at, message.external_id, message.error = recorded[message.pk]
            signals.message_settled.send(Message, message=message)


def _other(parcel: Parcel, outcome: Retry | Rejected | Unreachable | Uncertain) -> None:
    claim = parcel.claim
    row = Delivery.objects.select_related("message__conversation", "connection").get(pk=claim.id)
    message, account = row.message, row.connection
    with contextlib.suppress(LeaseLost):
        match outcome:
            case Retry():
                if outcome.whole_account and outcome.after:
                    rate = registry.channel(account.kind).capabilities.per_second or 1.0
                    pace.hush(account.pk, rate, seconds=outcome.after)
                _again(row, claim, outcome.reason, outcome.after)
            case Rejected() if outcome.revoked:
                accounts.note_trouble(account, reason=outcome.reason, broken=True)
                park([Parked(row.pk, PARKED, outcome.reason)], token=claim.token)
            case Rejected() if outcome.moved_to:
                Conversation.objects.filter(pk=message.conversation_id).update(chat=outcome.moved_to)
                _again(row, claim, outcome.reason, 0.0)
            case Rejected():
                if outcome.blocked:
                    Conversation.objects.filter(pk=message.conversation_id).update(blocked_at=clock.now())
                row.finish(token=claim.token, state=State.DEAD, error=outcome.reason)
                outbox.settle(message, MessageState.FAILED, error=outcome.reason)
            case Unreachable():
                _again(row, claim, str(outcome), None)
            case Uncertain():
                if registry.channel(account.kind).capabilities.idempotent_send:
                    _again(row, claim, str(outcome), None)
                else:
                    row.finish(token=claim.token, state=State.IN_DOUBT, error=str(outcome))
                    outbox.settle(
                        message, MessageState.IN_DOUBT, error=_("It is not known whether it arrived.")
                    )


class Parked(NamedTuple):
    """A row that waits `after` without its attempt being counted."""

    id: int
    after: dt.timedelta
    reason: str = ""


_PARK = """
UPDATE conversations_delivery d SET state = 'pending', due_at = app_now() + t.after,
  attempts = greatest(d.attempts - 1, 0), lease_token = NULL, lease_until = NULL, last_error = t.reason
FROM unnest(%s::bigint[], %s::interval[], %s::text[]) AS t(id, after, reason)
WHERE d.tenant_id = %s AND d.id = t.id AND d.lease_token = %s
"""


def park(rows: Sequence[Parked], *, token: uuid.UUID) -> None:
    """Puts rows that we hold off for later."""
    if not rows:
        return
    ids, pauses, reasons = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _PARK,
            [
                list(ids),
                list(pauses),
                [storable(reason) for reason in reasons],
                wall.current_tenant_id(),
                token,
            ],
        )
    sweep.look_again(outbox.QUEUE, after=min(pauses))


def _again(row: Delivery, claim: Claim, reason: str, after: float | None) -> None:
    row.retry(token=claim.token, error=reason, after=None if after is None else dt.timedelta(seconds=after))
    if row.state == State.DEAD:
        outbox.settle(row.message, MessageState.FAILED, error=reason)
