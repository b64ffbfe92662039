"""One turn of a dialogue: who speaks with whom, what is remembered, and the answer that is being put together."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from assistant import mode
from assistant.memory import Memory
from assistant.understanding import vocabulary
from bookings.models import Service
from conversations import buttons
from conversations.models import Contact, Conversation
from kit.templatetags import marzha
from reminders import texts
from tenants.models import Tenant

OWNER = "assistant"
ROW = 2
# A label as long as this stands in a row of its own.
_WIDE = 22


@dataclasses.dataclass(frozen=True)
class Choice:
    """A button: what pressing it does. `contact` asks for the client's own phone instead."""

    label: str
    action: str = ""
    payload: dict[str, Any] = dataclasses.field(default_factory=dict)
    contact: bool = False


@dataclasses.dataclass
class Reply:
    """What to say. `lasting` says that something was done, which stays true whatever the client writes next."""

    text: str = ""
    choices: list[Choice] = dataclasses.field(default_factory=list)
    lasting: bool = False
    # Said already, by the room that did it.
    said: bool = False
    # The client goes on waiting, for a person.
    waits: bool = False

    def opened_by(self, *lines: str) -> Reply:
        """The same answer after these lines."""
        self.text = "\n".join(line for line in (*lines, self.text) if line)
        return self


@dataclasses.dataclass
class Talk:
    """A turn. Everything said is in the client's language and the salon's time: see `answer.speak`."""

    thread: Conversation
    tenant: Tenant
    memory: Memory
    catalogue: Sequence[Service]
    now: dt.datetime

    @property
    def contact(self) -> Contact:
        """The client."""
        return self.thread.contact

    @property
    def zone(self) -> ZoneInfo:
        """The salon's zone."""
        return self.tenant.zone

    def phrase(self, key: str, **values: Any) -> str:
        """A phrase in the client's language, the tenant's own where there is one."""
        own = (self.tenant.settings.get(mode.SETTING) or {}).get("phrases") or {}
        usual = vocabulary.load(self.memory.language or self.tenant.language).phrases[key]
        return texts.fill(str(own.get(key) or usual), {name: str(value) for name, value in values.items()})

    def choice(self, key: str, action: str, **payload: Any) -> Choice:
        """A button with a phrase on it."""
        return Choice(self.phrase(key), action, payload)

    def money(self, amount: Any) -> str:
        """A sum in the tenant's currency."""
        return marzha.money(amount, self.tenant.currency)

    def when(self, at: dt.datetime) -> str:
        """A moment in words."""
        return marzha.when(at, self.now)

    def keyboard(self, choices: Sequence[Choice]) -> list[list[dict[str, str]]]:
        """Buttons for the outbox: short ones beside each other."""
        rows: list[list[dict[str, str]]] = []
        for choice in choices:
            made = self._button(choice)
            if rows and len(rows[-1]) < ROW and _is_short(made) and all(map(_is_short, rows[-1])):
                rows[-1].append(made)
            else:
                rows.append([made])
        return rows

    def _button(self, choice: Choice) -> dict[str, str]:
        if choice.contact:
            return buttons.ask_contact(choice.label)
        payload = choice.payload | {"round": self.memory.round}
        return buttons.offer(
            self.thread, owner=OWNER, action=choice.action, payload=payload, label=choice.label, now=self.now
        )


def _is_short(button: dict[str, str]) -> bool:
    return len(button["label"]) <= _WIDE and button.get("kind") != "contact"
