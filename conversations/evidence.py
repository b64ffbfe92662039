"""Uncertain deliveries are settled by what the provider knows of them, where it keeps any evidence."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from connections import accounts
from conversations import courier, outbox
from conversations.models import Delivery, Inquiry, Message, MessageState
from integrations import registry
from integrations.errors import FAILURES, Rejected
from integrations.protocols.channel import Outgoing, Sent, Settings
from tenants import clock, wall
from work.claim import Claim
from work.rows import LeaseLost, State

log = logging.getLogger(__name__)

QUEUE = "inquiries"
# A message that was taken shows at the provider within this time.
FIRST = dt.timedelta(seconds=15)


def seek(message: Message, *, now: dt.datetime) -> None:
    """Plans the questions for a message that has become uncertain; none where the provider keeps no evidence."""
    if message.state != MessageState.IN_DOUBT:
        return
    delivery = message.deliveries.filter(state=State.IN_DOUBT).order_by("-id").first()
    if delivery is None or message.conversation.connection.kind not in registry.channels:
        return
    wire = registry.channel(message.conversation.connection.kind)
    settings = accounts.settings_of(message.conversation.connection)
    since = delivery.called_at or delivery.created_at
    call = wire.settle(
        settings, courier.outgoing(message, message.conversation, message.conversation.connection), since
    )
    if call is None:
        return
    call.close()
    Inquiry.objects.get_or_create(delivery=delivery, defaults={"since": since, "due_at": now + FIRST})


def inquire(claims: Sequence[Claim]) -> None:
    """The queue's `run`: asks about each, outside any transaction, and records what is known."""
    for claim in claims:
        with wall.tenant_tx(claim.tenant_id):
            row = Inquiry.objects.select_related("delivery__message__conversation__connection").get(
                pk=claim.id
            )
            delivery, thread = row.delivery, row.delivery.message.conversation
            if delivery.state != State.IN_DOUBT or row.lease_token != claim.token:
                _finish(row, claim)
                continue
            settings = accounts.settings_of(thread.connection)
            outgoing, kind, since = (
                courier.outgoing(delivery.message, thread, thread.connection),
                thread.connection.kind,
                row.since,
            )
        _settle(claim, *_ask(kind, settings, outgoing, since))


def _ask(
    kind: str, settings: Settings, outgoing: Outgoing, since: dt.datetime
) -> tuple[bool, Sent | None, str]:
    """(known, what was found, why it is not known)."""
    call = registry.channel(kind).settle(settings, outgoing, since)
    if call is None:
        return False, None, "no evidence"
    try:
        return True, accounts.run(settings, call), ""
    except Rejected as error:
        return False, None, error.reason
    except FAILURES as error:
        return False, None, str(error)


def _settle(claim: Claim, known: bool, found: Sent | None, reason: str) -> None:
    with wall.tenant_tx(claim.tenant_id):
        row = Inquiry.objects.select_related("delivery__message").get(pk=claim.id)
        delivery = Delivery.objects.select_for_update().get(pk=row.delivery_id)
        if delivery.state != State.IN_DOUBT:
            _finish(row, claim)
        elif found is not None:
            delivery.finish(token=None)
            outbox.settle(
                row.delivery.message, MessageState.SENT, external_id=found.external_id, sent_at=clock.now()
            )
            _finish(row, claim)
        elif known and row.attempts >= 3:
            # Asked three times over minutes and never seen: it did not arrive. A person decides whether it still
            # makes sense, and "send again" is safe.
            delivery.finish(token=None, state=State.DEAD, error="not at the provider")
            outbox.settle(row.delivery.message, MessageState.FAILED, error=outbox.not_arrived())
            _finish(row, claim)
        else:
            try:
                row.retry(token=claim.token, error=reason, after=_pause(row.attempts))
            except LeaseLost:
                log.info("inquiry %s is somebody else's by now", row.pk)


def _pause(attempts: int) -> dt.timedelta:
    return dt.timedelta(seconds=(60, 180, 600, 1800, 3600)[min(attempts, 5) - 1])


def _finish(row: Inquiry, claim: Claim) -> None:
    try:
        row.finish(token=claim.token)
    except LeaseLost:
        log.info("inquiry %s is somebody else's by now", row.pk)
