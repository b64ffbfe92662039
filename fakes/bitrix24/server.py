"""The fake portal as an HTTP server on a port of its own."""

import json
import pathlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from fakes.bitrix24 import page, saved
from fakes.bitrix24.ledgers import Ledgers
from fakes.bitrix24.portal import Portal
from fakes.bitrix24.rest import Rest


class Server:
    """A running portal: `with server.Server() as bitrix: … bitrix.webhook_url …`.

    `portal` is its state, `rest` its door with faults and the log of calls, `ledgers` its limits.
    """

    def __init__(self, *, port: int = 0, host: str = "127.0.0.1", state: pathlib.Path | None = None) -> None:
        self.portal = Portal()
        if state is not None:
            saved.keep(self.portal, state)
        self.ledgers = Ledgers(self.portal.clock)
        self.rest = Rest(self.portal, self.ledgers)
        self._http = _Http((host, port), _Handler)
        self._http.fake = self
        self.host, self.port = host, self._http.server_address[1]

    @property
    def url(self) -> str:
        """The portal's own address, the page for people."""
        return f"http://{self.host}:{self.port}/"

    @property
    def webhook_url(self) -> str:
        """The address of its inbound webhook."""
        return f"{self.url}rest/{self.portal.user_id}/{self.portal.code}/"

    def start(self) -> Self:
        """Serve in a thread of its own."""
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def serve(self) -> None:
        """Serve here until interrupted."""
        self._http.serve_forever(0.2)

    def stop(self) -> None:
        """Close the port; open connections are cut."""
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    fake: Server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        fake = self.server.fake
        if self.path.startswith("/rest/"):
            self._rest(b"")
        elif self.path == "/":
            with fake.rest.lock:
                shown = page.render(fake.portal, calls=len(fake.rest.log))
            self._send(200, shown.encode(), {"Content-Type": "text/html; charset=utf-8"})
        elif self.path == "/style.css":
            self._send(200, page.STYLE.encode(), {"Content-Type": "text/css"})
        elif self.path == "/state.json":
            with fake.rest.lock:
                state: dict[str, Any] = {"leads": fake.portal.leads, "deals": fake.portal.deals}
                state |= {"contacts": fake.portal.contacts, "calls": len(fake.rest.log)}
                body = json.dumps(state, ensure_ascii=False).encode()
            self._send(200, body, {"Content-Type": "application/json"})
        else:
            self._send(404, b"404", {"Content-Type": "text/plain"})

    def do_POST(self) -> None:
        self._rest(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _rest(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.fake.rest.answer(self.path, headers, body, self.client_address[0])
        if reply.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(reply.status, reply.body, dict(reply.headers))

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the caller did not wait

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the log is `rest.log`, and paths carry the webhook's secret."""
