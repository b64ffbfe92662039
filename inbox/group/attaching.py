"""An owner makes a group the tenant's by a one-time code that is said there, and takes it off again."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.translation import gettext as _

from connections.models import Connection
from inbox import announce
from inbox.group import courtesy, plan, state
from inbox.group.models import GroupCode, GroupState, StaffGroup
from integrations import registry
from integrations.protocols.channel import ChatMigrated, GroupJoined, GroupLeft
from kit.text import storable
from tenants import audit
from tenants.models import User, digest, new_token

LIFE = dt.timedelta(hours=24)


@dataclasses.dataclass(frozen=True)
class Invitation:
    """What the owner says in the group, and the link that does it for them ("" where there is none)."""

    line: str
    url: str


def invite(connection: Connection, *, by: User, now: dt.datetime) -> Invitation:
    """A new code; the owner's earlier ones for this account are void."""
    GroupCode.objects.filter(connection=connection, user=by, used_at=None).delete()
    code = new_token(12)
    GroupCode.objects.create(
        connection=connection, user=by, code_hash=digest(code), created_at=now, expires_at=now + LIFE
    )
    wire = registry.groups[connection.kind]
    return Invitation(f"/connect {code}", wire.link(connection.account.get("link_base", ""), code) or "")


def of(connection: Connection) -> StaffGroup | None:
    """The account's group, None when it has none."""
    return StaffGroup.objects.filter(connection=connection).exclude(state=GroupState.OFF).first()


def joined(connection: Connection, fact: GroupJoined, *, now: dt.datetime) -> bool:
    """A code was said, or the account brought in; whether it concerns us."""
    if fact.code:
        return _attach(connection, fact, now=now)
    group = at(connection, fact.chat)
    if group is None:
        return False
    # It is back, or its rights are others: what can be done there now, the provider is asked.
    plan.hello(group, greet=group.state == GroupState.GONE, now=now)
    return True


def _attach(connection: Connection, fact: GroupJoined, *, now: dt.datetime) -> bool:
    code = GroupCode.objects.select_for_update(of=("self",)).select_related("user")
    found = code.filter(connection=connection, code_hash=digest(fact.code)).first()
    if found is None:
        return False
    if found.used_at or found.expires_at < now:
        group = at(connection, fact.chat)
        if group is None:
            with plan.in_tenants_words():
                courtesy.say(connection, fact.chat, _("This code is used or old: make a new one in Marzha."))
        return True
    found.used_at = now
    found.save(update_fields=["used_at"])
    for other in StaffGroup.objects.filter(connection=connection).exclude(state=GroupState.OFF):
        if other.chat != fact.chat:
            detach(other, by=found.user, now=now)
    group, _made = StaffGroup.objects.update_or_create(
        connection=connection,
        chat=storable(fact.chat)[:200],
        defaults={
            "title": storable(fact.title)[:255],
            "state": GroupState.OK,
            "problem": "",
            "state_at": now,
            "created_by": found.user,
        },
    )
    audit.record("group.attached", by=found.user, subject=connection.kind)
    announce.event("group", id=connection.pk)
    plan.hello(group, greet=True, now=now)
    return True


def left(connection: Connection, fact: GroupLeft, *, now: dt.datetime) -> bool:
    """The account was put out; whether it concerns us."""
    group = at(connection, fact.chat)
    if group is None:
        return False
    state.gone(group, now=now)
    return True


def migrated(connection: Connection, fact: ChatMigrated) -> bool:
    """The group has another number; whether it concerns us."""
    group = at(connection, fact.old_chat)
    if group is None:
        return False
    state.moved(group, fact.new_chat)
    return True


def at(connection: Connection, chat: str) -> StaffGroup | None:
    """The tenant's group of this number.

    Not locked: a client's word holds its thread and then names the group, a colleague's the other way round.
    """
    found = StaffGroup.objects.select_related("connection")
    return found.filter(connection=connection, chat=chat).exclude(state=GroupState.OFF).first()


def detach(group: StaffGroup, *, by: User, now: dt.datetime) -> None:
    """Nothing more is shown there, and nothing heard."""
    group.state, group.problem, group.state_at = GroupState.OFF, "", now
    group.save(update_fields=["state", "problem", "state_at"])
    plan.drop(group)
    audit.record("group.detached", by=by, subject=group.connection.kind)
    announce.event("group", id=group.connection_id)


def restore(group: StaffGroup, *, by: User, now: dt.datetime) -> bool:
    """Takes that back; False when the account has another group by now."""
    if group.state != GroupState.OFF or of(group.connection) is not None:
        return False
    group.state, group.state_at = GroupState.OK, now
    group.save(update_fields=["state", "state_at"])
    plan.hello(group, greet=False, now=now)
    audit.record("group.attached", by=by, subject=group.connection.kind)
    announce.event("group", id=group.connection_id)
    return True
