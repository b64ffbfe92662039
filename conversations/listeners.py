"""Hears facts of channels."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from connections import signals as connection_signals
from conversations import receive


@receiver(connection_signals.fact_received)
def hear(sender: Any, connection: Any, event: Any, fact: Any, **_: Any) -> None:
    """A fact becomes a person, a thread, a message."""
    receive.hear(connection=connection, event=event, fact=fact)
