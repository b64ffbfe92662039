"""A folder as a store of files: whole and durable, never outside of itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kit.exchange import Unreachable
from kit.store import CHUNK, Missing, checked, checked_prefix


class Folder:
    """Each file is written beside its place, fsynced and renamed, so a reader sees all of it or nothing."""

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
