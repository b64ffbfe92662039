"""Collecting an answer's body: bounded while it arrives and while it is unpacked."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Mapping

from kit.exchange import BadAnswer

# Providers' answers are small; what is larger is a mistake or an attack on our memory.
LARGEST = 2 * 1024 * 1024


class Collector:
    """Takes chunks as they come; raises `BadAnswer` as soon as the sum passes `LARGEST`."""

    __slots__ = ("_chunks", "_size")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > LARGEST:
            raise BadAnswer("the answer is too large")
        self._chunks.append(chunk)

    def body(self, headers: Mapping[str, str]) -> bytes:
        """Everything, unpacked by `headers` ("content-encoding": gzip or deflate)."""
        raw = b"".join(self._chunks)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("", "identity") or not raw:
            return raw
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise BadAnswer("the answer is packed in an unknown way")
        return _unpacked(raw)


def _unpacked(raw: bytes) -> bytes:
    # 32 + the window size: zlib tells gzip and zlib apart by their heads.
    unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(raw, LARGEST + 1)
    except zlib.error as error:
        raise BadAnswer("the answer is packed wrongly") from error
    if len(body) > LARGEST:
        raise BadAnswer("the answer is too large")
    if not unpacker.eof:
        raise BadAnswer("the answer is cut short")
    return body


def connecting(error: BaseException) -> str:
    """Why a connection was not made, in words for a person, without the address."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return "the secure connection failed"
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        seen = seen.__cause__ or seen.__context__
    return "no connection in time" if "Timeout" in type(error).__name__ else "no connection"
