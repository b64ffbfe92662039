"""Chats of a person's own account: which of them are clients' and which are nobody's business.

In such an account friends and family write beside clients. A chat that began before us or by the owner's own word, or
with somebody on the list of people the owner knows, is private: no lead, no assistant, no alarm. One tap makes it a
client's. Of the list only keyed hashes are kept.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
from collections.abc import Iterable

from connections.models import Connection
from conversations.models import Author, Conversation, Holder, KnownPerson, Message
from integrations import registry
from integrations.protocols.channel import Person
from kit.text import storable
from tenants import secrets, wall
from tenants.models import Tenant

# Where a bot may stand behind somebody's own account: such a chat's key is "<connection>:<chat>".
BEHIND_A_BOT = frozenset({"telegram"})
KEY_SETTING, KEY_PLACE = "known_people_key", "known-people:key"


def is_personal(kind: str, chat: str) -> bool:
    """Whether a chat of a channel of this kind belongs to a person's own account."""
    if kind not in registry.channels:
        return False
    return registry.channel(kind).capabilities.personal or (kind in BEHIND_A_BOT and ":" in chat)


def may_be_personal(connection: Connection) -> bool:
    """Whether an account may have such chats at all."""
    if connection.kind not in registry.channels:
        return False
    return connection.kind in BEHIND_A_BOT or registry.channel(connection.kind).capabilities.personal


def begins_private(
    connection: Connection, chat: str, person: Person, *, by_owner: bool, is_older: bool
) -> bool:
    """Whether a chat that we see for the first time is private.

    `by_owner`: its first thing is the owner's own word. `is_older`: the wire knows that it began before us.
    """
    if not is_personal(connection.kind, chat):
        return False
    return by_owner or is_older or knows(connection, person)


# ---------------------------------------------------------------- the owner's own list
def signs_of(person: Person) -> set[str]:
    """By what a person can stand on the list: ids, phone, user name."""
    found = {f"id:{ident}" for ident in (person.external_id, *person.aliases) if ident}
    if person.phone:
        found.add(f"phone:{person.phone}")
    if person.username:
        found.add(f"name:{person.username.lower().removeprefix('@')}")
    return found


def knows(connection: Connection, person: Person) -> bool:
    """Whether the owner's list has this person."""
    key = _key()
    if key is None:
        return False
    digests = [_digest(key, sign) for sign in signs_of(person)]
    return KnownPerson.objects.filter(connection=connection, digest__in=digests).exists()


def keep(connection: Connection, signs: Iterable[str], *, now: dt.datetime) -> int:
    """Adds people to the list by their signs (see `signs_of`); returns how many signs are new."""
    key = _key() or _make_key()
    before = count(connection)
    rows = [
        KnownPerson(connection=connection, digest=_digest(key, sign), created_at=now) for sign in set(signs)
    ]
    KnownPerson.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
    return count(connection) - before


def count(connection: Connection) -> int:
    """How many signs the list has."""
    return KnownPerson.objects.filter(connection=connection).count()


def forget(connection: Connection) -> None:
    """Empties the list; chats that are private stay so."""
    KnownPerson.objects.filter(connection=connection).delete()


def _digest(key: bytes, sign: str) -> bytes:
    return hmac.new(key, storable(sign).encode(), hashlib.sha256).digest()


def _key() -> bytes | None:
    """The tenant's key of the list, None before the first one: numbers are few, so a hash without a key hides none."""
    tenant = wall.entered_tenant()
    sealed = tenant.settings.get(KEY_SETTING)
    if not sealed:
        return None
    return secrets.unseal_bytes(base64.b64decode(sealed), tenant_id=tenant.pk, place=KEY_PLACE)


def _make_key() -> bytes:
    tenant = Tenant.objects.select_for_update().get(pk=wall.current_tenant_id())
    if sealed := tenant.settings.get(KEY_SETTING):  # made by another request meanwhile
        return secrets.unseal_bytes(base64.b64decode(sealed), tenant_id=tenant.pk, place=KEY_PLACE)
    key = os.urandom(32)
    sealed = secrets.seal(key, tenant_id=tenant.pk, place=KEY_PLACE)
    tenant.settings[KEY_SETTING] = base64.b64encode(sealed).decode()
    tenant.save(update_fields=["settings"])
    return key


# ---------------------------------------------------------------- what a person of ours says
def open_up(thread: Conversation) -> None:
    """A client after all: the thread stands among the others, in the hands of whoever spoke last on our side."""
    spoke = Message.objects.filter(conversation=thread, author=Author.MANAGER).exists()
    thread.is_private = False
    thread.holder = Holder.PERSON if spoke else Holder.ASSISTANT
    thread.state = Conversation.State.OPEN
    thread.save(update_fields=["is_private", "holder", "state"])


def close_off(thread: Conversation) -> None:
    """Makes a thread private: whatever the assistant is about to say here is not sent."""
    thread.is_private = True
    thread.holder = Holder.NONE
    thread.waiting_since = None
    thread.generation += 1
    thread.save(update_fields=["is_private", "holder", "waiting_since", "generation"])
