"""The thread of a chat: found or made under its lock, with the person behind it."""

from __future__ import annotations

import datetime as dt

from connections.models import Connection
from conversations import contacts, merging, migrating, private
from conversations.models import Contact, Conversation, Holder
from integrations import registry
from integrations.protocols.channel import Person
from kit.text import storable


def thread_of(
    connection: Connection,
    chat: str,
    person: Person,
    *,
    now: dt.datetime,
    by_owner: bool = False,
    is_older: bool = False,
) -> Conversation:
    """The thread of a chat, locked for this transaction, so that messages of one chat are taken in one by one.

    `by_owner` and `is_older` say how a new chat of a personal account begins (see `conversations.private`).
    """
    chat = storable(chat)[:200]
    migrating.lock(connection, chat)
    thread = Conversation.objects.select_for_update().filter(connection=connection, chat=chat).first()
    if thread is None:
        return _begin(connection, chat, person, now=now, by_owner=by_owner, is_older=is_older)
    became(thread, contacts.recognise(thread.contact, connection.kind, person, now=now))
    return thread


def became(thread: Conversation, contact: Contact) -> None:
    """The thread in hand follows its person, who may have been merged into another contact by what was learnt."""
    if contact.pk != thread.contact_id:
        thread.contact = contact


def _begin(
    connection: Connection, chat: str, person: Person, *, now: dt.datetime, by_owner: bool, is_older: bool
) -> Conversation:
    closed_off = private.begins_private(connection, chat, person, by_owner=by_owner, is_older=is_older)
    speechless = (
        connection.kind in registry.channels and registry.channel(connection.kind).capabilities.inbound_only
    )
    thread = Conversation.objects.create(
        connection=connection,
        chat=chat,
        contact=contacts.by_identity(connection.kind, person, now=now),
        is_private=closed_off,
        holder=Holder.NONE if closed_off or speechless else Holder.ASSISTANT,
        created_at=now,
    )
    # Somebody may have merged the contact between our look and our row; from now on a merge waits for us.
    contact = Contact.objects.select_related("merged_into").get(pk=thread.contact_id)
    if contact.merged_into_id is not None:
        thread.contact = merging.survivor_of(contact)
        thread.save(update_fields=["contact"])
    return thread
