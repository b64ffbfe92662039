"""Facts of groups that are ours; receiver of `connections.signals.fact_received`."""

from __future__ import annotations

from typing import Any

from connections.models import Connection
from inbox.group import attaching, courtesy, plan, pressing, said
from integrations import registry
from integrations.protocols import channel
from tenants import clock


def hear(sender: Any, connection: Connection, event: Any, fact: Any, **_kwargs: Any) -> bool:
    """Takes a fact of a group in; whether the group is ours."""
    if connection.kind not in registry.groups:
        return False
    now = clock.now()
    match fact:
        case channel.GroupJoined():
            return attaching.joined(connection, fact, now=now)
        case channel.GroupLeft():
            return attaching.left(connection, fact, now=now)
        case channel.ChatMigrated():
            return attaching.migrated(connection, fact)
        case channel.StaffSaid():
            group = attaching.at(connection, fact.chat)
            if group is None:
                return False
            with plan.in_tenants_words():
                said.hear(group, fact, now=now)
            return True
        case channel.StaffPressed():
            group = attaching.at(connection, fact.chat)
            if group is None:
                return False
            with plan.in_tenants_words():
                word = pressing.hear(group, fact, now=now)
            courtesy.acknowledge(connection, fact, word)
            return True
    return False
