"""Phone calls: one row a call, whatever the order in which the telephony tells of it, and a line in the thread.

The thread is (person, telephony account), its chat the other side's number. A missed incoming call is announced at
once, so that it becomes a request and a to-do, and is answered by a text (`conversations.textback`). A hidden number
leaves the row alone: there is nobody to call back. So does an outgoing call to a number that no client has.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection as database
from django.utils import translation
from django.utils.translation import gettext as _

from connections.models import Connection, InboundEvent
from conversations import media, signals, textback
from conversations.models import (
    Author,
    Call,
    Contact,
    Conversation,
    Direction,
    Holder,
    Message,
    MessageState,
)
from conversations.threads import thread_of
from integrations.protocols.channel import CallHappened, Person
from kit import phones
from kit.text import storable
from tenants import wall

State = Call.State
# A call goes up this list and never down: whoever talked did not miss the call, whichever event comes last.
RANK = {State.RINGING: 0, State.MISSED: 1, State.ANSWERED: 2, State.ENDED: 3}
TALKED = (State.ANSWERED, State.ENDED)


def take(connection: Connection, event: InboundEvent | None, fact: CallHappened, *, now: dt.datetime) -> None:
    """Takes one event of a call in."""
    call = _row(connection, fact, now=now)
    before = call.state if call.pk else None
    _learn(call, fact)
    thread = _thread(connection, call, now=now)
    if thread is not None:
        call.contact = thread.contact
    call.save()
    if thread is None:
        return
    message = _line(call, thread, event)
    if fact.recording is not None:
        media.changed(message, [fact.recording], now=now)
    if quiet(call, thread):
        return
    if call.state == State.MISSED and before != State.MISSED and call.direction == Direction.IN:
        signals.call_missed.send(Call, call=call, conversation=thread, touch=fact.touch, now=now)
        textback.send(call, thread, now=now)
    elif call.state in TALKED and before not in TALKED:
        signals.call_answered.send(Call, call=call, conversation=thread, touch=fact.touch, now=now)


def quiet(call: Call, thread: Conversation) -> bool:
    """Whether a call is no client's: a colleague's, or one whom somebody marked so, or our own number."""
    if call.phone == phones.normalise(wall.entered_tenant().phone):
        return True
    if Call.objects.filter(dialled=call.phone, direction=Direction.IN).exists():
        return True
    return Conversation.objects.filter(contact=thread.contact_id, not_a_client=True).exists()


# ---------------------------------------------------------------- the row
def _row(connection: Connection, fact: CallHappened, *, now: dt.datetime) -> Call:
    ident = storable(fact.external_id)[:200]
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))",
            [f"call:{connection.pk}:{ident}", connection.tenant_id],
        )
    call = Call.objects.filter(connection=connection, external_id=ident).select_related("message").first()
    return call or Call(
        connection=connection,
        external_id=ident,
        direction=Direction.OUT if fact.direction == "out" else Direction.IN,
        state=State.RINGING,
        started_at=min(fact.at or now, now),
    )


def _learn(call: Call, fact: CallHappened) -> None:
    call.phone = call.phone or storable(fact.phone)[:16]
    call.dialled = call.dialled or storable(fact.dialled)[:16]
    call.answered_by = storable(fact.answered_by)[:100] or call.answered_by
    call.seconds = fact.seconds if fact.seconds is not None else call.seconds
    call.waited = fact.waited if fact.waited is not None else call.waited
    if fact.at is not None and fact.at < call.started_at:
        call.started_at = fact.at
    state = _state(fact)
    if RANK[state] > RANK[State(call.state)]:
        call.state = state


def _state(fact: CallHappened) -> State:
    if fact.state == "ended" and fact.seconds == 0:
        return State.MISSED  # it rang and nobody talked
    return {
        "ringing": State.RINGING,
        "answered": State.ANSWERED,
        "missed": State.MISSED,
        "ended": State.ENDED,
        "recorded": State.RINGING,  # tells nothing of the talk: a missed call may have left a message
    }[fact.state]


# ---------------------------------------------------------------- its line in the thread
def _thread(connection: Connection, call: Call, *, now: dt.datetime) -> Conversation | None:
    if not call.phone:
        return None
    known = Contact.objects.filter(phone=call.phone, merged_into=None)
    if call.direction == Direction.OUT and call.message_id is None and not known.exists():
        return None
    person = Person(external_id=call.phone, phone=call.phone, phone_verified=True)
    thread = thread_of(connection, call.phone, person, now=now)
    if thread.holder == Holder.ASSISTANT:
        thread.holder = Holder.NONE  # nobody writes here
        thread.save(update_fields=["holder"])
    return thread


def _line(call: Call, thread: Conversation, event: InboundEvent | None) -> Message:
    incoming = call.direction == Direction.IN
    said = words(call)
    values: dict[str, Any] = {"media": [facts(call)], "text": "", "created_at": call.started_at}
    message = call.message
    if message is None:
        message = Message.objects.create(
            conversation=thread,
            contact=thread.contact,
            direction=call.direction,
            author=Author.CLIENT if incoming else Author.MANAGER,
            kind="call",
            external_id=f"call:{call.external_id}"[:200],
            event=event,
            state=MessageState.RECEIVED if incoming else MessageState.SENT,
            sent_at=call.started_at,
            **values,
        )
        call.message = message
        call.save(update_fields=["message"])
    else:
        for name, value in values.items():
            setattr(message, name, value)
        message.save(update_fields=list(values))
    changes: dict[str, Any] = {}
    if thread.last_message_at is None or thread.last_message_at <= call.started_at:
        changes |= {"last_message_at": call.started_at, "last_text": said[:200]}
    if incoming:
        changes["unread"] = 1 if call.state == State.MISSED else 0
        if not (thread.not_a_client or thread.is_private):
            changes["state"] = Conversation.State.OPEN
    Conversation.objects.filter(pk=thread.pk).update(**changes)
    for name, value in changes.items():
        setattr(thread, name, value)
    signals.message_changed.send(Message, message=message, now=call.started_at)
    return message


def facts(call: Call) -> dict[str, Any]:
    """What the line shows of a call; kept with the message, so that a page of lines costs one statement."""
    shown = {
        "kind": "call",
        "state": call.state,
        "direction": call.direction,
        "seconds": call.seconds,
        "waited": call.waited,
        "answered_by": call.answered_by,
    }
    return {name: value for name, value in shown.items() if value not in (None, "")}


def words(call: Call) -> str:
    """A call in words of the salon's language, for the list of threads."""
    with translation.override(wall.entered_tenant().language):
        if call.state == State.MISSED:
            return _("Missed call") if call.direction == Direction.IN else _("No answer to our call")
        if call.state == State.RINGING:
            return _("Calling…")
        said = _("Call")
        return said if call.seconds is None else f"{said}, {call.seconds // 60}:{call.seconds % 60:02}"
