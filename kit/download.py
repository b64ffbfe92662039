"""Fetching a file: streamed, bounded in size and time, guarded like every call of `kit.http`.

    got = download.fetch(request, into=temporary, largest=50_000_000)

A file's address may lead on: up to three redirects are followed, each one checked by the guard, and what the request
carried beside its address (tokens in headers) stays with the host it was meant for. Only GET, so every failure may be
tried again. An address may itself hold a token: it stands in no error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from urllib.parse import urljoin

import httpx

from kit import answers, guard, http_threads
from kit import proxy as proxies
from kit.exchange import ForbiddenAddress, Request, Unreachable

HOPS = 3
SECONDS = 90.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 64 * 1024


class TooLarge(Exception):
    """The file is larger than allowed; what came of it is worth nothing."""


class Refused(Exception):
    """The server gives no file: `status` is its answer. 403, 404 and 410 often mean that the address has died."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class Fetched:
    """`size` in bytes as stored; `mime` is what the server called it, lower case, "" when it did not."""

    size: int
    mime: str = ""


def fetch(
    request: Request, into: BinaryIO, *, largest: int, seconds: float = SECONDS, proxy: str = ""
) -> Fetched:
    """Writes the file behind a GET `request` to `into`; `seconds` is for everything, redirects included.

    Raises:
        Unreachable: no connection, or it broke or took too long (also `ForbiddenAddress`): later it may succeed.
        Refused: see the class.
        TooLarge: more than `largest` bytes, packed or unpacked.
    """
    way = _way(proxy)
    headers = {"user-agent": "Marzha", "accept-encoding": "identity"}
    own = {name.lower(): value for name, value in request.headers.items()}
    url, origin = request.full_url(), None
    end = time.monotonic() + seconds
    for _hop in range(HOPS + 1):
        target = guard.target(url)
        here = (target.scheme, target.host, target.port)
        if origin not in (None, here):
            own = {}  # what was meant for one host is no other's business, on the way back either
        origin = here
        with _client.stream(target, {**headers, **own}, trust=request.trust, proxy=way, end=end) as answer:
            if answer.status_code not in _REDIRECTS:
                return _kept(answer, into, largest)
            url = _next(url, answer)
    raise Unreachable("the address leads on and on")


def _next(url: str, answer: httpx.Response) -> str:
    place = answer.headers.get("location", "")
    try:
        led = urljoin(url, place)
    except ValueError:
        raise ForbiddenAddress from None
    if not place or (url.startswith("https:") and not led.startswith("https:")):
        raise ForbiddenAddress  # sealed words are not sent on in the open
    return led


def _kept(answer: httpx.Response, into: BinaryIO, largest: int) -> Fetched:
    if answer.status_code != 200:
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Unreachable(f"the server answered {answer.status_code}")
        raise Refused(answer.status_code)
    length = answer.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > largest:
        raise TooLarge
    size = 0
    for chunk in _unpacked(_bounded(answer, largest), answer.headers, largest):
        size += len(chunk)
        if size > largest:
            raise TooLarge
        into.write(chunk)
    mime = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(size, mime)


def _bounded(answer: httpx.Response, largest: int) -> Iterator[bytes]:
    assert isinstance(answer.stream, httpx.SyncByteStream)
    size = 0
    for chunk in answer.stream:
        size += len(chunk)
        if size > largest:
            raise TooLarge
        yield chunk


def _unpacked(chunks: Iterator[bytes], headers: Mapping[str, str], largest: int) -> Iterator[bytes]:
    """We ask for no packing; some servers pack all the same."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreachable("the file is packed in an unknown way")
    unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS)
    try:
        for chunk in chunks:
            while chunk:
                yield unpacker.decompress(chunk, _CHUNK)
                chunk = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as error:
        raise Unreachable("the file is packed wrongly") from error
    if not unpacker.eof:
        raise Unreachable("the file is cut short")


def _way(proxy: str) -> proxies.Proxy | None:
    if not proxy:
        return None
    try:
        return proxies.parse(proxy)
    except proxies.BadProxy as error:
        raise Unreachable(str(error)) from None


class _Client(http_threads.Client):
    """The threads' client, for answers that are read as they come."""

    @contextlib.contextmanager
    def stream(
        self,
        target: guard.Target,
        headers: Mapping[str, str],
        *,
        trust: str,
        proxy: proxies.Proxy | None,
        end: float,
    ) -> Iterator[httpx.Response]:
        """The answer to a GET, its body unread; everything ends by `end` (monotonic)."""
        if proxy is not None:
            proxies.check_target(target)
        left = max(0.01, end - time.monotonic())
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            outgoing = httpx.Request(
                "GET", target.url, headers=dict(headers), extensions={"timeout": timeouts}
            )
        except (httpx.InvalidURL, ValueError):
            raise ForbiddenAddress from None
        http_threads._deadline.at = end
        try:
            with self._pool(target, trust, proxy) as transport:
                answer = transport.handle_request(outgoing)
                try:
                    yield answer
                finally:
                    answer.close()
        except httpx.TimeoutException as error:
            raise Unreachable("the file did not come in time") from error
        except httpx.ConnectError as error:
            raise Unreachable(answers.connecting(error)) from error
        except httpx.HTTPError as error:
            raise Unreachable("the connection broke before the file was complete") from error
        finally:
            del http_threads._deadline.at


_client = _Client()


def _forget() -> None:
    """In a forked child: the parent's sockets are not ours."""
    global _client
    _client = _Client()


os.register_at_fork(after_in_child=_forget)
