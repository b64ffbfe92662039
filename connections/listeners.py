"""What this room does about its own announcements."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from connections import looks, signals, testcall
from connections.models import Connection, ConnectionState
from integrations.protocols.channel import CallHappened
from tenants import clock


@receiver(signals.connected)
def account_was_made(sender: Any, connection: Connection, **_kwargs: Any) -> None:
    """It is looked after from now on; one that is still being connected begins when it is."""
    if connection.state == ConnectionState.OK:
        looks.plan(connection)


@receiver(signals.fact_received)
def something_came(sender: Any, connection: Connection, fact: Any, **_kwargs: Any) -> None:
    """A call may be the one by which an owner tries their forwarding."""
    if isinstance(fact, CallHappened):
        testcall.hear(connection, fact, now=clock.now())
