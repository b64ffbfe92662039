"""A call by which an owner sees that forwarding works: they say from which phone, call, and the page turns green."""

from __future__ import annotations

import datetime as dt
from typing import Any

from connections import signals
from connections.models import Connection
from integrations.protocols.channel import CallHappened
from kit import phones

KEY = "test_call"
# So long a page waits for it.
PATIENCE = dt.timedelta(minutes=15)


def begin(connection: Connection, phone: str, *, now: dt.datetime) -> bool:
    """Waits for a call from this phone; False for what is no number."""
    number = phones.normalise(phone, "RU")
    if number is None:
        return False
    connection.account |= {KEY: {"phone": number, "since": now.isoformat()}}
    connection.save(update_fields=["account"])
    return True


def standing(connection: Connection, *, now: dt.datetime) -> dict[str, Any] | None:
    """What is waited for or has been heard: `phone`, `since`, `heard_at` (None while it is waited for), `late`."""
    kept = connection.account.get(KEY)
    if not isinstance(kept, dict) or not kept.get("phone"):
        return None
    since = dt.datetime.fromisoformat(kept["since"])
    heard = dt.datetime.fromisoformat(kept["heard_at"]) if kept.get("heard_at") else None
    return {
        "phone": kept["phone"],
        "since": since,
        "heard_at": heard,
        "late": heard is None and now - since > PATIENCE,
    }


def hear(connection: Connection, fact: CallHappened, *, now: dt.datetime) -> None:
    """Notes the call that was waited for: it comes from that phone, or was dialled to it and passed on."""
    waiting = standing(connection, now=now)
    if waiting is None or waiting["heard_at"] or fact.direction != "in":
        return
    if waiting["phone"] not in (fact.phone, fact.dialled):
        return
    connection.account |= {KEY: connection.account[KEY] | {"heard_at": now.isoformat()}}
    connection.save(update_fields=["account"])
    signals.changed.send(Connection, connection=connection)
