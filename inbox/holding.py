"""Whose a thread is: taken by a colleague, given to another, released, or handed back to the assistant."""

from __future__ import annotations

import datetime as dt

from assistant import answer, mode
from conversations import private
from conversations.models import Conversation, Direction, Holder, Message
from inbox import escalation, reading, story
from inbox.models import Step
from leads import doubles, pipeline
from tenants import wall
from tenants.models import Membership, Role, User


class NoSuchColleague(Exception):
    """The person does not answer clients here."""


class AssistantOff(Exception):
    """The salon's assistant is switched off, or the channel takes no answers."""


def colleagues() -> list[User]:
    """Those who may answer: owners and managers, by name."""
    seats = Membership.objects.filter(role__in=(Role.OWNER, Role.MANAGER), user__is_active=True)
    return sorted((seat.user for seat in seats.select_related("user")), key=lambda user: user.get_full_name())


def locked(conversation_id: int) -> Conversation:
    """The thread, locked until the transaction ends.

    Raises:
        Conversation.DoesNotExist: there is none in this tenant.
    """
    threads = Conversation.objects.select_for_update(of=("self",)).select_related("contact", "connection")
    return threads.get(pk=conversation_id)


def assign(thread: Conversation, *, to: User | None, by: User, now: dt.datetime) -> None:
    """Makes a thread one colleague's, or nobody's; the assistant falls silent where a person takes over.

    Raises:
        NoSuchColleague: see the class.
    """
    if to is not None and to.pk not in {user.pk for user in colleagues()}:
        raise NoSuchColleague
    if to is None:
        kind, text = Step.Kind.RELEASED, ""
    elif to == by:
        kind, text = Step.Kind.TAKEN, ""
    else:
        kind, text = Step.Kind.ASSIGNED, to.get_full_name()
    thread.assignee = to
    fields = ["assignee"]
    if to is not None and thread.holder != Holder.PERSON:
        thread.holder = Holder.PERSON
        # An answer the assistant is making at this moment is for an older generation: it is not sent.
        thread.generation += 1
        fields += ["holder", "generation"]
    thread.save(update_fields=fields)
    story.note_step(thread, kind, by=by, at=now, text=text)
    if thread.waiting_since is not None:
        escalation.plan(thread, now=now)


def hand_back(thread: Conversation, *, by: User, now: dt.datetime) -> None:
    """Gives a thread back to the assistant; a client who waits is answered at once.

    Raises:
        AssistantOff: see the class.
    """
    thread.holder, thread.not_a_client = Holder.ASSISTANT, False
    if not mode.may_answer(thread, wall.entered_tenant()):
        raise AssistantOff
    thread.assignee = None
    thread.generation += 1
    thread.save(update_fields=["holder", "assignee", "not_a_client", "generation"])
    if thread.waiting_since is not None:
        answer.plan(thread, now=now)
    story.note_step(thread, Step.Kind.HANDED_BACK, by=by, at=now)


def silence(thread: Conversation, *, by: User, now: dt.datetime) -> None:
    """Not a client: the assistant never speaks here again, nobody is hurried, thread and request are closed."""
    thread.not_a_client = True
    thread.holder = Holder.NONE
    thread.generation += 1
    thread.state = Conversation.State.CLOSED
    thread.waiting_since = None
    thread.unread = 0
    thread.save(update_fields=["not_a_client", "holder", "generation", "state", "waiting_since", "unread"])
    escalation.answered(thread, by=by, now=now)
    doubles.disown(thread.contact, now=now)
    story.note_step(thread, Step.Kind.NOT_A_CLIENT, by=by, at=now)


def unsilence(thread: Conversation, *, by: User, now: dt.datetime) -> None:
    """A client after all: the thread is open again, in a person's hands."""
    thread.not_a_client = False
    thread.holder = Holder.PERSON
    thread.state = Conversation.State.OPEN
    thread.save(update_fields=["not_a_client", "holder", "state"])
    doubles.own_again(thread.contact, now=now)
    story.note_step(thread, Step.Kind.CLIENT_AGAIN, by=by, at=now)


def open_up(thread: Conversation, *, by: User, now: dt.datetime) -> None:
    """A private chat is a client's after all: a request, a wait and alarms begin with their last word."""
    private.open_up(thread)
    last = (
        Message.objects.filter(conversation=thread, direction=Direction.IN)
        .order_by("-created_at", "-id")
        .first()
    )
    if last is not None:
        pipeline.open_lead(
            contact=thread.contact,
            conversation=thread,
            connection=thread.connection,
            channel_kind=thread.connection.kind,
            request=last.text,
            message=last,
            now=now,
        )
        thread.waiting_since = reading.unanswered_since(thread)
        thread.save(update_fields=["waiting_since"])
        escalation.plan(thread, now=now)
    story.note_step(thread, Step.Kind.OPENED_UP, by=by, at=now)


def close_off(thread: Conversation, *, by: User, now: dt.datetime) -> None:
    """A chat of a personal account is nobody's business: no request, no assistant, no alarms."""
    private.close_off(thread)
    escalation.answered(thread, by=by, now=now)
    doubles.disown(thread.contact, now=now)
    story.note_step(thread, Step.Kind.PRIVATE, by=by, at=now)
