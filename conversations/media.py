"""Files of messages as rows: promised with the message they came with, or handed in before the one they go out with.

A file that came in is fetched by `conversations/fetching.py`. One that somebody of ours (or a visitor of the site chat)
hands in lies in the storage before anything is said: its row belongs to no message yet, waits for a day, and when
nobody has sent it by then, the same queue takes it away.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from conversations.models import Conversation, MediaFile, Message
from integrations import registry
from integrations.protocols.channel import Capabilities, Media
from kit import filetypes, storage
from kit.text import storable
from tenants import clock, secrets, wall
from tenants.models import new_token
from work import sweep
from work.rows import State

QUEUE = "media"
SOURCE_PLACE = "media:source"
# How long a file that was handed in waits to be sent.
UPLOAD_LIFE = dt.timedelta(days=1)
# A wire that tells of a file handed in before names its row by this and the row's token.
UPLOADED = "upload:"
# More files of one message than this are no message.
MOST = 30
# What may be handed in through a browser or the API; the front door lets so much through (config/asgi.py).
MOST_BYTES = 20_000_000
# Controls, separators of paths, and marks that turn the direction of writing ("gpj.exe" read backwards).
_ODD_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+')


class CannotAttach(Exception):
    """This file does not go out through this channel; the message says what to do instead."""


class Gone(Exception):
    """What was handed in is not there any more, or was sent already."""


# ---------------------------------------------------------------- files that came in
def keep(message: Message, media: Sequence[Media], *, now: dt.datetime) -> list[MediaFile]:
    """Promises the files of a message that was just taken in, in the present transaction."""
    return _kept(message, media, start=0, now=now)


def _kept(message: Message, media: Sequence[Media], *, start: int, now: dt.datetime) -> list[MediaFile]:
    files = [
        _handed_in(message, medium, position, now=now)
        if medium.ref.startswith(UPLOADED)
        else _promised(message, medium, position, now=now)
        for position, medium in enumerate(media[:MOST], start=start)
    ]
    if any(file.state == State.PENDING for file in files):
        sweep.nudge(QUEUE)
    return files


def _promised(message: Message, medium: Media, position: int, *, now: dt.datetime) -> MediaFile:
    source = json.dumps({k: v for k, v in dataclasses.asdict(medium).items() if v not in (None, "")})
    return MediaFile.objects.create(
        message=message,
        position=position,
        kind=medium.kind[:15],
        sealed_source=secrets.seal(source, tenant_id=wall.current_tenant_id(), place=SOURCE_PLACE),
        name=clean_name(medium.name),
        mime=storable(medium.mime)[:100],
        size=medium.size,
        seconds=_small(medium.seconds),
        width=_small(medium.width),
        height=_small(medium.height),
        token=new_token(32),
        due_at=now,
        created_at=now,
    )


def _handed_in(message: Message, medium: Media, position: int, *, now: dt.datetime) -> MediaFile:
    """The file that a visitor's event names: theirs alone, and still there; else a place that says it is lost."""
    token = medium.ref.removeprefix(UPLOADED)
    try:
        (file,) = handed_in([token], owner=owner_of(message.conversation))
        attach(file, message, position=position)
    except Gone as reason:
        file = _promised(message, dataclasses.replace(medium, ref=""), position, now=now)
        file.finish(token=None, state=State.DEAD, error=str(reason))
    return file


def _small(value: int | None) -> int | None:
    """A number that fits its column."""
    return value if value is not None and 0 <= value < 2**31 else None


def source_of(file: MediaFile) -> Media:
    """What the wire told of a file.

    Raises:
        tenants.secrets.CannotOpen: the key ring does not fit.
        ValueError: no wire did; it was handed in.
    """
    told = json.loads(secrets.unseal(file.sealed_source, tenant_id=file.tenant_id, place=SOURCE_PLACE))
    return Media(**told)


def changed(message: Message, media: Sequence[Media], *, now: dt.datetime) -> bool:
    """Takes the files of an edited message in; says whether they are others than before.

    Providers tell of all files again when only a caption was changed.
    """
    if not media:
        return False  # a caption alone was told
    old = list(MediaFile.objects.filter(message=message).order_by("position"))
    known = [_told(file) for file in old]
    if None in known:
        return False  # what we sent ourselves is no news
    if len(known) == len(media) and all(
        _same(one, other) for one, other in zip(known, media, strict=True) if one is not None
    ):
        return False
    start = max((file.position for file in old), default=-1) + 1
    keys = [file.key for file in old if file.key]
    MediaFile.objects.filter(pk__in=[file.pk for file in old]).delete()
    _kept(message, media, start=start, now=now)
    for key in keys:
        forget_later(key)
    return True


def _told(file: MediaFile) -> Media | None:
    """What a wire told of a file; None for one that was handed in here."""
    try:
        return source_of(file)
    except ValueError:
        return None


def _same(one: Media, other: Media) -> bool:
    """Whether two tellings mean one file; handles and signed addresses may change from one to the next."""
    if one.kind != other.kind:
        return False
    if one.ref and one.ref == other.ref:
        return True
    if one.url and urlsplit(one.url)[:3] == urlsplit(other.url)[:3]:
        return True
    return one.size is not None and _facts(one) == _facts(other)


def _facts(medium: Media) -> tuple[Any, ...]:
    return medium.size, medium.name, medium.seconds, medium.width, medium.height


def forget_later(key: str) -> None:
    """Takes a stored file away: as a durable row, so that it happens even if the storage is away just now."""
    MediaFile.objects.create(kind="", key=key, token=new_token(32), due_at=clock.now())
    sweep.nudge(QUEUE)


def again(file: MediaFile, *, now: dt.datetime) -> bool:
    """Lets a file that could not be fetched be tried anew; False when it is not one of those."""
    tried = MediaFile.objects.filter(pk=file.pk, state=State.DEAD).exclude(message=None)
    if not tried.update(state=State.PENDING, attempts=0, due_at=now, last_error=""):
        return False
    sweep.nudge(QUEUE)
    return True


# ---------------------------------------------------------------- files that are handed in
def owner_of(thread: Conversation) -> str:
    """Whose upload a visitor's is: the chat's."""
    return f"chat:{thread.connection_id}:{thread.chat}"


def colleague(user_id: int | None) -> str:
    """Whose upload a colleague's is; None: the API's."""
    return f"user:{user_id or 0}"


def reserve(
    source: BinaryIO, *, owner: str, name: str, size: int, capabilities: Capabilities, now: dt.datetime
) -> MediaFile:
    """The row of a file that is being handed in, not stored yet: see `fill`. `source` stands at its beginning after.

    Raises:
        CannotAttach: see the class.
    """
    head = source.read(filetypes.HEAD)
    source.seek(0)
    found = filetypes.look(head)
    kind = kind_for(found, size=size, capabilities=capabilities)
    width, height = filetypes.picture_size(head) or (None, None)
    tenant_id = wall.current_tenant_id()
    return MediaFile.objects.create(
        kind=kind,
        # Whose it is, until it is sent.
        sealed_source=secrets.seal(owner, tenant_id=tenant_id, place=SOURCE_PLACE),
        name=clean_name(name),
        mime=found.mime,
        size=size,
        width=width,
        height=height,
        key=new_key(tenant_id, now),
        token=new_token(32),
        state=State.WAITING,
        due_at=now + UPLOAD_LIFE,
        created_at=now,
    )


def fill(file: MediaFile, source: BinaryIO) -> None:
    """Stores what was handed in. Needs no transaction, and had better have none.

    Raises:
        kit.http.Unreachable, OSError: it could not be stored.
    """
    storage.put(file.key, source)


def handed_in(tokens: Sequence[str], *, owner: str) -> list[MediaFile]:
    """The rows behind the tokens that a page shows, in their order; those sent already among them.

    Raises:
        Gone: see the class; also for somebody else's.
    """
    rows = {row.token: row for row in MediaFile.objects.filter(token__in=list(tokens)).exclude(key="")}
    found = [rows[token] for token in tokens if token in rows]
    if len(found) != len(tokens) or not all(_is_of(row, owner) for row in found):
        raise Gone(_("A file is not here any more: attach it again."))
    return found


def _is_of(row: MediaFile, owner: str) -> bool:
    try:
        return secrets.unseal(row.sealed_source, tenant_id=row.tenant_id, place=SOURCE_PLACE) == owner
    except secrets.CannotOpen:
        return False


def attach(file: MediaFile, message: Message, *, position: int = 0) -> None:
    """Makes a file that was handed in part of a message; the same file is attached once.

    Raises:
        Gone: see the class.
    """
    waiting = MediaFile.objects.filter(pk=file.pk, message=None, state__in=(State.WAITING, State.PENDING))
    if not waiting.update(message=message, position=position, state=State.DONE, lease_token=None):
        raise Gone(_("A file is not here any more: attach it again."))
    file.message, file.position, file.state = message, position, State.DONE


def new_key(tenant_id: int, now: dt.datetime) -> str:
    """A fresh place in the storage, below the tenant's own."""
    return f"{tenant_id}/{now:%Y-%m}/{new_token(24)}"


def clean_name(name: str) -> str:
    """A file's name without what could mislead a reader or a file system; "" where nothing is left."""
    cleaned = " ".join(_ODD_IN_NAMES.sub(" ", storable(name)).split()).strip(". ")
    if len(cleaned) <= 200:
        return cleaned
    stem, dot, ending = cleaned.rpartition(".")
    return f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else cleaned[:200]


# ---------------------------------------------------------------- what goes out where
# What a file is sent as, best first; the first that the channel takes.
_AS: dict[str, tuple[str, ...]] = {
    "image": ("image", "document"),
    "voice": ("voice", "audio", "document"),
    "audio": ("audio", "document"),
    "video": ("video", "document"),
    "document": ("document",),
}


def kind_for(found: filetypes.FileType, *, size: int, capabilities: Capabilities) -> str:
    """What a file goes out as in a channel.

    Raises:
        CannotAttach: see the class.
    """
    if not capabilities.media:
        raise CannotAttach(_("This channel takes no files: send a link, or write in another channel."))
    if not size:
        raise CannotAttach(_("This file is empty: choose another one."))
    largest = min(capabilities.max_media, MOST_BYTES)
    if size > largest:
        raise CannotAttach(
            _("This file is larger than %(size)s, the most this channel takes: send a link to it, or a part.")
            % {"size": filesizeformat(largest)}
        )
    family = "voice" if found.voice else found.family
    # What messengers show as a picture; other formats (HEIC, TIFF) they take as files.
    if family == "image" and found.mime not in filetypes.SHOWN | {"image/heic"}:
        family = "document"
    kind = next((kind for kind in _AS[family] if kind in capabilities.media), None)
    if kind is None:
        raise CannotAttach(
            _("This channel takes files of other kinds only: %(kinds)s. Send a link instead.")
            % {"kinds": ", ".join(sorted(name_of(kind).lower() for kind in capabilities.media))}
        )
    return kind


def capabilities_of(thread: Conversation) -> Capabilities:
    """What the channel of a thread can do; nothing for one that is not known here."""
    kind = thread.connection.kind
    return registry.channel(kind).capabilities if kind in registry.channels else Capabilities()


# ---------------------------------------------------------------- in words
_NAMES: dict[str, Callable[[], str]] = {
    "image": lambda: pgettext("medium", "Photo"),
    "voice": lambda: pgettext("medium", "Voice message"),
    "audio": lambda: pgettext("medium", "Sound"),
    "video": lambda: pgettext("medium", "Video"),
    "animation": lambda: pgettext("medium", "Animation"),
    "document": lambda: pgettext("medium", "File"),
    "sticker": lambda: pgettext("medium", "Sticker"),
    "location": lambda: pgettext("medium", "Place"),
    "contact": lambda: pgettext("medium", "Contact"),
}


def name_of(kind: str) -> str:
    """What a kind of medium is called."""
    return _NAMES[kind]() if kind in _NAMES else pgettext("medium", "Attachment")


def length(seconds: int | None) -> str:
    """How long it lasts: `0:12`; "" where nobody told."""
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


def in_words(kind: str, *, name: str = "", seconds: int | None = None) -> str:
    """A medium in a line: `Photo`, `Voice message 0:12`, `File: price.pdf`."""
    words = " ".join(part for part in (name_of(kind), length(seconds)) if part)
    return f"{words}: {name}" if name else words


def gist(message: Message, files: Sequence[MediaFile] = ()) -> str:
    """What a list of threads says of a message, in the tenant's language: its words, else what it brought."""
    if message.text.strip():
        return message.text[:200]
    facts: list[Any] = [(file.kind, file.name, file.seconds) for file in files]
    facts += [(str(fact.get("kind", "")), str(fact.get("title") or fact.get("name") or ""), None)
              for fact in message.media if isinstance(fact, dict)]  # fmt: skip
    if not facts and message.kind in _NAMES:
        facts = [(message.kind, "", None)]
    if not facts:
        return ""
    kind, name, seconds = facts[0]
    with translation.override(wall.entered_tenant().language):
        return in_words(kind, name=name if kind != "image" else "", seconds=seconds)[:200]
