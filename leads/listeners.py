"""Hears people write and colleagues answer."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from connections import signals as connection_signals
from conversations import signals as conversation_signals
from conversations.models import Author
from leads import pipeline, sources, tasks
from tenants import clock

# Codes of our own deep links to a visit: they bring no request.
OWN_CODES = ("visit_",)


def _is_our_link(touch: Any) -> bool:
    return touch is not None and str(touch.code).startswith(OWN_CODES)


@receiver(conversation_signals.message_received)
def open_by_message(sender: Any, message: Any, fact: Any, now: Any, **_kwargs: Any) -> None:
    """The first word opens a lead; a colleague's own test chat and «not a client» open none."""
    thread = message.conversation
    if thread.not_a_client or _is_our_link(fact.touch):
        return
    pipeline.open_lead(
        contact=message.contact,
        conversation=thread,
        connection=thread.connection,
        channel_kind=thread.connection.kind,
        request=message.text,
        touch=fact.touch,
        message=message,
        now=now,
    )


@receiver(conversation_signals.chat_opened)
def open_by_start(sender: Any, conversation: Any, touch: Any, now: Any, **_kwargs: Any) -> None:
    """Pressing Start from a link is a touch of somebody who already asked, else the first sign of a new person."""
    if _is_our_link(touch):
        return
    lead = pipeline.open_of(conversation.contact)
    if lead is not None:
        sources.note(lead, touch, now=now, conversation=conversation)
    elif touch is not None:
        pipeline.open_lead(
            contact=conversation.contact,
            conversation=conversation,
            connection=conversation.connection,
            channel_kind=conversation.connection.kind,
            touch=touch,
            now=now,
        )


@receiver(conversation_signals.form_received)
def open_by_form(
    sender: Any, connection: Any, contact: Any, fact: Any, event: Any, now: Any, **_kwargs: Any
) -> None:
    """A form is a lead with a to-do: nobody can be answered in a form."""
    lead = pipeline.open_lead(
        contact=contact,
        connection=connection,
        channel_kind=connection.kind,
        event=event,
        request="\n".join(
            [fact.message, *(f"{question}: {answer}" for question, answer in fact.answers)]
        ).strip(),
        touch=fact.touch,
        suspicious=bool(fact.suspicious),
        now=now,
    )
    if not fact.suspicious:
        tasks.open_task(
            _("Call back: request from the site form"),
            due_at=now,
            now=now,
            reason="form",
            key=f"form:{lead.pk}",
            lead=lead,
            contact=contact,
        )


@receiver(connection_signals.unreadable)
def open_raw(sender: Any, connection: Any, event: Any, reason: str, **_kwargs: Any) -> None:
    """What could not be read still stands before a person."""
    now = clock.now()
    lead = pipeline.open_lead(
        contact=None,
        connection=connection,
        channel_kind=connection.kind,
        event=event,
        request=reason,
        now=now,
    )
    tasks.open_task(
        _("Something came in that could not be read: look at it"),
        due_at=now,
        now=now,
        reason="raw_lead",
        key=f"raw:{event.pk}",
        lead=lead,
    )


@receiver(conversation_signals.message_said)
def note_answer(sender: Any, message: Any, now: Any, **_kwargs: Any) -> None:
    """An answer by the assistant or a colleague is the lead's first reply."""
    if message.author not in (Author.ASSISTANT, Author.MANAGER):
        return
    lead = pipeline.open_of(message.contact)
    if lead is not None:
        pipeline.answered(lead, by_human=message.author == Author.MANAGER, now=now)
