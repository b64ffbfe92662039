"""Mail servers: their addresses and the way to them. Guarded, with one deadline and TLS that is checked.

`kit.smtp` and `kit.imap` speak to them. Everything blocks: a wire yields it as `http.Work`. What fails before a letter
could have been taken is `Unreachable`, what breaks off while its end was on the way is `Uncertain`, what the server
itself answers is `Refused`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from kit import guard
from kit.exchange import ForbiddenAddress, Unreachable

SMTP_PORTS = frozenset({465, 587})
IMAP_PORTS = frozenset({993})
CONNECT_SECONDS = 10.0
_SCHEMES = {
    "smtps": (465, "tls"),
    "smtp+starttls": (587, "starttls"),
    "smtp+tls": (587, "starttls"),
    "smtp": (587, "plain"),
    "imaps": (993, "tls"),
    "imap+starttls": (143, "starttls"),
    "imap": (143, "plain"),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Refused(Exception):
    """The server said no. `stage` is where: greeting, login, sender, recipient, letter, folder or search.

    `code` is SMTP's three digits, 0 where there are none (IMAP). `text` are the server's words without the password.
    """

    def __init__(self, stage: str, code: int, text: str) -> None:
        super().__init__(f"{stage}: {code} {text}")
        self.stage, self.code, self.text = stage, code, text


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Server:
    """A mail server's address with the login to it. `security` is "tls", "starttls" or "plain"."""

    scheme: str
    host: str
    port: int
    security: str
    user: str = ""
    password: str = ""
    folder: str = ""

    def __repr__(self) -> str:
        return f"<Server {self.scheme} {self.host}:{self.port}>"


def server(url: str, protocol: str) -> Server:
    """`imaps://user:password@host:993/INBOX`, `smtps://…:465` or `smtp+starttls://…:587` as its parts.

    Parts are percent-encoded; of "@" in the user's name only the last ends it. `protocol` is "imap" or "smtp". Raises
    ValueError with words for the owner, or `ForbiddenAddress` for a port or a host that may not be called, and for a
    scheme without TLS unless private hosts are allowed.
    """
    scheme, mark, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in _SCHEMES or not scheme.startswith(protocol):
        raise ValueError(f"the address starts with {protocol}s://")
    login, _, place = rest.partition("/")[0].rpartition("@")
    user, _, password = login.partition(":")
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the host or the port is no good") from None
    if not host:
        raise ValueError("the address names no host")
    standard, security = _SCHEMES[scheme]
    if security == "plain" and not guard.private_hosts_allowed():
        raise ForbiddenAddress
    ports = IMAP_PORTS if protocol == "imap" else SMTP_PORTS
    host, port = guard.endpoint(host, port or standard, ports=ports)
    user, password, folder = unquote(user), unquote(password), unquote(rest.partition("/")[2].strip("/"))
    if any(_CONTROL.search(part) for part in (user, password, folder)):
        raise ValueError("the login or the folder holds a control character")
    return Server(scheme, host, port, security, user, password, folder)


def connected(server: Server, timeout: float, context: ssl.SSLContext | None) -> socket.socket:
    """A socket to the very address that was checked, TLS done for security "tls". Raises `Unreachable`."""
    failure: Exception | None = None
    for address in guard.resolve(server.host, server.port, timeout):
        try:
            sock = socket.create_connection((address, server.port), timeout)
        except OSError as error:
            failure = error
            continue
        if server.security != "tls":
            return sock
        try:
            return (context or tls()).wrap_socket(sock, server_hostname=server.host)
        except OSError as error:  # an untrusted certificate is one too
            sock.close()
            failure = error
    secure = isinstance(failure, ssl.SSLError)
    raise Unreachable("the secure connection failed" if secure else "the server does not answer") from failure


def tls() -> ssl.SSLContext:
    """Certificates and names are checked, TLS 1.2 and newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextlib.contextmanager
def deadline(sock: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Ends the connection when time is over, whatever drips in; the event tells that it was so."""
    over = threading.Event()
    # A second handle of the same connection: TLS state must not be touched from another thread.
    twin = socket.socket(fileno=os.dup(sock.fileno()))

    def end() -> None:
        over.set()
        with contextlib.suppress(OSError):
            twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        timer.join()
        twin.close()


def cleaned(text: bytes | str, server: Server) -> str:
    """A server's words for a person: one line, at most 300 characters, never with the password."""
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = " ".join(told.split())
    for secret in (server.password, b64encode(server.password.encode()).decode()):
        if len(secret) > 3:
            line = line.replace(secret, "…")
    return line[:300]
