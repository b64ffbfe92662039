"""Finds and makes contacts: by identity in a channel, by phone, never by name."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from conversations import signals
from conversations.models import Contact, Identity
from integrations.protocols.channel import Person
from kit.text import storable


def by_identity(channel_kind: str, person: Person, *, now: dt.datetime) -> Contact:
    """The contact behind an identity of a channel; made when the person is new.

    A phone that the channel vouches for ties the identity to the contact who has it.
    """
    external_id = storable(person.external_id)[:200]
    known = (
        Identity.objects.select_related("contact")
        .filter(channel_kind=channel_kind, external_id=external_id)
        .first()
    )
    if known is not None:
        survivor = _survivor(known.contact)
        if person.phone and person.phone_verified:
            learn_phone(survivor, person.phone, verified=True, now=now)
        return survivor
    contact: Contact | None = None
    if person.phone and person.phone_verified:
        contact = Contact.objects.filter(phone=person.phone, merged_into=None).order_by("id").first()
    try:
        with transaction.atomic():
            contact = contact or Contact.objects.create(
                name=storable(person.name)[:200],
                phone=person.phone or "" if person.phone_verified else "",
                phone_verified=bool(person.phone and person.phone_verified),
                language=person.language[:5],
                created_at=now,
            )
            Identity.objects.create(
                contact=contact,
                channel_kind=channel_kind,
                external_id=external_id,
                username=storable(person.username)[:100],
                created_at=now,
            )
    except IntegrityError:
        # Another worker heard the same new person at the same moment.
        return _survivor(Identity.objects.get(channel_kind=channel_kind, external_id=external_id).contact)
    return contact


def by_phone(phone: str, *, name: str = "", email: str = "", now: dt.datetime) -> Contact:
    """The contact with this phone (E.164), made when there is none; empty fields are filled in."""
    contact = Contact.objects.filter(phone=phone, merged_into=None).order_by("id").first()
    if contact is None:
        return Contact.objects.create(
            phone=phone, name=storable(name)[:200], email=storable(email)[:254], created_at=now
        )
    filled = []
    for field, value in (("name", storable(name)[:200]), ("email", storable(email)[:254])):
        if value and not getattr(contact, field):
            setattr(contact, field, value)
            filled.append(field)
    if filled:
        contact.save(update_fields=filled)
        signals.contact_changed.send(Contact, contact=contact, now=now)
    return contact


def learn_phone(contact: Contact, phone: str, *, verified: bool, now: dt.datetime) -> None:
    """Keeps a phone; a verified one replaces one that was only typed."""
    if contact.phone == phone and contact.phone_verified >= verified:
        return
    if contact.phone and contact.phone != phone and contact.phone_verified and not verified:
        return
    contact.phone = phone
    contact.phone_verified = verified
    contact.save(update_fields=["phone", "phone_verified"])
    signals.contact_changed.send(Contact, contact=contact, now=now)


def learn_name(contact: Contact, name: str, *, now: dt.datetime) -> None:
    """Keeps the name a person gave themselves."""
    name = storable(name).strip()[:200]
    if name and name != contact.name:
        contact.name = name
        contact.save(update_fields=["name"])
        signals.contact_changed.send(Contact, contact=contact, now=now)


def _survivor(contact: Contact) -> Contact:
    while contact.merged_into is not None:
        contact = contact.merged_into
    return contact
