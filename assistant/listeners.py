"""Hears clients write, open the chat and press buttons."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant import answer, facts, mode, talk
from conversations import signals as conversation_signals
from reminders import attach
from tenants import wall


@receiver(conversation_signals.message_received)
def wrote(sender: Any, message: Any, fact: Any, now: Any, **_kwargs: Any) -> None:
    """Words are answered once the client has stopped; a shared phone and a start at once; a machine's letter never."""
    thread = message.conversation
    if message.automatic or not mode.may_answer(thread, wall.entered_tenant()):
        return
    if fact.command == "start":
        if attach.visit_of(fact.touch) is None:
            answer.opened(thread, now=now, afresh=True)
    elif message.kind == "contact":
        answer.shared_contact(thread, now=now)
    else:
        answer.plan(thread, now=now, hello=answer.wants_hello(thread, message.text, now=now))


@receiver(conversation_signals.chat_opened)
def opened(sender: Any, conversation: Any, touch: Any, now: Any, **_kwargs: Any) -> None:
    """Somebody new is greeted; a chat opened by a visit's link was answered by the reminders."""
    if attach.visit_of(touch) is None:
        answer.opened(conversation, now=now, afresh=False)


@receiver(conversation_signals.opening_asked)
def opening(sender: Any, now: Any, **_kwargs: Any) -> Any:
    """When somebody is there, by the masters' hours."""
    return facts.opens_at(now=now, zone=wall.entered_tenant().zone)


@receiver(conversation_signals.button_pressed)
def pressed(sender: Any, action: Any, conversation: Any, now: Any, **_kwargs: Any) -> None:
    """Answered in the transaction of the press. Pressing takes no look at a list twice, so nothing is waited for."""
    if action.owner == talk.OWNER:
        answer.pressed(action, conversation, now=now)
    else:
        # The words it was typed as, if it was, are answered by the button's own room.
        answer.drop(conversation)
