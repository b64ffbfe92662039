"""Messages of people and of the account's own phone → facts."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from django.utils.translation import gettext as _

from integrations.errors import ParseError
from integrations.meta import codes, values
from integrations.meta.values import Json
from integrations.meta.whatsapp import content, people
from integrations.protocols import attribution
from integrations.protocols.channel import (
    Ad,
    ChatMigrated,
    ChatOpened,
    Fact,
    IdentityChanged,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Person,
    Touch,
)
from kit import safejson


def received(part: Json, contacts: Sequence[Json], *, standby: bool = False) -> list[Fact]:
    """The facts of one of `messages[]`. Raises ParseError when it cannot be told who wrote.

    `standby`: another program holds the conversation, we only watch.
    """
    kind = values.text(part, "type", 64)
    if values.ident(part, "group_id"):
        return [Ignored("a message in a group")]
    if kind == "system":
        return _system(part)
    if kind == "reaction":
        return [Ignored("a reaction to a message")]
    known = people.sender(part)
    person = people.person(known, contacts)
    if person is None:
        raise ParseError("a message of nobody")
    chat = person.external_id
    if kind == "revoke":
        return [_deleted(part, chat)]
    if kind == "edit":
        return [_edited(part, chat, person, by_operator=False)]
    external_id = values.message_id(part, "id") or _unnamed(part)
    at = values.moment(part.get("timestamp"))
    if kind == "request_welcome":
        return [ChatOpened(external_id=external_id, chat=chat, person=person, at=at)]
    found = content.read(part, (person.external_id, *person.aliases))
    if found.contact and found.contact.own and found.contact.phone:
        person = dataclasses.replace(person, phone=found.contact.phone, phone_verified=True)
    context = values.child(part, "context")
    return [
        MessageReceived(
            external_id=external_id,
            chat=chat,
            person=person,
            kind=found.kind,
            text=found.text,
            media=found.media,
            sent_at=at,
            reply_to=values.message_id(context, "id") or None,
            touch=touch(part, found.text),
            button=found.button,
            location=found.location,
            contact=found.contact,
            automatic=_("Another program answers in this chat.") if standby else "",
            note=found.note,
        )
    ]


def echoed(part: Json, contacts: Sequence[Json]) -> list[Fact]:
    """The facts of one of `message_echoes[]`: what the owner wrote on the phone. Raises ParseError as `received`.

    What we send ourselves comes back in statuses only, never here.
    """
    known = people.recipient(part)
    # The contacts beside an echo are those it was written to.
    person = people.person(known, contacts)
    if person is None:
        raise ParseError("an echo to nobody")
    chat, kind = person.external_id, values.text(part, "type", 64)
    if kind == "reaction":
        return [Ignored("a reaction of the owner")]
    if kind == "revoke":
        return [_deleted(part, chat)]
    if kind == "edit":
        return [_edited(part, chat, person, by_operator=True)]
    external_id = values.message_id(part, "id")
    if not external_id:
        raise ParseError("an echo without an id")
    found = content.read(part)
    return [
        OperatorEcho(
            external_id=external_id,
            chat=chat,
            text=found.text,
            sent_at=values.moment(part.get("timestamp")),
            kind=found.kind,
            media=found.media,
            person=person,
        )
    ]


def touch(part: Json, text: str) -> Touch | None:
    """Where a message came from: the ad it was written from, the code in its prefilled text, or both."""
    code = codes.of_text(text)
    referral = values.child(part, "referral")
    if not referral:
        return code
    clid = attribution.value(referral.get("ctwa_clid"))
    ad = values.text(referral, "source_type", 32) == "ad"
    found = Touch(
        source="meta",
        medium="cpc" if ad else "social",
        content=attribution.value(referral.get("source_id")) if ad else "",
        click_ids={"ctwa_clid": clid} if clid else {},
        referrer=attribution.address(referral.get("source_url")),
        ad=Ad(
            external_id=values.ident(referral, "source_id")[:200],
            title=values.text(referral, "headline", 255),
            text=values.text(referral, "body", 2000),
            url=attribution.address(referral.get("source_url")),
            image_url=attribution.first(
                attribution.address(referral.get("image_url")),
                attribution.address(referral.get("thumbnail_url")),
            ),
        ),
    )
    return dataclasses.replace(found, code=code.code, campaign=code.campaign) if code else found


def identity(old: Sequence[str], current: Sequence[str], contacts: Sequence[Json] = ()) -> list[Fact]:
    """That whoever was known by each of `old` has the ids `current` from now on; a chat with such a key goes along."""
    person = people.person(current, contacts)
    facts: list[Fact] = []
    for former in old:
        if person is not None and former not in (person.external_id, *person.aliases):
            facts.append(IdentityChanged(old_external_id=former, person=person))
            facts.append(ChatMigrated(old_chat=former, new_chat=person.external_id))
    return facts or [Ignored("an identity that did not change")]


def _system(part: Json) -> list[Fact]:
    """Changes of a person's ids: a new phone brings a new business-scoped id too. There are no `contacts` here."""
    system = values.child(part, "system")
    kind = values.text(system, "type", 64)
    if kind not in ("user_changed_number", "customer_changed_number", "user_changed_user_id"):
        return [Ignored(f"a system message ({kind or 'without a type'})")]
    # `new_wa_id` is the name in older events.
    number = "wa_id" if values.ident(system, "wa_id") else "new_wa_id"
    current = people.ids(system, number, "user_id", "parent_user_id")
    return identity(former(part), current)


def former(part: Json) -> tuple[str, ...]:
    """The ids that a system message takes from its person."""
    system = values.child(part, "system")
    old = people.ids(system, "", "previous_user_id", "previous_parent_user_id")
    # Only a change of the number makes the sender's phone an old one.
    gone = values.text(system, "type", 64) != "user_changed_user_id"
    return (*(people.ids(part, "from", "", "") if gone else ()), *old)


def _unnamed(part: Json) -> str:
    """An id for a message that came without: its words are worth more than a tidy id, and it may come twice."""
    return f"unnamed:{hashlib.sha256(safejson.dumps(part)).hexdigest()[:40]}"


def _deleted(part: Json, chat: str) -> Fact:
    original = values.message_id(values.child(part, "revoke"), "original_message_id")
    if not original:
        raise ParseError("a deletion of no message")
    return MessagesDeleted(chat=chat, external_ids=(original,))


def _edited(part: Json, chat: str, person: Person, *, by_operator: bool) -> Fact:
    edit = values.child(part, "edit")
    original = values.message_id(edit, "original_message_id")
    if not original:
        raise ParseError("an edit of no message")
    found = content.read(values.child(edit, "message"))
    return MessageEdited(
        external_id=original,
        chat=chat,
        person=person,
        kind=found.kind,
        text=found.text,
        media=found.media,
        location=found.location,
        edited_at=values.moment(part.get("timestamp")),
        by_operator=by_operator,
    )
