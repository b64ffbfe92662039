"""The outgoing proxy of one account: how a provider is reached that our own network is kept from.

An address like `http://user:password@proxy.example.org:3128`. Requests over https go through a tunnel (CONNECT, RFC
9110), so the proxy sees a name and sealed bytes. The proxy's own address obeys `kit.guard` like any other.

What the guard can still say of the target: its scheme, its port and, where it is no name, its address. A name is
resolved by the proxy, in a network that is not ours; resolving it here too would prove nothing and fails exactly
where a proxy is wanted. So names that mean the proxy's own machine or house are refused, all others are its business.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import Protocol
from urllib.parse import unquote, urlsplit

from kit import guard
from kit.exchange import ForbiddenAddress, Unreachable

STANDARD_PORTS = {"http": 3128, "https": 443}
# Services that are no proxies: a line of ours must not reach them, on whoever's machine they stand.
_OTHER_SERVICES = frozenset(
    {
        1433,
        1521,
        1719,
        1720,
        1723,
        2049,
        2375,
        2376,
        3306,
        3389,
        3659,
        4045,
        5060,
        5061,
        5222,
        5432,
        5900,
        5984,
        6379,
    }
    | {6566, 6697, 9042, 9200, 9300, 10080, 11211, 27017, *range(6000, 6064), *range(6660, 6670)}
)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r|\n)")
_LONGEST_HEAD = 16 * 1024


class BadProxy(ValueError):
    """The address is no proxy's, or may not be called. The text names no part of it: it may hold a password."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """A checked proxy. `scheme` is how it is spoken to: http, or https with TLS to the proxy itself."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"<Proxy {self.scheme}://{self.host}:{self.port}>"

    @property
    def url(self) -> str:
        """Its address without the login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def authorization(self) -> str:
        """The value of Proxy-Authorization, "" without a login."""
        if not self.user and not self.password:
            return ""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def parse(url: str) -> Proxy:
    """The proxy behind an address that somebody typed; raises `BadProxy`. The name is not resolved here."""
    if _CONTROL.search(url):
        raise BadProxy("the proxy's address must not have blanks")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise BadProxy("the proxy's address is malformed") from None
    if parts.scheme not in STANDARD_PORTS:
        raise BadProxy("the proxy's address begins with http:// or https://")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadProxy("the proxy's address ends with its port")
    port = STANDARD_PORTS[parts.scheme] if port is None else port
    usual = port in (80, 443) or (port >= 1024 and port not in _OTHER_SERVICES)
    try:
        host, port = guard.endpoint(host, port, ports=frozenset({port} if usual else ()))
        _known_by_number(host)
    except ForbiddenAddress:
        raise BadProxy("this proxy's address may not be called") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if ":" in user:
        raise BadProxy("a proxy's user name has no colon")
    return Proxy(parts.scheme, host, port, user, password)


def check_target(target: guard.Target) -> None:
    """Refuses what the proxy must not be asked for; raises `ForbiddenAddress`. See the module."""
    if guard.private_hosts_allowed():
        return
    host = target.host
    _known_by_number(host)
    if ":" not in host and ("." not in host or host.endswith((".local", ".internal", ".localhost"))):
        raise ForbiddenAddress


def _known_by_number(host: str) -> None:
    """An address instead of a name is checked at once."""
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        guard.check([host])


class Stream(Protocol):
    """A connection to the proxy, as httpcore has it."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...

    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...


def open_tunnel(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    """Asks the proxy at the other end of `stream` for a tunnel to `host`; raises `Unreachable` when it refuses."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if login := proxy.authorization():
        lines.append(f"Proxy-Authorization: {login}")
    stream.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = stream.read(4096)
        head += chunk
        if not chunk or len(head) > _LONGEST_HEAD:
            raise Unreachable("the proxy broke off")
    answer = _STATUS.match(head)
    if answer is None:
        raise Unreachable("this is no proxy")
    refuse_by(int(answer[1]))
    if not head.endswith(b"\r\n\r\n"):
        # Whatever stands behind the head would be taken for the target's own words.
        raise Unreachable("the proxy answered in a strange way")


def refuse_by(status: int) -> None:
    """Raises `Unreachable` for a proxy's answer that opens no tunnel: nothing reached the target."""
    if status == 407:
        raise Unreachable("the proxy refuses its login")
    if not 200 <= status < 300:
        raise Unreachable(f"the proxy opens no way there (it answered {status})")
