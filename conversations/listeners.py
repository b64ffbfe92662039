"""Hears facts of channels."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from connections import signals as connection_signals
from conversations import evidence, lookups, receive, signals
from conversations.models import Conversation, Message, MessageState
from tenants import clock


@receiver(connection_signals.fact_received)
def hear(sender: Any, connection: Any, event: Any, fact: Any, **_: Any) -> None:
    """A fact becomes a person, a thread, a message."""
    receive.hear(connection=connection, event=event, fact=fact)


@receiver(signals.message_received)
def show_the_ad(sender: Any, message: Message, fact: Any, now: Any, **_: Any) -> None:
    """The card of the ad stands in the bubble that came from it; what a new thread leaves open is looked up."""
    if fact.touch is not None and fact.touch.ad is not None:
        lookups.put_card(message, fact.touch.ad)
    if message.conversation.created_at == now:
        lookups.plan(message.conversation, now=now)


@receiver(signals.chat_opened)
def look_up(sender: Any, conversation: Conversation, now: Any, **_: Any) -> None:
    """Who opened the chat may be asked before they write."""
    if conversation.created_at == now:
        lookups.plan(conversation, now=now)


@receiver(signals.message_settled)
def seek_evidence(sender: Any, message: Message, **_: Any) -> None:
    """An uncertain message is asked about where the provider keeps evidence."""
    if message.state == MessageState.IN_DOUBT:  # nearly every message simply went out
        evidence.seek(message, now=clock.now())
