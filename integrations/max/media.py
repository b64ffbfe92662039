"""What hangs on a MAX message: files, places, shared contacts.

Sources: the attachments of `schema.yaml` 0.0.30 and of dev.max.ru/docs-api/objects/Message.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
from collections.abc import Callable

from integrations.protocols import values
from integrations.protocols.channel import ContactCard, Location, Media, MessageKind
from integrations.protocols.values import Json
from kit import phones

_MOST = 20
_PHONE = re.compile(r"^TEL[^:\r\n]{0,100}:[ \t]*(?:tel:)?([^\r\n]{1,64})", re.MULTILINE | re.IGNORECASE)
_NAME = re.compile(r"^FN[^:\r\n]{0,100}:[ \t]*([^\r\n]{1,255})", re.MULTILINE | re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A message but for its words. `vouched`: MAX's own hash proves the card's number. `link` is what it shares."""

    kind: MessageKind
    media: tuple[Media, ...] = ()
    location: Location | None = None
    card: ContactCard | None = None
    vouched: bool = False
    link: str = ""


def content(bodies: list[Json], *, sender: str, token: str) -> Content:
    """What a message is, with what it forwards (`bodies`). `sender` is who wrote, `token` the bot's."""
    kinds: list[MessageKind] = []
    files: list[Media] = []
    place, card, vouched, link = None, None, False, ""
    attachments = [one for body in bodies for one in values.children(body, "attachments", most=_MOST)]
    for attachment in attachments[:_MOST]:
        name, payload = values.text(attachment, "type", 32), values.child(attachment, "payload")
        reader = _READERS.get(name)
        if reader:
            file = reader(attachment, payload)
            kinds.append(_KINDS[name])
            files += [file] if file.url or file.ref else []
        elif name == "location":
            found = _place(attachment)
            place = place or found
            kinds.append("location" if found else "other")
        elif name == "contact":
            card, vouched = card or _card(payload, sender), vouched or _vouched(payload, token)
            kinds.append("contact")
        elif name == "share":
            link = link or values.web_address(payload.get("url"))
        elif name not in ("inline_keyboard", "data"):
            kinds.append("other")
    return Content(
        kind=kinds[0] if kinds else "text",
        media=tuple(files),
        location=place,
        card=card,
        vouched=vouched,
        link=link,
    )


def _image(attachment: Json, payload: Json) -> Media:
    return Media(kind="image", ref=_token(payload), url=values.web_address(payload.get("url")))


def _video(attachment: Json, payload: Json) -> Media:
    return Media(
        kind="video",
        ref=_token(payload),
        url=values.web_address(payload.get("url")),
        mime="video/mp4",
        seconds=values.number(attachment.get("duration")),
        width=values.number(attachment.get("width")),
        height=values.number(attachment.get("height")),
    )


def _voice(attachment: Json, payload: Json) -> Media:
    return Media(kind="voice", ref=_token(payload), url=values.web_address(payload.get("url")))


def _document(attachment: Json, payload: Json) -> Media:
    return Media(
        kind="document",
        ref=_token(payload),
        url=values.web_address(payload.get("url")),
        name=values.text(attachment, "filename", 255),
        size=values.number(attachment.get("size")),
    )


def _sticker(attachment: Json, payload: Json) -> Media:
    code = values.text(payload, "code", 128)
    return Media(kind="sticker", ref=code, url=values.web_address(payload.get("url")))


_READERS: dict[str, Callable[[Json, Json], Media]] = {
    "image": _image,
    "video": _video,
    "audio": _voice,
    "file": _document,
    "sticker": _sticker,
}
_KINDS: dict[str, MessageKind] = {
    "image": "image",
    "video": "video",
    "audio": "voice",
    "file": "document",
    "sticker": "sticker",
}


def _token(payload: Json) -> str:
    return values.text(payload, "token", 512)


def _place(attachment: Json) -> Location | None:
    north = values.degrees(attachment.get("latitude"), 90)
    east = values.degrees(attachment.get("longitude"), 180)
    return None if north is None or east is None else Location(latitude=north, longitude=east)


def _card(payload: Json, sender: str) -> ContactCard:
    """A shared contact. It is the sender's own when MAX names the sender as the person on it."""
    vcard = values.text(payload, "vcf_info", 8192)
    # Before the messenger's renaming the person stood under another name.
    about = values.child(payload, "max_info") or values.child(payload, "tam_info")
    number, name = _PHONE.search(vcard), _NAME.search(vcard)
    typed = number[1].strip() if number else ""
    # The number is international but lacks its plus.
    phone = phones.normalise(typed if typed.startswith("+") else "+" + typed) or phones.normalise(typed)
    return ContactCard(
        name=name[1].strip() if name else full_name(about),
        phone=phone,
        phone_typed=typed,
        own=values.ident(about.get("user_id")) == sender,
    )


def _vouched(payload: Json, token: str) -> bool:
    """HMAC-SHA256 of the card by the bot's token, as MAX's documents have it."""
    given, vcard = payload.get("hash"), payload.get("vcf_info")
    if not (isinstance(given, str) and isinstance(vcard, str) and token):
        return False
    made = hmac.new(token.encode(), vcard.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    return hmac.compare_digest(made.encode(), given.lower().encode("utf-8", "replace"))


def full_name(user: Json) -> str:
    """A User's name; `name` is what older events have instead of its parts."""
    parts = (values.text(user, "first_name", 120), values.text(user, "last_name", 120))
    return " ".join(" ".join(parts).split()) or values.text(user, "name", 255)
