"""Carries due deliveries to the providers: checked, marked, called outside any transaction, recorded.

A batch goes through three steps. In the tenant's transaction each row is checked afresh and marked `calling`, and
that is committed; then the calls run side by side; then each result is recorded, if the lease is still ours. A
process that dies in the second step leaves `calling` rows, which become `in_doubt` and are never repeated blindly.
A call that takes long goes on beside the next batches, so that one slow provider holds up nobody else's messages.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import logging
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection, ConnectionState
from conversations import lanes, outbox, signals
from conversations.models import Conversation, Delivery, Message, MessageState
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Button, Outgoing, Sent
from kit import http, limits
from tenants import clock, wall
from work import sweep
from work.claim import Claim
from work.rows import AppNow, DurableRow, LeaseLost, State

log = logging.getLogger(__name__)

IN_FLIGHT = 50
# A call that takes longer is waited for beside the next batches.
PATIENCE_SECONDS = 0.5
# How long a known outcome waits for a database that is away.
RECORD_SECONDS = 45.0
# A channel that is broken keeps its rows; they are looked at again after this.
PARKED = dt.timedelta(seconds=60)

Outcome = Sent | Retry | Rejected | Unreachable | Uncertain


@dataclasses.dataclass(frozen=True)
class Parcel:
    """One call to make."""

    claim: Claim
    account_id: int
    kind: str
    settings: dict[str, str]
    outgoing: Outgoing


class _Loop:
    """An event loop in a thread of its own with one lasting client: hundreds of calls at once, one thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._client: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> asyncio.AbstractEventLoop:
        """The loop, with its client ready: nothing slow may stand between a row marked `calling` and its call."""
        with self._starting:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, name="courier", daemon=True).start()
                asyncio.run_coroutine_threadsafe(self._open(), loop).result()
                atexit.register(self._close)
                self._loop = loop
        return self._loop

    async def _open(self) -> None:
        self._client = await http.async_client().__aenter__()

    def _close(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(Exception):
                closing = self._client.__aexit__(None, None, None)
                asyncio.run_coroutine_threadsafe(closing, self._loop).result(2)

    def call(self, parcels: Sequence[Parcel]) -> list[concurrent.futures.Future[Outcome]]:
        """Begins the calls; their outcomes come in their own time."""
        loop = self.start()
        outcomes: list[concurrent.futures.Future[Outcome]] = [concurrent.futures.Future() for _ in parcels]

        def begin() -> None:
            for parcel, outcome in zip(parcels, outcomes, strict=True):
                task = loop.create_task(self._one(parcel, outcome))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        loop.call_soon_threadsafe(begin)
        return outcomes

    async def _one(self, parcel: Parcel, outcome: concurrent.futures.Future[Outcome]) -> None:
        outcome.set_result(await _call(parcel, self._client))


_loop = _Loop()


class _Late:
    """Calls that go on beside the next batches; a thread records their outcomes as they come."""

    def __init__(self) -> None:
        self._done: queue.SimpleQueue[tuple[Parcel, Outcome]] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._under_way = 0
        self._thread: threading.Thread | None = None

    def take(self, parcel: Parcel, outcome: concurrent.futures.Future[Outcome]) -> None:
        """Sees to it that the outcome is recorded when it comes."""
        with self._changed:
            self._under_way += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._record, name="courier-late", daemon=True)
                self._thread.start()
        lanes.ours.is_late(parcel.account_id, kind=parcel.kind, by=1)
        outcome.add_done_callback(lambda done: self._done.put((parcel, done.result())))

    def wait(self) -> int:
        """Returns when none is under way any more; says how many were."""
        with self._changed:
            were = self._under_way
            self._changed.wait_for(lambda: not self._under_way)
        return were

    def _record(self) -> None:
        while True:
            parcel, outcome = self._done.get()
            try:
                lanes.ours.is_late(parcel.account_id, kind=parcel.kind, by=-1)
                _record_all([(parcel, outcome)])
            except Exception:
                log.exception("delivery %s: its outcome is lost", parcel.claim.id)
            finally:
                connection.close()
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()


_late = _Late()
wait = _late.wait


def carry(claims: Sequence[Claim]) -> None:
    """The queue's `run`: carries a batch of deliveries, `IN_FLIGHT` at a time."""
    _loop.start()
    for start in range(0, len(claims), IN_FLIGHT):
        parcels: list[Parcel] = []
        trouble: Exception | None = None
        for group in _by_tenant(claims[start : start + IN_FLIGHT]):
            try:
                parcels += _prepare_all(group)
            except sweep.AWAY as error:  # those marked already are called all the same
                trouble = error
                break
        calls = dict(zip(_loop.call(parcels), parcels, strict=True)) if parcels else {}
        done, late = concurrent.futures.wait(calls, timeout=PATIENCE_SECONDS)
        for outcome in late:
            _late.take(calls[outcome], outcome)
        _record_all([(calls[outcome], outcome.result()) for outcome in done])
        if trouble is not None:
            raise trouble


def _by_tenant(claims: Iterable[Claim]) -> list[list[Claim]]:
    groups: dict[int, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.tenant_id, []).append(claim)
    return list(groups.values())


def _prepare_all(claims: list[Claim]) -> list[Parcel]:
    """`_prepare`, where a row that cannot be prepared at all is put off and spares the others."""
    try:
        return _prepare(claims)
    except sweep.AWAY:
        raise
    except Exception as error:
        if len(claims) > 1:
            return [parcel for claim in claims for parcel in _prepare_all([claim])]
        log.exception("delivery %s cannot be prepared", claims[0].id)
        sweep.put_off(Delivery, claims[0], error, died=_died)
        return []


def _died(row: DurableRow) -> None:
    assert isinstance(row, Delivery)
    outbox.settle(row.message, MessageState.FAILED, error=_("It could not be sent."))


def _prepare(claims: list[Claim]) -> list[Parcel]:
    """Checks the rows of one tenant and marks those that will be called; commits."""
    parcels = []
    with wall.tenant_tx(claims[0].tenant_id):
        tokens = {claim.id: claim for claim in claims}
        rows = (
            Delivery.objects.select_for_update(of=("self",))
            .select_related("message__conversation", "connection")
            .filter(pk__in=tokens, lease_token=claims[0].token)
            .order_by("id")
        )
        settings: dict[int, dict[str, str]] = {}
        # SELECT … FOR UPDATE under SKIP LOCKED elsewhere: whatever another worker holds is not in `rows`.
        for row in rows:
            parcel = _parcel(row, tokens[row.pk], settings)
            if parcel is not None:
                row.begin_call(token=row.lease_token)
                parcels.append(parcel)
    return parcels


def _parcel(row: Delivery, claim: Claim, settings: dict[int, dict[str, str]]) -> Parcel | None:
    """The call to make for a row, or None when it ended or was put off instead."""
    message, thread, account = row.message, row.message.conversation, row.connection
    veto = _veto(row, message, thread)
    if veto is not None:
        state, reason = veto
        row.finish(token=claim.token, state=state, error=reason)
        outbox.settle(
            message, MessageState.CANCELLED if state == State.CANCELLED else MessageState.FAILED, error=reason
        )
        return None
    if account.state != ConnectionState.OK:
        _park(row, claim, reason=account.last_error)
        return None
    wire = registry.channel(account.kind)
    pause = lanes.ours.closed_for(account.pk, kind=account.kind) or _limited(
        account, thread, wire.capabilities
    )
    if pause > 0:
        _park(row, claim, reason="", after=dt.timedelta(seconds=pause))
        return None
    if account.pk not in settings:
        settings[account.pk] = accounts.settings_of(account)
    return Parcel(claim, account.pk, account.kind, settings[account.pk], _outgoing(message, thread))


def _veto(row: Delivery, message: Message, thread: Conversation) -> tuple[str, str] | None:
    """(state, reason) when the message must not go out any more."""
    if row.generation is not None and row.generation != thread.generation:
        return State.CANCELLED, _("The conversation has moved on.")
    if row.expires_at and row.expires_at < clock.now():
        return State.EXPIRED, _("It was too late to send it.")
    if thread.blocked_at:
        return State.DEAD, _("The client has blocked this chat.")
    # Whoever promised the message may take it back, under locks of its own rows.
    for _receiver, reason in signals.about_to_send.send(Message, message=message):
        if reason:
            return State.CANCELLED, reason
    return None


def _park(row: Delivery, claim: Claim, *, reason: str, after: dt.timedelta = PARKED) -> None:
    """Puts a row off without counting an attempt."""
    Delivery.objects.filter(pk=row.pk, lease_token=claim.token).update(
        state=State.PENDING,
        due_at=AppNow() + after,
        attempts=max(row.attempts - 1, 0),
        lease_token=None,
        lease_until=None,
        last_error=reason,
    )


def _limited(account: Connection, thread: Conversation, capabilities: Any) -> float:
    """Seconds to wait for the provider's limits, 0.0 when the call may go now."""
    if capabilities.per_second:
        rate = capabilities.per_second
        wait = limits.take(f"send:{account.pk}", rate=rate, burst=max(rate, 1.0))
        if wait:
            return wait
    return 0.0


def _outgoing(message: Message, thread: Conversation) -> Outgoing:
    rows = tuple(
        tuple(Button(b["label"], b.get("value", ""), b.get("kind", "reply")) for b in row)
        for row in message.buttons
    )
    return Outgoing(chat=thread.chat, text=message.text, buttons=rows, key=message.key or str(message.pk))


async def _call(parcel: Parcel, client: Any) -> Outcome:
    try:
        return await http.arun(
            registry.channel(parcel.kind).send(parcel.settings, parcel.outgoing), client=client
        )
    except (Retry, Rejected, Unreachable, Uncertain) as failure:
        return failure
    except Exception as failure:
        log.exception("%s: send failed in an unknown way", parcel.kind)
        return Uncertain(f"{type(failure).__name__}: {failure}")


def _record_all(outcomes: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Records what became of calls. While the database is away it tries again: a known outcome is no doubt."""
    found = {parcel.claim.id: (parcel, outcome) for parcel, outcome in outcomes}
    for parcel, outcome in outcomes:
        failed = isinstance(outcome, Uncertain | Unreachable)
        (lanes.ours.failed if failed else lanes.ours.answered)(parcel.account_id)
    for group in _by_tenant(parcel.claim for parcel, _outcome in outcomes):
        _record_group([found[claim.id] for claim in group])


def _record_group(outcomes: list[tuple[Parcel, Outcome]]) -> None:
    """Records outcomes of one tenant; one that cannot be recorded spares the others."""
    end = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            with wall.tenant_tx(outcomes[0][0].claim.tenant_id):
                for parcel, outcome in outcomes:
                    _record(parcel, outcome)
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
                _record_group([each])
            return


def _record(parcel: Parcel, outcome: Outcome) -> None:
    claim = parcel.claim
    row = Delivery.objects.select_related("message__conversation", "connection").get(pk=claim.id)
    message, account = row.message, row.connection
    with contextlib.suppress(LeaseLost):
        match outcome:
            case Sent():
                # A doubt that arose meanwhile (we were slow to record) is settled by what we know.
                row.finish(token=None if row.state == State.IN_DOUBT else claim.token)
                outbox.settle(
                    message, MessageState.SENT, external_id=outcome.external_id, sent_at=clock.now()
                )
            case Retry():
                if outcome.whole_account and outcome.after:
                    rate = registry.channel(account.kind).capabilities.per_second or 1.0
                    limits.pause(f"send:{account.pk}", outcome.after, rate=rate)
                _again(row, claim, outcome.reason, outcome.after)
            case Rejected() if outcome.revoked:
                accounts.note_trouble(account, reason=outcome.reason, broken=True)
                _park(row, claim, reason=outcome.reason)
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


def _again(row: Delivery, claim: Claim, reason: str, after: float | None) -> None:
    row.retry(token=claim.token, error=reason, after=None if after is None else dt.timedelta(seconds=after))
    if row.state == State.DEAD:
        outbox.settle(row.message, MessageState.FAILED, error=reason)


def doubted(row: DurableRow) -> None:
    """The worker died during the call: the message is uncertain until evidence or a person settles it."""
    assert isinstance(row, Delivery)
    outbox.settle(row.message, MessageState.IN_DOUBT, error=_("It is not known whether it arrived."))
