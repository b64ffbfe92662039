"""Hears visits change, messages end and clients press buttons."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from bookings import signals as booking_signals
from conversations import signals as conversation_signals
from reminders import attach, dispatch, invitation, plan, visit
from reminders.models import Reason


@receiver(booking_signals.booked)
def plan_booked(sender: Any, booking: Any, now: Any, **_kwargs: Any) -> None:
    """An agreed visit gets its reminders, and who has no chat with us an invitation into one."""
    plan.plan([booking], now=now)
    invitation.send(booking, now=now)


@receiver(booking_signals.moved)
def plan_moved(sender: Any, booking: Any, now: Any, **_kwargs: Any) -> None:
    """Those of the old start are cancelled, the new start gets its own; a held time has none yet."""
    plan.drop(booking, reason=Reason.MOVED, keep=booking.starts_at)
    if booking.status == "confirmed":
        plan.plan([booking], now=now)


@receiver(booking_signals.cancelled)
def drop_cancelled(sender: Any, booking: Any, **_kwargs: Any) -> None:
    """Nothing to remind of."""
    plan.drop(booking, reason=Reason.CANCELLED)


@receiver([booking_signals.arrived, booking_signals.completed, booking_signals.no_show])
def drop_over(sender: Any, booking: Any, **_kwargs: Any) -> None:
    """The client is here, or the visit is over."""
    plan.drop(booking, reason=Reason.OVER)


@receiver(booking_signals.reopened)
def plan_reopened(sender: Any, booking: Any, now: Any, **_kwargs: Any) -> None:
    """A mistaken mark was taken back: the visit is ahead again."""
    if booking.status == "confirmed":
        plan.plan([booking], now=now)


@receiver(conversation_signals.about_to_send)
def last_check(sender: Any, messages: Any, **_kwargs: Any) -> dict[int, str]:
    """Reminders of visits that were moved or cancelled stay unsent."""
    return dispatch.vetoes(messages)


@receiver(conversation_signals.message_settled)
def mirror(sender: Any, message: Any, **_kwargs: Any) -> None:
    """What became of the message became of the reminder."""
    dispatch.settled(message)


@receiver(conversation_signals.button_pressed)
def pressed(sender: Any, action: Any, conversation: Any, now: Any, **_kwargs: Any) -> None:
    """A button under a reminder finishes inside the chat."""
    if action.owner == dispatch.OWNER:
        visit.press(action, conversation, now=now)


@receiver(conversation_signals.chat_opened)
def opened(sender: Any, conversation: Any, touch: Any, now: Any, **_kwargs: Any) -> None:
    """A chat was opened by a visit's link."""
    attach.attach(conversation, touch, now=now)


@receiver(conversation_signals.message_received)
def started(sender: Any, message: Any, fact: Any, now: Any, **_kwargs: Any) -> None:
    """The same where opening a chat comes as a message."""
    attach.attach(message.conversation, fact.touch, now=now)
