"""A salon with a bot at a fake Telegram, a proxy for its calls, and ears for what the owner is told."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import socket
import threading
from collections.abc import Iterator
from typing import Any

from connections import accounts, signals
from connections.models import Connection, Upkeep
from tests.conftest import Salon
from tests.connections import telegram
from work import sweep

TOKEN = telegram.BOT["bot_token"]


def bot(salon: Salon, **settings: str) -> Connection:
    """A Telegram bot that stands already."""
    with salon.work():
        return accounts.create("telegram", settings={**telegram.BOT, **settings}, name="Наш бот")


def fresh(salon: Salon, connection: Connection) -> Connection:
    """The account as it is now."""
    with salon.work():
        return Connection.objects.get(pk=connection.pk)


def due(salon: Salon, connection: Connection, job: str) -> None:
    """Makes a planned look due, as time does."""
    with salon.work():
        Upkeep.objects.filter(connection=connection, job=job).update(
            state="pending", due_at=salon.now() - dt.timedelta(seconds=1)
        )


def look_after(salon: Salon, connection: Connection, job: str = "health") -> Upkeep:
    """One look, carried out by its queue; the row as it was planned anew."""
    due(salon, connection, job)
    sweep.run(sweep.queue("upkeep"))
    with salon.work():
        return Upkeep.objects.get(connection=connection, job=job)


@dataclasses.dataclass
class Told:
    """What was announced for the owner."""

    subjects: list[str] = dataclasses.field(default_factory=list)
    keys: list[str] = dataclasses.field(default_factory=list)
    relieved: list[str] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def ears() -> Iterator[Told]:
    """Hears announcements."""
    told = Told()

    def attention(sender: Any, key: str, subject: str, **_: Any) -> None:
        told.keys.append(key)
        told.subjects.append(subject)

    def relieved(sender: Any, key: str, **_: Any) -> None:
        told.relieved.append(key)

    signals.attention.connect(attention)
    signals.relieved.connect(relieved)
    try:
        yield told
    finally:
        signals.attention.disconnect(attention)
        signals.relieved.disconnect(relieved)


class ForwardProxy:
    """A proxy for plain http: enough to see who goes through it. Tunnels are shown in tests/kit/test_http_proxy.py."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:pass@127.0.0.1:{self.sock.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                line, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += line.recv(65536)
            first = head.split(b"\r\n", 1)[0].decode()
            method, place, _version = first.split(" ")
            self.seen.append(place)
            tunnel = method == "CONNECT"
            host, _, port = place.removeprefix("http://").partition("/")[0].rpartition(":")
            upstream = socket.create_connection((host, int(port)))
            if tunnel:
                line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = "/" + place.removeprefix("http://").partition("/")[2]
                upstream.sendall(head.replace(place.encode(), path.encode(), 1))
            back = threading.Thread(target=_pipe, args=(upstream, line), daemon=True)
            back.start()
            _pipe(line, upstream)
            back.join(5)


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
