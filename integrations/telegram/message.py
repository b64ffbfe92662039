"""A Message of the Bot API: who, where, what – the parts that every kind of update shares."""

from __future__ import annotations

import re

from integrations.errors import ParseError
from integrations.protocols import attribution
from integrations.protocols.channel import (
    ChatMigrated,
    ContactCard,
    Fact,
    Ignored,
    Location,
    Media,
    MessageEdited,
    MessageKind,
    MessageReceived,
    Person,
)
from integrations.telegram import values
from integrations.telegram.values import Json
from kit import phones
from kit.text import storable

_LONGEST_TEXT = 65_536

# Accounts that speak for Telegram itself, for a channel or for an anonymous administrator.
_SERVICE_SENDERS = frozenset({"777000", "1087968824", "136817688"})

# Fields of a Message that carry a file, in the order of looking: an animation comes with a document beside it.
_FILES: tuple[tuple[str, MessageKind, str], ...] = (
    ("animation", "animation", "video/mp4"),
    ("voice", "voice", "audio/ogg"),
    ("video_note", "video", "video/mp4"),
    ("video", "video", "video/mp4"),
    ("audio", "audio", "audio/mpeg"),
    ("sticker", "sticker", ""),
    ("document", "document", ""),
)
# A person said something that we cannot show, which is still a message to answer.
_SAID = (
    "poll",
    "dice",
    "game",
    "story",
    "paid_media",
    "checklist",
    "gift",
    "unique_gift",
    "successful_payment",
)

_COMMAND = re.compile(r"/start(?:@\w{1,64})?(?:\s+(\S+))?\s*\Z")


def received(part: Json, chat: str, sender: Person) -> Fact:
    """The message that a person sent, or `Ignored` for Telegram's own service messages."""
    kind, media, place = content(part)
    text = said(part)
    card = _card(part, sender)
    if kind == "other" and not text and not is_said(part):
        return Ignored("a service message")
    if card and card.own and card.phone:
        sender = _with_phone(sender, card.phone)
    command = touch = None
    match = _COMMAND.match(text)
    if match:
        command = "start"
        touch = attribution.of_code(match[1]) if match[1] else None
    replied = values.ident(values.child(part, "reply_to_message").get("message_id"))
    return MessageReceived(
        external_id=message_id(part, chat),
        chat=chat,
        person=sender,
        kind=kind,
        text=text,
        media=media,
        sent_at=values.moment(part.get("date")),
        reply_to=f"{chat}:{replied}" if replied else None,
        group_key=values.text(part, "media_group_id")[:128] or None,
        touch=touch,
        command=command,
        location=place,
        contact=card,
    )


def is_said(part: Json) -> bool:
    """Whether a person said something here that has neither words nor a file."""
    return any(key in part for key in _SAID)


def changed(part: Json, chat: str, person: Person, *, by_operator: bool) -> Fact:
    """What a message reads after an edit."""
    kind, media, place = content(part)
    return MessageEdited(
        external_id=message_id(part, chat),
        chat=chat,
        person=person,
        kind=kind,
        text=said(part),
        media=media,
        location=place,
        edited_at=values.moment(part.get("edit_date")),
        by_operator=by_operator,
    )


def content(part: Json) -> tuple[MessageKind, tuple[Media, ...], Location | None]:
    """What a message is: its kind, its files, its place."""
    photo = part.get("photo")
    if isinstance(photo, list):
        sizes = [size for size in photo if isinstance(size, dict) and size.get("file_id")]
        if sizes:
            return "image", (_file(sizes[-1], "image", "image/jpeg"),), None  # the last is the largest
    for key, kind, mime in _FILES:
        if values.child(part, key).get("file_id"):
            return kind, (_file(values.child(part, key), kind, mime),), None
    place = _place(part)
    if place:
        return "location", (), place
    if values.child(part, "contact"):
        return "contact", (), None
    return ("text" if isinstance(part.get("text"), str) else "other"), (), None


def _file(part: Json, kind: str, mime: str) -> Media:
    return Media(
        kind=kind,
        ref=values.text(part, "file_id")[:512],
        mime=values.text(part, "mime_type")[:128] or mime,
        name=values.text(part, "file_name")[:255],
        size=values.number(part.get("file_size")),
        seconds=values.number(part.get("duration")),
        width=values.number(part.get("width") or part.get("length")),
        height=values.number(part.get("height") or part.get("length")),
    )


def _place(part: Json) -> Location | None:
    venue = values.child(part, "venue")
    point = values.child(venue, "location") or values.child(part, "location")
    latitude, longitude = point.get("latitude"), point.get("longitude")
    if not (values.within(latitude, 90) and values.within(longitude, 180)):
        return None
    return Location(
        latitude=float(latitude or 0),
        longitude=float(longitude or 0),
        title=values.text(venue, "title")[:255],
        address=values.text(venue, "address")[:255],
    )


def _card(part: Json, sender: Person) -> ContactCard | None:
    contact = values.child(part, "contact")
    if not contact:
        return None
    typed = values.text(contact, "phone_number")[:64]
    # Only a card with the sender's own number as user_id comes from the "share my phone" button.
    own = values.ident(contact.get("user_id")) == sender.external_id
    # The number is international but may lack its plus.
    phone = phones.normalise(typed if typed.startswith("+") else "+" + typed) or phones.normalise(typed)
    return ContactCard(name=_name(contact), phone=phone, phone_typed=typed, own=own)


def _with_phone(person: Person, phone: str) -> Person:
    return Person(
        external_id=person.external_id,
        name=person.name,
        username=person.username,
        language=person.language,
        phone=phone,
        phone_verified=True,
    )


def said(part: Json) -> str:
    """The text of a message or the caption of its file, as written; a sticker's emoji."""
    for key in ("text", "caption"):
        text = part.get(key)
        if isinstance(text, str):
            return storable(text)[:_LONGEST_TEXT]
    emoji = values.child(part, "sticker").get("emoji") or values.child(part, "dice").get("emoji")
    return storable(emoji)[:16] if isinstance(emoji, str) else ""


def private(part: Json) -> str | Ignored:
    """The key of a private chat, else why it is none of ours."""
    kind = values.text(values.child(part, "chat"), "type")
    if kind in ("group", "supergroup", "channel"):
        return Ignored(f"a message in a {kind}")
    return chat_key(part)


def chat_key(part: Json) -> str:
    """The key to answer to: the chat's number, behind the business connection it came through."""
    ident = values.ident(values.child(part, "chat").get("id"))
    if not ident:
        raise ParseError("a chat without an id")
    business = values.text(part, "business_connection_id")[:128]
    return f"{business}:{ident}" if business else ident


def migration(part: Json) -> ChatMigrated | None:
    """A group became a supergroup: the same chat under another number."""
    here = values.ident(values.child(part, "chat").get("id"))
    to, since = values.ident(part.get("migrate_to_chat_id")), values.ident(part.get("migrate_from_chat_id"))
    if here and to:
        return ChatMigrated(old_chat=here, new_chat=to)
    if here and since:
        return ChatMigrated(old_chat=since, new_chat=here)
    return None


def sender_of(part: Json) -> Person | Ignored:
    """Who wrote, or why it was nobody we talk to."""
    sender = values.child(part, "from")
    if sender.get("is_bot") is True:
        return Ignored("written by a bot")
    person = person_of(sender)
    if person.external_id in _SERVICE_SENDERS:
        return Ignored("written by Telegram itself")
    return person


def person_of(part: Json) -> Person:
    """A User (or a private Chat, which has the same fields); raises ParseError without an id."""
    ident = values.ident(part.get("id"))
    if not ident:
        raise ParseError("a person without an id")
    return Person(
        external_id=ident,
        name=_name(part),
        username=values.text(part, "username")[:64],
        language=values.text(part, "language_code")[:16],
    )


def _name(part: Json) -> str:
    return " ".join(f"{values.text(part, 'first_name')} {values.text(part, 'last_name')}".split())[:255]


def message_id(part: Json, chat: str) -> str:
    """Message numbers are unique within a chat only."""
    ident = values.ident(part.get("message_id"))
    if not ident:
        raise ParseError("a message without an id")
    return f"{chat}:{ident}"
