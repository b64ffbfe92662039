"""Carries due deliveries to the providers: checked, marked, called outside any transaction, recorded.

A batch goes through three steps. In the tenant's transaction its rows are checked afresh and marked `calling`, and
that is committed; then they are called side by side (`conversations/flights.py`); then the outcomes are recorded, where
the lease is still ours (`conversations/outcomes.py`). A process that dies in the second step leaves `calling` rows,
which become `in_doubt` and are never repeated blindly. The next rows are checked while calls are under way.
"""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models import Connection, ConnectionState
from conversations import flights, outbox, outcomes, quoting, sending, window
from conversations.checks import Checks
from conversations.flights import Future, Parcel
from conversations.models import Author, Conversation, Delivery, Message, MessageState
from integrations import registry
from integrations.protocols.channel import Button, Outgoing, Template
from tenants import wall
from work import sweep
from work.claim import Claim
from work.joined import Joined
from work.rows import CALL_LEASE, DurableRow, State

log = logging.getLogger(__name__)

# So many of one tenant are marked and called at once.
TOGETHER = flights.IN_FLIGHT // 2
PATIENCE_SECONDS = flights.PATIENCE_SECONDS

wait = outcomes.recorder.wait


# ---------------------------------------------------------------- the queue's run
def carry(claims: Sequence[Claim]) -> None:
    """Carries a batch; returns once each call has ended and is recorded, or takes longer than our patience."""
    under_way: dict[Future, Parcel] = {}
    try:
        for begun in _begin(claims):
            under_way |= begun
            _record(under_way, [call for call in under_way if call.done()])
    finally:  # what was begun is recorded, whatever befell the rest
        _record(under_way, concurrent.futures.wait(under_way, timeout=PATIENCE_SECONDS).done)
        outcomes.recorder.take(under_way)


def begin(claims: Sequence[Claim]) -> None:
    """The same, but returns once all calls are begun: the outcomes are recorded beside the next batch."""
    for begun in _begin(claims):
        outcomes.recorder.take(begun)
        outcomes.recorder.catch_up()


def _record(under_way: dict[Future, Parcel], done: Sequence[Future] | set[Future]) -> None:
    outcomes.record([(under_way.pop(call), call.result()) for call in done])


def _begin(claims: Sequence[Claim]) -> Iterator[dict[Future, Parcel]]:
    """Marks and calls portion by portion, as slots become free."""
    flights.ours.start()
    for portion in _portions(claims):
        flights.ours.slots.take(len(portion))
        parcels: list[Parcel] = []
        trouble: Exception | None = None
        try:
            for parcel in _prepare_all(portion):
                parcels.append(parcel)
        except sweep.AWAY as error:  # those marked already are called all the same
            trouble = error
        finally:
            flights.ours.slots.give(len(portion) - len(parcels))
        yield flights.ours.begin(parcels)
        if trouble is not None:
            raise trouble


def _portions(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims of one tenant each; whoever has few comes first, and does not wait for a mass mailing."""
    groups: dict[int, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.tenant_id, []).append(claim)
    return [
        group[start : start + TOGETHER]
        for group in sorted(groups.values(), key=len)
        for start in range(0, len(group), TOGETHER)
    ]


# ---------------------------------------------------------------- checked and marked
def _prepare_all(claims: list[Claim]) -> Iterator[Parcel]:
    """`_prepare`, where a row that cannot be prepared at all is put off and spares the others."""
    try:
        yield from _prepare(claims)
    except sweep.AWAY:
        raise
    except Exception as error:
        if len(claims) > 1:
            for claim in claims:
                yield from _prepare_all([claim])
            return
        log.exception("delivery %s cannot be prepared", claims[0].id)
        sweep.put_off(Delivery, claims[0], error, died=_died)


def _died(row: DurableRow) -> None:
    assert isinstance(row, Delivery)
    outbox.settle(row.message, MessageState.FAILED, error=_("It could not be sent."))


_ROWS = Joined(
    Delivery,
    {
        "message": Message,
        "message__conversation": Conversation,
        "message__conversation__connection": Connection,
        "connection": Connection,
    },
    """
    FROM conversations_delivery it
    JOIN conversations_message message ON message.tenant_id = it.tenant_id AND message.id = it.message_id
    JOIN conversations_conversation message__conversation
      ON message__conversation.tenant_id = it.tenant_id AND message__conversation.id = message.conversation_id
    JOIN connections_connection message__conversation__connection
      ON message__conversation__connection.tenant_id = it.tenant_id
      AND message__conversation__connection.id = message__conversation.connection_id
    JOIN connections_connection connection ON connection.tenant_id = it.tenant_id AND connection.id = it.connection_id
    WHERE it.tenant_id = %s AND it.id = ANY(%s) AND it.lease_token = %s AND it.state = 'claimed'
    ORDER BY it.id FOR UPDATE OF it
    """,
)
_MARK = """
UPDATE conversations_delivery SET state = 'calling', called_at = statement_timestamp(),
  lease_until = statement_timestamp() + make_interval(secs => %s)
WHERE tenant_id = %s AND id = ANY(%s) AND lease_token = %s AND state = 'claimed'
"""


def _prepare(claims: list[Claim]) -> list[Parcel]:
    """Checks the rows of one tenant and marks those that will be called; commits."""
    token, tenant_id = claims[0].token, claims[0].tenant_id
    with wall.tenant_tx(tenant_id):
        rows = _ROWS.fetch([tenant_id, [claim.id for claim in claims], token])
        checks = Checks(rows)
        by_id = {claim.id: claim for claim in claims}
        parcels = [parcel for row in rows if (parcel := _parcel(row, by_id[row.pk], checks)) is not None]
        outcomes.park(checks.parked, token=token)
        if parcels:
            with connection.cursor() as cursor:
                cursor.execute(
                    _MARK,
                    [CALL_LEASE.total_seconds(), tenant_id, [parcel.claim.id for parcel in parcels], token],
                )
    return parcels


def _parcel(row: Delivery, claim: Claim, checks: Checks) -> Parcel | None:
    """The call to make for a row, or None when it ended or was put off instead."""
    message, thread, account = row.message, row.message.conversation, row.connection
    veto = checks.veto(row, message, thread)
    if veto is not None:
        state, reason = veto
        row.finish(token=claim.token, state=state, error=reason)
        outbox.settle(
            message, MessageState.CANCELLED if state == State.CANCELLED else MessageState.FAILED, error=reason
        )
        return None
    if account.state != ConnectionState.OK:
        checks.parked.append(outcomes.Parked(row.pk, outcomes.PARKED, account.last_error))
        return None
    pause = checks.pause(account, thread)
    if pause > 0:
        checks.parked.append(outcomes.Parked(row.pk, dt.timedelta(seconds=pause)))
        return None
    settings, file = checks.settings(account), sending.enclosed(message)
    return Parcel(
        claim,
        row,
        account.kind,
        settings,
        outgoing(message, thread, account, expires_at=row.expires_at),
        file,
    )


def outgoing(
    message: Message, thread: Conversation, account: Connection, *, expires_at: dt.datetime | None = None
) -> Outgoing:
    """What the channel's wire is given. Numbered options stand in the text already, so they are no buttons."""
    rows = [
        tuple(
            Button(b["label"], b.get("value", ""), b.get("kind", "reply")) for b in row if "number" not in b
        )
        for row in message.buttons
    ]
    capabilities = registry.channel(account.kind).capabilities
    now = timezone.now()
    late = not window.after(thread.last_heard_at, capabilities).open(now)
    approved = message.template if late else None
    return Outgoing(
        chat=thread.chat,
        text=message.text,
        buttons=tuple(row for row in rows if row),
        key=message.key or str(message.pk),
        reply_to=message.reply_to or None,
        template=_template(approved) if approved else None,
        by_person=message.author == Author.MANAGER,
        late=late,
        subject=message.subject,
        references=quoting.references(thread) if capabilities.letters else (),
        expires_in_seconds=max(int((expires_at - now).total_seconds()), 60) if expires_at else None,
    )


def _template(approved: dict[str, Any]) -> Template:
    return Template(
        name=approved["name"], language=approved["language"], values=tuple(approved.get("values", ()))
    )


def doubted(row: DurableRow) -> None:
    """The worker died during the call: the message is uncertain until evidence or a person settles it."""
    assert isinstance(row, Delivery)
    outbox.settle(row.message, MessageState.IN_DOUBT, error=_("It is not known whether it arrived."))
