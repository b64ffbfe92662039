"""Where authentic requests wait while PostgreSQL is down: sealed, fsynced files, drained by `dispatch`.

A file is a row of records `length | crc32 | sealed bytes`. Its writer holds a lock on it while it may still append;
whoever gets the lock owns the file and may drain it. A torn last record (the process died while writing: nobody was
told 200 for it) is skipped.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import fcntl
import json
import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings

from integrations.protocols.channel import HookRequest
from tenants import secrets

log = logging.getLogger(__name__)

HEAD = struct.Struct(">II")
MOST_BYTES = 256 * 1024 * 1024
PLACE = "spool"


class Full(Exception):
    """The spool has reached its limit or the disk is full; nothing was kept."""


@dataclasses.dataclass(frozen=True)
class Kept:
    """A request as it came, with the address it came to: whose it is may only be known at draining."""

    kind: str
    token: str
    request: HookRequest
    received_at: dt.datetime
    verified: bool

    def dump(self) -> bytes:
        """To bytes; the opposite of `load`."""
        facts = dataclasses.asdict(self.request) | {"body": base64.b64encode(self.request.body).decode()}
        return json.dumps(
            {
                "kind": self.kind,
                "token": self.token,
                "request": facts,
                "received_at": self.received_at.isoformat(),
                "verified": self.verified,
            }
        ).encode("utf-8", "surrogatepass")

    @classmethod
    def load(cls, raw: bytes) -> Kept:
        """From bytes."""
        found = json.loads(raw)
        facts = found["request"]
        return cls(
            kind=found["kind"],
            token=found["token"],
            request=HookRequest(
                method=facts["method"],
                subpath=facts["subpath"],
                query=facts["query"],
                headers=facts["headers"],
                body=base64.b64decode(facts["body"]),
            ),
            received_at=dt.datetime.fromisoformat(found["received_at"]),
            verified=found["verified"],
        )


class Writer:
    """Appends for one process; a file is closed (and so free to be drained) when it has been quiet for a second."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or settings.SPOOL_DIR
        self._lock = threading.Lock()
        self._file: int | None = None
        self._used_at = 0.0

    def keep(self, kept: Kept) -> None:
        """Returns when the record is on the disk.

        Raises:
            Full: see the class.
        """
        sealed = secrets.seal(kept.dump(), tenant_id=0, place=PLACE)
        record = HEAD.pack(len(sealed), zlib.crc32(sealed)) + sealed
        with self._lock:
            try:
                if self._file is None:
                    if size(self.folder) + len(record) > MOST_BYTES:
                        raise Full
                    self._open()
                assert self._file is not None
                before = os.fstat(self._file).st_size
                try:
                    os.write(self._file, record) == len(record) or self._tear(before)
                    os.fsync(self._file)
                except OSError:
                    os.ftruncate(self._file, before)
                    raise
                self._used_at = time.monotonic()
                if before > MOST_BYTES // 16:
                    self._close()
            except OSError as error:
                raise Full(str(error)) from error

    def rest(self) -> None:
        """Lets go of the file when nothing was written for a second; called now and then."""
        with self._lock:
            if self._file is not None and time.monotonic() - self._used_at > 1.0:
                self._close()

    def _tear(self, before: int) -> None:
        raise OSError(f"short write at {before}")

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{time.time_ns()}-{os.getpid()}.spool"
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def size(folder: Path | None = None) -> int:
    """Bytes waiting."""
    return sum(path.stat().st_size for path in files(folder))


def files(folder: Path | None = None) -> list[Path]:
    """Files waiting, oldest first."""
    return sorted((folder or settings.SPOOL_DIR).glob("*.spool"))


def drain(store: Callable[[Kept], None], folder: Path | None = None) -> int:
    """Gives every record of the files nobody writes to `store` and deletes a file when all of it is stored.

    `store` raises when the database is still away; the file then stays. Returns records stored.
    """
    count = 0
    for path in files(folder):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        try:
            for kept in _records(path):
                store(kept)
                count += 1
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)
    return count


def _records(path: Path) -> Iterator[Kept]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        head = data[at : at + HEAD.size]
        if len(head) < HEAD.size:
            log.error("spool %s: torn record at %s skipped", path.name, at)
            return
        length, crc = HEAD.unpack(head)
        sealed = data[at + HEAD.size : at + HEAD.size + length]
        at += HEAD.size + length
        if len(sealed) < length or zlib.crc32(sealed) != crc:
            log.error("spool %s: torn record before %s skipped", path.name, at)
            continue
        yield Kept.load(secrets.unseal_bytes(sealed, tenant_id=0, place=PLACE))
