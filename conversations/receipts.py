"""What the provider says of our messages later on; a state never goes backwards."""

from __future__ import annotations

import datetime as dt

from connections.models import Connection
from conversations import signals
from conversations.models import Direction, Message, MessageState
from integrations.protocols.channel import Receipt
from kit.text import storable

RANK = {
    MessageState.PENDING: 0,
    MessageState.IN_DOUBT: 1,
    MessageState.FAILED: 1,
    MessageState.SENT: 2,
    MessageState.DELIVERED: 3,
    MessageState.READ: 4,
}


def take(connection: Connection, receipt: Receipt, *, now: dt.datetime) -> None:
    """Records a receipt on the message it names, by our key or by the provider's id."""
    sent = Message.objects.select_for_update().filter(
        direction=Direction.OUT, conversation__connection=connection
    )
    message = sent.filter(key=receipt.key).first() if receipt.key else None
    message = message or sent.filter(external_id=receipt.external_id).first()
    if message is None:
        return
    state = MessageState(receipt.state)
    if RANK.get(state, 0) <= RANK.get(MessageState(message.state), 0):
        return
    message.state = state
    message.sent_at = message.sent_at or receipt.at or now
    message.error = storable(receipt.reason)
    message.external_id = message.external_id or receipt.external_id
    message.save(update_fields=["state", "sent_at", "error", "external_id"])
    signals.message_settled.send(Message, message=message)
