"""What a group is still to be shown, as rows in the present transaction: nothing is sent here."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone, translation

from connections.models import ConnectionState
from conversations.models import Conversation, MediaFile, Message
from inbox.group import words
from inbox.group.models import GroupState, Mirror, StaffGroup, Topic
from integrations import registry
from integrations.protocols.channel import text_length
from kit.text import split_text, storable
from tenants import wall
from work import sweep
from work.rows import OPEN_STATES, State

QUEUE = "mirrors"
# What could not be shown for so long is no news any more; the inbox has it.
LIFE = dt.timedelta(days=1)

# Changes of a card that come together are one: the group's pace is for words.
SETTLING = dt.timedelta(seconds=2)

Rows = Sequence[Sequence[tuple[str, str]]]


def groups() -> list[StaffGroup]:
    """Groups that are shown something."""
    found = StaffGroup.objects.filter(state__in=(GroupState.OK, GroupState.LACKS))
    return list(
        found.exclude(connection__state=ConnectionState.OFF).select_related("connection").order_by("id")
    )


def topics(conversation_id: int | None) -> list[Topic]:
    """A thread's places in groups that are shown something."""
    if conversation_id is None or not _stands_anywhere(conversation_id):
        return []
    found = Topic.objects.filter(
        conversation_id=conversation_id, group__state__in=(GroupState.OK, GroupState.LACKS)
    )
    return list(
        found.exclude(group__connection__state=ConnectionState.OFF)
        .select_related("group__connection", "conversation__contact", "conversation__connection")
        .order_by("id")
    )


def _stands_anywhere(conversation_id: int) -> bool:
    """Asked for each message of a mass of reminders, and nearly always no: the joined question would cost them most."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM inbox_topic WHERE tenant_id = %s AND conversation_id = %s)",
            [wall.current_tenant_id(), conversation_id],
        )
        stands: bool = cursor.fetchone()[0]
        return stands


def topic_of(group: StaffGroup, conversation: Conversation, *, now: dt.datetime) -> Topic:
    """The thread's place in a group, made at its first word."""
    topic, _made = Topic.objects.get_or_create(
        group=group, conversation=conversation, defaults={"created_at": now}
    )
    topic.group, topic.conversation = group, conversation
    return topic


@contextlib.contextmanager
def in_tenants_words() -> Iterator[None]:
    """Colleagues read the salon's language and clock."""
    tenant = wall.entered_tenant()
    with translation.override(tenant.language), timezone.override(tenant.zone):
        yield


# ---------------------------------------------------------------- rows
def say(
    topic: Topic,
    text: str,
    *,
    now: dt.datetime,
    key: str = "",
    buttons: Rows = (),
    payload: dict[str, Any] | None = None,
    message: Message | None = None,
    reply_to: str = "",
) -> Mirror | None:
    """Words for a topic; the last part of a longer text carries the buttons. None when the key was shown already."""
    capabilities = registry.groups[topic.group.connection.kind].capabilities
    parts = split_text(
        storable(text),
        capabilities.max_text - 200,
        length=lambda part: text_length(part, capabilities.text_unit),
    )
    row = None
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        row = _row(
            topic,
            Mirror.Kind.SAY,
            key=key if last or not key else f"{key}:{number}",
            text=part,
            buttons=[[list(button) for button in line] for line in buttons] if last else [],
            payload=payload or {},
            message=message,
            reply_to=reply_to if number == 1 else "",
            now=now,
        )
    return row


def show(topic: Topic, message: Message, *, now: dt.datetime) -> None:
    """A message of the thread: its words, then its files."""
    with in_tenants_words():
        head = words.heading(topic, message)
        text = words.body(message)
        files = list(MediaFile.objects.filter(message=message).order_by("position"))
        if text or not files:
            say(topic, f"{head}\n{text}".strip(), key=f"message:{message.pk}", message=message, now=now)
    for file in files:
        _row(
            topic,
            Mirror.Kind.FILE,
            key=f"file:{file.pk}",
            text=head,
            message=message,
            file=file,
            now=now,
        )


def card(topic: Topic, *, now: dt.datetime, at: dt.datetime | None = None) -> None:
    """The client's card is to be looked at again, now or at a later moment; words and card wait not for each other."""
    waiting = Mirror.objects.filter(topic=topic, kind=Mirror.Kind.CARD)
    if at is None:
        if not waiting.filter(state=State.PENDING).exists():
            _row(topic, Mirror.Kind.CARD, now=now, due_at=now + SETTLING, thread=f"card:{topic.pk}")
    elif at > now and not waiting.filter(state=State.WAITING, due_at=at).exists():
        _row(topic, Mirror.Kind.CARD, now=now, at=at, thread=f"card:{topic.pk}")


def rename(topic: Topic, *, now: dt.datetime) -> None:
    """The client's name has changed."""
    if topic.number and topic.name != words.topic_name(topic):
        _row(topic, Mirror.Kind.RENAME, now=now)


def close(topic: Topic, *, closed: bool, now: dt.datetime) -> None:
    """The topic follows its thread."""
    if topic.is_closed != closed:
        Topic.objects.filter(pk=topic.pk).update(is_closed=closed)
        topic.is_closed = closed
        _row(topic, Mirror.Kind.CLOSE if closed else Mirror.Kind.REOPEN, now=now)


def hello(group: StaffGroup, *, greet: bool, now: dt.datetime) -> None:
    """The group is to be looked at; with `greet` it hears that it is connected."""
    waiting = Mirror.objects.filter(group=group, topic=None, kind=Mirror.Kind.HELLO)
    found = waiting.filter(state=State.PENDING).first()
    if found is not None:
        found.payload |= {"greet": greet or bool(found.payload.get("greet"))}
        found.due_at = now
        found.save(update_fields=["payload", "due_at"])
        sweep.nudge(QUEUE)
        return
    Mirror.objects.create(
        group=group,
        thread=f"group:{group.pk}",
        kind=Mirror.Kind.HELLO,
        payload={"greet": greet},
        due_at=now,
        expires_at=now + LIFE,
        created_at=now,
    )
    sweep.nudge(QUEUE)


def drop(group: StaffGroup) -> None:
    """Nothing more is shown there."""
    Mirror.objects.filter(group=group, state__in=(State.WAITING, State.PENDING)).update(state=State.CANCELLED)


def is_under_way(file: MediaFile) -> bool:
    """Whether a file is still being fetched."""
    return file.state in OPEN_STATES and not file.key


def _row(
    topic: Topic,
    kind: str,
    *,
    now: dt.datetime,
    key: str = "",
    at: dt.datetime | None = None,
    **values: Any,
) -> Mirror | None:
    given = {
        "group": topic.group,
        "thread": str(topic.pk),
        "kind": kind,
        "state": State.WAITING if at else State.PENDING,
        "due_at": at or now,
        "expires_at": (at or now) + LIFE,
        "created_at": now,
    } | values
    if not key:
        row = Mirror.objects.create(topic=topic, **given)
    else:
        row, made = Mirror.objects.get_or_create(topic=topic, key=key[:150], defaults=given)
        if not made:
            return None
    if not at:
        sweep.nudge(QUEUE)
    return row
