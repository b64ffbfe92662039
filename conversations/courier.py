"""Carries due deliveries to the providers: checked, marked, called outside any transaction, recorded.

A batch goes through three steps. In the tenant's transaction each row is checked afresh and marked `calling`, and
that is committed; then the calls run side by side; then each result is recorded, if the lease is still ours. A
process that dies in the second step leaves `calling` rows, which become `in_doubt` and are never repeated blindly.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import dataclasses
import datetime as dt
import logging
import threading
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection, ConnectionState
from conversations import outbox, signals
from conversations.models import Conversation, Delivery, Message, MessageState
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Button, Outgoing, Sent
from kit import http, limits
from tenants import wall
from work.claim import Claim
from work.rows import DurableRow, LeaseLost, State

log = logging.getLogger(__name__)

IN_FLIGHT = 50
# A channel that is broken keeps its rows; they are looked at again after this.
PARKED = dt.timedelta(seconds=60)

Outcome = Sent | Retry | Rejected | Unreachable | Uncertain


@dataclasses.dataclass(frozen=True)
class Parcel:
    """One call to make."""

    claim: Claim
    kind: str
    settings: dict[str, str]
    outgoing: Outgoing


class _Loop:
    """An event loop in a thread of its own with one lasting client: hundreds of calls at once, one thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._client: Any = None

    def run(self, work: Coroutine[Any, Any, list[Outcome]]) -> list[Outcome]:
        """Runs `work` there and waits for it."""
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                atexit.register(self._close)
                threading.Thread(target=self._loop.run_forever, name="courier", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _close(self) -> None:
        if self._loop is not None and self._client is not None:
            with contextlib.suppress(Exception):
                closing = self._client.__aexit__(None, None, None)
                asyncio.run_coroutine_threadsafe(closing, self._loop).result(2)

    async def client(self) -> Any:
        """The client of this loop."""
        if self._client is None:
            self._client = await http.async_client().__aenter__()
        return self._client


_loop = _Loop()


def carry(claims: Sequence[Claim]) -> None:
    """The queue's `run`: carries a batch of deliveries, `IN_FLIGHT` at a time."""
    for start in range(0, len(claims), IN_FLIGHT):
        parcels = [parcel for group in _by_tenant(claims[start : start + IN_FLIGHT]) for parcel in _prepare(group)]
        if not parcels:
            continue
        outcomes = _loop.run(_call_all(parcels))
        paired = {parcel.claim.id: (parcel, outcome) for parcel, outcome in zip(parcels, outcomes, strict=True)}
        for group in _by_tenant([parcel.claim for parcel in parcels]):
            with wall.tenant_tx(group[0].tenant_id):
                for claim in group:
                    _record(*paired[claim.id])


def _by_tenant(claims: Iterable[Claim]) -> list[list[Claim]]:
    groups: dict[int, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.tenant_id, []).append(claim)
    return list(groups.values())


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
    wait = _limited(account, thread, wire.capabilities)
    if wait > 0:
        _park(row, claim, reason="", after=dt.timedelta(seconds=wait))
        return None
    if account.pk not in settings:
        settings[account.pk] = accounts.settings_of(account)
    return Parcel(claim, account.kind, settings[account.pk], _outgoing(message, thread))


def _veto(row: Delivery, message: Message, thread: Conversation) -> tuple[str, str] | None:
    """(state, reason) when the message must not go out any more."""
    if row.generation is not None and row.generation != thread.generation:
        return State.CANCELLED, _("The conversation has moved on.")
    if row.expires_at and row.expires_at < timezone.now():
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
    from django.db.models.functions import Now

    Delivery.objects.filter(pk=row.pk, lease_token=claim.token).update(
        state=State.PENDING,
        due_at=Now() + after,
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
        tuple(Button(b["label"], b.get("value", ""), b.get("kind", "reply")) for b in row)  # type: ignore[arg-type]
        for row in message.buttons
    )
    return Outgoing(chat=thread.chat, text=message.text, buttons=rows, key=message.key or str(message.pk))


async def _call_all(parcels: list[Parcel]) -> list[Outcome]:
    client = await _loop.client()
    return list(await asyncio.gather(*(_call(parcel, client) for parcel in parcels)))


async def _call(parcel: Parcel, client: Any) -> Outcome:
    try:
        return await http.arun(registry.channel(parcel.kind).send(parcel.settings, parcel.outgoing), client=client)
    except (Retry, Rejected, Unreachable, Uncertain) as failure:
        return failure
    except Exception as failure:
        log.exception("%s: send failed in an unknown way", parcel.kind)
        return Uncertain(f"{type(failure).__name__}: {failure}")


def _record(parcel: Parcel, outcome: Outcome) -> None:
    claim = parcel.claim
    row = Delivery.objects.select_related("message__conversation", "connection").get(pk=claim.id)
    message, account = row.message, row.connection
    with contextlib.suppress(LeaseLost):
        match outcome:
            case Sent():
                row.finish(token=claim.token)
                outbox.settle(
                    message, MessageState.SENT, external_id=outcome.external_id, sent_at=timezone.now()
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
                    Conversation.objects.filter(pk=message.conversation_id).update(blocked_at=timezone.now())
                row.finish(token=claim.token, state=State.DEAD, error=outcome.reason)
                outbox.settle(message, MessageState.FAILED, error=outcome.reason)
            case Unreachable():
                _again(row, claim, str(outcome), None)
            case Uncertain():
                if registry.channel(account.kind).capabilities.idempotent_send:
                    _again(row, claim, str(outcome), None)
                else:
                    row.finish(token=claim.token, state=State.IN_DOUBT, error=str(outcome))
                    outbox.settle(message, MessageState.IN_DOUBT, error=_("It is not known whether it arrived."))


def _again(row: Delivery, claim: Claim, reason: str, after: float | None) -> None:
    row.retry(token=claim.token, error=reason, after=None if after is None else dt.timedelta(seconds=after))
    if row.state == State.DEAD:
        outbox.settle(row.message, MessageState.FAILED, error=reason)


def doubted(row: DurableRow) -> None:
    """The worker died during the call: the message is uncertain until evidence or a person settles it."""
    assert isinstance(row, Delivery)
    outbox.settle(row.message, MessageState.IN_DOUBT, error=_("It is not known whether it arrived."))
