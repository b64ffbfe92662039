"""Files of messages as rows: promised with the message they came with, fetched later by `conversations/fetching.py`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils import translation

from conversations import shown, uploads
from conversations.models import MediaFile, Message
from integrations.protocols.channel import Media
from integrations.webchat.channel import UPLOADED
from kit.text import storable
from tenants import clock, secrets, wall
from tenants.models import new_token
from work import sweep
from work.rows import State

QUEUE = "media"
# More files of one message than this are no message.
MOST = 30
# What a list calls by its name; a photo named IMG_2041.jpg is a photo.
_BY_NAME = frozenset({"document", "audio", "location", "contact"})


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
        sealed_source=secrets.seal(source, tenant_id=wall.current_tenant_id(), place=uploads.SOURCE_PLACE),
        name=uploads.clean_name(medium.name),
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
        (file,) = uploads.handed_in([token], owner=uploads.owner_of(message.conversation))
        uploads.attach(file, message, position=position)
    except uploads.Gone as reason:
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
    told = json.loads(
        secrets.unseal(file.sealed_source, tenant_id=file.tenant_id, place=uploads.SOURCE_PLACE)
    )
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


def gist(message: Message, files: Sequence[MediaFile] = ()) -> str:
    """What a list of threads says of a message, in the tenant's language: its words, else what it brought."""
    if message.text.strip():
        return message.text[:200]
    facts: list[Any] = [(file.kind, file.name, file.seconds) for file in files]
    facts += [(str(fact.get("kind", "")), str(fact.get("title") or fact.get("name") or ""), None)
              for fact in message.media if isinstance(fact, dict)]  # fmt: skip
    if not facts and message.kind in shown.NAMES:
        facts = [(message.kind, "", None)]
    if not facts:
        return ""
    kind, name, seconds = facts[0]
    with translation.override(wall.entered_tenant().language):
        return shown.in_words(kind, name=name if kind in _BY_NAME else "", seconds=seconds)[:200]
