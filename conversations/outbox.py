"""What we say: a message and its delivery are rows before anything is promised."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connections.models import ConnectionState
from conversations import media, quoting, render, signals, uploads, window
from conversations.models import (
    Author,
    Conversation,
    Delivery,
    Direction,
    Holder,
    MediaFile,
    Message,
    MessageState,
)
from integrations import registry
from integrations.protocols.channel import Capabilities, split, text_length
from kit.text import storable
from tenants.models import User
from work import sweep
from work.rows import State

QUEUE = "deliveries"

# How much is known; a later word never takes a message back. A failure told by the provider stands above "sent", since
# most take a message first and try afterwards.
_RANK = {
    MessageState.PENDING: 0,
    MessageState.IN_DOUBT: 1,
    MessageState.SENT: 2,
    MessageState.FAILED: 3,
    MessageState.DELIVERED: 4,
    MessageState.READ: 5,
}


class CannotWrite(Exception):
    """The channel takes nothing from us (a form, a blocked chat); the message says why."""


class NotFailed(Exception):
    """Only a message that was not delivered, or is uncertain, is sent again."""


def say(
    conversation: Conversation,
    *,
    text: str,
    author: str,
    key: str,
    now: dt.datetime,
    buttons: Sequence[Sequence[dict[str, str]]] = (),
    user: User | None = None,
    generation: int | None = None,
    expires_at: dt.datetime | None = None,
    after: dt.timedelta = dt.timedelta(),
    template: dict[str, Any] | None = None,
    files: Sequence[MediaFile] = (),
) -> Message:
    """Writes a message and its delivery in the present transaction; a repeat with the same key is the same message.

    `buttons` are rows of what `conversations.buttons` makes. `generation` makes it an answer that is not sent once
    the thread has moved on. `after` is a pause before it goes out, as people make between two bubbles. A text longer
    than the channel takes becomes several messages; the last one, which carries the buttons, is returned. `template`
    is a text that the provider approved before, `{"name", "language", "values"}`: it goes out where the time for free
    words is over (see `conversations.window`). `files` were handed in before (`conversations.uploads`): each is
    a message of its own, the text the caption of the first where it fits, else a message before them.

    Raises:
        CannotWrite: see the class.
    """
    account = conversation.connection
    if account.kind not in registry.channels or account.state == ConnectionState.OFF:
        raise CannotWrite(
            _("This channel is not connected now: connect it in Setup, or write in another one.")
        )
    capabilities = registry.channel(account.kind).capabilities
    if capabilities.inbound_only:
        raise CannotWrite(_("This channel only brings requests; call or write in another one."))
    if conversation.blocked_at and author != Author.MANAGER:
        raise CannotWrite(_("The client has blocked this chat."))
    _check_window(conversation, author=author, template=template, now=now)
    text, shaped = render.shape(storable(text), buttons, capabilities)
    answers = quoting.of_answer(conversation, capabilities)
    parts = _bubbles(text, files, capabilities)
    message = None
    with transaction.atomic() if files else contextlib.nullcontext():  # all of them or none
        for number, (part, file) in enumerate(parts, start=1):
            part_key = key if number == len(parts) else f"{key}:{number}"
            rows = shaped if number == len(parts) else []
            message = _message(
                conversation,
                part,
                rows,
                author,
                part_key,
                user,
                now,
                generation,
                expires_at,
                due_at=now + after,
                template=template if number == len(parts) else None,
                file=file,
                answers=answers,
            )
    assert message is not None
    return message


def _bubbles(
    text: str, files: Sequence[MediaFile], capabilities: Capabilities
) -> list[tuple[str, MediaFile | None]]:
    """(text, file) of each message that goes out."""
    if not files:
        return [(part, None) for part in split(text, capabilities) or [""]]
    if not text.strip():
        return [("", file) for file in files]
    if text_length(text, capabilities.text_unit) <= capabilities.max_caption:
        return [(text, files[0]), *(("", file) for file in files[1:])]
    return [*((part, None) for part in split(text, capabilities)), *(("", file) for file in files)]


def _check_window(
    conversation: Conversation, *, author: str, template: dict[str, Any] | None, now: dt.datetime
) -> None:
    open_until = window.of(conversation)
    if open_until.open(now) or (template and open_until.templates):
        return
    if author == Author.MANAGER and open_until.open_to_people(now):
        return
    raise CannotWrite(
        _(
            "This channel takes free words only for a while after the client's last one. Call, or write elsewhere."
        )
    )


def _message(
    conversation: Conversation,
    text: str,
    buttons: list[list[dict[str, str]]],
    author: str,
    key: str,
    user: User | None,
    now: dt.datetime,
    generation: int | None,
    expires_at: dt.datetime | None,
    due_at: dt.datetime,
    template: dict[str, Any] | None,
    file: MediaFile | None,
    answers: tuple[str, str],
) -> Message:
    message, made = Message.objects.get_or_create(
        key=key,
        defaults={
            "conversation": conversation,
            "contact_id": conversation.contact_id,
            "direction": Direction.OUT,
            "author": author,
            "user": user,
            "kind": file.kind if file is not None else "text",
            "text": text,
            "buttons": buttons,
            "template": template,
            "reply_to": answers[0],
            "subject": answers[1],
            "state": MessageState.PENDING,
            "created_at": now,
        },
    )
    if not made:
        return message
    if file is not None:
        _enclose(message, file)
    Delivery.objects.create(
        message=message,
        connection_id=conversation.connection_id,
        thread=str(conversation.pk),
        dedup_key=key,
        generation=generation,
        due_at=due_at,
        expires_at=expires_at,
        created_at=now,
    )
    gist = text[:200] if file is None else media.gist(message, [file])
    changes: dict[str, Any] = {"last_message_at": now, "last_text": gist}
    if author in (Author.ASSISTANT, Author.MANAGER):
        changes["waiting_since"] = None
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    for name, value in changes.items():
        setattr(conversation, name, value)
    sweep.nudge(QUEUE)
    signals.message_said.send(Message, message=message, now=now)
    return message


def _enclose(message: Message, file: MediaFile) -> None:
    try:
        uploads.attach(file, message)
    except uploads.Gone as reason:
        raise CannotWrite(str(reason)) from reason


def reply(
    conversation: Conversation,
    *,
    text: str,
    by: User | None,
    key: str,
    now: dt.datetime,
    files: Sequence[MediaFile] = (),
) -> Message:
    """A colleague's answer: takes the thread from the assistant, so that it never talks over a person.

    Raises:
        CannotWrite: see the class.
    """
    message = say(conversation, text=text, author=Author.MANAGER, key=key, now=now, user=by, files=files)
    human_spoke(conversation, message, now=now)
    return message


def human_spoke(conversation: Conversation, message: Message, *, now: dt.datetime) -> None:
    """A colleague wrote, here or in the provider's own app."""
    thread = Conversation.objects.select_for_update().get(pk=conversation.pk)
    thread.holder = Holder.PERSON
    thread.generation += 1
    thread.waiting_since = None
    thread.unread = 0
    thread.last_message_at = message.created_at
    thread.last_text = media.gist(message, list(MediaFile.objects.filter(message=message)))
    if thread.assignee_id is None and message.user_id:
        thread.assignee_id = message.user_id
    thread.save()
    for field in ("holder", "generation", "waiting_since", "unread", "assignee_id"):
        setattr(conversation, field, getattr(thread, field))
    signals.human_replied.send(Message, message=message, now=now)


def send_again(message: Message, *, now: dt.datetime) -> Delivery:
    """A new attempt at a message that failed or is uncertain.

    Raises:
        NotFailed: see the class.
    """
    message = Message.objects.select_for_update().get(pk=message.pk)
    if message.state not in (MessageState.FAILED, MessageState.IN_DOUBT):
        raise NotFailed(_("This message was sent already."))
    attempt = message.deliveries.count() + 1
    delivery = Delivery.objects.create(
        message=message,
        connection_id=message.conversation.connection_id,
        thread=str(message.conversation_id),
        dedup_key=f"{message.key or message.pk}#{attempt}",
        due_at=now,
        created_at=now,
    )
    message.deliveries.filter(state=State.IN_DOUBT).update(state=State.CANCELLED)
    settle(message, MessageState.PENDING)
    sweep.nudge(QUEUE)
    return delivery


def settle(
    message: Message,
    state: str,
    *,
    error: str = "",
    external_id: str = "",
    sent_at: dt.datetime | None = None,
) -> None:
    """Records what became of a message and tells who waits for it.

    A receipt may have come before our own record: then it knows more, and only the provider's id is kept.
    """
    message.state = Message.objects.select_for_update().values_list("state", flat=True).get(pk=message.pk)
    message.external_id = storable(external_id)[:200] or message.external_id
    message.sent_at = sent_at or message.sent_at
    known = state in (MessageState.SENT, MessageState.IN_DOUBT) and rank(message.state) > rank(state)
    if not known:
        message.state = state
        message.error = storable(error)[:1000]
    message.save(update_fields=["state", "error", "external_id", "sent_at"])
    if not known:
        signals.message_settled.send(Message, message=message)


def rank(state: str) -> int:
    """How much a message's state tells; see `_RANK`."""
    return _RANK.get(MessageState(state), 0)


def not_arrived() -> str:
    """Why a message counts as not delivered after the provider was asked."""
    return _("The provider does not know of it: it did not arrive. It can be sent again.")
