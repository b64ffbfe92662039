"""A message that carries a file: its bytes are read while the call goes on, in no transaction and in no event loop."""

from __future__ import annotations

import dataclasses
import functools

from django.utils.translation import gettext as _

from conversations import shown
from conversations.models import MediaFile, Message
from integrations.errors import Rejected
from integrations.protocols.channel import Channel, Outgoing, OutgoingMedia, Sent, Settings
from kit import http, storage

# Kinds of message that are nothing but words: no file is looked for.
_WORDS = frozenset({"text", "button"})


@dataclasses.dataclass(frozen=True)
class Enclosed:
    """The file of a message that is about to be sent."""

    kind: str
    name: str
    mime: str
    key: str


def enclosed(message: Message) -> Enclosed | None:
    """The file of a message of ours, None for mere words."""
    if message.kind in _WORDS:
        return None
    file = MediaFile.objects.filter(message=message).exclude(key="").order_by("position").first()
    if file is None:
        return None
    return Enclosed(file.kind, shown.of(file).file_name, file.mime, file.key)


def call(wire: Channel, settings: Settings, outgoing: Outgoing, file: Enclosed | None) -> http.Call[Sent]:
    """Sends a message with its file. Raises as `wire.send`; nothing was sent where the file could not be read."""
    if file is None:
        return (yield from wire.send(settings, outgoing))
    content = yield http.Work(functools.partial(_read, file.key))
    media = OutgoingMedia(kind=file.kind, name=file.name, mime=file.mime, content=content)
    return (yield from wire.send(settings, dataclasses.replace(outgoing, media=media)))


def _read(key: str) -> bytes:
    try:
        return storage.read(key)
    except storage.Missing:
        raise Rejected(
            _("The file is not in the storage any more: attach it again."), code="bad_file"
        ) from None
    except OSError as error:
        raise http.Unreachable("the file could not be read") from error
