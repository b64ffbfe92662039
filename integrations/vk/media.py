"""What hangs on a VK message: pictures, voices, files, places, goods.

Source: `MessagesMessageAttachment` of VKCOM/vk-api-schema 5.199. VK gives addresses of everything but videos and
music, which play in VK alone.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from integrations.protocols import values
from integrations.protocols.channel import Ad, Location, Media, MessageKind
from integrations.protocols.values import Json

_MOST = 20
_PAIR = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]+)?)[ ,]+(-?[0-9]{1,3}(?:\.[0-9]+)?)\Z")
_SHARED = frozenset(("wall", "wall_reply", "market", "market_album", "poll", "gift", "story", "call", "link"))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A message but for its words. `link` is what it shares; `unread` names kinds that cannot be fetched."""

    kind: MessageKind
    media: tuple[Media, ...] = ()
    location: Location | None = None
    ad: Ad | None = None
    link: str = ""
    unread: tuple[str, ...] = ()


def content(part: Json, *, group: str) -> Content:
    """What a message is. `group` is the community's number: goods of its own are what a person asks about."""
    kinds: list[MessageKind] = []
    files: list[Media] = []
    ad, link = None, ""
    for attachment in _attachments(part):
        name = values.text(attachment, "type", 32)
        inner = values.child(attachment, name)
        reader = _READERS.get(name)
        if reader:
            kind, file = reader(inner)
            kinds.append(kind)
            files += [file] if file else []
        elif name == "market" and values.ident(inner.get("owner_id")) == f"-{group}":
            ad = ad or _goods(inner)
        link = link or _link(name, inner)
        if name in _SHARED and name not in ("link", "market"):
            kinds.append(_KINDS.get(name, "other"))
    place = _place(values.child(part, "geo"))
    if place:
        kinds.append("location")
    return Content(
        kind=kinds[0] if kinds else "text",
        media=tuple(files),
        location=place,
        ad=ad,
        link=link,
        unread=tuple(file.kind for file in files if not file.url),
    )


def _attachments(part: Json) -> list[Json]:
    """The message's own ones, then those of what it forwards."""
    found = values.children(part, "attachments", most=_MOST)
    for forwarded in values.children(part, "fwd_messages", most=_MOST):
        found += values.children(forwarded, "attachments", most=_MOST)
    return found[:_MOST]


Read = tuple[MessageKind, Media | None]


def _photo(part: Json) -> Read:
    sizes = [*values.children(part, "sizes"), values.child(part, "orig_photo")]
    best = max(sizes, key=_area)
    return "image", Media(
        kind="image",
        ref=_ref("photo", part),
        url=values.web_address(best.get("url") or best.get("src")),
        mime="image/jpeg",
        width=values.number(best.get("width")),
        height=values.number(best.get("height")),
    )


def _voice(part: Json) -> Read:
    ogg = values.web_address(part.get("link_ogg"))
    return "voice", Media(
        kind="voice",
        ref=_ref("audio_message", part),
        url=ogg or values.web_address(part.get("link_mp3")),
        mime="audio/ogg" if ogg else "audio/mpeg",
        seconds=values.number(part.get("duration")),
    )


def _document(part: Json) -> Read:
    extension = values.text(part, "ext", 16)
    return "document", Media(
        kind="document",
        ref=_ref("doc", part),
        url=values.web_address(part.get("url")),
        mime="image/gif" if extension == "gif" else "",
        name=_name(values.text(part, "title", 255), extension),
        size=values.number(part.get("size")),
    )


def _video(part: Json) -> Read:
    return "video", Media(
        kind="video",
        ref=_ref("video", part),
        name=values.text(part, "title", 255),
        seconds=values.number(part.get("duration")),
        width=values.number(part.get("width")),
        height=values.number(part.get("height")),
    )


def _audio(part: Json) -> Read:
    title = " – ".join(filter(None, (values.text(part, "artist", 120), values.text(part, "title", 120))))
    return "audio", Media(
        kind="audio",
        ref=_ref("audio", part),
        url=values.web_address(part.get("url")),
        mime="audio/mpeg",
        name=title,
        seconds=values.number(part.get("duration")),
    )


def _sticker(part: Json) -> Read:
    sizes = values.children(part, "images")
    best = max(sizes, key=_area, default={})
    ref = values.ident(part.get("sticker_id")) or ""
    address = values.web_address(best.get("url"))
    return "sticker", Media(kind="sticker", ref=ref, url=address, mime="image/png") if address else None


def _graffiti(part: Json) -> Read:
    address = values.web_address(part.get("url"))
    return "image", Media(kind="image", ref=_ref("graffiti", part), url=address, mime="image/png")


_READERS: dict[str, Callable[[Json], Read]] = {
    "photo": _photo,
    "audio_message": _voice,
    "doc": _document,
    "video": _video,
    "audio": _audio,
    "sticker": _sticker,
    "graffiti": _graffiti,
}
_KINDS: dict[str, MessageKind] = {"story": "story", "call": "call"}


def _goods(part: Json) -> Ad:
    """An item of the community's own shop, under which people press "write to the seller"."""
    name = f"{values.ident(part.get('owner_id')) or ''}_{values.ident(part.get('id')) or ''}"
    return Ad(
        external_id=f"market{name}",
        title=values.text(part, "title", 255),
        text=values.text(part, "description", 2000),
        url=f"https://vk.com/product{name}",
        image_url=values.web_address(part.get("thumb_photo")),
        price=values.text(values.child(part, "price"), "text", 64),
    )


def _link(name: str, part: Json) -> str:
    owner, number = values.ident(part.get("owner_id")), values.ident(part.get("id"))
    if name == "link":
        return values.web_address(part.get("url"))
    if name == "wall":
        owner = owner or values.ident(part.get("to_id"))
    if name in ("wall", "story") and owner and number:
        return f"https://vk.com/{name}{owner}_{number}"
    return f"https://vk.com/product{owner}_{number}" if name == "market" and owner and number else ""


def _place(geo: Json) -> Location | None:
    point: Any = geo.get("coordinates")
    if isinstance(point, str):  # before 5.80: "55.75 37.61"
        pair = _PAIR.match(point.strip())
        latitude, longitude = (float(pair[1]), float(pair[2])) if pair else (None, None)
    else:
        inner = values.child(geo, "coordinates")
        latitude, longitude = inner.get("latitude"), inner.get("longitude")
    north, east = values.degrees(latitude, 90), values.degrees(longitude, 180)
    if north is None or east is None:
        return None
    place = values.child(geo, "place")
    return Location(
        latitude=north,
        longitude=east,
        title=values.text(place, "title", 255),
        address=", ".join(
            filter(None, (values.text(place, key, 120) for key in ("country", "city", "address")))
        ),
    )


def _area(size: Json) -> int:
    return (values.number(size.get("width")) or 0) * (values.number(size.get("height")) or 0)


def _ref(kind: str, part: Json) -> str:
    """VK's own name of a file: `photo1_2_accesskey`."""
    owner, number = values.ident(part.get("owner_id")), values.ident(part.get("id"))
    if not owner or not number:
        return ""
    key = values.text(part, "access_key", 128)
    return f"{kind}{owner}_{number}" + (f"_{key}" if key else "")


def _name(title: str, extension: str) -> str:
    """Titles may come without their extension."""
    if not extension or title.lower().endswith(f".{extension.lower()}"):
        return title
    return f"{title}.{extension}"[:255]
