"""Which addresses we may call. Tenants type addresses; none of them may lead into our own network.

The rule is applied to the address a connection is really opened to, not to a name that is looked up twice, so a name
that answers differently the second time gains nothing.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import queue
import re
import socket
import threading
from urllib.parse import quote, urlsplit

import idna
from django import conf

from kit.exchange import ForbiddenAddress, Unreachable

# Ports of the public web. Others (Redis, SMTP, SSH …) would make us a scanner for whoever types the address.
PUBLIC_PORTS = frozenset({443, 8443})

# `is_global` is wrong about these in Python 3.11: it calls 224.0.0.1, 2002:7f00:1::, 64:ff9b::7f00:1 and 192.0.0.8
# global. Each wraps or relays another address, or is no single host.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/127",
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",
        "5f00::/16",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\Z")
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
# Such a name can only be an address in disguise (127.1, 0x7f.1, 0177.0.0.1): every resolver reads it its own way.
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")
_KEPT = "%/:@!$&'()*+,;=~-._?[]"

_allow_private: bool | None = None


def configure(*, allow_private_hosts: bool | None) -> None:
    """Lets loopback and private networks be called, over http and any port too: tests, development, own servers.

    None (the beginning): the setting `ALLOW_PRIVATE_HOSTS` decides, False where there are no settings.
    """
    global _allow_private
    _allow_private = allow_private_hosts


def private_hosts_allowed() -> bool:
    """What `configure` or else the settings say."""
    if _allow_private is not None:
        return _allow_private
    return conf.settings.configured and bool(getattr(conf.settings, "ALLOW_PRIVATE_HOSTS", False))


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: `url` rebuilt from the parts that were checked, so no second reader can differ."""

    url: str
    scheme: str
    host: str
    port: int


def target(url: str) -> Target:
    """The checked parts of `url`; raises `ForbiddenAddress`. Names are not resolved here."""
    if _ODD.search(url):
        raise ForbiddenAddress
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").lower()
    except ValueError:
        raise ForbiddenAddress from None
    if (
        parts.scheme not in (("https", "http") if private_hosts_allowed() else ("https",))
        or "@" in parts.netloc
    ):
        raise ForbiddenAddress
    if "[" in parts.netloc or ":" in host:
        authority = f"[{_literal(host)}]"
    else:
        authority = host = _ascii(host)
    standard = 443 if parts.scheme == "https" else 80
    if port is None:
        port = standard
    if not private_hosts_allowed() and port not in PUBLIC_PORTS:
        raise ForbiddenAddress
    if port != standard:
        authority += f":{port}"
    path = quote(parts.path, safe=_KEPT, errors="replace") or "/"
    query = f"?{quote(parts.query, safe=_KEPT, errors='replace')}" if parts.query else ""
    return Target(f"{parts.scheme}://{authority}{path}{query}", parts.scheme, host, port)


def endpoint(host: str, port: int, *, ports: frozenset[int]) -> tuple[str, int]:
    """The checked host and port of another protocol than HTTP; raises `ForbiddenAddress`. Names are not resolved here.

    `ports` are those this protocol may reach on the public internet; private hosts, where allowed, have any.
    """
    host = host.lower()
    if _ODD.search(host):
        raise ForbiddenAddress
    checked = _literal(host) if ":" in host else _ascii(host)
    if not 0 < port < 65536 or (not private_hosts_allowed() and port not in ports):
        raise ForbiddenAddress
    return checked, port


def _literal(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise ForbiddenAddress from None
    if address.scope_id is not None:
        raise ForbiddenAddress
    return str(address)


def _ascii(host: str) -> str:
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise ForbiddenAddress from None
    host = host.removesuffix(".")  # the absolute form of the same name
    if len(host) > 253 or not _HOST.match(host):
        raise ForbiddenAddress
    if _ENDS_IN_NUMBER.search(host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise ForbiddenAddress from None
    return host


def allowed(address: str) -> bool:
    """May a connection be opened to this IP address (text form)?"""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if getattr(ip, "scope_id", None) is not None:
        return False
    if any(ip in network for network in _PRIVATE if network.version == ip.version):
        return private_hosts_allowed()
    if any(ip in network for network in _NEVER if network.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast


def check(addresses: list[str]) -> list[str]:
    """`addresses` when every one of them is allowed; one bad answer among good ones is an attack, not a mishap."""
    if not addresses or not all(allowed(address) for address in addresses):
        raise ForbiddenAddress
    return addresses


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """The checked addresses of `host`, best first. Raises `Unreachable` (name, time) or `ForbiddenAddress`.

    The system's resolver cannot be interrupted, so it runs in a thread that is left behind when time is over.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return check([host])
    answer: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        result = answer.get(timeout=max(0.01, timeout))
    except queue.Empty:
        raise Unreachable("the name was not resolved in time") from None
    if isinstance(result, OSError):
        raise Unreachable("the name does not resolve") from result
    return check(result)
