"""A group of colleagues in a fake Telegram, wired to the real door: who writes there, and what stands there."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import redis
from django.conf import settings

from connections.models import Connection
from conversations.models import Conversation, Message
from fakes.telegram import FakeTelegram
from fakes.telegram_groups import Colleague, Group
from inbox.group import attaching
from inbox.group.models import Mirror, StaffGroup
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram
from tests.inbox import stage
from work import sweep

CHAT = -1001234567890


@dataclasses.dataclass
class Stage:
    """Olga's bot, her group and the client Anna."""

    salon: Salon
    server: FakeTelegram
    writer: telegram.Writer
    group: Group

    def colleague(self, ident: int = 300100, name: str = "Лена") -> Colleague:
        """Somebody in the group; their updates come through the real door."""
        found = self.group.person(ident, name)
        found.post = self._post  # type: ignore[method-assign]
        return found

    def _post(self, update: dict[str, Any], *, update_id: int | None = None) -> int:
        told = {"update_id": self.server.next_update(), **update}
        body = json.dumps(told).encode()
        return asgi.call(self.writer.door, "POST", self.writer.path, body, telegram.SECRET).status

    def connect(self, **rights: bool) -> Colleague:
        """Lena says the owner's code in the group."""
        for name, value in rights.items():
            setattr(self.group, name, value)
        lena = self.colleague()
        with self.salon.work():
            bot = Connection.objects.get()
            line = attaching.invite(bot, by=self.salon.owner, now=self.salon.now()).line
        lena.say(line)
        work()
        return lena

    def client(self, text: str = "Здравствуйте", *, chat: int = 900100, name: str = "Анна") -> str:
        """A client writes to the bot; the id of the newest topic of theirs, "" when there is none."""
        writer = telegram.Writer(self.writer.door, self.writer.path, chat=chat, name=name)
        writer.say(text)
        work()
        names = [ident for ident, topic in self.group.topics.items() if topic["name"].startswith(name)]
        return names[-1] if names else ""

    def a_minute_later(self) -> None:
        """The group's pace is forgotten, and what was put off is due."""
        redis.Redis.from_url(settings.REDIS_URL).flushdb()
        self.group._taken.clear()
        stage.pass_time(self.salon, Mirror, 2)
        work()

    def thread(self) -> Conversation:
        """The only client's thread."""
        with self.salon.work():
            return Conversation.objects.select_related("assignee").get(not_a_client=False)

    def thread_of(self, chat: str) -> Conversation:
        """The thread of one chat."""
        with self.salon.work():
            return Conversation.objects.get(chat=chat)

    def messages(self) -> list[Message]:
        """All of ours to clients, in order."""
        with self.salon.work():
            return list(Message.objects.filter(direction="out").select_related("user").order_by("id"))

    def state(self) -> tuple[str, str]:
        """How the group fares: its state and what is lacking."""
        with self.salon.work():
            row = StaffGroup.objects.get()
            return row.state, row.problem

    def mirrors(self) -> list[tuple[str, str]]:
        """(kind, state) of all rows, in order."""
        with self.salon.work():
            return list(Mirror.objects.order_by("id").values_list("kind", "state"))

    def acknowledged(self) -> list[str]:
        """The words that pressers have read."""
        return [str(seen.params().get("text", "")) for seen in self.server.calls("answerCallbackQuery")]


def speak_english(salon: Salon) -> None:
    """Texts are English in the sources; what a translator makes of them is no matter of these tests."""
    with salon.work():
        salon.tenant.language = "en"
        salon.tenant.save(update_fields=["language"])
    salon.owner.language = "en"
    salon.owner.save(update_fields=["language"])


def work() -> None:
    """All that is due is done."""
    sweep.drain()


def until(happens: Any, *, seconds: float = 5.0) -> None:
    """Waits for what is done beside the queues (a press is acknowledged)."""
    end = time.monotonic() + seconds
    while not happens() and time.monotonic() < end:
        time.sleep(0.02)
    assert happens()
