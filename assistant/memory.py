"""What the assistant remembers of a dialogue: one JSON document a thread, read and written whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from assistant.models import Dialogue
from assistant.understanding.moments import Wish
from conversations.models import Conversation

VERSION = 1
# How the client was greeted.
OPENED, SAID = "opened", "said"
# What was asked for longer ago is asked anew.
FORGET_AFTER = dt.timedelta(hours=24)


@dataclasses.dataclass
class Memory:
    """A dialogue so far. `stage` is what was asked last."""

    stage: str = ""
    language: str = ""
    # "" not yet, "opened" when the chat was opened, "said" in answer to words.
    greeted: str = ""
    # The message that only greeted, until the answer that follows it is made.
    hello: int = 0
    # Groups of services still to be chosen from, then those that are certain.
    groups: list[list[int]] = dataclasses.field(default_factory=list)
    service_ids: list[int] = dataclasses.field(default_factory=list)
    addon_ids: list[int] = dataclasses.field(default_factory=list)
    addon_asked: bool = False
    staff_id: int | None = None
    wish: Wish = dataclasses.field(default_factory=Wish)
    # Times that stand under the last message, and the one that was chosen: {"starts_at", "staff_id"}.
    offered: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    slot: dict[str, Any] | None = None
    name_asked: bool = False
    phone_asked: bool = False
    phone_refused: bool = False
    misunderstood: int = 0
    # Grows with each booking, so that buttons of an earlier one are known for such.
    round: int = 0
    booking_id: int | None = None
    # Id of the last message that was taken in.
    heard: int = 0
    # Messages of the last answer and the memory before it, while the answer may still be taken back.
    said: list[int] = dataclasses.field(default_factory=list)
    before: dict[str, Any] | None = None

    def forget_request(self) -> None:
        """A new request begins; who the client is and what was booked stays."""
        fresh = Memory()
        for field in (
            "stage", "groups", "service_ids", "addon_ids", "addon_asked", "staff_id", "wish", "offered", "slot",
            "misunderstood",
        ):  # fmt: skip
            setattr(self, field, getattr(fresh, field))

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return data | {"wish": self.wish.to_json(), "version": VERSION}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Memory:
        """Back from `to_json`; what an older version knew and this one does not is left out."""
        names = {field.name for field in dataclasses.fields(cls)}
        known = {key: value for key, value in data.items() if key in names}
        return cls(**known | {"wish": Wish.from_json(data.get("wish") or {})})


def recall(thread: Conversation, *, now: dt.datetime) -> Memory:
    """The memory of a thread; a request that nobody followed up for a day is forgotten."""
    row = Dialogue.objects.filter(conversation=thread).first()
    if row is None:
        return Memory()
    memory = Memory.from_json(row.memory)
    if now - row.updated_at > FORGET_AFTER:
        memory.forget_request()
        memory.greeted = ""
    return memory


def keep(thread: Conversation, memory: Memory, *, now: dt.datetime) -> None:
    """Writes it."""
    Dialogue.objects.update_or_create(
        conversation=thread, defaults={"memory": memory.to_json(), "updated_at": now}
    )
