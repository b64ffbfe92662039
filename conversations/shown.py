"""A file as a page shows it: in place, as a card to save, on its way, or why it is not there."""

from __future__ import annotations

import dataclasses
import mimetypes
from collections.abc import Callable, Mapping
from typing import Any, Literal

from django.utils.translation import gettext, pgettext

from conversations.models import MediaFile
from kit import filetypes
from work.rows import State

# A picture or a film without a known size gets none; the page then makes room when it has come.
Look = Literal["picture", "sticker", "sound", "film", "card"]


_ICONS = {
    "image": "image",
    "voice": "voice",
    "audio": "voice",
    "video": "play",
    "animation": "play",
    "document": "file",
    "sticker": "heart",
    "location": "map-pin",
    "contact": "phone",
}


def icon_of(kind: str) -> str:
    """The icon of a kind of medium (a name of static/icons.txt)."""
    return _ICONS.get(kind, "attach")


NAMES: dict[str, Callable[[], str]] = {
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
    return NAMES[kind]() if kind in NAMES else pgettext("medium", "Attachment")


def megabytes(size: int) -> str:
    """A limit in words: `20 MB`, counted as people count, by thousands."""
    return gettext("%(count)d MB") % {"count": size // 1_000_000}


def length(seconds: int | None) -> str:
    """How long it lasts: `0:12`; "" where nobody told."""
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


def in_words(kind: str, *, name: str = "", seconds: int | None = None) -> str:
    """A medium in a line: `Photo`, `Voice message 0:12`, `File: price.pdf`."""
    words = " ".join(part for part in (name_of(kind), length(seconds)) if part)
    return f"{words}: {name}" if name else words


@dataclasses.dataclass(frozen=True)
class Shown:
    """What templates need. `url` is "" until the file is there; with `?save` it is saved and not shown."""

    id: int
    kind: str
    name: str
    state: str
    mime: str = ""
    size: int | None = None
    seconds: int | None = None
    width: int | None = None
    height: int | None = None
    error: str = ""
    url: str = ""

    @property
    def ready(self) -> bool:
        """Whether it lies in the storage."""
        return self.state == State.DONE

    @property
    def failed(self) -> bool:
        """Whether nothing more is tried; `error` says why."""
        return self.state not in (State.DONE, State.PENDING, State.CLAIMED, State.CALLING, State.WAITING)

    @property
    def look(self) -> Look:
        """How it is shown; by what the file is, not by what it was called."""
        if self.kind == "document" or not (self.mime in filetypes.SHOWN or self.mime in filetypes.PLAYED):
            return "card"
        if self.mime in filetypes.SHOWN:
            return "sticker" if self.kind == "sticker" else "picture"
        return "film" if self.mime.startswith("video/") else "sound"

    @property
    def save_url(self) -> str:
        """Where it is saved from instead of being shown."""
        return f"{self.url}{'&' if '?' in self.url else '?'}save"

    @property
    def icon(self) -> str:
        """The icon that stands for it."""
        return icon_of(self.kind)

    @property
    def silent(self) -> bool:
        """A film that plays by itself, again and again, without a sound: what messengers call an animation."""
        return self.kind in ("animation", "sticker")

    @property
    def title(self) -> str:
        """Its name, else what it is."""
        return self.name or name_of(self.kind)

    @property
    def words(self) -> str:
        """What it is and how long it lasts."""
        return in_words(self.kind, seconds=self.seconds)

    @property
    def file_name(self) -> str:
        """What it is saved as."""
        if self.name:
            return self.name
        ending = mimetypes.guess_extension(self.mime) if self.mime != filetypes.UNKNOWN else None
        return f"{self.kind or 'file'}-{self.id}{ending or ''}"


# The columns of `Shown` that are the row's own.
COLUMNS = tuple(field.name for field in dataclasses.fields(Shown) if field.name not in ("error", "url"))


def of(file: MediaFile, *, url: Callable[[MediaFile], str] | None = None) -> Shown:
    """A row, with the address that `url` gives it once it is ready."""
    values: dict[str, Any] = {name: getattr(file, name) for name in COLUMNS}
    address = url(file) if url is not None and file.state == State.DONE else ""
    return Shown(**values, error=file.last_error, url=address)


def of_row(row: Mapping[str, Any], *, url: str) -> Shown:
    """The same from the columns of `COLUMNS` and `last_error`, as a statement of its own read them."""
    values = {name: row[name] for name in COLUMNS}
    ready = row["state"] == State.DONE
    return Shown(**values, error=row["last_error"], url=url if ready else "")
