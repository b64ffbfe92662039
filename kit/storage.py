"""Files by key: a folder by default, an S3-compatible store by setting (`kit.s3`). Who may read one is not known here.

    storage.put("7/2026-11/…", source)      # whole and durable at return, or not there at all
    for chunk in storage.open("7/2026-11/…", start=0, end=65535): …

A key is `owner/part/part` of letters, digits, `-`, `_` and `.`; the first part is the tenant's id, so that
`delete_all("7/")` takes away all that is one tenant's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from django import conf

from kit.exchange import Unreachable

CHUNK = 256 * 1024
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}\Z")


class BadKey(ValueError):
    """Not a key: it could lead out of the store."""


class Missing(Exception):
    """There is no file under this key."""


class Store(Protocol):
    """Where files lie. Each verb may raise `Unreachable` while the store cannot be asked."""

    def put(self, key: str, source: BinaryIO) -> int:
        """Keeps the rest of `source` under `key`, in place of what was there; returns its size in bytes."""
        ...

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to `end` (included; None: the last). Raises `Missing` at once."""
        ...

    def delete(self, key: str) -> None:
        """Takes the file away; harmless when it is not there."""
        ...

    def delete_all(self, prefix: str) -> int:
        """Takes away every file whose key begins with `prefix`, which ends with a slash; returns how many."""
        ...


def checked(key: str) -> str:
    """The key itself.

    Raises:
        BadKey: see the class.
    """
    parts = key.split("/")
    if len(parts) < 2 or len(key) > 200 or not all(_PART.match(part) for part in parts):
        raise BadKey(f"{key!r} is no key")
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself: whole parts of a key and a slash, never all that there is.

    Raises:
        BadKey: see the class.
    """
    parts = prefix.removesuffix("/").split("/")
    if not prefix.endswith("/") or not all(_PART.match(part) for part in parts):
        raise BadKey(f"{prefix!r} is no prefix")
    return prefix


class Folder:
    """A folder: each file is written beside its place, fsynced and renamed, so a reader sees all of it or nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: BinaryIO) -> int:
        """See `Store`."""
        place = self._place(key)
        handle, name = self._beside(place)
        try:
            with os.fdopen(handle, "wb") as out:
                shutil.copyfileobj(source, out, CHUNK)
                out.flush()
                os.fsync(out.fileno())
                size = out.tell()
            os.replace(name, place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(place.parent)
        return size

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See `Store`."""
        try:
            file = self._place(key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Missing(key) from None
        return _chunks(file, start, None if end is None else end - start + 1)

    def delete(self, key: str) -> None:
        """See `Store`."""
        place = self._place(key)
        with contextlib.suppress(NotADirectoryError):
            place.unlink(missing_ok=True)
        self._prune(place.parent)

    def delete_all(self, prefix: str) -> int:
        """See `Store`."""
        folder = self.root / checked_prefix(prefix)
        found = sum(len(files) for _path, _folders, files in os.walk(folder))
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise Unreachable("some files could not be removed")
        self._prune(folder.parent)
        return found

    def _place(self, key: str) -> Path:
        return self.root / checked(key)

    @staticmethod
    def _beside(place: Path) -> tuple[int, str]:
        for _again in range(5):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Somebody may remove the folder, empty as it is, at this very moment.
            with contextlib.suppress(FileNotFoundError):
                return tempfile.mkstemp(dir=place.parent, prefix=".part-")
        raise Unreachable("the folder does not stay")

    def _prune(self, folder: Path) -> None:
        """Empty folders go, up to the root."""
        while folder != self.root and self.root in folder.parents:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _chunks(file: BinaryIO, start: int, left: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while left is None or left > 0:
            chunk = file.read(CHUNK if left is None else min(CHUNK, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk


def _sync(folder: Path) -> None:
    """The name itself is durable only with its folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# The store of the settings -------------------------------------------------------------------------------------------


def chosen() -> Store:
    """The store that the settings name: `S3` (the fields of a `kit.s3.Place`), else the folder `MEDIA_ROOT`."""
    place = getattr(conf.settings, "S3", None)
    if place is not None:
        from kit import s3

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
