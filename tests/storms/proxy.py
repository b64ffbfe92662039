"""A wire that can be cut: a TCP proxy before one of the house's servers.

Connect to its `port`. Its `mode` says what becomes of what passes through:
lose answers: what is asked is done, but the connection breaks before the answer
silence: connections stand and nothing comes through
`delay` seconds pass before anything goes on, as on a slow disk or a long way.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from typing import Literal, Self

Mode = Literal["pass", "lose answers", "silence"]


class Proxy:
    """A thread a connection: there are few."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.mode: Mode = "pass"
        self.delay = 0.0
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        asked = 0
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(("127.0.0.1", self.upstream)) as server,
        ):
            while not self._ended.is_set():
                ready = select.select([client, server], [], [], 0.1)[0]
                while self.mode == "silence" and not self._ended.is_set():
                    time.sleep(0.02)
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client:
                        time.sleep(self.delay)
                        if self.delay and _left(client):
                            return  # who asked is dead; so is the question
                        # The protocol's Query message: only what does something is worth losing the answer of.
                        asked += b"INSERT" in data
                        server.sendall(data)
                    elif self.mode == "lose answers" and asked:
                        self.lost += 1
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    else:
                        time.sleep(self.delay)
                        client.sendall(data)


def _left(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
