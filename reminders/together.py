"""Says many reminders at once: what `buttons.offer` and `outbox.say` do for one, in a few statements for all.

Reminders of a morning come due together, and each by itself would cost a dozen statements. A test holds the rows
written here to those that `outbox.say` writes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from conversations import outbox, render, signals
from conversations.models import (
    Author,
    ButtonAction,
    Conversation,
    Delivery,
    Direction,
    Message,
    MessageState,
)
from integrations import registry
from integrations.protocols.channel import split
from kit.text import storable
from reminders.models import Reminder
from tenants import wall
from tenants.models import new_token
from work import insert, sweep


@dataclasses.dataclass(frozen=True)
class Saying:
    """A reminder that goes into a thread, with rows of (action, label) for its buttons."""

    reminder: Reminder
    thread: Conversation
    text: str
    buttons: Sequence[Sequence[tuple[str, str]]]
    payload: dict[str, Any]
    owner: str
    key: str
    template: dict[str, Any] | None = None

    @property
    def plain(self) -> bool:
        """Whether it is one message with buttons as they are; any other shape is left to the outbox."""
        capabilities = registry.channel(self.thread.connection.kind).capabilities
        rows = [[{"label": label, "value": "x" * 16} for _name, label in row] for row in self.buttons]
        return (
            self.template is None
            and render.shape(self.text, rows, capabilities) == (self.text, rows)
            and len(split(storable(self.text), capabilities)) == 1
        )


def say(sayings: Sequence[Saying], *, now: dt.datetime) -> None:
    """Writes messages, deliveries and buttons, and marks the reminders said. Their rows are locked by the caller."""
    if not sayings:
        return
    offered = [[_offer(saying, row, now) for row in saying.buttons] for saying in sayings]
    insert.rows([action for rows in offered for row in rows for action in row])
    messages = insert.rows(
        [_message(saying, rows, now) for saying, rows in zip(sayings, offered, strict=True)]
    )
    insert.rows([_delivery(saying, message, now) for saying, message in zip(sayings, messages, strict=True)])
    for saying, message in zip(sayings, messages, strict=True):
        saying.thread.last_message_at, saying.thread.last_text = now, message.text[:200]
        saying.reminder.message, saying.reminder.channel_kind = message, saying.thread.connection.kind
    _note(sayings, now)
    sweep.nudge(outbox.QUEUE)
    for message in messages:
        signals.message_said.send(Message, message=message, now=now)


_THREADS = """
UPDATE conversations_conversation c SET last_message_at = %s, last_text = t.text
FROM unnest(%s::bigint[], %s::text[]) AS t(id, text) WHERE c.tenant_id = %s AND c.id = t.id
"""
_REMINDERS = """
UPDATE reminders_reminder r SET state = 'done', reason = '', last_error = '', lease_until = NULL, lease_token = NULL,
  message_id = t.message, channel_kind = t.kind
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS t(id, message, kind) WHERE r.tenant_id = %s AND r.id = t.id
"""


def _note(sayings: Sequence[Saying], now: dt.datetime) -> None:
    """Threads show the last word; the reminders are done."""
    tenant_id, rows = wall.current_tenant_id(), [saying.reminder for saying in sayings]
    texts = {saying.thread.pk: saying.thread.last_text for saying in sayings}  # the last one of a thread
    with connection.cursor() as cursor:
        cursor.execute(_THREADS, [now, list(texts), list(texts.values()), tenant_id])
        kinds = [row.channel_kind for row in rows]
        values: list[Any] = [[row.pk for row in rows], [row.message_id for row in rows], kinds, tenant_id]
        cursor.execute(_REMINDERS, values)


def _offer(saying: Saying, row: Sequence[tuple[str, str]], now: dt.datetime) -> list[ButtonAction]:
    return [
        ButtonAction(
            token=new_token(12),
            conversation=saying.thread,
            owner=saying.owner,
            action=action,
            payload=saying.payload,
            label=label[:100],
            created_at=now,
        )
        for action, label in row
    ]


def _message(saying: Saying, offered: list[list[ButtonAction]], now: dt.datetime) -> Message:
    return Message(
        conversation=saying.thread,
        contact_id=saying.thread.contact_id,
        direction=Direction.OUT,
        author=Author.SYSTEM,
        text=storable(saying.text),
        buttons=[
            [
                {"label": label, "value": action.token}
                for (_name, label), action in zip(row, made, strict=True)
            ]
            for row, made in zip(saying.buttons, offered, strict=True)
        ],
        key=saying.key,
        state=MessageState.PENDING,
        created_at=now,
    )


def _delivery(saying: Saying, message: Message, now: dt.datetime) -> Delivery:
    return Delivery(
        message=message,
        connection_id=saying.thread.connection_id,
        thread=str(saying.thread.pk),
        dedup_key=saying.key,
        due_at=now,
        expires_at=saying.reminder.expires_at,
        created_at=now,
    )
