"""The assistant's answers: planned with the client's word, made under the thread's lock, said for its generation.

A burst of words owes one answer: it is due shortly after the last of them. An answer that the client's next word
overtook before it left is taken back, with what it remembered, and the words are read again together.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assistant import alarm, facts, handover, mode, presses, turn
from assistant import memory as memories
from assistant.memory import OPENED, SAID
from assistant.models import Answer
from assistant.talk import Reply, Talk
from assistant.understanding import intents, reading, vocabulary
from conversations import outbox
from conversations.models import (
    Author,
    ButtonAction,
    Conversation,
    Delivery,
    Direction,
    Message,
    MessageState,
)
from tenants import clock, wall
from work import sweep
from work.claim import Claim
from work.rows import DurableRow, State

log = logging.getLogger(__name__)

QUEUE = "answers"
# How long the client may go on typing, after a word and in all.
AFTER_LAST, AFTER_FIRST = dt.timedelta(milliseconds=700), dt.timedelta(seconds=2)
# Somebody whose first words make a whole request is greeted after this pause, before the answer itself.
BEFORE_HELLO = dt.timedelta(milliseconds=350)
# Intents that make a request whole.
_WHOLE = {"book", "price", "address", "hours"}
# More of a burst than this is not read.
MOST_WORDS = 4000
# Things that are no text but deserve a person's eye.
MEDIA = ("voice", "audio", "video", "image", "document")


# ---------------------------------------------------------------- planning
def plan(thread: Conversation, *, now: dt.datetime, hello: bool = False) -> None:
    """Promises an answer to the word that was just taken in; the thread is locked by the caller.

    With `hello` a greeting goes ahead of it when the client pauses.
    """
    mine = Answer.objects.select_for_update().filter(conversation=thread).order_by("-id")
    owed = mine.filter(state=State.PENDING).first()
    first_at = owed.received_at if owed else _burst_began(mine.first(), now)
    due_at = min(now + AFTER_LAST, max(first_at + AFTER_FIRST, now))
    hello = hello and due_at - now > BEFORE_HELLO
    due_at = now + BEFORE_HELLO if hello else due_at
    values: dict[str, Any] = {"hello": hello, "due_at": due_at}
    if owed is not None:
        Answer.objects.filter(pk=owed.pk).update(generation=thread.generation, **values)
    else:
        Answer.objects.get_or_create(
            conversation=thread,
            generation=thread.generation,
            defaults=values | {"received_at": first_at, "created_at": now},
        )
    alarm.ring(QUEUE, after=due_at - now)


def _burst_began(last: Answer | None, now: dt.datetime) -> dt.datetime:
    """When the client began to write: an answer that this word overtakes was owed to an earlier one."""
    overtaken = last is not None and last.state in (State.CLAIMED, State.CANCELLED)
    if last is not None and overtaken and now - last.received_at < AFTER_FIRST:
        return last.received_at
    return now


def drop(thread: Conversation) -> bool:
    """Takes back the promises of answers that are not being made yet; True when the present word was among them."""
    owed = Answer.objects.filter(conversation=thread, state=State.PENDING)
    present = owed.filter(generation=thread.generation).exists()
    owed.update(state=State.CANCELLED)
    return present


# ---------------------------------------------------------------- the queue
def make(row: DurableRow, taken: Claim) -> None:
    """Makes one promised answer, unless the thread has moved on or a person has taken it."""
    assert isinstance(row, Answer)
    thread = locked(row.conversation_id)
    if thread.generation != row.generation or not mode.may_answer(thread, wall.entered_tenant()):
        row.finish(token=taken.token, state=State.CANCELLED)
        return
    now = clock.now()
    rest = AFTER_LAST - BEFORE_HELLO
    if row.hello and now - row.due_at < rest:
        _greet(thread, now=now)
        # The row is due again when the client has had their time to go on.
        row.state, row.due_at = State.PENDING, row.due_at + rest
        Answer.objects.filter(pk=row.pk, lease_token=taken.token).update(
            state=row.state, due_at=row.due_at, hello=False, attempts=0, lease_token=None, lease_until=None
        )
        alarm.ring(QUEUE, after=row.due_at - now)
        return
    speak(thread, _answer_words, now=now)


def gave_up(row: DurableRow) -> None:
    """No answer could be made: a person is called."""
    assert isinstance(row, Answer)
    thread = locked(row.conversation_id)
    if mode.may_answer(thread, wall.entered_tenant()):
        speak(thread, handover.hand_over, now=clock.now())


RUN = sweep.one_by_one(Answer, make, died=gave_up)


def locked(conversation_id: int) -> Conversation:
    """The thread, locked until the transaction ends."""
    rows = Conversation.objects.select_for_update(of=("self",)).select_related("contact", "connection")
    return rows.get(pk=conversation_id)


# ---------------------------------------------------------------- the greeting ahead
def wants_hello(thread: Conversation, text: str, *, now: dt.datetime) -> bool:
    """Whether these words are greeted ahead: a whole request by somebody new, or one who says hello.

    A lone "hello" or a scrap of a sentence is not: more words follow it, and they are answered together.
    """
    known = memories.recall(thread, now=now)
    if known.greeted == SAID:
        return False
    language = reading.language_of(text) or known.language or _language(wall.entered_tenant().language)
    heard = intents.read(text, vocabulary.load(language))
    return bool(heard & _WHOLE) and (not known.greeted or "greet" in heard)


def _greet(thread: Conversation, *, now: dt.datetime) -> None:
    """Says hello and nothing else."""

    def hello(talk: Talk) -> Reply:
        again = talk.memory.greeted == OPENED
        talk.memory.greeted = ""
        last = Message.objects.filter(conversation=thread, direction=Direction.IN).order_by("-pk").first()
        with _in_language(talk, reading.language_of(last.text if last else "")):
            return Reply(turn.greeting(talk, again=again))

    speak(thread, hello, now=now, key=f"assistant:hello:{thread.pk}:{thread.generation}", ahead=True)


# ---------------------------------------------------------------- at once
def opened(thread: Conversation, *, now: dt.datetime, afresh: bool) -> None:
    """The chat was opened. `afresh` greets whatever was said before; else only somebody new, or after a day."""
    if not mode.may_answer(thread, wall.entered_tenant()):
        return
    if not afresh and memories.recall(thread, now=now).greeted:
        return
    drop(thread)
    _safely(thread, turn.by_opening, now=now, key=f"assistant:open:{thread.pk}:{thread.generation}")


def pressed(action: ButtonAction, thread: Conversation, *, now: dt.datetime) -> None:
    """A button of ours was pressed, or its label typed: answered in the same transaction."""
    if not mode.may_answer(thread, wall.entered_tenant()):
        _leave_to_person(thread, now=now)
        return
    typed = Answer.objects.filter(
        conversation=thread, generation=thread.generation, state=State.PENDING
    ).exists()
    if typed and not presses.answers(action.action, stage=memories.recall(thread, now=now).stage):
        return  # words like any others: their answer is promised already
    drop(thread)

    def answer(talk: Talk) -> Reply:
        _hear_before_press(talk, label=action.label)
        return presses.by_press(talk, action.action, dict(action.payload))

    _safely(thread, answer, now=now)


def _leave_to_person(thread: Conversation, *, now: dt.datetime) -> None:
    """Pressed while a person has the thread: it waits for them like a word."""
    thread.waiting_since = thread.waiting_since or now
    Conversation.objects.filter(pk=thread.pk).update(waiting_since=thread.waiting_since)


def shared_contact(thread: Conversation, *, now: dt.datetime) -> None:
    """The client's phone came by a button: nothing more is typed, so the answer is made at once."""
    drop(thread)
    _safely(thread, _answer_words, now=now)


def _safely(
    thread: Conversation, answer: Callable[[Talk], Reply], *, now: dt.datetime, key: str = ""
) -> None:
    """Speaks; an error of ours must not keep the client's word from being taken in: then a person is called."""
    try:
        with transaction.atomic():
            speak(thread, answer, now=now, key=key)
    except Exception:
        log.exception("thread %s: no answer could be made", thread.pk)
        thread.refresh_from_db(fields=["holder", "waiting_since", "last_text", "last_message_at"])
        speak(thread, handover.hand_over, now=now, key=key)


# ---------------------------------------------------------------- speaking
def speak(
    thread: Conversation,
    answer: Callable[[Talk], Reply],
    *,
    now: dt.datetime,
    key: str = "",
    ahead: bool = False,
) -> None:
    """One turn: recalls, asks `answer` for the reply, says it, remembers. `ahead` is a greeting before an answer."""
    tenant = wall.entered_tenant()
    memory = _take_back(thread, memories.recall(thread, now=now))
    memory.language = memory.language or _language(tenant.language)
    before = memory.to_json() | {"said": [], "before": None}
    with translation.override(memory.language), timezone.override(tenant.zone):
        talk = Talk(thread=thread, tenant=tenant, memory=memory, catalogue=facts.catalogue(), now=now)
        reply = answer(talk)
        message = (
            None if reply.said else _say(talk, reply, key=key or f"assistant:{thread.pk}:{thread.generation}")
        )
    memory.hello = message.pk if message and ahead else 0
    stays = message is None or reply.lasting or ahead
    memory.said, memory.before = ([], None) if stays or message is None else ([message.pk], dict(before))
    memories.keep(thread, memory, now=now)


def _say(talk: Talk, reply: Reply, *, key: str) -> Message | None:
    thread = talk.thread
    waiting_since = thread.waiting_since or talk.now
    message = None
    # Where nothing can be written a person still sees the word.
    with contextlib.suppress(outbox.CannotWrite):
        message = outbox.say(
            thread,
            text=reply.text,
            buttons=talk.keyboard(reply.choices),
            author=Author.ASSISTANT,
            key=key,
            now=talk.now,
            generation=None if reply.lasting else thread.generation,
        )
    if reply.waits:
        thread.waiting_since = waiting_since
        Conversation.objects.filter(pk=thread.pk).update(waiting_since=waiting_since)
    return message


def _language(usual: str) -> str:
    """The salon's language until the client shows another."""
    return usual if usual in vocabulary.languages() else vocabulary.DEFAULT


def _take_back(thread: Conversation, memory: memories.Memory) -> memories.Memory:
    """The memory as it was before the last answer, when that answer has not left: its words are read again.

    A greeting that has not left either goes into the answer that is made now.
    """
    if memory.hello:
        if _recalled([memory.hello], keep=None):
            memory.greeted = ""
        memory.hello = 0
    if memory.said and memory.before is not None and _recalled(memory.said, keep=thread.generation):
        return memories.Memory.from_json(memory.before)
    return memory


def _recalled(messages: Sequence[int], *, keep: int | None) -> bool:
    """Takes messages back that are still here, save those of the generation `keep`; True when all are cancelled."""
    for delivery in Delivery.objects.select_for_update().filter(message_id__in=messages).order_by("pk"):
        if delivery.state in (State.PENDING, State.CLAIMED) and delivery.generation != keep:
            reason = _("The conversation has moved on.")
            delivery.finish(token=delivery.lease_token, state=State.CANCELLED, error=reason)
            outbox.settle(delivery.message, MessageState.CANCELLED, error=reason)
    return not Message.objects.filter(pk__in=messages).exclude(state=MessageState.CANCELLED).exists()


# ---------------------------------------------------------------- listening
def _unheard(talk: Talk) -> list[Message]:
    """The client's words since the last turn; what opened the chat and labels of buttons are none."""
    rows = Message.objects.filter(
        conversation=talk.thread, direction=Direction.IN, author=Author.CLIENT, pk__gt=talk.memory.heard
    )
    found = list(rows.order_by("pk"))
    if found:
        talk.memory.heard = found[-1].pk
    return [one for one in found if one.kind != "button" and not one.text.startswith("/start")]


def _understand(talk: Talk, messages: Sequence[Message]) -> reading.Reading:
    text = "\n".join(one.text for one in messages if one.text)[-MOST_WORDS:]
    understood = reading.read(
        text,
        catalogue=talk.catalogue,
        masters=facts.masters(),
        today=talk.now.astimezone(talk.zone).date(),
        language=talk.memory.language,
    )
    for one in messages:
        for medium in one.media:
            if medium.get("kind") == "contact" and medium.get("phone"):
                understood.phone = understood.phone or medium["phone"]
    return understood


def _answer_words(talk: Talk) -> Reply:
    messages = _unheard(talk)
    understood = _understand(talk, messages)
    with _in_language(talk, understood.language):
        if not understood.text.strip() and any(one.kind in MEDIA for one in messages):
            return turn.by_medium(talk)
        return turn.by_words(talk, understood)


@contextlib.contextmanager
def _in_language(talk: Talk, shown: str | None) -> Iterator[None]:
    """The client's language from the word on that showed it."""
    if shown in vocabulary.languages():
        talk.memory.language = shown or ""
    with translation.override(talk.memory.language):
        yield


def _hear_before_press(talk: Talk, *, label: str) -> None:
    """What was written just before a press is kept too; the label that was typed is no word of its own."""
    words = [one for one in _unheard(talk) if one.text.strip().lower() != label.strip().lower()]
    if words:
        turn.learn(talk, _understand(talk, words))
