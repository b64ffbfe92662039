"""The base of all fakes: a real HTTP/1.1 server that keeps a ledger and can fail in every way a provider fails.

It runs in a thread of its own on an event loop, so hundreds of connections at once cost little. What a provider does
with a request is `FakeServer.execute`; rules decide how the answer fares:

    fake.when("sendMessage", Answer(429, {"ok": False}), times=2)     # the next two are refused
    fake.when("sendMessage", fault="drop", times=1)                   # executed, but the answer is lost
    fake.latency = 0.1
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

# drop: executed, the connection ends without an answer; reset: the same by RST; refuse: RST before executing;
# truncate: half an answer; garbage: 200 with a page; hang: executed, never answered; drip: a byte a second.
Fault = Literal["drop", "reset", "refuse", "truncate", "garbage", "hang", "drip"]

_LARGEST = 64 * 1024 * 1024


@dataclasses.dataclass(slots=True)
class Seen:
    """A request as it came. `at` is Unix time; `status` what was answered, 0 when nothing was."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float
    name: str = ""  # what rules match: a provider's own name of the call
    status: int = 0
    fault: str = ""
    executed: bool = False
    sent: dict[str, Any] | None = None  # a message that was taken, where the call was one

    def params(self) -> dict[str, Any]:
        """Query and body together: JSON, form-encoded or the plain fields of a multipart body."""
        found: dict[str, Any] = dict(self.query)
        kind = self.headers.get("content-type", "")
        if "json" in kind:
            with contextlib.suppress(ValueError):
                value = json.loads(self.body or b"{}")
                found.update(value if isinstance(value, dict) else {})
        elif "multipart" in kind:
            found.update(_multipart_fields(self.body, kind))
        elif self.body:
            found.update(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return found

    def uploads(self) -> dict[str, tuple[str, str, bytes]]:
        """Files of a multipart body: field → (file name, MIME type, bytes)."""
        found = {}
        for head, data in _multipart(self.body, self.headers.get("content-type", "")):
            name, file = _named(head, b"name"), _named(head, b"filename")
            if name and b"filename=" in head:
                mime = head.partition(b"Content-Type: ")[2].partition(b"\r\n")[0].decode("latin-1")
                found[name] = (file, mime, data)
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; a mapping or list as `body` goes out as JSON."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delay: float = 0.0

    def raw(self) -> tuple[bytes, str]:
        """The body as bytes and its type."""
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/html; charset=utf-8"
        return json.dumps(self.body, ensure_ascii=False).encode(), "application/json"


@dataclasses.dataclass(slots=True)
class Rule:
    """What befalls requests that match, `times` times (None: for ever). `answer` stands in for executing."""

    match: Callable[[Seen], bool]
    answer: Answer | Callable[[Seen], Answer | None] | None = None
    fault: Fault | None = None
    times: int | None = None


class FakeServer:
    """One provider. Use it as a context manager, or `start()` and `stop()`; `url` is its address."""

    def __init__(self, *, latency: float = 0.0, host: str = "127.0.0.1", port: int = 0) -> None:
        self.latency = latency
        self.host, self.port = host, port
        self.ledger: list[Seen] = []
        self.rules: list[Rule] = []
        self.connections = 0
        self.lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    # What a fake overrides ------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        """The provider's name of the call, matched by `when`."""
        return seen.path

    def execute(self, seen: Seen) -> Answer:
        """Does what the provider does. Runs under `lock`, one request at a time."""
        return Answer(200, {"ok": True})

    # Scripting ------------------------------------------------------------------------------------------------

    def when(
        self,
        match: str | Callable[[Seen], bool] = "",
        answer: Answer | Callable[[Seen], Answer | None] | None = None,
        *,
        fault: Fault | None = None,
        times: int | None = None,
    ) -> Rule:
        """Adds a rule; `match` is a call's name ("" for every call) or a function. The newest rule is asked first."""
        matches = match if callable(match) else (lambda seen: not match or seen.name == match)
        rule = Rule(matches, answer, fault, times)
        with self.lock:
            self.rules.insert(0, rule)
        return rule

    def calm(self) -> None:
        """Removes all rules."""
        with self.lock:
            self.rules.clear()

    def calls(self, name: str = "") -> list[Seen]:
        """Executed requests of that name, in order."""
        with self.lock:
            return [seen for seen in self.ledger if seen.executed and (not name or seen.name == name)]

    # Life -----------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The server's address without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Begins to listen; returns when it does. Raises OSError."""
        self._thread = threading.Thread(target=self._serve, name=type(self).__name__, daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        """Ends listening and all connections."""
        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        try:
            server = loop.run_until_complete(
                asyncio.start_server(self._connection, self.host, self.port, backlog=2048, limit=2**20)
            )
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            loop.run_forever()
        finally:
            server.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            with contextlib.suppress(Exception):
                loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    # Connections ----------------------------------------------------------------------------------------------

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # A half-closed or reset connection is the client's own affair.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while await self._exchange(reader, writer):
                pass
        with contextlib.suppress(OSError):
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.decode("latin-1").partition("\r\n")
        method, target, version = line.split(" ", 2)
        headers: dict[str, str] = {}
        for header in rest.split("\r\n"):
            key, colon, value = header.partition(":")
            if colon:
                headers[key.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _body(reader, headers)
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        seen = Seen(method, unquote(parts.path), query, headers, body, time.time())
        seen.name = self.name_of(seen)
        answer, fault = self._decide(seen)
        pause = self.latency + answer.delay
        if pause:
            await asyncio.sleep(pause)
        keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        return await self._answer(writer, seen, answer, fault, keep)

    def _decide(self, seen: Seen) -> tuple[Answer, Fault | None]:
        with self.lock:
            self.ledger.append(seen)
            rule = next((r for r in self.rules if r.times != 0 and r.match(seen)), None)
            if rule and rule.times is not None:
                rule.times -= 1
            fault = rule.fault if rule else None
            seen.fault = fault or ""
            if fault == "refuse":
                return Answer(), fault
            told = rule.answer if rule else None
            instead = told(seen) if callable(told) else told
            if instead is not None:
                return instead, fault
            seen.executed = True
            return self.execute(seen), fault

    async def _answer(
        self, writer: asyncio.StreamWriter, seen: Seen, answer: Answer, fault: Fault | None, keep: bool
    ) -> bool:
        if fault in ("reset", "refuse"):
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if fault == "drop":
            return False
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "garbage":
            answer = Answer(200, "<html><body>Bad gateway?</body></html>")
        raw, kind = answer.raw()
        seen.status = answer.status
        lines = {
            "Content-Type": kind,
            "Content-Length": str(len(raw)),
            "Connection": "keep-alive" if keep else "close",
            **answer.headers,
        }
        reason = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else "-"
        head = f"HTTP/1.1 {answer.status} {reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
        if seen.method == "HEAD" or answer.status in (204, 304):
            raw = b""
        if fault == "truncate":
            writer.write(head.encode("latin-1") + b"\r\n" + raw[: len(raw) // 2])
            await writer.drain()
            return False
        if fault == "drip":
            writer.write(head.encode("latin-1") + b"\r\n")
            for number in range(len(raw)):
                writer.write(raw[number : number + 1])
                await writer.drain()
                await asyncio.sleep(1)
            return keep
        writer.write(head.encode("latin-1") + b"\r\n" + raw)
        await writer.drain()
        return keep


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """A request's body, by Content-Length or in chunks."""
    if "chunked" not in headers.get("transfer-encoding", "").lower():
        length = int(headers.get("content-length") or 0)
        if length > _LARGEST:
            raise ValueError("too large")
        return await reader.readexactly(length) if length else b""
    whole = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        whole += await reader.readexactly(size)
        await reader.readline()
        if len(whole) > _LARGEST:
            raise ValueError("too large")
    while (await reader.readline()).strip():
        pass  # trailers
    return whole


def _multipart(body: bytes, kind: str) -> list[tuple[bytes, bytes]]:
    """(head, data) of each part."""
    boundary = kind.partition("boundary=")[2].split(";")[0].strip('" ').encode()
    parts = body.split(b"--" + boundary)[1:-1] if boundary else []
    halves = (part.partition(b"\r\n\r\n") for part in parts)
    return [(head, data.removesuffix(b"\r\n")) for head, _blank, data in halves]


def _named(head: bytes, what: bytes) -> str:
    return head.partition(b" " + what + b'="')[2].partition(b'"')[0].decode("utf-8", "replace")


def _multipart_fields(body: bytes, kind: str) -> dict[str, str]:
    """The plain fields, and of files their names."""
    found: dict[str, str] = {}
    for head, data in _multipart(body, kind):
        name = _named(head, b"name")
        if name:
            file = b"filename=" in head
            found[name] = _named(head, b"filename") if file else data.decode("utf-8", "replace")
    return found
