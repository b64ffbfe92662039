"""Buttons in a group. Each acts once, answers with a word, and leaves alone who may not.

A value is `action:topic[:id]`. It comes from a person's device: topic, visit and message are looked up among those of
the very group and client. Being in the group is the right to press; where a colleague is known, their role is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from bookings import lifecycle
from bookings.models import Booking, BookingItem
from bookings.reserve import Refused
from conversations import outbox
from conversations.models import Conversation, Holder, Message
from inbox import closing, escalation, holding, story
from inbox.group import people, plan, times
from inbox.group.models import StaffGroup, Topic
from inbox.group.people import Colleague
from inbox.models import Step
from integrations.protocols.channel import StaffPressed
from kit.templatetags import marzha
from tenants.models import Role

Handler = Callable[[Topic, Conversation, Colleague, list[int], dt.datetime], str]


def hear(group: StaffGroup, fact: StaffPressed, *, now: dt.datetime) -> str:
    """Does what a button says; the word to show the presser."""
    action, numbers = _parsed(fact.value)
    handler = HANDLERS.get(action)
    topic = _topic(group, numbers)
    if handler is None or topic is None:
        return _("This button is of no use any more.")
    who = people.known(group.connection, fact.person)
    if who.is_barred:
        return _("You are not among the colleagues any more.")
    if not who.answers and action not in MASTERS:
        return _("Only managers and owners answer clients.")
    thread = holding.locked(topic.conversation_id)
    word = handler(topic, thread, who, numbers[1:], now)
    plan.card(topic, now=now)
    return word


def _parsed(value: str) -> tuple[str, list[int]]:
    action, *rest = value.split(":")
    numbers = [int(one) for one in rest if one.isascii() and one.isdigit() and len(one) < 19]
    return action, numbers if len(numbers) == len(rest) else []


def _topic(group: StaffGroup, numbers: list[int]) -> Topic | None:
    if not numbers:
        return None
    found = Topic.objects.select_related("conversation__contact", "conversation__connection")
    topic = found.filter(pk=numbers[0], group=group).first()
    if topic is not None:
        topic.group = group
    return topic


# ---------------------------------------------------------------- the thread
def _take(topic: Topic, thread: Conversation, who: Colleague, _rest: list[int], now: dt.datetime) -> str:
    if who.user is not None:
        if thread.assignee_id == who.user.pk and thread.holder == Holder.PERSON:
            return _("It is yours already.")
        holding.assign(thread, to=who.user, by=who.user, now=now)
        return _("Yours now")
    if thread.holder == Holder.PERSON:
        return _("A colleague answers here already.")
    thread.holder = Holder.PERSON
    # An answer the assistant is making at this moment is for an older generation: it is not sent.
    thread.generation += 1
    thread.save(update_fields=["holder", "generation"])
    story.note_step(thread, Step.Kind.TAKEN, by=None, at=now, text=who.name)
    if thread.waiting_since is not None:
        escalation.plan(thread, now=now)
    return _("Yours now")


def _close(topic: Topic, thread: Conversation, who: Colleague, _rest: list[int], now: dt.datetime) -> str:
    if thread.state == Conversation.State.CLOSED:
        return _("It is closed already.")
    closing.close(thread, by=who.user, now=now, name="" if who.user else who.name)
    return _("Closed; the client's next word opens it again.")


def _again(topic: Topic, thread: Conversation, who: Colleague, rest: list[int], now: dt.datetime) -> str:
    message = Message.objects.filter(pk__in=rest[:1], conversation=thread).first()
    if message is None:
        return _("This button is of no use any more.")
    try:
        outbox.send_again(message, now=now)
    except outbox.NotFailed as reason:
        return str(reason)
    return _("Sent once more")


# ---------------------------------------------------------------- the visit
def _mark(step: Callable[..., Booking], done: Callable[[], str]) -> Handler:
    def handler(topic: Topic, thread: Conversation, who: Colleague, rest: list[int], now: dt.datetime) -> str:
        booking = _visit(thread, rest)
        if booking is None:
            return _("This visit is not there any more.")
        if who.role == Role.MASTER and (who.user is None or booking.staff.user_id != who.user.pk):
            return _("This is another master's visit.")
        try:
            step(booking, now=now, user=who.user)
        except Refused as reason:
            return str(reason)
        return f"{done()}: {marzha.when(booking.starts_at, now)}"

    return handler


def _visit(thread: Conversation, rest: list[int]) -> Booking | None:
    client = thread.contact_id
    return (
        Booking.objects.filter(Q(contact_id=client) | Q(attendee_id=client), pk__in=rest[:1])
        .select_related("staff")
        .prefetch_related(Prefetch("items", BookingItem.objects.order_by("position", "id")))
        .first()
    )


def _times(topic: Topic, thread: Conversation, who: Colleague, rest: list[int], now: dt.datetime) -> str:
    return times.show(topic, thread, rest, now=now)


def _which(topic: Topic, thread: Conversation, who: Colleague, rest: list[int], now: dt.datetime) -> str:
    return times.ask(topic, start=rest[0] if rest else 0, now=now)


def _offer(topic: Topic, thread: Conversation, who: Colleague, rest: list[int], now: dt.datetime) -> str:
    return times.offer(topic, thread, who, rest, now=now)


HANDLERS: dict[str, Handler] = {
    "take": _take,
    "close": _close,
    "again": _again,
    "times": _times,
    "which": _which,
    "offer": _offer,
    "came": _mark(lifecycle.arrive, lambda: _("Came")),
    "done": _mark(lifecycle.complete, lambda: _("The visit took place")),
    "missed": _mark(lifecycle.no_show, lambda: _("Did not come")),
    "unmark": _mark(lifecycle.reopen, lambda: _("The mark is taken back")),
}
# What a master may: marks of their own visits.
MASTERS = frozenset({"came", "done", "missed", "unmark"})
