"""HTTP for one event loop: hundreds of requests in flight at a fraction of a millisecond of CPU each.

It stands on aiohttp: httpx's own pool is quadratic in its connections, and httpx on top of aiohttp costs twice the
CPU of aiohttp alone and blurs the difference between "not connected" and "no answer", which decides a row's fate.
"""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from kit import answers, guard, trust
from kit import proxy as proxies
from kit.exchange import ForbiddenAddress, Request, Response, Uncertain, Unreachable
from kit.http_threads import KEEP_ALIVE

# The connecting phase has its own, earlier deadline, so that running out of time in it is known as "not executed".
_GRACE = 0.05


class _Resolver(AbstractResolver):
    """The system's resolver with the guard behind it."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        guard.check([str(entry[4][0]) for entry in found])
        return [
            ResolveResult(
                hostname=host,
                host=str(entry[4][0]),
                port=port,
                family=entry[0],
                proto=entry[2],
                flags=socket.AI_NUMERICHOST,
            )
            for entry in found
        ]

    async def close(self) -> None:
        pass


def _socket(info: tuple[Any, ...]) -> socket.socket:
    """The last gate: sees the very address of every connection, literal addresses included (they skip resolvers)."""
    family, kind, proto, _, address = info
    if not guard.allowed(str(address[0])):
        raise ForbiddenAddress
    made = socket.socket(family=family, type=kind, proto=proto)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class AsyncClient:
    """A lasting client; open it inside a running loop by `async with`."""

    def __init__(self, *, per_host: int) -> None:
        self._per_host = per_host
        self._session: aiohttp.ClientSession | None = None
        self._proxied: aiohttp.ClientSession | None = None
        self._contexts = trust.Contexts()

    async def __aenter__(self) -> AsyncClient:
        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=self._per_host,
            keepalive_timeout=KEEP_ALIVE,
            resolver=_Resolver(),
            ttl_dns_cache=10,
            ssl=self._contexts.of(""),
            socket_factory=_socket,
        )
        settings: dict[str, Any] = {
            "connector": connector,
            "auto_decompress": False,
            "trust_env": False,
            "skip_auto_headers": ("Accept", "Content-Type", "User-Agent"),
        }
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), **settings)
        # One of its own, so that requests without a proxy are not traced.
        self._proxied = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), connector_owner=False, trace_configs=[_tracing()], **settings
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._proxied, self._session):
            if session is not None:
                await session.close()
        self._session = self._proxied = None

    async def exchange(self, request: Request, *, proxy: proxies.Proxy | None = None) -> Response:
        """One request, one answer. Raises `Unreachable` or `Uncertain` (and `UnknownBundle` for a wire's mistake)."""
        if self._session is None or self._proxied is None:
            raise RuntimeError("open the client by `async with` first")
        target = guard.target(request.full_url())
        body, headers = request.payload()
        way = _Way()
        if proxy is not None:
            proxies.check_target(target)
            way = _Way(connected=False)
            if target.scheme == "http" and (login := proxy.authorization()):
                headers["proxy-authorization"] = login  # no tunnel: the proxy reads the request itself
        # Without the threshold aiohttp would round longer times up, past our own deadline.
        limits = aiohttp.ClientTimeout(total=None, connect=request.timeout, ceil_threshold=3600)
        try:
            async with (
                asyncio.timeout(request.timeout + _GRACE),
                (self._proxied if proxy else self._session).request(
                    request.method,
                    _url(target.url),
                    data=body or None,
                    headers=headers,
                    allow_redirects=False,
                    timeout=limits,
                    # aiohttp keeps connections made under different contexts apart.
                    ssl=self._contexts.of(request.trust) if request.trust else True,
                    **(_through(proxy, way) if proxy else {}),
                ) as answer,
            ):
                raw = answers.Collector()
                async for chunk in answer.content.iter_any():
                    raw.add(chunk)
        except aiohttp.ClientHttpProxyError as refusal:
            proxies.refuse_by(refusal.status)
            raise Unreachable("the proxy answered in a strange way") from refusal
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(answers.connecting(error)) from error
        except aiohttp.InvalidURL as error:
            raise ForbiddenAddress from error
        except TimeoutError as error:
            if not way.connected:
                raise Unreachable("no connection in time") from error
            raise Uncertain("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            if not way.connected:
                raise Unreachable("the proxy broke off") from error
            raise Uncertain("the connection broke before the answer was complete") from error
        if proxy is not None and answer.status == 407:
            proxies.refuse_by(407)  # a request without TLS is answered by the proxy itself
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, names, raw.body(names))


@dataclasses.dataclass(slots=True)
class _Way:
    """Whether a connection to the target stood, so that what fails earlier is known as "not executed"."""

    connected: bool = True


def _tracing() -> aiohttp.TraceConfig:
    """Notes in a request's `_Way` when its connection stands: the tunnel included, which aiohttp's errors hide."""

    async def note(_session: Any, context: Any, _told: Any) -> None:
        context.trace_request_ctx.connected = True

    config = aiohttp.TraceConfig()
    config.on_connection_create_end.append(note)
    config.on_connection_reuseconn.append(note)
    return config


def _through(proxy: proxies.Proxy, way: _Way) -> dict[str, Any]:
    """The arguments of a request that goes through a proxy."""
    login = proxy.authorization()
    headers = {"Proxy-Authorization": login} if login else None
    return {"proxy": _url(proxy.url), "proxy_headers": headers, "trace_request_ctx": way}


def _url(url: str) -> Any:
    """The address as it was checked: yarl must not decode and encode it again (signatures, tokens with colons)."""
    from yarl import URL

    return URL(url, encoded=True)
