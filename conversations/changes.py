"""Edits and deletions of messages, in any order: what comes before its message is kept until the message is there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from connections import accounts, intake
from connections.models import Connection, InboundEvent
from conversations import media, signals
from conversations.models import Conversation, Direction, EarlyChange, Message
from integrations import registry
from integrations.errors import ParseError
from integrations.protocols import channel
from kit.text import storable
from tenants import clock
from work.claim import Claim
from work.rows import DurableRow, State

QUEUE = "early_changes"

Change = channel.MessageEdited | channel.MessagesDeleted

# A message that its own edit overtook waits in our spool, or at a provider that could not reach us: it comes soon
# after such an outage. Looking again in seconds would find it no earlier.
LOOKS = (dt.timedelta(seconds=30), dt.timedelta(minutes=5), dt.timedelta(hours=1), dt.timedelta(hours=6))


def take(connection: Connection, fact: Change, *, now: dt.datetime) -> bool:
    """Changes what the fact speaks of, as far as it is there; whether all of it was. Harmless when repeated."""
    if isinstance(fact, channel.MessagesDeleted):
        return _deleted(connection, fact, now=now)
    return _edited(connection, fact, now=now)


def keep(event: InboundEvent, *, now: dt.datetime) -> None:
    """Keeps a change whose message is not there; its event is done, and holds up nothing else that came with it."""
    EarlyChange.objects.get_or_create(event=event, defaults={"due_at": now + LOOKS[0]})


def look_again(row: DurableRow, taken: Claim) -> None:
    """The queue's work: tells the changes of an event once more. After the last look they were of older messages."""
    assert isinstance(row, EarlyChange)
    event = InboundEvent.objects.get(pk=row.event_id)
    connection = Connection.objects.get(pk=event.connection_id)
    try:
        facts = registry.channel(connection.kind).parse(
            accounts.settings_of(connection), intake.request_of(event)
        )
    except (ParseError, registry.UnknownKind) as error:
        row.finish(token=taken.token, state=State.IGNORED, error=str(error))
        return
    found = [take(connection, fact, now=clock.now()) for fact in facts if isinstance(fact, Change)]
    if all(found):
        return
    if row.attempts < len(LOOKS):
        row.retry(token=taken.token, error="its message is not there", after=LOOKS[row.attempts])
    else:
        row.finish(token=taken.token, state=State.IGNORED, error="its message is from before our time")


def _edited(connection: Connection, fact: channel.MessageEdited, *, now: dt.datetime) -> bool:
    message = (
        _of_chat(connection, fact.chat)
        .filter(
            external_id=storable(fact.external_id)[:200],
            direction=Direction.OUT if fact.by_operator else Direction.IN,
        )
        .first()
    )
    if message is None:
        return False
    text, at = storable(fact.text), fact.edited_at or now
    replaced = media.changed(message, fact.media, now=now)
    if not text or text == message.text or _wording(text, at) in message.wordings:
        if replaced:
            signals.message_changed.send(Message, message=message, now=now)
        return True
    if message.edited_at is not None and at < message.edited_at:
        # An edit that a newer one overtook: one more wording on the way.
        message.wordings = sorted([*message.wordings, _wording(text, at)], key=lambda one: one["at"])
    else:
        message.wordings = [
            *message.wordings,
            _wording(message.text, message.edited_at or message.created_at),
        ]
        message.text, message.edited_at = text, at
    message.save(update_fields=["text", "edited_at", "wordings"])
    Conversation.objects.filter(pk=message.conversation_id, last_message_at=message.created_at).update(
        last_text=message.text[:200]
    )
    signals.message_changed.send(Message, message=message, now=now)
    return True


def _deleted(connection: Connection, fact: channel.MessagesDeleted, *, now: dt.datetime) -> bool:
    named = {storable(ident)[:200] for ident in fact.external_ids}
    there = list(_of_chat(connection, fact.chat).filter(external_id__in=named))
    for message in there:
        if message.deleted_at is None:
            message.deleted_at = now
            message.save(update_fields=["deleted_at"])
            signals.message_changed.send(Message, message=message, now=now)
    return named <= {message.external_id for message in there}


def _of_chat(connection: Connection, chat: str) -> Any:
    """Messages of a chat, locked."""
    return Message.objects.select_for_update(of=("self",)).filter(
        conversation__connection=connection, conversation__chat=storable(chat)[:200]
    )


def _wording(text: str, at: dt.datetime) -> dict[str, str]:
    return {"text": text, "at": at.isoformat()}
