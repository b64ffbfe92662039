"""Our own words coming back from the provider, told apart from what a colleague writes in its app."""

from __future__ import annotations

import datetime as dt

from connections.models import Connection
from conversations import receipts
from conversations.models import Conversation, Delivery, Direction, Message
from integrations.protocols.channel import OperatorEcho, Receipt
from kit.text import storable
from work.rows import State

# An echo is heard within this of the call that made it.
NEAR = dt.timedelta(minutes=2)
# A longer text may come back cut.
COMPARED = 200


def is_ours(connection: Connection, thread: Conversation, echo: OperatorEcho, *, now: dt.datetime) -> bool:
    """Whether an echo is a message that we sent. One that comes before our call was recorded settles that call."""
    external_id = storable(echo.external_id)[:200]
    if Message.objects.filter(conversation=thread, direction=Direction.OUT, external_id=external_id).exists():
        return True
    at = echo.sent_at or now
    under_way = (
        Delivery.objects.select_related("message")
        .filter(
            thread=str(thread.pk),
            state__in=(State.CALLING, State.IN_DOUBT),
            called_at__range=(at - NEAR, at + NEAR),
            message__external_id="",
        )
        .order_by("id")
    )
    for delivery in under_way:
        message = delivery.message
        if _same(message.text, echo.text):
            sent = Receipt(external_id=external_id, state="sent", key=message.key, at=min(at, now))
            receipts.take(connection, sent, now=now)
            return True
    return False


def _same(ours: str, theirs: str) -> bool:
    return _plain(ours) == _plain(theirs)


def _plain(text: str) -> str:
    return " ".join(storable(text).split())[:COMPARED]
