"""What a store of files is, and what its keys may be: `kit.folder` and `kit.s3` are two, `kit.storage` chooses one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Protocol

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
