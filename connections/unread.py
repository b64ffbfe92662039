"""What came in through an account and could not be read: listed beside it, to be tried again."""

from __future__ import annotations

from django.db.models import QuerySet

from connections import intake
from connections.models import Connection, InboundEvent
from integrations import registry
from work.rows import State


def of(connection: Connection) -> QuerySet[InboundEvent]:
    """The account's unread events, newest first, without their bytes."""
    return InboundEvent.objects.filter(connection=connection, state=State.DEAD).defer("raw").order_by("-id")


def again(event: InboundEvent) -> bool:
    """Has an event read again; False when it is under way or done already, or when nothing can read it any more."""
    locked = InboundEvent.objects.select_for_update().select_related("connection").get(pk=event.pk)
    if locked.state != State.DEAD or locked.connection.kind not in registry.channels:
        return False
    intake.replay(locked)
    return True
