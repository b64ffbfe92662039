"""An outside fact becomes a person, a thread and a message."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from connections.models import Connection, InboundEvent
from conversations import (
    buttons,
    calls,
    changes,
    contacts,
    echoes,
    media,
    migrating,
    outbox,
    receipts,
    signals,
)
from conversations.models import Author, Conversation, Direction, Message, MessageState
from conversations.threads import became, thread_of
from integrations.protocols import channel
from kit.text import storable
from tenants import clock

__all__ = ["hear", "thread_of"]


# Parts of an album come within moments of each other; the same key much later is another album's.
ALBUM = dt.timedelta(minutes=10)


def hear(*, connection: Connection, event: InboundEvent, fact: channel.Fact) -> None:
    """Takes one fact of a channel in, inside the transaction of its event."""
    now = clock.now()
    match fact:
        case channel.MessageReceived():
            _message(connection, event, fact, now=now)
        case channel.ButtonPressed():
            _button(connection, fact, now=now)
        case channel.ChatOpened():
            thread = thread_of(connection, fact.chat, fact.person, now=now)
            signals.chat_opened.send(Conversation, conversation=thread, touch=fact.touch, now=now)
        case channel.MessageEdited() | channel.MessagesDeleted():
            if not changes.take(connection, fact, now=now) and event is not None:
                changes.keep(event, now=now)
        case channel.Receipt():
            receipts.take(connection, fact, now=now)
        case channel.ChatBlocked() | channel.ChatUnblocked():
            thread = thread_of(connection, fact.chat, fact.person, now=now)
            thread.blocked_at = now if isinstance(fact, channel.ChatBlocked) else None
            thread.save(update_fields=["blocked_at"])
        case channel.OperatorEcho():
            _echo(connection, event, fact, now=now)
        case channel.CallHappened():
            calls.take(connection, event, fact, now=now)
        case channel.IdentityChanged():
            contacts.id_changed(connection.kind, fact.old_external_id, fact.person, now=now)
        case channel.MarketingStopped():
            _marketing(connection, fact, now=now)
        case channel.ChatMigrated():
            migrating.migrate(connection, old_chat=fact.old_chat, new_chat=fact.new_chat, now=now)
        case channel.AccountChanged():
            connection.account |= {"state": fact.state, **fact.details}
            connection.save(update_fields=["account"])
        case channel.FormSubmitted():
            _form(connection, event, fact, now=now)


def _message(
    connection: Connection, event: InboundEvent, fact: channel.MessageReceived, *, now: dt.datetime
) -> None:
    thread = thread_of(connection, fact.chat, fact.person, now=now, is_older=fact.is_older)
    if fact.contact:
        became(thread, contacts.shared_card(thread.contact, fact.contact, now=now))
    at = min(fact.sent_at or now, now)
    message = Message(
        conversation=thread,
        contact=thread.contact,
        direction=Direction.IN,
        author=Author.CLIENT,
        kind=fact.kind,
        text=storable(fact.text),
        media=_media(fact),
        subject=storable(fact.subject)[:255],
        reply_to=storable(fact.reply_to or "")[:200],
        group_key=storable(fact.group_key or "")[:100],
        automatic=storable(fact.automatic)[:100],
        hint=storable(fact.note)[:255],
        external_id=storable(fact.external_id)[:200],
        event=event,
        state=MessageState.RECEIVED,
        created_at=at,
        sent_at=at,
    )
    try:
        with transaction.atomic():
            message.save()
    except IntegrityError:
        return  # the provider told the same message under another event
    thread.blocked_at = None
    files = media.keep(message, fact.media, now=now)
    album_goes_on = _album_goes_on(message)
    thread.unread += 1
    thread.last_message_at = at
    if message.text or message.subject or not album_goes_on:
        thread.last_text = (message.text or message.subject)[:200] or media.gist(message, files)
    thread.last_heard_at = max(thread.last_heard_at or at, at)
    # Nobody waits in a private chat or in one that is no client's; a machine's letter waits for nobody.
    if not (thread.is_private or thread.not_a_client or message.automatic):
        thread.state = Conversation.State.OPEN
        # An album is one word: what is being answered to its first part answers it all.
        thread.generation += not album_goes_on
        thread.waiting_since = thread.waiting_since or at
    thread.save(
        update_fields=[
            "blocked_at",
            "state",
            "generation",
            "unread",
            "waiting_since",
            "last_message_at",
            "last_text",
            "last_heard_at",
        ]
    )
    signals.message_received.send(Message, message=message, fact=fact, event=event, now=now)
    action = buttons.find(thread, fact.button or "") or (
        buttons.find_by_label(thread, message.text) or buttons.find_by_number(thread, message.text)
        if fact.kind == "text"
        else None
    )
    if action is not None:
        buttons.press(action, now=now)


def _album_goes_on(message: Message) -> bool:
    """Whether a message is a further part of an album."""
    if not message.group_key:
        return False
    parts = Message.objects.filter(
        conversation_id=message.conversation_id,
        direction=Direction.IN,
        group_key=message.group_key,
        created_at__gte=message.created_at - ALBUM,
    )
    return parts.exclude(pk=message.pk).exists()


def _media(fact: channel.MessageReceived) -> list[dict[str, Any]]:
    """Facts of a place or a card; files are rows of their own (see `conversations.media`)."""
    found: list[dict[str, Any]] = []
    if fact.location:
        found.append({"kind": "location", **dataclasses.asdict(fact.location)})
    if fact.contact:
        found.append({"kind": "contact", **dataclasses.asdict(fact.contact)})
    return found


def _button(connection: Connection, fact: channel.ButtonPressed, *, now: dt.datetime) -> None:
    thread = thread_of(connection, fact.chat, fact.person, now=now)
    thread.generation += 1
    thread.blocked_at = None
    thread.last_heard_at = now
    thread.save(update_fields=["generation", "blocked_at", "last_heard_at"])
    action = buttons.find(thread, fact.value)
    if action is not None:
        # What was chosen stands in the thread, as it does on the client's screen.
        Message.objects.create(
            conversation=thread,
            contact=thread.contact,
            direction=Direction.IN,
            author=Author.CLIENT,
            kind="button",
            text=action.label,
            external_id=f"button:{fact.external_id}"[:200],
            state=MessageState.RECEIVED,
            created_at=now,
            sent_at=now,
        )
        thread.last_message_at, thread.last_text = now, action.label
        thread.save(update_fields=["last_message_at", "last_text"])
        buttons.press(action, now=now)


def _echo(
    connection: Connection, event: InboundEvent, fact: channel.OperatorEcho, *, now: dt.datetime
) -> None:
    person = fact.person or channel.Person(external_id=fact.chat)
    thread = thread_of(connection, fact.chat, person, now=now, by_owner=True)
    if echoes.is_ours(connection, thread, fact, now=now):
        return
    at = min(fact.sent_at or now, now)
    try:
        with transaction.atomic():
            message = Message.objects.create(
                conversation=thread,
                contact=thread.contact,
                direction=Direction.OUT,
                author=Author.MANAGER,
                kind=fact.kind,
                text=storable(fact.text),
                external_id=storable(fact.external_id)[:200],
                event=event,
                state=MessageState.SENT,
                created_at=at,
                sent_at=at,
            )
    except IntegrityError:
        return  # told under another event
    files = media.keep(message, fact.media, now=now)
    if thread.is_private or thread.not_a_client:
        thread.last_message_at, thread.last_text = at, media.gist(message, files)
        thread.unread = 0
        thread.save(update_fields=["last_message_at", "last_text", "unread"])
    else:
        outbox.human_spoke(thread, message, now=now)


def _marketing(connection: Connection, fact: channel.MarketingStopped, *, now: dt.datetime) -> None:
    contact = thread_of(connection, fact.chat, fact.person, now=now).contact
    contact.marketing_stopped_at = (fact.at or now) if fact.stopped else None
    contact.save(update_fields=["marketing_stopped_at"])


def _form(
    connection: Connection, event: InboundEvent, fact: channel.FormSubmitted, *, now: dt.datetime
) -> None:
    if fact.phone:
        contact = contacts.by_phone(fact.phone, name=fact.name, email=fact.email, now=now)
    else:
        contact = contacts.by_email(fact.email, name=fact.name, note=fact.phone_typed, now=now)
    signals.form_received.send(
        Connection, connection=connection, contact=contact, fact=fact, event=event, now=now
    )
