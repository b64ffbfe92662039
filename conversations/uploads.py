"""Files that somebody hands in before they are sent: a colleague, a script with a token, a visitor of the site chat.

Such a file lies in the storage before anything is said. Its row belongs to no message yet and waits for a day; when
nobody has sent it by then, the queue of files takes it away (`conversations/fetching.py`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from conversations import shown
from conversations.models import Conversation, MediaFile, Message
from integrations import registry
from integrations.protocols.channel import Capabilities
from kit import filetypes, storage
from kit.http import Unreachable
from kit.text import storable
from tenants import secrets, wall
from tenants.models import new_token
from work.rows import State

log = logging.getLogger(__name__)

# Where what a row says of its origin is sealed for.
SOURCE_PLACE = "media:source"
# How long a file that was handed in waits to be sent.
LIFE = dt.timedelta(days=1)
# What may be handed in through a browser or the API; the front door lets so much through (config/asgi.py).
MOST_BYTES = 20_000_000
# Controls, separators of paths, and marks that turn the direction of writing ("gpj.exe" read backwards).
_ODD_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+')


class CannotAttach(Exception):
    """This file does not go out through this channel; the message says what to do instead."""


class Gone(Exception):
    """What was handed in is not there any more, or was sent already."""


# ---------------------------------------------------------------- handing in
def owner_of(thread: Conversation) -> str:
    """Whose upload a client's is: their chat's."""
    return chat(thread.connection_id, thread.chat)


def chat(connection_id: int, key: str) -> str:
    """The same before there is a thread."""
    return f"chat:{connection_id}:{key}"


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
        due_at=now + LIFE,
        created_at=now,
    )


def fill(file: MediaFile, source: BinaryIO) -> None:
    """Stores what was handed in. Needs no transaction, and had better have none.

    Raises:
        kit.http.Unreachable, OSError: it could not be stored.
    """
    storage.put(file.key, source)


def hand_in(
    upload: UploadedFile, *, tenant_id: int, owner: str, capabilities: Capabilities, now: dt.datetime
) -> MediaFile:
    """`reserve` and `fill` for a browser's upload: the row first, so that nothing lies in the storage without one.

    Best called outside a transaction; inside one, whoever calls must roll back when it fails.

    Raises:
        CannotAttach: see the class; also when it could not be stored.
    """
    source: Any = upload
    with wall.tenant_tx(tenant_id):
        file = reserve(
            source,
            owner=owner,
            name=upload.name or "",
            size=upload.size or 0,
            capabilities=capabilities,
            now=now,
        )
    try:
        fill(file, source)
    except (Unreachable, OSError) as error:
        log.warning("a file that was handed in could not be stored: %s", error)
        with wall.tenant_tx(tenant_id):
            MediaFile.objects.filter(pk=file.pk).delete()
        raise CannotAttach(_("The file could not be stored just now: try once more in a moment.")) from error
    return file


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
        raise CannotAttach(_no_files())
    if not size:
        raise CannotAttach(_("This file is empty: choose another one."))
    if size > _largest(capabilities):
        raise CannotAttach(_too_large(_largest(capabilities)))
    family = "voice" if found.voice else found.family
    # What messengers show as a picture; other formats (HEIC, TIFF) they take as files.
    if family == "image" and found.mime not in filetypes.SHOWN | {"image/heic"}:
        family = "document"
    kind = next((kind for kind in _AS[family] if kind in capabilities.media), None)
    if kind is None:
        raise CannotAttach(
            _("This channel takes files of other kinds only: %(kinds)s. Send a link instead.")
            % {"kinds": ", ".join(sorted(shown.name_of(kind).lower() for kind in capabilities.media))}
        )
    return kind


@dataclasses.dataclass(frozen=True)
class Attaching:
    """What a composer needs to know before anything is handed in: `most` bytes, `accept` for the file chooser.

    `refusal` is why no file goes out here, "" where files do; `too_large` is said of a larger one.
    """

    most: int
    accept: str
    refusal: str
    too_large: str


_ACCEPT = {"image": "image/*", "voice": "audio/*", "audio": "audio/*", "video": "video/*"}


def attaching(capabilities: Capabilities) -> Attaching:
    """What may be attached in a channel."""
    kinds = capabilities.media
    accept = "" if "document" in kinds else ",".join(sorted({_ACCEPT[kind] for kind in kinds & set(_ACCEPT)}))
    most = _largest(capabilities)
    return Attaching(most, accept, "" if kinds else _no_files(), _too_large(most))


def _largest(capabilities: Capabilities) -> int:
    return min(capabilities.max_media, MOST_BYTES)


def _no_files() -> str:
    return _("This channel takes no files: send a link, or write in another channel.")


def _too_large(most: int) -> str:
    return _(
        "This file is larger than %(size)s, the most this channel takes: send a link to it, or a part."
    ) % {"size": shown.megabytes(most)}


def capabilities_of(thread: Conversation) -> Capabilities:
    """What the channel of a thread can do; nothing for one that is not known here."""
    kind = thread.connection.kind
    return registry.channel(kind).capabilities if kind in registry.channels else Capabilities()
