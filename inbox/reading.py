"""What a colleague has seen, what they were writing, and since when a client waits."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef

from conversations import visitor_live
from conversations.models import Author, Conversation, Direction, Message
from inbox import announce
from kit.text import storable

LONGEST_DRAFT = 20_000


def seen(thread: Conversation, *, upto: int) -> bool:
    """Marks messages up to this id as seen, for all colleagues; False when nothing was unread."""
    if not thread.unread:
        return False
    left = Message.objects.filter(conversation=thread, direction=Direction.IN, pk__gt=upto).count()
    if left >= thread.unread:
        return False
    Conversation.objects.filter(pk=thread.pk).update(unread=left)
    thread.unread = left
    announce.event("inbox", id=thread.pk)
    return True


def keep_draft(thread: Conversation, text: str, *, by: int) -> None:
    """Keeps what is being written; colleagues who have the thread open see that somebody writes.

    So does the visitor of our own chat. What was just sent is no draft: the page may have told of it after the send.
    """
    text = storable(text)[:LONGEST_DRAFT]
    if text.strip() and text.strip()[:200] == thread.last_text.strip():
        text = ""
    if text != thread.draft:
        Conversation.objects.filter(pk=thread.pk).update(draft=text)
        thread.draft = text
    if text:
        announce.event("typing", id=thread.pk, user=by)
        visitor_live.tell(thread, "typing")


def drop_draft(thread: Conversation) -> None:
    """The draft was sent."""
    Conversation.objects.filter(pk=thread.pk).exclude(draft="").update(draft="")


def unanswered_since(thread: Conversation) -> dt.datetime | None:
    """When the first word came that neither a colleague nor the assistant has answered."""
    answers = Message.objects.filter(
        conversation=OuterRef("conversation"),
        direction=Direction.OUT,
        author__in=(Author.ASSISTANT, Author.MANAGER),
        created_at__gte=OuterRef("created_at"),
    )
    first = (
        Message.objects.filter(conversation=thread, direction=Direction.IN)
        .filter(~Exists(answers))
        .order_by("created_at", "id")
        .first()
    )
    return first.created_at if first else None


def last_word_at(thread: Conversation) -> dt.datetime | None:
    """When the client wrote last."""
    last = (
        Message.objects.filter(conversation=thread, direction=Direction.IN)
        .order_by("-created_at", "-id")
        .first()
    )
    return last.created_at if last else None
