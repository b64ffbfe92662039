"""Hears what lower rooms announce: whom it keeps waiting, and which pages show it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant import signals as assistant_signals
from bookings import signals as booking_signals
from connections import signals as connection_signals
from conversations import signals as conversation_signals
from conversations.models import Author, Conversation, Holder, MessageState
from inbox import alerts, announce, attach, channels, escalation, merges, raw, reading
from leads import signals as lead_signals
from tenants import clock


@receiver(conversation_signals.message_received)
def client_wrote(sender: Any, message: Any, event: Any = None, now: Any = None, **_kwargs: Any) -> None:
    """A promise to look whether somebody answered; a bell where a person holds the thread."""
    thread = message.conversation
    announce.thread(thread.pk)
    if thread.not_a_client:
        if attach.is_colleague(thread):
            attach.settle(thread)
        return
    raw.read_after_all(event, contact=message.contact, now=now)
    if thread.is_private or message.automatic:
        return
    escalation.plan(thread, now=now)
    if thread.holder != Holder.ASSISTANT:
        announce.ring(thread.pk)


@receiver(conversation_signals.visitor_typing)
def visitor_writes(sender: Any, conversation: Any, **_kwargs: Any) -> None:
    """Who has the thread open sees that the client writes."""
    announce.event("typing", id=conversation.pk, user="client")


@receiver(conversation_signals.message_said)
def we_wrote(sender: Any, message: Any, now: Any, **_kwargs: Any) -> None:
    """The assistant's answer ends the wait, unless it said that a person would come."""
    announce.thread(message.conversation_id)
    if message.author != Author.ASSISTANT:
        return
    thread = Conversation.objects.get(pk=message.conversation_id)
    if thread.holder == Holder.ASSISTANT:
        escalation.answered(thread, by=None, now=now)
    elif thread.waiting_since is None:
        keep_waiting(thread)


def keep_waiting(thread: Conversation) -> None:
    """A person was promised: the client waits since their last word."""
    thread.waiting_since = reading.last_word_at(thread)
    Conversation.objects.filter(pk=thread.pk).update(waiting_since=thread.waiting_since)


@receiver(assistant_signals.handed_over)
def person_wanted(sender: Any, conversation: Any, summary: str, now: Any, **_kwargs: Any) -> None:
    """The assistant asks for a person."""
    escalation.handed_over(conversation, summary=summary, now=now)


@receiver(conversation_signals.human_replied)
def colleague_answered(sender: Any, message: Any, now: Any, **_kwargs: Any) -> None:
    """Nobody waits here any more."""
    announce.thread(message.conversation_id)
    escalation.answered(message.conversation, by=message.user, now=now)


@receiver(conversation_signals.message_settled)
def outcome_known(sender: Any, message: Any, **_kwargs: Any) -> None:
    """The bubble's sign changes; an answer that did not arrive has answered nobody."""
    announce.thread(message.conversation_id)
    if message.state == MessageState.IN_DOUBT:
        announce.today()
    if message.state != MessageState.FAILED or message.author not in (Author.ASSISTANT, Author.MANAGER):
        return
    thread = Conversation.objects.select_for_update().get(pk=message.conversation_id)
    if thread.waiting_since is None and thread.blocked_at is None and not thread.not_a_client:
        thread.waiting_since = now = clock.now()
        thread.save(update_fields=["waiting_since"])
        escalation.plan(thread, now=now)


@receiver(conversation_signals.button_pressed)
def client_pressed(sender: Any, conversation: Any, now: Any, **_kwargs: Any) -> None:
    """A press stands in the thread; where a person holds it, it may wait like a word."""
    announce.thread(conversation.pk)
    if conversation.waiting_since is not None:
        escalation.plan(conversation, now=now)


@receiver(conversation_signals.message_changed)
def words_changed(sender: Any, message: Any, **_kwargs: Any) -> None:
    """An edit, a deletion, a call that goes on: the bubble shows it."""
    announce.thread(message.conversation_id)


@receiver(conversation_signals.file_settled)
def file_came(sender: Any, message: Any, **_kwargs: Any) -> None:
    """A photo is there to be looked at, or the bubble says why not."""
    announce.thread(message.conversation_id)


@receiver(conversation_signals.call_missed)
def call_missed(sender: Any, conversation: Any, **_kwargs: Any) -> None:
    """A bell: somebody should call back now."""
    announce.ring(conversation.pk)
    announce.today()


@receiver(conversation_signals.call_answered)
def call_answered(sender: Any, conversation: Any, **_kwargs: Any) -> None:
    """The to-do to call back may be gone."""
    announce.thread(conversation.pk)
    announce.today()


@receiver(conversation_signals.contacts_merged)
def people_merged(sender: Any, merge: Any, now: Any, **_kwargs: Any) -> None:
    """The story of every thread that changed hands says so."""
    merges.tell(merge, now=now)


@receiver(conversation_signals.contacts_parted)
def people_parted(sender: Any, merge: Any, now: Any, **_kwargs: Any) -> None:
    """So it does when they are two again."""
    merges.tell(merge, now=now)


@receiver(conversation_signals.form_received)
def form_came(sender: Any, contact: Any, event: Any, now: Any, **_kwargs: Any) -> None:
    """A form read after all makes its raw lead somebody's."""
    raw.read_after_all(event, contact=contact, now=now)


@receiver(lead_signals.lead_opened)
@receiver(lead_signals.lead_changed)
def lead_moved(sender: Any, lead: Any, **_kwargs: Any) -> None:
    """The card shows it; a raw lead stands in the list."""
    announce.thread(lead.conversation_id)
    if lead.contact_id is None:
        announce.event("inbox")


@receiver(lead_signals.task_opened)
def task_opened(sender: Any, task: Any, **_kwargs: Any) -> None:
    """The page "Today" shows it."""
    announce.today()


@receiver(
    [
        booking_signals.booked,
        booking_signals.moved,
        booking_signals.cancelled,
        booking_signals.arrived,
        booking_signals.completed,
        booking_signals.no_show,
        booking_signals.client_confirmed,
        booking_signals.reopened,
        booking_signals.expired,
    ]
)
def visit_changed(sender: Any, booking: Any, **_kwargs: Any) -> None:
    """The card, the page "Today" and the calendar show it."""
    announce.thread(booking.conversation_id)
    announce.today()
    announce.event("calendar")


@receiver(connection_signals.broke)
def channel_broke(sender: Any, connection: Any, again: bool = False, **_kwargs: Any) -> None:
    """The page "Today" says so; owners are told once, for only they can mend it."""
    announce.today()
    if not again:
        channels.tell_broken(connection, now=clock.now())


@receiver(connection_signals.attention)
def channel_wants_its_owner(
    sender: Any, connection: Any, key: str, subject: str, text: str, now: Any, **_kwargs: Any
) -> None:
    """Silent, out of reach, cut off: told to owners, once a matter."""
    channels.tell(connection, key=key, subject=subject, text=text, now=now)


@receiver(connection_signals.relieved)
def channel_recovered(sender: Any, key: str, **_kwargs: Any) -> None:
    """What was not told yet need not be."""
    alerts.withdraw(key)


@receiver(connection_signals.changed)
def channel_changed(sender: Any, **_kwargs: Any) -> None:
    """The page "Today" shows which channels need a person."""
    announce.today()
