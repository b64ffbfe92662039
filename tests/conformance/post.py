"""The way from a fake provider to our door: a real server that keeps every request and can hold them back.

with post.held() as letters: anna.say("Hello")     # composed and signed, not delivered
post.deliver(letters[0]); post.at_once([letters[0]] * 2)
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import http.server
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from tests import asgi

_DROPPED = {"host", "connection", "accept-encoding", "content-length"}


@dataclasses.dataclass(frozen=True)
class Letter:
    """One request as it came; `path` with its query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Post:
    """Takes what fakes post and brings it to `door`. `sent` is all that was ever posted."""

    def __init__(self, door: Any) -> None:
        self.door = door
        self.sent: list[Letter] = []
        self.refused: list[tuple[Letter, int]] = []
        self._held: list[Letter] | None = None
        self._loop = asyncio.new_event_loop()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Begins to listen."""
        threading.Thread(target=self._loop.run_forever, name="post-door", daemon=True).start()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="post", daemon=True).start()

    def stop(self) -> None:
        """Ends listening."""
        self._server.shutdown()
        self._server.server_close()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def forget(self) -> None:
        """Begins anew, for another test."""
        self.sent, self.refused, self._held = [], [], None

    def take(self, letter: Letter) -> asgi.Answer:
        """What came in by the wire: delivered at once, or held back."""
        self.sent.append(letter)
        if self._held is not None:
            self._held.append(letter)
            return asgi.Answer(200, {}, b"ok")
        return self.deliver(letter)

    @contextlib.contextmanager
    def held(self) -> Iterator[list[Letter]]:
        """Keeps what is posted meanwhile instead of delivering it."""
        self._held = held = []
        try:
            yield held
        finally:
            self._held = None

    def deliver(self, letter: Letter) -> asgi.Answer:
        """Brings one request to the door."""
        return self._begin(letter).result(30)

    def at_once(self, letters: Sequence[Letter]) -> list[int]:
        """Brings requests to the door side by side; the statuses."""
        return [found.result(30).status for found in [self._begin(letter) for letter in letters]]

    def _begin(self, letter: Letter) -> concurrent.futures.Future[asgi.Answer]:
        call = asgi.acall(self.door, letter.method, letter.path, letter.body, letter.headers)
        begun = asyncio.run_coroutine_threadsafe(call, self._loop)
        begun.add_done_callback(lambda done: self._note(letter, done))
        return begun

    def _note(self, letter: Letter, done: concurrent.futures.Future[asgi.Answer]) -> None:
        if done.exception() is None and done.result().status >= 300:
            self.refused.append((letter, done.result().status))


def _handler(post: Post) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items() if k.lower() not in _DROPPED}
            answer = post.take(Letter(self.command, self.path, headers, body))
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = _any  # noqa: N815 - names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
