"""An outside fact becomes a person, a thread and a message."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db import connection as database

from connections.models import Connection, InboundEvent
from conversations import buttons, contacts, outbox, receipts, signals
from conversations.models import Author, Contact, Conversation, Direction, Message, MessageState
from integrations.protocols import channel
from kit.text import storable
from tenants import clock


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
        case channel.MessageEdited():
            _edited(connection, fact, now=now)
        case channel.MessagesDeleted():
            Message.objects.filter(
                conversation__connection=connection,
                conversation__chat=fact.chat,
                external_id__in=fact.external_ids,
            ).update(deleted_at=now)
        case channel.Receipt():
            receipts.take(connection, fact, now=now)
        case channel.ChatBlocked() | channel.ChatUnblocked():
            thread = thread_of(connection, fact.chat, fact.person, now=now)
            thread.blocked_at = now if isinstance(fact, channel.ChatBlocked) else None
            thread.save(update_fields=["blocked_at"])
        case channel.OperatorEcho():
            _echo(connection, event, fact, now=now)
        case channel.ChatMigrated():
            Conversation.objects.filter(connection=connection, chat=fact.old_chat).update(chat=fact.new_chat)
        case channel.AccountChanged():
            connection.account |= {"state": fact.state, **fact.details}
            connection.save(update_fields=["account"])
        case channel.FormSubmitted():
            _form(connection, event, fact, now=now)


def thread_of(connection: Connection, chat: str, person: channel.Person, *, now: dt.datetime) -> Conversation:
    """The thread of a chat, locked for this transaction, so that messages of one chat are taken in one by one."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))",
            [f"thread:{connection.pk}:{chat}", connection.tenant_id],
        )
    thread = Conversation.objects.select_for_update().filter(connection=connection, chat=chat[:200]).first()
    if thread is None:
        thread = Conversation.objects.create(
            connection=connection,
            chat=chat[:200],
            contact=contacts.by_identity(connection.kind, person, now=now),
            created_at=now,
        )
    elif person.phone and person.phone_verified:
        contacts.learn_phone(thread.contact, person.phone, verified=True, now=now)
    return thread


def _message(
    connection: Connection, event: InboundEvent, fact: channel.MessageReceived, *, now: dt.datetime
) -> None:
    thread = thread_of(connection, fact.chat, fact.person, now=now)
    if fact.contact and fact.contact.own and fact.contact.phone:
        contacts.learn_phone(thread.contact, fact.contact.phone, verified=True, now=now)
    at = min(fact.sent_at or now, now)
    message = Message(
        conversation=thread,
        contact=thread.contact,
        direction=Direction.IN,
        author=Author.CLIENT,
        kind=fact.kind,
        text=storable(fact.text),
        media=_media(fact),
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
    thread.state = Conversation.State.OPEN
    thread.generation += 1
    thread.unread += 1
    thread.waiting_since = thread.waiting_since or at
    thread.last_message_at = at
    thread.last_text = message.text[:200]
    thread.save(
        update_fields=[
            "blocked_at",
            "state",
            "generation",
            "unread",
            "waiting_since",
            "last_message_at",
            "last_text",
        ]
    )
    signals.message_received.send(Message, message=message, fact=fact, event=event, now=now)
    action = buttons.find(thread, fact.button or "") or (
        buttons.find_by_label(thread, message.text) if fact.kind == "text" else None
    )
    if action is not None:
        buttons.press(action, now=now)


def _media(fact: channel.MessageReceived) -> list[dict[str, Any]]:
    found = [
        {k: v for k, v in dataclasses.asdict(medium).items() if v not in (None, "")} for medium in fact.media
    ]
    if fact.location:
        found.append({"kind": "location", **dataclasses.asdict(fact.location)})
    if fact.contact:
        found.append({"kind": "contact", **dataclasses.asdict(fact.contact)})
    return found


def _button(connection: Connection, fact: channel.ButtonPressed, *, now: dt.datetime) -> None:
    thread = thread_of(connection, fact.chat, fact.person, now=now)
    thread.generation += 1
    thread.blocked_at = None
    thread.save(update_fields=["generation", "blocked_at"])
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


def _edited(connection: Connection, fact: channel.MessageEdited, *, now: dt.datetime) -> None:
    message = Message.objects.filter(
        conversation__connection=connection,
        conversation__chat=fact.chat,
        external_id=fact.external_id,
        direction=Direction.OUT if fact.by_operator else Direction.IN,
    ).first()
    if message is not None and fact.text:
        message.text, message.edited_at = storable(fact.text), fact.edited_at or now
        message.save(update_fields=["text", "edited_at"])


def _echo(
    connection: Connection, event: InboundEvent, fact: channel.OperatorEcho, *, now: dt.datetime
) -> None:
    person = fact.person or channel.Person(external_id=fact.chat)
    thread = thread_of(connection, fact.chat, person, now=now)
    same = Message.objects.filter(conversation=thread, direction=Direction.OUT, external_id=fact.external_id)
    if same.exists():
        return  # our own word coming back
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
        created_at=fact.sent_at or now,
        sent_at=fact.sent_at or now,
    )
    outbox.human_spoke(thread, message, now=now)


def _form(
    connection: Connection, event: InboundEvent, fact: channel.FormSubmitted, *, now: dt.datetime
) -> None:
    if fact.phone:
        contact = contacts.by_phone(fact.phone, name=fact.name, email=fact.email, now=now)
    else:
        contact = _by_email(fact, now=now)
    signals.form_received.send(
        Connection, connection=connection, contact=contact, fact=fact, event=event, now=now
    )


def _by_email(fact: channel.FormSubmitted, *, now: dt.datetime) -> Contact:
    email = storable(fact.email).strip().lower()[:254]
    known = Contact.objects.filter(email=email, merged_into=None).order_by("id").first() if email else None
    return known or Contact.objects.create(
        name=storable(fact.name)[:200], email=email, note=storable(fact.phone_typed)[:200], created_at=now
    )
