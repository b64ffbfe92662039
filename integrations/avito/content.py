"""What stands in a message of Avito: text, picture, voice, place, listing, call, or a kind shown only there."""

from __future__ import annotations

import dataclasses
import re

from django.utils.translation import gettext_noop

from integrations.avito import values
from integrations.avito.values import Json
from integrations.protocols.channel import Location, Media, MessageKind

# Kinds whose content the API leaves out, or that say little without the app.
OPEN_IN_AVITO = gettext_noop("Open the chat in Avito to see it.")
MISSED_CALL = gettext_noop("A missed call in Avito.")
CALL = gettext_noop("A call in Avito.")

_HIDDEN: dict[str, MessageKind] = {"video": "video", "file": "document", "appCall": "call"}
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})\Z")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The content of one message; `note` is an English text with a translation."""

    kind: MessageKind = "other"
    text: str = ""
    media: tuple[Media, ...] = ()
    location: Location | None = None
    note: str = ""


def read(message: Json) -> Said:
    """The content of a message of any type; an unknown one is noted, with its text where it has one."""
    kind, content = message.get("type"), values.child(message, "content")
    if kind == "text":
        return Said(kind="text", text=values.text(content, "text"))
    if kind == "image":
        return _image(content)
    if kind == "voice":
        return _voice(content)
    if kind == "location":
        return _location(content)
    if kind == "link":
        link = values.child(content, "link")
        return Said(kind="text", text=values.text(link, "text") or values.web(link, "url"))
    if kind == "item":
        return _item(content)
    if kind == "call":
        missed = values.child(content, "call").get("status") == "missed"
        return Said(kind="call", note=MISSED_CALL if missed else CALL)
    known = _HIDDEN.get(kind) if isinstance(kind, str) else None
    return Said(kind=known or "other", text=values.text(content, "text"), note=OPEN_IN_AVITO)


def _image(content: Json) -> Said:
    """The largest of the sizes ("1280x960": address)."""
    best: tuple[int, int, str] | None = None
    sizes = values.child(values.child(content, "image"), "sizes")
    for size in sizes:
        match = _SIZE.match(size)
        address = values.web(sizes, size)
        if match and address:
            found = (int(match[1]), int(match[2]), address)
            if best is None or found[0] * found[1] > best[0] * best[1]:
                best = found
    if best is None:
        return Said(kind="image", note=OPEN_IN_AVITO)
    width, height, address = best
    media = Media(kind="image", url=address, mime="image/jpeg", width=width, height=height)
    return Said(kind="image", media=(media,))


def _voice(content: Json) -> Said:
    """A recording (Opus in an MP4 file); its address is asked for when it is fetched and lives an hour."""
    ident = values.name(values.child(content, "voice").get("voice_id"))
    if not ident:
        return Said(kind="voice", note=OPEN_IN_AVITO)
    return Said(kind="voice", media=(Media(kind="voice", ref=ident, mime="audio/mp4"),))


def _location(content: Json) -> Said:
    place = values.child(content, "location")
    latitude, longitude = place.get("lat"), place.get("lon")
    if not (_within(latitude, 90) and _within(longitude, 180)):
        return Said(kind="location", text=values.text(place, "text", 500), note=OPEN_IN_AVITO)
    return Said(
        kind="location",
        location=Location(
            latitude=float(latitude or 0),
            longitude=float(longitude or 0),
            title=values.text(place, "title", 255),
            address=values.text(place, "text", 255),
        ),
    )


def _item(content: Json) -> Said:
    """A listing shared in the chat, as a line of text."""
    item = values.child(content, "item")
    head = ", ".join(filter(None, (values.text(item, "title", 500), values.text(item, "price_string", 100))))
    text = "\n".join(filter(None, (head, values.web(item, "item_url"))))
    return Said(kind="text", text=text) if text else Said(note=OPEN_IN_AVITO)


def _within(value: object, limit: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -limit <= value <= limit
