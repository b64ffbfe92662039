"""Tells open pages what to read again, once the present transaction has committed. Ids only, never words."""

from __future__ import annotations

import functools
from typing import Any

from django.db import transaction

from kit import live
from tenants import wall


def topic(tenant_id: int) -> str:
    """Where a tenant's staff listen."""
    return f"tenant:{tenant_id}"


def event(name: str, **facts: Any) -> None:
    """Publishes `{"event": name, …}` to the entered tenant's staff after the commit."""
    said = {"event": name, **facts}
    transaction.on_commit(functools.partial(live.publish, topic(wall.current_tenant_id()), said), robust=True)


def thread(conversation_id: int | None) -> None:
    """Something of a thread changed: the list and its open page read it again."""
    if conversation_id is not None:
        event("thread", id=conversation_id)


def today() -> None:
    """The page "Today" changed."""
    event("today")


def ring(conversation_id: int | None) -> None:
    """Somebody should look now: sound, notification, and the list."""
    event("ring", id=conversation_id)
