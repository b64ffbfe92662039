"""What the provider says of our messages later on, in any order; a state never goes backwards."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation

from django.db.models import QuerySet

from connections.models import Connection
from conversations import outbox, signals
from conversations.models import Conversation, Delivery, Direction, Message, MessageState
from integrations.protocols.channel import Receipt
from kit.text import storable
from work.rows import LeaseLost, State


class TooEarly(Exception):
    """The receipt came before our own call was recorded; its event is taken in again a moment later."""


def take(connection: Connection, receipt: Receipt, *, now: dt.datetime) -> None:
    """Records a receipt on the message it names, by our key or by the provider's id, or on all up to it.

    Raises:
        TooEarly: see the class.
    """
    ours = Message.objects.filter(direction=Direction.OUT, conversation__connection=connection)
    if receipt.through:
        _all_up_to(ours, receipt, now=now)
        return
    message = _named(ours, receipt)
    if message is None:
        if Delivery.objects.filter(connection=connection, state=State.CALLING).exists():
            raise TooEarly
        return  # sent by somebody else through the same account
    _record(message, receipt, now=now)
    if receipt.blocked:
        Conversation.objects.filter(pk=message.conversation_id).update(blocked_at=receipt.at or now)


def _named(ours: QuerySet[Message], receipt: Receipt) -> Message | None:
    locked = ours.select_for_update(of=("self",))
    if receipt.key and (found := locked.filter(key=receipt.key).first()):
        return found
    return locked.filter(external_id=receipt.external_id).first() if receipt.external_id else None


def _all_up_to(ours: QuerySet[Message], receipt: Receipt, *, now: dt.datetime) -> None:
    """Everything in the thread that had been sent by then."""
    last = ours.filter(external_id=receipt.external_id).first() if receipt.external_id else None
    if last is not None:
        ours = ours.filter(conversation_id=last.conversation_id, pk__lte=last.pk)
    elif receipt.chat:
        ours = ours.filter(conversation__chat=receipt.chat, sent_at__lte=receipt.at or now)
    else:
        return
    before = [MessageState.SENT, MessageState.DELIVERED]
    for message in ours.select_for_update(of=("self",)).filter(state__in=before).order_by("pk"):
        _record(message, receipt, now=now)


def _record(message: Message, receipt: Receipt, *, now: dt.datetime) -> None:
    at = receipt.at or now
    fields = _cost(message, receipt)
    state = MessageState(receipt.state)
    news = outbox.rank(state) > outbox.rank(message.state)
    if state in (MessageState.DELIVERED, MessageState.READ) and message.delivered_at is None:
        message.delivered_at = at
        fields.append("delivered_at")
    if state == MessageState.READ and message.read_at is None:
        message.read_at = at
        fields.append("read_at")
    if news:
        message.state = state
        message.error = storable(receipt.reason)[:1000]
        message.sent_at = message.sent_at or at
        message.external_id = message.external_id or storable(receipt.external_id)[:200]
        fields += ["state", "error", "sent_at", "external_id"]
    if fields:
        message.save(update_fields=fields)
    if news:
        _no_doubt(message, failed=state == MessageState.FAILED)
        signals.message_settled.send(Message, message=message)


def _cost(message: Message, receipt: Receipt) -> list[str]:
    cost = cost_of(receipt.cost)
    if cost is None:
        return []
    message.cost = cost
    return ["cost"]


def cost_of(told: str) -> Decimal | None:
    """What the provider charged, None for what is no sum."""
    try:
        cost = Decimal(told) if told else None
    except InvalidOperation:
        return None
    return cost if cost is not None and cost.is_finite() and 0 <= cost < 10**7 else None


def _no_doubt(message: Message, *, failed: bool) -> None:
    """The provider knows the message: an attempt whose outcome we did not know has one now."""
    for delivery in message.deliveries.filter(state=State.IN_DOUBT):
        try:
            delivery.finish(token=None, state=State.DEAD if failed else State.DONE)
        except LeaseLost:
            continue  # somebody sent it again meanwhile
