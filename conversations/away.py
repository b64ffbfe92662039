"""What a visitor of the site chat is told while nobody answers, and the ways to be reached all the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from connections.models import Connection, ConnectionState
from conversations import signals
from conversations.models import Conversation, Holder
from integrations import registry

# A person who is there has answered by then.
PATIENCE = dt.timedelta(minutes=5)
# Messengers that a visitor may have at hand, in the order of offering; the code tells where they came from.
MESSENGERS = ("telegram", "whatsapp", "max", "vk", "instagram")
CODE = "site_chat"


@dataclasses.dataclass(frozen=True)
class Way:
    """A messenger in which the talk can go on."""

    kind: str
    label: Any
    url: str


@dataclasses.dataclass(frozen=True)
class Away:
    """Nobody answers just now. `opens_at` is when somebody will be there, None when that is not known or is now."""

    opens_at: dt.datetime | None
    ways: list[Way]
    has_phone: bool
    has_email: bool


def of(thread: Conversation | None, *, now: dt.datetime) -> Away | None:
    """What to tell the visitor who waits in a thread; None while the assistant or a colleague answers."""
    if thread is None or thread.holder == Holder.ASSISTANT or thread.waiting_since is None:
        return None
    opens_at = _opens_at(now)
    closed = opens_at is not None and opens_at > now
    if not closed and now - thread.waiting_since < PATIENCE:
        return None
    contact = thread.contact
    return Away(opens_at if closed else None, ways(), bool(contact.phone), bool(contact.email))


def _opens_at(now: dt.datetime) -> dt.datetime | None:
    """When somebody is there, `now` while they are; the rooms above know the hours."""
    # Typed loosely: a receiver may return anything.
    told: Any = signals.opening_asked.send(Conversation, now=now)
    return min((moment for _receiver, moment in told if moment is not None), default=None)


def ways() -> list[Way]:
    """Links into the business's own messengers, with a code that says whence the person comes."""
    found: list[Way] = []
    working = Connection.objects.filter(
        kind__in=MESSENGERS, state=ConnectionState.OK, deleted_at=None
    ).order_by("id")
    for connection in sorted(working, key=lambda each: MESSENGERS.index(each.kind)):
        if connection.kind in {way.kind for way in found} or connection.account.get("personal"):
            continue
        wire = registry.channel(connection.kind)
        url = wire.link(str(connection.account.get("link_base") or ""), CODE)
        if url:
            found.append(Way(connection.kind, wire.label, url))
    return found
