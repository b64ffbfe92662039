"""Finds and makes contacts: by identity in a channel, by phone or e-mail, never by name.

Two contacts who both proved one phone or e-mail become one by themselves; where it was only typed, or the ids of one
person belong to two, colleagues are asked (see `conversations.merging`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db import connection as database

from conversations import merging, signals
from conversations.merging import survivor_of
from conversations.models import Contact, Identity
from integrations.protocols.channel import ContactCard, Person
from kit.text import storable
from tenants import wall

# More people with one number are somebody's switchboard, not doubles.
MOST_DOUBLES = 5


# ---------------------------------------------------------------- by an id in a channel
def by_identity(channel_kind: str, person: Person, *, now: dt.datetime) -> Contact:
    """The contact behind an identity of a channel, or behind any of its aliases; made when the person is new.

    A phone or an e-mail that the channel vouches for ties the identity to the contact who has it.
    """
    known = _known(channel_kind, person)
    if known:
        contact = _whose(known, person, now=now)
    else:
        tied = _tied(person)
        try:
            with transaction.atomic():
                contact = tied or _new(person, now=now)
                _note_ids(contact, channel_kind, person, known=(), now=now)
        except IntegrityError:
            # Another worker heard the same new person at the same moment.
            known = _known(channel_kind, person)
            contact = _whose(known, person, now=now)
    return recognise(contact, channel_kind, person, known=known or None, now=now)


def recognise(
    contact: Contact,
    channel_kind: str,
    person: Person,
    *,
    now: dt.datetime,
    known: Sequence[Identity] | None = None,
) -> Contact:
    """Learns what a channel tells of a person it has brought before; returns the contact they are now.

    A proven phone stays: only the person's own act (`learn_phone` with `insist`) puts another one in its place.
    """
    if person.aliases:
        found = _known(channel_kind, person) if known is None else known
        _note_ids(contact, channel_kind, person, known=found, now=now)
        _ask_about(contact, found, now=now)
    if person.name and not contact.name:
        learn_name(contact, person.name, now=now)
    if person.phone:
        contact = learn_phone(contact, person.phone, verified=person.phone_verified, now=now)
    if person.email:
        contact = learn_email(contact, person.email, verified=person.email_verified, now=now)
    return contact


def id_changed(channel_kind: str, old: str, person: Person, *, now: dt.datetime) -> Contact:
    """The person has another id from now on: it stands beside the old one, which is kept."""
    before = (
        Identity.objects.select_related("contact")
        .filter(channel_kind=channel_kind, external_id=storable(old)[:200])
        .first()
    )
    if before is None:
        return by_identity(channel_kind, person, now=now)
    contact = survivor_of(before.contact)
    known = _known(channel_kind, person)
    _note_ids(contact, channel_kind, person, known=known, now=now)
    _ask_about(contact, known, now=now)
    if person.phone and person.phone_verified:
        return learn_phone(contact, person.phone, verified=True, insist=True, now=now)
    return contact


def _ids(person: Person) -> list[str]:
    return list(dict.fromkeys(storable(each)[:200] for each in (person.external_id, *person.aliases) if each))


def _known(channel_kind: str, person: Person) -> list[Identity]:
    found = Identity.objects.select_related("contact").filter(
        channel_kind=channel_kind, external_id__in=_ids(person)
    )
    return list(found.order_by("id"))


def _whose(known: Sequence[Identity], person: Person, *, now: dt.datetime) -> Contact:
    """One contact of those whom the ids name: who has the proven phone, else whom the first id names."""
    order = {ident: place for place, ident in enumerate(_ids(person))}
    people = {
        contact.pk: contact
        for contact in (
            survivor_of(row.contact) for row in sorted(known, key=lambda row: order[row.external_id])
        )
    }
    by_number = (
        contact
        for contact in people.values()
        if person.phone and person.phone_verified and contact.phone == person.phone
    )
    return next(by_number, next(iter(people.values())))


def _note_ids(
    contact: Contact, channel_kind: str, person: Person, *, known: Sequence[Identity], now: dt.datetime
) -> None:
    there = {row.external_id for row in known}
    for ident in _ids(person):
        if ident in there:
            continue
        Identity.objects.create(
            contact=contact,
            channel_kind=channel_kind,
            external_id=ident,
            username=storable(person.username)[:100],
            created_at=now,
        )


def _ask_about(contact: Contact, known: Sequence[Identity], *, now: dt.datetime) -> None:
    for row in known:
        if survivor_of(row.contact).pk != contact.pk:
            merging.suggest(contact, row.contact, reason="alias", now=now)


def _new(person: Person, *, now: dt.datetime) -> Contact:
    return Contact.objects.create(
        name=storable(person.name)[:200], language=person.language[:5], created_at=now
    )


def _tied(person: Person) -> Contact | None:
    """Whose an identity is that nobody knew: who proved the same phone or e-mail, else a card that nobody has written
    from (a form's, the desk's) and that has it. One that others write from must not be handed over on a typed word.
    """
    for field, value, verified in (
        ("phone", person.phone, person.phone_verified),
        ("email", _mail(person.email), person.email_verified),
    ):
        if not value or not verified:
            continue
        _one_at_a_time(field, value)
        having = Contact.objects.filter(**{field: value}, merged_into=None).order_by("id")
        proved = having.filter(**{f"{field}_verified": True}).first()
        found = proved or having.filter(identities=None).first()
        if found is not None:
            return found
    return None


# ---------------------------------------------------------------- by a phone or an e-mail
def by_phone(
    phone: str, *, name: str = "", email: str = "", verified: bool = False, now: dt.datetime
) -> Contact:
    """The contact with this phone (E.164), made when there is none; empty fields are filled in."""
    _one_at_a_time("phone", phone)
    having = Contact.objects.filter(phone=phone, merged_into=None)
    contact = having.order_by("-phone_verified", "id").first()
    if contact is None:
        contact = Contact.objects.create(
            phone=phone, phone_verified=verified, name=storable(name)[:200], created_at=now
        )
    elif name and not contact.name:
        learn_name(contact, name, now=now)
    if verified:
        contact = learn_phone(contact, phone, verified=True, now=now)
    if email and not contact.email:
        contact = learn_email(contact, email, verified=False, now=now)
    return contact


def by_email(email: str, *, name: str = "", note: str = "", now: dt.datetime) -> Contact:
    """The contact with this e-mail, made when there is none; without an e-mail somebody new."""
    email = _mail(email)
    if email:
        _one_at_a_time("email", email)
        having = Contact.objects.filter(email=email, merged_into=None)
        if (known := having.order_by("-email_verified", "id").first()) is not None:
            return known
    return Contact.objects.create(
        name=storable(name)[:200], email=email, note=storable(note)[:200], created_at=now
    )


def learn_phone(
    contact: Contact, phone: str, *, verified: bool, now: dt.datetime, insist: bool = False
) -> Contact:
    """Keeps a phone (E.164); a proven one replaces one that was only typed, and another proven one with `insist`.

    Returns the contact this person is now: whoever proved the same phone is the same person.
    """
    return _learn(contact, "phone", phone, verified=verified, insist=insist, now=now)


def learn_email(contact: Contact, email: str, *, verified: bool, now: dt.datetime) -> Contact:
    """Keeps an e-mail, as `learn_phone` does a phone."""
    return _learn(contact, "email", _mail(email), verified=verified, insist=False, now=now)


def learn_name(contact: Contact, name: str, *, now: dt.datetime) -> None:
    """Keeps the name a person gave themselves."""
    name = storable(name).strip()[:200]
    if name and name != contact.name:
        contact.name = name
        contact.save(update_fields=["name"])
        signals.contact_changed.send(Contact, contact=contact, now=now)


def correct(
    contact: Contact, *, phone: str | None = None, email: str | None = None, now: dt.datetime
) -> None:
    """Keeps what a colleague or a script typed over, "" to empty it: another address than before has no proof."""
    typed = {"phone": phone, "email": None if email is None else _mail(email)}
    changed = {
        name: value for name, value in typed.items() if value is not None and value != getattr(contact, name)
    }
    for name, value in changed.items():
        setattr(contact, name, value)
        setattr(contact, f"{name}_verified", False)
    if not changed:
        return
    contact.save(update_fields=[*changed, *(f"{name}_verified" for name in changed)])
    signals.contact_changed.send(Contact, contact=contact, now=now)
    for name, value in changed.items():
        if value:
            _meet(contact, name, value, verified=False, now=now)


def shared_card(contact: Contact, card: ContactCard, *, now: dt.datetime) -> Contact:
    """A card that somebody shared: their own number where the channel proves it, else a likeness to ask about."""
    if not card.phone:
        return contact
    if card.own:
        return learn_phone(contact, card.phone, verified=True, insist=True, now=now)
    for other in _having("phone", card.phone, contact):
        merging.suggest(contact, other, reason="card", now=now)
    return contact


def _mail(email: str) -> str:
    return storable(email).strip().lower()[:254]


def _learn(
    contact: Contact, field: str, value: str, *, verified: bool, insist: bool, now: dt.datetime
) -> Contact:
    proof = f"{field}_verified"
    held, proven = getattr(contact, field), getattr(contact, proof)
    if not value or (held == value and proven >= verified):
        return contact
    if held and held != value and proven and not (verified and insist):
        # Their other number: nothing is kept of a typed one, and a proven one still says who they are.
        return _meet(contact, field, value, verified=True, now=now) if verified else contact
    setattr(contact, field, value)
    setattr(contact, proof, verified)
    contact.save(update_fields=[field, proof])
    signals.contact_changed.send(Contact, contact=contact, now=now)
    return _meet(contact, field, value, verified=verified, now=now)


def _meet(contact: Contact, field: str, value: str, *, verified: bool, now: dt.datetime) -> Contact:
    """Others with the same phone or e-mail: one person where both proved it, else a question to colleagues."""
    if verified:
        _one_at_a_time(field, value)
    for other in _having(field, value, contact):
        if verified and getattr(other, f"{field}_verified") and merging.may_merge(contact, other):
            done = merging.merge_pair(contact, other, reason=field, now=now)
            contact = Contact.objects.get(pk=done.survivor_id)
        else:
            merging.suggest(contact, other, reason=f"{field}_typed", now=now)
    return contact


def _having(field: str, value: str, contact: Contact) -> list[Contact]:
    others = Contact.objects.filter(**{field: value}, merged_into=None).exclude(pk=contact.pk)
    return list(others.order_by("id")[:MOST_DOUBLES])


def _one_at_a_time(field: str, value: str) -> None:
    """Until the end of this transaction nobody else finds or makes a contact by the same phone or e-mail."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))",
            [f"{field}:{value}", wall.current_tenant_id()],
        )
