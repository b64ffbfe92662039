"""Where a kind is tried: a salon with its account, the queues, time that can be made to pass, what people see."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from typing import Any, ClassVar

import redis
from django.conf import settings
from django.db.models import F

from assistant.models import Answer
from connections import accounts, poll
from connections.models import Connection, InboundEvent, Upkeep
from conversations import lanes, outbox
from conversations.models import (
    Author,
    ButtonAction,
    Call,
    Contact,
    Conversation,
    Delivery,
    EarlyChange,
    Identity,
    Inquiry,
    Lookup,
    MediaFile,
    Message,
)
from conversations.threads import thread_of
from integrations.protocols import channel
from kit import limits
from leads.models import Lead, Task
from tests.conformance.kit import Kind, Person
from tests.conformance.post import Post
from tests.conftest import Salon
from work import sweep
from work.rows import OPEN_STATES, State

_keys = itertools.count(1)


@dataclasses.dataclass
class Stage:
    """One salon with one account of a kind."""

    kind: Kind
    salon: Salon
    post: Post
    connection: Connection
    LEASE: ClassVar[dt.timedelta] = dt.timedelta(minutes=1)

    @classmethod
    def open(cls, kind: Kind, salon: Salon, post: Post) -> Stage:
        """Connects an account; the kind's people write to it from now on."""
        with salon.work():
            connection = accounts.create(kind.kind, settings=kind.settings)
            kind.hook = post.url + accounts.hook_path(connection)
        stage = kind.stage = cls(kind, salon, post, connection)
        stage.poll()  # a first look leaves the history out
        return stage

    @classmethod
    def beside(cls, stage: Stage, salon: Salon) -> Stage:
        """Another salon with an account at the same provider. Its people do not write."""
        with salon.work():
            connection = accounts.create(stage.kind.kind, settings=stage.kind.neighbours_settings())
        return cls(stage.kind, salon, stage.post, connection)

    def close(self) -> None:
        """Nothing of this salon is due any more: the tests after this one sweep for all salons."""
        with self.salon.work():
            for model in (InboundEvent, Delivery, Inquiry, EarlyChange, Answer, Lookup, Upkeep):
                model.objects.filter(state__in=OPEN_STATES).update(
                    state=State.CANCELLED, lease_token=None, lease_until=None
                )

    # What happens -----------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """The account is asked for what its hook did not tell."""
        poll.look(self.salon.id, self.connection.pk)

    def take_in(self) -> None:
        """What came in is read."""
        while sweep.run(sweep.queue("inbound")):
            pass

    def take_all_in(self) -> None:
        """The same, and what waits for a later attempt is read as often as it is tried."""
        self.take_in()
        for _ in range(InboundEvent.max_attempts):
            with self.salon.work():
                if not InboundEvent.objects.filter(state__in=OPEN_STATES).exists():
                    return
            self.pass_time()
            self.take_in()

    def carry(self) -> None:
        """What is due goes out, and its outcome is known."""
        while sweep.run(sweep.queue(outbox.QUEUE)):
            pass
        sweep.wait()

    def pass_time(self) -> None:
        """Whatever waits for a later moment is due now, and pauses are over."""
        with self.salon.work():
            past = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=10)
            for model in (InboundEvent, Delivery, Inquiry, EarlyChange):
                model.objects.filter(state__in=(State.PENDING, State.WAITING)).update(due_at=past)
            # Evidence may only be looked for some minutes after the call.
            Inquiry.objects.filter(since__gt=past).update(since=F("since") - dt.timedelta(minutes=10))
        redis.Redis.from_url(settings.REDIS_URL).flushdb()
        lanes.ours.forget()
        limits.forget()

    def settle(self, rounds: int = 12) -> None:
        """Lets time pass until nothing is left to happen by itself."""
        for _ in range(rounds):
            self.take_in()
            self.carry()
            for name in ("inquiries", "early_changes"):
                sweep.run(sweep.queue(name))
            if not self._under_way():
                return
            self.pass_time()

    def _under_way(self) -> bool:
        with self.salon.work():
            return any(
                model.objects.filter(state__in=OPEN_STATES).exists()
                for model in (InboundEvent, Delivery, Inquiry, EarlyChange)
            )

    # What the salon does ----------------------------------------------------------------------------------------

    def thread(self, person: Person) -> Conversation:
        """The person's thread."""
        with self.salon.work():
            return Conversation.objects.get(connection=self.connection, chat=person.chat)

    def meet(self, person: Person) -> Conversation:
        """A thread with somebody who has just written, where possible by their own word."""
        if self.kind.has("say"):
            person.say("Здравствуйте")
            self.take_in()
        else:
            self.know(person)
        return self.thread(person)

    def know(self, person: Person) -> None:
        """A thread with somebody as if they had just written."""
        with self.salon.work():
            now = self.salon.now()
            known = channel.Person(external_id=person.chat)
            thread = thread_of(self.connection, person.chat, known, now=now)
            Conversation.objects.filter(pk=thread.pk).update(last_heard_at=now)

    def say(self, person: Person, text: str, **more: Any) -> Message:
        """The salon's word to a person, not carried yet."""
        thread = self.thread(person)
        with self.salon.work():
            values: dict[str, Any] = {"author": Author.MANAGER, "key": f"kit:{next(_keys)}"} | more
            return outbox.say(thread, text=text, now=self.salon.now(), **values)

    # What is there ----------------------------------------------------------------------------------------------

    def events(self, *, since: int = 0) -> list[InboundEvent]:
        """Stored events behind the one with the id `since`, oldest first."""
        with self.salon.work():
            found = InboundEvent.objects.filter(connection=self.connection, pk__gt=since)
            return list(found.order_by("id"))

    def last_event(self) -> int:
        """The id of the newest event, 0 before the first."""
        with self.salon.work():
            newest = InboundEvent.objects.filter(connection=self.connection).order_by("-id").first()
            return newest.pk if newest else 0

    def messages(self, **narrowed: Any) -> list[Message]:
        """Messages in the order of the thread."""
        with self.salon.work():
            return list(Message.objects.filter(**narrowed).order_by("created_at", "id"))

    def fresh(self, message: Message) -> Message:
        """A message as it stands now."""
        with self.salon.work():
            return Message.objects.get(pk=message.pk)

    def story(self) -> dict[str, list[Any]]:
        """All that a colleague could see, to be compared. Times are left out, but for what is there or not."""
        with self.salon.work():
            return {
                "contacts": _rows(Contact, "name", "phone", "email", "merged_into_id"),
                "identities": _rows(Identity, "channel_kind", "external_id", "username"),
                "threads": _rows(
                    Conversation, "chat", "state", "holder", "generation", "unread", "last_text", "is_private"
                )
                + [
                    (thread.blocked_at is None, thread.waiting_since is None) for thread in _all(Conversation)
                ],
                "messages": _rows(
                    Message,
                    "direction",
                    "author",
                    "kind",
                    "text",
                    "external_id",
                    "state",
                    "group_key",
                    "error",
                )
                + [
                    ([was["text"] for was in message.wordings], message.deleted_at is None)
                    for message in _all(Message)
                ],
                "files": _rows(MediaFile, "message_id", "kind", "position"),
                "calls": _rows(Call, "external_id", "state", "direction", "seconds"),
                "leads": _rows(Lead, "status", "source", "contact_id", "event_id", "request"),
                "tasks": [(task.reason, task.done_at is None) for task in _all(Task)],
                "buttons": [(action.label, action.used_at is None) for action in _all(ButtonAction)],
                "answers": [answer.conversation_id for answer in _all(Answer)],
            }


def _all(model: Any) -> list[Any]:
    return list(model.objects.order_by("id"))


def _rows(model: Any, *fields: str) -> list[Any]:
    return list(model.objects.order_by("id").values_list(*fields))
