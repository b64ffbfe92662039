"""The base of both fake mail servers: connections by lines and literals on threads, TLS where a context is given."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from typing import Self


class Gone(Exception):
    """The connection is to end now."""


class Line:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("rb")

    def read(self) -> bytes:
        """A line without its end; raises Gone at the end of the connection."""
        raw = self._file.readline(1_000_000)
        if not raw:
            raise Gone
        return raw.rstrip(b"\r\n")

    def read_bytes(self, count: int) -> bytes:
        """So many bytes; raises Gone when fewer come."""
        raw = self._file.read(count)
        if len(raw) < count:
            raise Gone
        return raw

    def say(self, text: str | bytes) -> None:
        """Writes a line."""
        raw = text.encode() if isinstance(text, str) else text
        self.sock.sendall(raw + b"\r\n")

    def secured(self, context: ssl.SSLContext) -> Line:
        """The same connection under TLS."""
        return Line(context.wrap_socket(self.sock, server_side=True))

    def end(self) -> None:
        """Cuts the connection."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class MailServer:
    """Listens on loopback; `serve` speaks on one connection."""

    def __init__(self, *, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.context, self.port = context, port
        self.connections = 0
        self.lock = threading.RLock()
        self._open: set[socket.socket] = set()
        self._server: socketserver.ThreadingTCPServer | None = None

    def serve(self, line: Line) -> None:
        """Speaks the protocol until Gone."""
        raise NotImplementedError

    def start(self) -> Self:
        """Begins to listen. Raises OSError."""
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends listening and every connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _handle(self, sock: socket.socket) -> None:
        self.connections += 1
        self._open.add(sock)
        with contextlib.suppress(Gone, OSError):
            line = Line(sock)
            self.serve(line.secured(self.context) if self.context else line)
        self._open.discard(sock)
