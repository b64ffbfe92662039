"""Hears people write and colleagues answer."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils import translation
from django.utils.translation import gettext as _

from connections import signals as connection_signals
from conversations import signals as conversation_signals
from conversations.models import Author, Direction
from integrations.protocols import channel
from leads import doubles, pipeline, sources, tasks
from leads.models import OPEN_STATUSES, Lead
from tenants import clock, wall

# Codes of our own deep links to a visit: they bring no request.
OWN_CODES = ("visit_",)


def _is_our_link(touch: Any) -> bool:
    return touch is not None and str(touch.code).startswith(OWN_CODES)


@receiver(conversation_signals.message_received)
def open_by_message(sender: Any, message: Any, fact: Any, now: Any, **_kwargs: Any) -> None:
    """The first word opens a lead; a colleague's own test chat, «not a client», a private chat of the owner's and a
    machine's letter open none."""
    thread = message.conversation
    if thread.not_a_client or thread.is_private or message.automatic or _is_our_link(fact.touch):
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
    if _is_our_link(touch) or conversation.is_private:
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


@receiver(conversation_signals.ad_found)
def note_ad(sender: Any, conversation: Any, message: Any, ad: Any, now: Any, **_kwargs: Any) -> None:
    """The advertisement a thread is about is a touch of its lead."""
    lead = pipeline.open_of(conversation.contact)
    if lead is not None:
        sources.note(lead, channel.Touch(ad=ad), now=now, message=message)


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


@receiver(conversation_signals.human_replied)
def note_own_answer(sender: Any, message: Any, now: Any, **_kwargs: Any) -> None:
    """So is what a colleague wrote in the provider's own app."""
    lead = pipeline.open_of(message.contact)
    if lead is not None:
        pipeline.answered(lead, by_human=True, now=now)


# ---------------------------------------------------------------- calls
def _callback_key(call: Any) -> str:
    """The one to-do "call this number back"."""
    return f"missed_call:{call.phone}"


@receiver(conversation_signals.call_missed)
def open_by_missed_call(
    sender: Any, call: Any, conversation: Any, touch: Any, now: Any, **_kwargs: Any
) -> None:
    """A call that nobody took is a request and a to-do at once."""
    with translation.override(wall.entered_tenant().language):
        lead = _lead_of_call(call, conversation, touch, request=_("Missed call"), now=now)
        tasks.open_task(
            _("Call %(name)s back") % {"name": call.contact},
            due_at=now,
            now=now,
            reason="missed_call",
            key=_callback_key(call),
            lead=lead,
            contact=call.contact,
            conversation=conversation,
        )


@receiver(conversation_signals.call_answered)
def close_by_call(sender: Any, call: Any, conversation: Any, touch: Any, now: Any, **_kwargs: Any) -> None:
    """A talk closes the to-do; a call that came in is a request, and it is answered."""
    tasks.close_by_key(_callback_key(call), by=None, now=now)
    if call.direction == Direction.IN:
        with translation.override(wall.entered_tenant().language):
            lead = _lead_of_call(call, conversation, touch, request=_("Phone call"), now=now)
    else:
        lead = pipeline.open_of(call.contact)
    if lead is not None and lead.status in OPEN_STATUSES:
        pipeline.answered(lead, by_human=True, now=now)


def _lead_of_call(call: Any, conversation: Any, touch: Any, *, request: str, now: Any) -> Lead | None:
    return pipeline.open_lead(
        contact=call.contact,
        conversation=conversation,
        connection=conversation.connection,
        channel_kind=conversation.connection.kind,
        request=request,
        touch=touch or (channel.Touch(number=call.dialled) if call.dialled else None),
        message=call.message,
        now=now,
    )


# ---------------------------------------------------------------- two contacts become one
@receiver(conversation_signals.contacts_merging)
def fold_requests(
    sender: Any, survivor: Any, absorbed: Any, now: Any, **_kwargs: Any
) -> dict[str, Any] | None:
    """One person has one open request: of two the older one."""
    return doubles.fold(survivor, absorbed, now=now)


@receiver(conversation_signals.contacts_parted)
def unfold_requests(sender: Any, told: Any, now: Any, **_kwargs: Any) -> None:
    """Two people again have one each."""
    doubles.unfold(told, now=now)
