"""Buttons under our messages: each carries a random token, and the row behind it says what pressing it means."""

from __future__ import annotations

import datetime as dt
from typing import Any

from conversations import signals
from conversations.models import ButtonAction, Conversation, Direction, Message, MessageState
from tenants.models import new_token


def offer(
    conversation: Conversation,
    *,
    owner: str,
    action: str,
    payload: dict[str, Any],
    label: str,
    now: dt.datetime,
) -> dict[str, str]:
    """A button for `outbox.say`: `{"label", "value"}`. The room named `owner` hears of it when it is pressed."""
    row = ButtonAction.objects.create(
        token=new_token(12),
        conversation=conversation,
        owner=owner,
        action=action,
        payload=payload,
        label=label[:100],
        created_at=now,
    )
    return {"label": label, "value": row.token}


def ask_contact(label: str) -> dict[str, str]:
    """A button by which the person shares their own phone, where the channel has such."""
    return {"label": label, "value": "", "kind": "contact"}


def link(label: str, url: str) -> dict[str, str]:
    """A button that opens an address."""
    return {"label": label, "value": url, "kind": "url"}


def find(conversation: Conversation, value: str) -> ButtonAction | None:
    """The action behind a pressed value, None for what is not ours or belongs to another thread."""
    return ButtonAction.objects.filter(conversation=conversation, token=value[:24]).first() if value else None


def find_by_label(conversation: Conversation, text: str) -> ButtonAction | None:
    """The newest offered action whose label the person typed instead of pressing it."""
    text = text.strip()
    if not text or len(text) > 100:
        return None
    return ButtonAction.objects.filter(conversation=conversation, label__iexact=text).order_by("-id").first()


def find_by_number(conversation: Conversation, text: str) -> ButtonAction | None:
    """The option that a person chose by its number, where the channel shows no buttons.

    Only the options of our newest message count: an older list is no longer before the person's eyes.
    """
    number = text.strip().rstrip(".)")
    if not number.isascii() or not number.isdigit() or len(number) > 2:
        return None
    newest = (
        Message.objects.filter(conversation=conversation, direction=Direction.OUT)
        .exclude(state=MessageState.CANCELLED)
        .order_by("-created_at", "-id")
        .first()
    )
    offered = [button for row in (newest.buttons if newest else []) for button in row]
    chosen = next((b for b in offered if str(b.get("number", "")) == number), None)
    return find(conversation, str(chosen.get("value", ""))) if chosen else None


def press(action: ButtonAction, *, now: dt.datetime) -> None:
    """Marks the action used and tells its owner; what a second press means is the owner's to decide."""
    if action.used_at is None:
        action.used_at = now
        action.save(update_fields=["used_at"])
    signals.button_pressed.send(ButtonAction, action=action, conversation=action.conversation, now=now)
