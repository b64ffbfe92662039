"""A chat goes on under another name of the provider's: its thread follows, into the new chat's own where one stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db import connection as database
from django.db.models import ProtectedError

from connections.models import Connection
from conversations import merging
from conversations.models import Conversation, Delivery
from kit.text import storable
from tenants import wall
from work.rows import DurableRow


def migrate(connection: Connection, *, old_chat: str, new_chat: str, now: dt.datetime) -> None:
    """Lets the thread of `old_chat` go on as `new_chat`; harmless when repeated.

    Where both have a thread, of one person, they become one; of two people, they stay and a colleague is asked.
    """
    old, new = storable(old_chat)[:200], storable(new_chat)[:200]
    if not old or not new or old == new:
        return
    # In the same order for everybody, as two chats are locked here.
    for chat in sorted((old, new)):
        lock(connection, chat)
    threads = Conversation.objects.select_for_update(of=("self",)).filter(connection=connection)
    source, target = threads.filter(chat=old).first(), threads.filter(chat=new).first()
    if source is None:
        return
    if target is None:
        source.chat = new
        source.save(update_fields=["chat"])
        return
    ours, theirs = merging.survivor_of(source.contact), merging.survivor_of(target.contact)
    if ours.pk != theirs.pk:
        # A number may have been given to somebody else: a colleague says whether both are one person.
        merging.suggest(ours, theirs, reason="alias", now=now)
        return
    _pour(source, target)


def lock(connection: Connection, chat: str) -> None:
    """Keeps others out of a chat until this transaction ends, whether it has a thread yet or not."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))",
            [f"thread:{connection.pk}:{chat}", connection.tenant_id],
        )


def _pour(source: Conversation, target: Conversation) -> None:
    """Moves what stands in one thread into another one of the same person, and removes the empty one."""
    for model, field in _references():
        _move(model, field, source, target)
    Delivery.objects.filter(thread=str(source.pk)).update(thread=str(target.pk))
    _join(source, target)
    try:
        with transaction.atomic():
            source.delete()  # with it goes what every thread has once: a dialogue, answers that were being made
    except ProtectedError:
        # A message that the provider told in both chats: it stays readable where it is.
        source.state, source.waiting_since, source.unread = Conversation.State.CLOSED, None, 0
        source.save(update_fields=["state", "waiting_since", "unread"])


def _references() -> list[tuple[type[wall.TenantModel], Any]]:
    """Every key to a thread in the house, save those of work under way: it was planned for the thread as it stood."""
    return [
        (model, field)
        for model in wall.tenant_models()
        if not issubclass(model, DurableRow)
        for field in model._meta.concrete_fields
        if field.related_model is Conversation
    ]


def _move(model: Any, field: models.Field[Any, Any], source: Conversation, target: Conversation) -> None:
    """Points rows at the other thread; those that it has already stay."""
    rows = model.objects.filter(**{field.attname: source.pk})
    try:
        with transaction.atomic():
            rows.update(**{field.attname: target.pk})
    except IntegrityError:
        for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
            try:
                with transaction.atomic():
                    model.objects.filter(pk=pk).update(**{field.attname: target.pk})
            except IntegrityError:
                continue


def _join(source: Conversation, target: Conversation) -> None:
    """How the thread stands now that it tells both stories."""
    newest = max((source, target), key=lambda thread: thread.last_message_at or thread.created_at)
    target.last_message_at, target.last_text = newest.last_message_at, newest.last_text
    target.last_heard_at = max(filter(None, (source.last_heard_at, target.last_heard_at)), default=None)
    target.waiting_since = min(filter(None, (source.waiting_since, target.waiting_since)), default=None)
    if target.waiting_since:
        target.state, target.snoozed_until = Conversation.State.OPEN, None
    target.unread += source.unread
    target.assignee_id = target.assignee_id or source.assignee_id
    target.draft = "\n".join(filter(None, (source.draft, target.draft)))
    target.is_private = target.is_private and source.is_private
    target.not_a_client = target.not_a_client or source.not_a_client
    target.created_at = min(source.created_at, target.created_at)
    target.save()
