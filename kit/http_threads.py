"""HTTP for threads: httpx's transports without its client, one small pool for each host.

The client is left out because it keeps cookies (they would cross tenants) and follows what we do not want. A pool
for each host, because httpx's pool walks over all its connections at every request.
"""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from kit import answers, guard, trust
from kit import proxy as proxies
from kit.exchange import ForbiddenAddress, Request, Response, Uncertain, Unreachable

PER_HOST = 10
HOSTS = 64
# Shorter than the idle time of common servers (5 s and more): a connection closed under our hands looks just like
# a lost answer.
KEEP_ALIVE = 4.0

# At DEBUG it writes whole addresses and headers, which hold tokens.
logging.getLogger("httpcore").setLevel(logging.WARNING)

_deadline = threading.local()


def _remaining(timeout: float | None) -> float:
    """Seconds an operation may still take: the request's deadline rules, whatever the library allows a single step."""
    left = getattr(_deadline, "at", time.monotonic() + (timeout or 10.0)) - time.monotonic()
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends by the request's deadline, so a dripping answer cannot hold a thread."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _remaining(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = _remaining(timeout)
        if left <= 0:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _remaining(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections: resolves once, checks, connects to that very address. TLS still sees the name.

    With a proxy what it opens is the tunnel: to those above, a connection to the target like any other. So whatever
    goes wrong before it stands is a connection that was not made.
    """

    def __init__(self, proxy: proxies.Proxy | None, context: ssl.SSLContext | None) -> None:
        self._sockets = httpcore.SyncBackend()
        self._proxy, self._context = proxy, context

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if self._proxy is None:
            return self._dial(host, port, timeout, local_address, socket_options)
        stream = self._dial(self._proxy.host, self._proxy.port, timeout, local_address, socket_options)
        try:
            if self._proxy.scheme == "https":
                assert self._context is not None
                stream = stream.start_tls(self._context, self._proxy.host, _remaining(timeout))
            proxies.open_tunnel(stream, self._proxy, host, port)
        except BaseException as error:
            stream.close()
            if isinstance(error, httpcore.TimeoutException):
                raise httpcore.ConnectTimeout from error
            if isinstance(error, httpcore.ReadError | httpcore.WriteError):
                raise Unreachable("the proxy broke off") from error
            raise
        return stream

    def _dial(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in guard.resolve(host, port, _remaining(timeout)):
            left = _remaining(timeout)
            if left <= 0:
                raise httpcore.ConnectTimeout
            try:
                return _Stream(self._sockets.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _transport(
    context: ssl.SSLContext, proxy: proxies.Proxy | None, public: ssl.SSLContext | None
) -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(verify=context, trust_env=False)
    # httpx offers no argument for the network backend; its pool is the documented httpcore one.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=context,
        max_connections=PER_HOST,
        max_keepalive_connections=PER_HOST,
        keepalive_expiry=KEEP_ALIVE,
        network_backend=_Backend(proxy, public),
    )
    return transport


class _Slot:
    __slots__ = ("transport", "users")

    def __init__(self, transport: httpx.HTTPTransport) -> None:
        self.transport = transport
        self.users = 0


class Client:
    """Safe to share between threads; keeps pools for the `HOSTS` hosts used last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: OrderedDict[tuple[str, str, int, str, proxies.Proxy | None], _Slot] = OrderedDict()
        self._contexts = trust.Contexts()

    def exchange(self, request: Request, *, proxy: proxies.Proxy | None = None) -> Response:
        """One request, one answer. Raises `Unreachable` or `Uncertain` (and `UnknownBundle` for a wire's mistake)."""
        target = guard.target(request.full_url())
        if proxy is not None:
            proxies.check_target(target)
        body, headers = request.payload()
        _deadline.at = time.monotonic() + request.timeout
        try:
            with self._pool(target, request.trust, proxy) as transport:
                return self._exchange(transport, request, target, body, headers)
        finally:
            del _deadline.at

    def _exchange(
        self,
        transport: httpx.HTTPTransport,
        request: Request,
        target: guard.Target,
        body: bytes,
        headers: dict[str, str],
    ) -> Response:
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), request.timeout)
        try:
            outgoing = httpx.Request(
                request.method, target.url, headers=headers, content=body, extensions={"timeout": timeouts}
            )
        except httpx.InvalidURL:
            raise ForbiddenAddress from None
        try:
            answer = transport.handle_request(outgoing)
            try:
                assert isinstance(answer.stream, httpx.SyncByteStream)
                raw = answers.Collector()
                for chunk in answer.stream:
                    raw.add(chunk)
            finally:
                answer.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(answers.connecting(error)) from error
        except httpx.UnsupportedProtocol as error:
            raise Unreachable("the address cannot be called") from error
        except httpx.TimeoutException as error:
            raise Uncertain("no answer in time") from error
        except httpx.HTTPError as error:
            raise Uncertain("the connection broke before the answer was complete") from error
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, names, raw.body(names))

    @contextlib.contextmanager
    def _pool(
        self, target: guard.Target, bundle: str, proxy: proxies.Proxy | None
    ) -> Iterator[httpx.HTTPTransport]:
        # A connection made under other authorities must not serve a request that does not believe them, nor one
        # through somebody's proxy the requests of others.
        key = (target.scheme, target.host, target.port, bundle, proxy)
        idle: list[_Slot] = []
        with self._lock:
            slot = self._slots.get(key)
            if slot is None:
                # Loading the certificate authorities takes some 20 ms: once for all pools.
                public = self._contexts.of("") if proxy and proxy.scheme == "https" else None
                slot = self._slots[key] = _Slot(_transport(self._contexts.of(bundle), proxy, public))
                for old in [k for k, s in self._slots.items() if not s.users and k != key]:
                    if len(self._slots) <= HOSTS:
                        break
                    idle.append(self._slots.pop(old))
            self._slots.move_to_end(key)
            slot.users += 1
        for old_slot in idle:
            old_slot.transport.close()
        try:
            yield slot.transport
        finally:
            with self._lock:
                slot.users -= 1

    def close(self) -> None:
        """Closes every pool; for tests and shutdown, with no call under way."""
        with self._lock:
            slots = list(self._slots.values())
            self._slots.clear()
        for slot in slots:
            slot.transport.close()


_shared: Client | None = None
_shared_lock = threading.Lock()


def shared() -> Client:
    """The process's own client."""
    global _shared
    if _shared is None:
        with _shared_lock:
            _shared = _shared or Client()
    return _shared


def _forget() -> None:
    """In a forked child: the parent's sockets are not ours, two processes on one connection mix up answers."""
    global _shared, _shared_lock
    _shared = None
    _shared_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)
