"""Who a WhatsApp event speaks of.

Since April 2026 an event names a person by phone (`wa_id`), by business-scoped id (BSUID, "RU.1349…"), or by both;
people with a username may come without a phone. The chat's key is the phone where there is one, for that outlives a
BSUID, which changes with the phone. Answers go to `wa_id` as it stands: in some countries it is not the dialled number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations.meta import values
from integrations.meta.values import Json
from integrations.protocols.channel import Person
from kit import phones

PHONE = re.compile(r"[0-9]{5,20}\Z")
BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,160}\Z")


def ids(part: Json, phone: str, user: str, parent: str) -> tuple[str, ...]:
    """The ids of a person in `part`, the chat's key first; () when it names nobody. Arguments are keys of `part`."""
    found = []
    number = values.ident(part, phone).lstrip("+")
    if PHONE.match(number):
        found.append(number)
    for key in (user, parent):
        bsuid = values.ident(part, key)
        if BSUID.match(bsuid) and bsuid not in found:
            found.append(bsuid)
    return tuple(found)


def sender(part: Json) -> tuple[str, ...]:
    """Ids of who wrote a message."""
    return ids(part, "from", "from_user_id", "from_parent_user_id")


def recipient(part: Json) -> tuple[str, ...]:
    """Ids of whom an echo of the phone's app was written to."""
    return ids(part, "to", "to_user_id", "to_parent_user_id")


def addressee(part: Json) -> tuple[str, ...]:
    """Ids of whom a status is about."""
    return ids(part, "recipient_id", "recipient_user_id", "parent_recipient_user_id")


def owner(part: Json) -> tuple[str, ...]:
    """Ids of a contact, or of whom a preference is."""
    return ids(part, "wa_id", "user_id", "parent_user_id")


def contact_of(known: Sequence[str], contacts: Sequence[Json]) -> Json:
    """The contact beside a message that shares an id with `known`, the phone first, {} when there is none.

    A message without any id belongs to the only contact there is.
    """
    for one in known:
        for contact in contacts:
            if one in owner(contact):
                return contact
    return contacts[0] if not known and len(contacts) == 1 else {}


def all_ids(known: Sequence[str], contact: Json) -> tuple[str, ...]:
    """`known` and the contact's ids together, a phone first and only one: a second would be somebody else's."""
    both = dict.fromkeys((*known, *owner(contact)))
    numbers = [one for one in both if PHONE.match(one)][:1]
    return (*numbers, *(one for one in both if not PHONE.match(one)))


def chat_of(known: Sequence[str], contacts: Sequence[Json]) -> str:
    """The chat's key, "" for nobody."""
    both = all_ids(known, contact_of(known, contacts))
    return both[0] if both else ""


def person(known: Sequence[str], contacts: Sequence[Json] = ()) -> Person | None:
    """The person with these ids, None for nobody. WhatsApp vouches for the phone."""
    contact = contact_of(known, contacts)
    found = all_ids(known, contact)
    if not found:
        return None
    profile = values.child(contact, "profile")
    phone = next((e164(one) for one in found if PHONE.match(one)), None)
    return Person(
        external_id=found[0],
        aliases=found[1:],
        name=" ".join(values.text(profile, "name", 255).split()),
        username=values.text(profile, "username", 64),
        phone=phone,
        phone_verified=phone is not None,
    )


def e164(wa_id: str) -> str:
    """A `wa_id` as a phone; new ranges that the library does not know yet stay as they are."""
    return phones.normalise(f"+{wa_id}") or f"+{wa_id}"
