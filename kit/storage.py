"""Files by key: a folder by default, an S3-compatible store by setting (`kit.s3`). Who may read one is not known here.

    storage.put("7/2026-11/…", source)      # whole and durable at return, or not there at all
    for chunk in storage.open("7/2026-11/…", start=0, end=65535): …

A key is `owner/part/part` of letters, digits, `-`, `_` and `.`; the first part is the tenant's id, so that
`delete_all("7/")` takes away all that is one tenant's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django import conf

from kit import s3
from kit.folder import Folder
from kit.store import CHUNK, BadKey, Missing, Store

__all__ = [
    "CHUNK",
    "BadKey",
    "Folder",
    "Missing",
    "Store",
    "chosen",
    "delete",
    "delete_all",
    "open",
    "put",
    "read",
]


def chosen() -> Store:
    """The store that the settings name: `S3` (the fields of a `kit.s3.Place`), else the folder `MEDIA_ROOT`."""
    place = getattr(conf.settings, "S3", None)
    if place is not None:
        return s3.of(s3.Place(**place))
    return Folder(Path(conf.settings.MEDIA_ROOT))


def put(key: str, source: BinaryIO) -> int:
    """See `Store.put`."""
    return chosen().put(key, source)


def open(key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """See `Store.open`."""
    return chosen().open(key, start=start, end=end)


def read(key: str) -> bytes:
    """The whole file; for files that are known to be small enough for the memory."""
    return b"".join(open(key))


def delete(key: str) -> None:
    """See `Store.delete`."""
    chosen().delete(key)


def delete_all(prefix: str) -> int:
    """See `Store.delete_all`."""
    return chosen().delete_all(prefix)
