"""The site chat as its visitor sees it: their own thread and nothing else, and a way in without JavaScript."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.html import urlize
from django.utils.safestring import SafeString, mark_safe

from connections import events, hooks, intake
from connections.models import Connection, InboundEvent
from conversations import away, buttons, receipts, shown, uploads, visitors
from conversations.models import Author, Conversation, Direction, Holder, MediaFile, Message, MessageState
from conversations.shown import Shown
from integrations import registry
from integrations.errors import ParseError
from integrations.protocols import channel
from tenants import clock
from work.rows import State

PAGE = 40
# Read again with each look: a message may have been committed after a later one, changed or taken back.
OVERLAP = 12
MOST = 300
# What is on its way is shown once it was sent: until then it may still be taken back.
SHOWN = (MessageState.SENT, MessageState.DELIVERED, MessageState.READ)
TOGETHER = dt.timedelta(minutes=5)

Address = Callable[[MediaFile], str]


@dataclasses.dataclass
class Line:
    """One line of the thread. `key` names it across looks: `c:<the page's own id>` or `m:<ours>`."""

    key: str
    id: int
    own: bool
    who: str
    robot: bool
    text: SafeString | str
    files: Sequence[Shown]
    buttons: Sequence[Sequence[dict[str, str]]]
    at: dt.datetime
    # Set when the page is put together.
    first_of_day: bool = False
    continues: bool = False


@dataclasses.dataclass(frozen=True)
class Story:
    """Lines, oldest first. `more` says whether there are older ones.

    `last` is the id of our newest word, `read` of the newest one that the visitor saw, 0 for none. `answers` says who
    is expected to answer: assistant, person, none; `away` is set while nobody does.
    """

    lines: list[Line]
    more: bool
    last: int
    read: int
    answers: str
    away: away.Away | None = None

    @property
    def oldest(self) -> int:
        """The id from which "earlier" goes on."""
        return next((line.id for line in self.lines if line.id), 0)


def thread_of(visitor: visitors.Visitor) -> Conversation | None:
    """The visitor's thread; None until their first event was taken in."""
    return Conversation.objects.filter(
        connection_id=visitor.account.connection_id, chat=visitor.ident
    ).first()


def story(
    visitor: visitors.Visitor,
    *,
    token: str,
    zone: dt.tzinfo,
    business: str,
    after: int = 0,
    before: int = 0,
) -> Story:
    """The newest lines of the visitor's thread, or those before a message, or those after one with some overlap.

    `token` is that of the chat's address; `zone` is where days begin; `business` is who speaks when no colleague's
    name is known.
    """
    thread = thread_of(visitor)
    found: list[Message] = []
    more = False
    if thread is not None:
        seen = _visible(thread)
        if before:
            seen = _earlier(thread, seen, before)
        found = list(seen[: PAGE + 1])
        if after and len(found) > PAGE and found[-1].pk > after:
            found = list(seen[: MOST + 1])
        if after:
            fresh = sum(message.pk > after for message in found)
            kept = min(max(fresh, OVERLAP), MOST)
        else:
            kept = PAGE
        more = len(found) > kept
        found = found[: kept + 1]
    address = _address(visitor, token)
    lines = [_line(message, visitor, business, address) for message in reversed(found)]
    if not before:
        taken_in = {line.key for line in lines}
        lines += [line for line in _on_the_way(visitor, thread) if line.key not in taken_in]
    _mark(lines, zone=zone)
    return Story(
        lines=lines[1:] if more else lines,  # the one before only says whose words go on
        more=more,
        last=max((line.id for line in lines if not line.own), default=0),
        read=max((message.pk for message in found if message.state == MessageState.READ), default=0),
        answers=thread.holder if thread is not None else Holder.ASSISTANT,
        away=away.of(thread, now=clock.now()),
    )


def _visible(thread: Conversation) -> QuerySet[Message]:
    """Newest first."""
    return (
        Message.objects.filter(conversation=thread, deleted_at=None)
        .filter(Q(direction=Direction.IN) | Q(state__in=SHOWN))
        .select_related("user")
        .prefetch_related(Prefetch("files", MediaFile.objects.order_by("position")))
        .order_by("-created_at", "-id")
    )


def _earlier(thread: Conversation, seen: QuerySet[Message], before: int) -> QuerySet[Message]:
    pivot = Message.objects.filter(conversation=thread, pk=before).first()
    if pivot is None:
        return seen.none()
    return seen.filter(Q(created_at__lt=pivot.created_at) | Q(created_at=pivot.created_at, pk__lt=pivot.pk))


def _line(message: Message, visitor: visitors.Visitor, business: str, address: Address) -> Line:
    own = message.direction == Direction.IN
    who = business
    if message.author == Author.MANAGER and message.user is not None and message.user.name:
        who = message.user.name
    return Line(
        key=_key(message, visitor) if own else f"m:{message.pk}",
        id=message.pk,
        own=own,
        who=who,
        robot=message.author == Author.ASSISTANT,
        text=message.text if own else linked(message.text),
        files=[shown.of(file, url=address) for file in message.files.all()],
        buttons=message.buttons,
        at=message.created_at,
    )


def _key(message: Message, visitor: visitors.Visitor) -> str:
    """The page's own id of an event, by which it knows its words again; a pressed button's message has a prefix."""
    start = f"{visitor.ident}:"
    ident = message.external_id.removeprefix("button:")
    return f"c:{ident.removeprefix(start)}" if ident.startswith(start) else f"m:{message.pk}"


def _address(visitor: visitors.Visitor, token: str) -> Address:
    """The addresses of files for this visitor alone; `token` is the chat's."""

    def url(file: MediaFile) -> str:
        path = reverse("conversations:chat-file", args=[token, file.token])
        return f"{path}?p={visitors.file_proof(visitor, file.token)}"

    return url


_APART = '<a target="_blank" rel="noopener" href='


def linked(text: str) -> SafeString:
    """A text of ours as HTML, its addresses as links that open beside the chat."""
    return mark_safe(urlize(text, autoescape=True).replace("<a href=", _APART))


def _on_the_way(visitor: visitors.Visitor, thread: Conversation | None) -> list[Line]:
    """What the visitor wrote and nobody has taken in yet: it is stored, so it is shown."""
    account = visitor.account
    waiting = InboundEvent.objects.filter(
        connection_id=account.connection_id,
        thread=f"{account.connection_id}:{visitor.ident}"[:200],
        state__in=(State.PENDING, State.CLAIMED),
    ).order_by("id")[:PAGE]
    lines = []
    for event in waiting:
        with contextlib.suppress(ParseError):  # an unreadable one stands before a person instead
            for fact in registry.channel(visitors.KIND).parse(account.settings, intake.request_of(event)):
                text, files = _words(fact, thread), _coming(fact)
                if (text or files) and isinstance(fact, channel.MessageReceived | channel.ButtonPressed):
                    key = f"c:{fact.external_id.removeprefix(f'{visitor.ident}:')}"
                    lines.append(Line(key, 0, True, "", False, text, files, (), event.received_at))
    return lines


def _coming(fact: channel.Fact) -> list[Shown]:
    """Files that lie with us already and belong to a word that nobody has taken in yet."""
    if not isinstance(fact, channel.MessageReceived):
        return []
    return [Shown(id=0, kind=one.kind, name=one.name, state=State.PENDING) for one in fact.media]


def _words(fact: channel.Fact, thread: Conversation | None) -> str:
    if isinstance(fact, channel.MessageReceived):
        return fact.text
    if isinstance(fact, channel.ButtonPressed) and thread is not None:
        action = buttons.find(thread, fact.value)
        return action.label if action is not None else ""
    return ""


def _mark(lines: list[Line], *, zone: dt.tzinfo) -> None:
    """Days, and which words follow others of the same mouth."""
    previous: Line | None = None
    for line in lines:
        line.first_of_day = (
            previous is None or previous.at.astimezone(zone).date() != line.at.astimezone(zone).date()
        )
        line.continues = bool(
            previous
            and not line.first_of_day
            and (previous.own, previous.who, previous.robot) == (line.own, line.who, line.robot)
            and line.at - previous.at < TOGETHER
        )
        previous = line


def seen(visitor: visitors.Visitor, *, upto: int, now: dt.datetime) -> int:
    """Notes that our words up to a message were read on the visitor's screen; returns how many became so."""
    thread = thread_of(visitor)
    if thread is None:
        return 0
    unread = list(
        Message.objects.filter(
            conversation=thread,
            direction=Direction.OUT,
            state__in=(MessageState.SENT, MessageState.DELIVERED),
            pk__lte=upto,
        ).order_by("id")[:MOST]
    )
    connection = Connection.objects.get(pk=visitor.account.connection_id) if unread else None
    for message in unread:
        assert connection is not None
        read = channel.Receipt(external_id=message.external_id, state="read", key=message.key or None, at=now)
        receipts.take(connection, read, now=now)
    return len(unread)


def hand_in(visitor: visitors.Visitor, upload: UploadedFile, *, now: dt.datetime) -> MediaFile:
    """Takes a visitor's file; it is said by the event that names its token.

    Raises:
        uploads.CannotAttach: see the class.
    """
    return uploads.hand_in(
        upload,
        tenant_id=visitor.account.tenant_id,
        owner=uploads.chat(visitor.account.connection_id, visitor.ident),
        capabilities=registry.channel(visitors.KIND).capabilities,
        now=now,
    )


def file_of(account: hooks.Account, token: str, proof: str) -> MediaFile | None:
    """A file of somebody's thread, for a browser that proves to be theirs; None for any other."""
    rows = MediaFile.objects.select_related("message__conversation")
    file: MediaFile | None = rows.filter(
        token=token, message__conversation__connection_id=account.connection_id, message__deleted_at=None
    ).first()
    if file is None or file.message is None:
        return None
    message = file.message
    if message.direction == Direction.OUT and message.state not in SHOWN:
        return None
    return file if visitors.may_see_file(account, message.conversation.chat, token, proof) else None


class Unreadable(Exception):
    """The form says nothing that could be an event."""


def keep(visitor: visitors.Visitor, told: dict[str, Any], *, now: dt.datetime) -> None:
    """Stores an event of the plain form the way the hook stores one of the script: raw, once, committed at return.

    `told` is the wire's event (see `integrations.webchat.channel`) without its session. A repeat of its `id` is the
    same event.

    Raises:
        Unreadable: see the class.
        psycopg2.Error: the database is away; nothing was stored.
    """
    wire = registry.channel(visitors.KIND)
    request = channel.HookRequest(
        headers={"content-type": "application/json"},
        body=json.dumps({**told, "session": visitor.session}).encode(),
    )
    try:
        wire.parse(visitor.account.settings, request)
    except ParseError as error:
        raise Unreadable(str(error)) from error
    row = events.row(
        wire,
        request,
        tenant_id=visitor.account.tenant_id,
        connection_id=visitor.account.connection_id,
        received_at=now,
    )
    connection = events.connect()
    try:
        events.insert(connection, [row])
    finally:
        connection.close()
