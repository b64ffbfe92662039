"""A file as a page shows it: in place, as a card to save, on its way, or why it is not there."""

from __future__ import annotations

import dataclasses
import mimetypes
from collections.abc import Callable, Mapping
from typing import Any, Literal

from conversations import media
from conversations.models import MediaFile
from kit import filetypes
from work.rows import State

# A picture or a film without a known size gets none; the page then makes room when it has come.
Look = Literal["picture", "sticker", "sound", "film", "card"]


@dataclasses.dataclass(frozen=True)
class Shown:
    """What templates need. `url` is "" until the file is there; with `?save` it is saved and not shown."""

    id: int
    kind: str
    name: str
    mime: str
    size: int | None
    seconds: int | None
    width: int | None
    height: int | None
    state: str
    error: str
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
    def silent(self) -> bool:
        """A film that plays by itself, again and again, without a sound: what messengers call an animation."""
        return self.kind in ("animation", "sticker")

    @property
    def title(self) -> str:
        """Its name, else what it is."""
        return self.name or media.name_of(self.kind)

    @property
    def words(self) -> str:
        """What it is and how long it lasts."""
        return media.in_words(self.kind, seconds=self.seconds)

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
