"""Channels that take free words only for a while after the client's last one (WhatsApp, Instagram)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from conversations.models import Conversation
from integrations import registry
from integrations.protocols.channel import Capabilities


@dataclasses.dataclass(frozen=True)
class Window:
    """Until when whom a thread hears: `free` ends the time of free words, `human` that of a colleague's own.

    Both None: the channel has no such limit.
    """

    free: dt.datetime | None
    human: dt.datetime | None
    templates: bool = False

    def open(self, now: dt.datetime) -> bool:
        """May a machine write freely?"""
        return self.free is None or now < self.free

    def open_to_people(self, now: dt.datetime) -> bool:
        """May a colleague write?"""
        return self.open(now) or (self.human is not None and now < self.human)


def of(conversation: Conversation) -> Window:
    """The window of a thread; a channel that is not known here has none."""
    kind = conversation.connection.kind
    if kind not in registry.channels:
        return Window(None, None)
    return after(conversation.last_heard_at, registry.channel(kind).capabilities)


def after(heard_at: dt.datetime | None, capabilities: Capabilities) -> Window:
    """The window that a word of the client at `heard_at` opened. One who never wrote opened none."""
    if capabilities.window_hours is None:
        return Window(None, None, capabilities.templates)
    since = heard_at or dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    free = since + dt.timedelta(hours=capabilities.window_hours)
    human = None
    if capabilities.human_window_hours is not None:
        human = since + dt.timedelta(hours=capabilities.human_window_hours)
    return Window(free, human, capabilities.templates)


def template_of(account: dict[str, Any], purpose: str) -> dict[str, Any] | None:
    """The approved text of a connection for a purpose ("reminder"): `{"name", "language"}`, None when there is none.

    `Connection.account["templates"]` holds them as the provider told: `{purpose: {"name", "language", "state"}}`.
    """
    found = (account.get("templates") or {}).get(purpose)
    if not isinstance(found, dict) or found.get("state") != "APPROVED" or not found.get("name"):
        return None
    return {"name": found["name"], "language": found.get("language") or "ru"}
