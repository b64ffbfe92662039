"""Hears what happens to threads, visits and clients, and plans what groups are shown of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from bookings import signals as booking_signals
from bookings.models import Booking
from conversations import signals as conversation_signals
from conversations.models import Contact, Conversation, Direction, Message, MessageState
from inbox import signals
from inbox.group import answering, plan, words
from inbox.group.card import button
from inbox.group.models import GroupState, Mirror, Topic
from inbox.models import Step
from kit import periods
from leads import signals as lead_signals
from tenants import clock, wall
from work.rows import State

# Steps of a thread that colleagues should read; all others stand in the card.
_TOLD = (Step.Kind.HANDED_OVER, Step.Kind.NO_ANSWER)
_CLOSING = (Step.Kind.CLOSED, Step.Kind.NOT_A_CLIENT, Step.Kind.PRIVATE)
_OPENING = (Step.Kind.REOPENED, Step.Kind.CLIENT_AGAIN, Step.Kind.OPENED_UP, Step.Kind.WOKEN)


# ---------------------------------------------------------------- words
@receiver(conversation_signals.message_received)
def client_wrote(sender: Any, message: Message, now: dt.datetime, **_kwargs: Any) -> None:
    """A client's first word makes the topic. What a machine wrote is shown where there is one already."""
    thread = message.conversation
    if thread.is_private or thread.not_a_client:
        return
    for group in plan.groups():
        if message.automatic and not Topic.objects.filter(group=group, conversation=thread).exists():
            continue
        topic = plan.topic_of(group, thread, now=now)
        if not message.automatic:
            plan.close(topic, closed=False, now=now)
        plan.show(topic, message, now=now)


@receiver(conversation_signals.button_pressed)
def client_pressed(sender: Any, action: Any, conversation: Conversation, now: dt.datetime, **_: Any) -> None:
    """A press stands in the topic as it does in the thread."""
    message = Message.objects.filter(conversation=conversation, kind="button", created_at=now).last()
    if message is not None:
        _show(message, now=now)


@receiver(conversation_signals.message_said)
@receiver(conversation_signals.human_replied)
def we_wrote(sender: Any, message: Message, now: dt.datetime, **_: Any) -> None:
    """Our word is shown where it was not written."""
    _show(message, now=now)


def _show(message: Message, *, now: dt.datetime) -> None:
    for topic in plan.topics(message.conversation_id):
        if not message.key.startswith(answering.prefix(topic.group)):
            plan.show(topic, message, now=now)


@receiver(conversation_signals.message_changed)
def words_changed(sender: Any, message: Message, now: dt.datetime, **_kwargs: Any) -> None:
    """What was shown reads otherwise now, or was taken back. A call that goes on is neither."""
    if message.edited_at is None and message.deleted_at is None:
        return
    for topic in plan.topics(message.conversation_id):
        if not Mirror.objects.filter(topic=topic, message=message).exists():
            continue
        with plan.in_tenants_words():
            if message.deleted_at:
                text, key = _("taken back: %(words)s"), f"gone:{message.pk}"
            else:
                text, key = _("changed to: %(words)s"), f"changed:{message.pk}:{len(message.wordings)}"
            said = words.excerpt(message.text) if message.deleted_at else message.text
            plan.say(
                topic,
                f"{words.heading(topic, message)} {text % {'words': said or '…'}}",
                key=key,
                now=now,
            )


@receiver(conversation_signals.message_settled)
def outcome_known(sender: Any, message: Message, **_kwargs: Any) -> None:
    """A word that did not arrive, or of which nobody knows, is told where colleagues read."""
    if message.direction != Direction.OUT or message.state not in _OUTCOMES:
        return
    now = clock.now()
    for topic in plan.topics(message.conversation_id):
        with plan.in_tenants_words():
            _OUTCOMES[message.state](topic, message, now)


def _not_delivered(topic: Topic, message: Message, now: dt.datetime) -> None:
    text = _("Not delivered: %(words)s %(reason)s") % _named(message)
    _tell(topic, message, text.strip(), key=f"failed:{message.pk}:{_attempts(message)}", now=now, again=True)


def _uncertain(topic: Topic, message: Message, now: dt.datetime) -> None:
    text = _("It is not known whether this arrived: %(words)s Look in the client's chat.") % _named(message)
    _tell(topic, message, text, key=f"unsure:{message.pk}:{_attempts(message)}", now=now, again=True)


def _taken_back(topic: Topic, message: Message, now: dt.datetime) -> None:
    """What was shown already was not sent after all; what still waits is not shown (see `calls.is_taken_back`)."""
    shown = Mirror.objects.filter(topic=topic, key=f"message:{message.pk}")
    if shown.filter(state__in=(State.DONE, State.IN_DOUBT, State.CALLING)).exists():
        text = _("Not sent after all: %(words)s %(reason)s") % _named(message)
        _tell(topic, message, text.strip(), key=f"dropped:{message.pk}", now=now)


_OUTCOMES: dict[str, Callable[[Topic, Message, dt.datetime], None]] = {
    MessageState.FAILED: _not_delivered,
    MessageState.IN_DOUBT: _uncertain,
    MessageState.CANCELLED: _taken_back,
}


def _named(message: Message) -> dict[str, str]:
    return {"words": words.excerpt(words.body(message)), "reason": message.error}


def _attempts(message: Message) -> int:
    return message.deliveries.count()


def _tell(
    topic: Topic, message: Message, text: str, *, key: str, now: dt.datetime, again: bool = False
) -> None:
    send = button(_("Send again"), "again", topic, message.pk)
    plan.say(
        topic,
        words.notice(topic, text),
        key=key,
        buttons=[[(send.label, send.value)]] if again else (),
        reply_to=answering.origin(topic.group, message),
        now=now,
    )


# ---------------------------------------------------------------- the card and the topic
@receiver(signals.step_noted)
def step_noted(sender: Any, step: Step, **_kwargs: Any) -> None:
    """The topic follows its thread; a cry for a person is read out."""
    for topic in plan.topics(step.conversation_id):
        if step.kind in _CLOSING:
            plan.card(topic, now=step.at)
            plan.close(topic, closed=True, now=step.at)
            continue
        if step.kind in _OPENING:
            plan.close(topic, closed=False, now=step.at)
        if step.kind in _TOLD:
            with plan.in_tenants_words():
                said = f"{step.get_kind_display()}: {step.text}" if step.text else step.get_kind_display()
                plan.say(topic, words.notice(topic, f"❗ {said}"), key=f"step:{step.pk}", now=step.at)
        plan.card(topic, now=step.at)


@receiver(conversation_signals.human_replied)
def person_holds(sender: Any, message: Message, now: dt.datetime, **_kwargs: Any) -> None:
    """Whoever answers has taken the thread."""
    for topic in plan.topics(message.conversation_id):
        plan.card(topic, now=now)


@receiver(lead_signals.lead_opened)
@receiver(lead_signals.lead_changed)
def lead_moved(sender: Any, lead: Any, now: dt.datetime, **_kwargs: Any) -> None:
    """The card shows how far the request has come."""
    _refresh(lead.contact_id, now=now)


@receiver(conversation_signals.contact_changed)
def contact_changed(sender: Any, contact: Contact, now: dt.datetime, **_kwargs: Any) -> None:
    """Name and phone stand in the card, the name in the topic's."""
    for topic in _topics_of(contact.pk):
        plan.card(topic, now=now)
        plan.rename(topic, now=now)


@receiver(conversation_signals.contacts_merged)
def contacts_merged(sender: Any, merge: Any, now: dt.datetime, **_kwargs: Any) -> None:
    """Two cards became one."""
    for topic in _topics_of(merge.survivor_id):
        plan.card(topic, now=now)
        plan.rename(topic, now=now)


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
def visit_changed(sender: Any, booking: Booking, now: dt.datetime, **_kwargs: Any) -> None:
    """The card shows the visit: now, on its day, and once it has begun."""
    zone = wall.entered_tenant().zone
    morning = periods.days(booking.local_day, booking.local_day, zone).start
    for contact_id in {booking.contact_id, booking.attendee_id} - {None}:
        for topic in _topics_of(contact_id):
            plan.card(topic, now=now)
            plan.card(topic, now=now, at=morning)
            plan.card(topic, now=now, at=booking.starts_at)


def _refresh(contact_id: int | None, *, now: dt.datetime) -> None:
    for topic in _topics_of(contact_id):
        plan.card(topic, now=now)


def _topics_of(contact_id: int | None) -> list[Topic]:
    if contact_id is None:
        return []
    active = Topic.objects.filter(
        conversation__contact_id=contact_id, group__state__in=(GroupState.OK, GroupState.LACKS)
    )
    ids = active.order_by("id").values_list("conversation_id", flat=True)
    return [topic for one in dict.fromkeys(ids) for topic in plan.topics(one)]
