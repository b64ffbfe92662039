"""Where authentic requests wait while PostgreSQL is down: sealed, fsynced files, drained by `dispatch`.

A file is a row of records `length | crc32 | sealed bytes`. Its writer holds a lock on it while it may still append;
whoever gets the lock owns the file and may drain it. A torn last record (the process died while writing: nobody was
told 200 for it) is skipped. What can be read or stored by no means is set aside in `<name>.aside`, so that it holds
up nothing else; renamed to `.spool` again it is tried again.
"""

from __future__ import annotations

import base64
import contextlib
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
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from django.conf import settings

from integrations.protocols.channel import HookRequest
from tenants import secrets

log = logging.getLogger(__name__)

HEAD = struct.Struct(">II")
MOST_BYTES = 256 * 1024 * 1024
# Letters with files may fill the first half alone: the rest is for what is said in few bytes, leads above all.
LARGE = 4 * 1024 * 1024
# So much is given to `store` at once while draining.
TOGETHER, TOGETHER_BYTES = 200, 4 * 1024 * 1024
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
                    waiting = size(self.folder)
                    most = MOST_BYTES if len(record) < LARGE else MOST_BYTES // 2
                    if waiting + len(record) > most:
                        raise Full
                    if waiting > MOST_BYTES / 2:
                        log.error("the spool is more than half full: %s bytes", waiting)
                    self._open()
                assert self._file is not None
                before = os.fstat(self._file).st_size
                try:
                    if os.write(self._file, record) != len(record):
                        raise OSError(f"short write at {before}")
                    os.fsync(self._file)
                except OSError:
                    os.ftruncate(self._file, before)
                    raise
                self._used_at = time.monotonic()
                if before > MOST_BYTES // 16:
                    self._close()
            except OSError as error:
                raise Full(str(error)) from error

    def rest(self, *, after: float = 1.0) -> None:
        """Lets go of the file when nothing was written for so many seconds; called now and then."""
        with self._lock:
            if self._file is not None and time.monotonic() - self._used_at >= after:
                self._close()

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            path = self.folder / f"{time.time_ns()}-{os.getpid()}.spool"
            made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(made, fcntl.LOCK_EX)
            if os.fstat(made).st_nlink:
                break
            os.close(made)  # a drainer was quicker with the lock and removed the empty file
        self._file = made
        _sync_folder(self.folder)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def size(folder: Path | None = None) -> int:
    """Bytes waiting."""
    total = 0
    for path in files(folder):
        with contextlib.suppress(FileNotFoundError):  # drained meanwhile
            total += path.stat().st_size
    return total


def files(folder: Path | None = None) -> list[Path]:
    """Files waiting, oldest first."""
    return sorted((folder or settings.SPOOL_DIR).glob("*.spool"))


def drain(store: Callable[[Sequence[Kept]], Iterable[Kept]], folder: Path | None = None) -> int:
    """Gives the records of the files nobody writes to `store`, some at a time, and deletes a file when all are stored.

    `store` returns those that can never be stored, which are set aside; it raises when the database is still away,
    and the file then stays as it is. Returns records stored.
    """
    count = 0
    for path in files(folder):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_nlink:  # else another drainer was here between our opening and our lock
                count += _drain_file(path, handle, store)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
    return count


def _drain_file(path: Path, handle: int, store: Callable[[Sequence[Kept]], Iterable[Kept]]) -> int:
    """Stores one file whose lock we hold, and removes it."""
    stored, aside = 0, []
    for records in _some(_records(path.name, _whole(handle))):
        read: list[tuple[Kept, bytes]] = []
        for record in records:
            try:
                read.append((_read(record), record))
            except (secrets.CannotOpen, ValueError, LookupError, TypeError) as error:
                log.error("spool %s: a record cannot be read (%s), set aside", path.name, error)
                aside.append(record)
        refused = {id(kept) for kept in store([kept for kept, _ in read])} if read else set()
        aside += [record for kept, record in read if id(kept) in refused]
        stored += len(read) - len(refused)
    if aside:
        _set_aside(path, aside)
    path.unlink()
    return stored


def _records(name: str, data: bytes) -> Iterator[bytes]:
    """The whole records of a file, heads included."""
    at = 0
    while at < len(data):
        head = data[at : at + HEAD.size]
        if len(head) < HEAD.size:
            log.error("spool %s: torn record at %s skipped", name, at)
            return
        length, crc = HEAD.unpack(head)
        sealed = data[at + HEAD.size : at + HEAD.size + length]
        at += HEAD.size + length
        if len(sealed) < length or zlib.crc32(sealed) != crc:
            log.error("spool %s: torn record before %s skipped", name, at)
            continue
        yield head + sealed


def _read(record: bytes) -> Kept:
    return Kept.load(secrets.unseal_bytes(record[HEAD.size :], tenant_id=0, place=PLACE))


def _some(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Groups that are not too large for one statement."""
    group: list[bytes] = []
    size = 0
    for record in records:
        if group and (len(group) >= TOGETHER or size + len(record) > TOGETHER_BYTES):
            yield group
            group, size = [], 0
        group.append(record)
        size += len(record)
    if group:
        yield group


def _whole(handle: int) -> bytes:
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read()


def _set_aside(path: Path, records: Sequence[bytes]) -> None:
    """Keeps records beside the file, which is about to go. Whole and at once, so that a repeat doubles nothing."""
    handle = os.open(path.with_suffix(".aside"), os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.writelines(records)
        file.flush()
        os.fsync(handle)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
