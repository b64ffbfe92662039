"""The live line of staff: server-sent events as a plain ASGI function, for `config/asgi.py` to put before Django.

`GET /live/?tenant=7` with the session cookie. Whoever asks is looked up through Django once, in a thread, and again
every minute; after that a client costs a queue and two small tasks. One `Hub` a loop hears Redis for all.

Wire: named events, their data an id; `id` is this process's Unix time in milliseconds. A line that starts with
Last-Event-ID (or a page's `live_since`) gets `live:reread` at once, unless it is certain that nothing was missed.
Paths below a prefix of `HANDLERS` are answered by whoever registered it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import logging
import re
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from inbox import announce
from kit import live

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = "/live/"
HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 60.0
FIRST_SECONDS = 1.0
# Clocks of the processes that write a page and hold its line may differ by so much.
SLACK_MS = 2000
# What a master, who does not see clients' threads, is told of.
FOR_ALL = frozenset(("today", "calendar", "resync"))
_NAME = re.compile(r"[a-z][a-z-]{0,30}\Z")

# Prefix below /live/ → application, for lines of other people than staff (visitors of the site chat).
HANDLERS: dict[str, App] = {}


def handle(prefix: str, application: App) -> None:
    """Gives every path that starts with `prefix` ("/live/chat/") to `application`."""
    HANDLERS[prefix] = application


@dataclasses.dataclass(frozen=True)
class Listener:
    """Who listens: a seat and whether it may hear of clients' threads."""

    user_id: int
    tenant_id: int
    answers: bool


# ---------------------------------------------------------------- who is it
_asking = concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-seat")


def seat_of(session_key: str, tenant_id: int | None) -> Listener | int:
    """The person behind a session and their seat in a tenant; else the status to refuse with."""
    from django.contrib import auth
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import close_old_connections
    from django.http import HttpRequest

    from tenants import lookup, middleware
    from tenants.models import Role

    close_old_connections()
    try:
        request = HttpRequest()
        request.session = SessionStore(session_key)
        user = auth.get_user(request)
        if not user.is_authenticated or not user.is_active:
            return 401
        seats = lookup.seats_of(user.pk)
        wanted = tenant_id or request.session.get(middleware.SESSION_KEY)
        seat = next((s for s in seats if s.tenant_id == wanted), None)
        if seat is None and tenant_id is None:
            seat = seats[0] if seats else None
        if seat is None:
            return 403
        return Listener(user.pk, seat.tenant_id, seat.role.rank >= Role.MANAGER.rank)
    finally:
        close_old_connections()


async def _ask(session_key: str, tenant_id: int | None) -> Listener | int:
    return await asyncio.get_running_loop().run_in_executor(_asking, seat_of, session_key, tenant_id)


def _session_key(scope: Scope) -> str:
    from django.conf import settings

    raw = "; ".join(v.decode("latin-1") for k, v in scope["headers"] if k == b"cookie")
    jar: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        jar.load(raw)
    found = jar.get(settings.SESSION_COOKIE_NAME)
    return found.value if found else ""


def _header(scope: Scope, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


# ---------------------------------------------------------------- the hub
class Watch(live.Hub):
    """A hub that remembers when it last heard of each topic, and since when it hears without a gap."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, int] = {}
        self.since = now_ms()

    def _deliver(self, topic: str, data: bytes) -> None:
        if (
            topic.count(":") == 1
        ):  # a tenant's own; those of single chats are without number and never asked for
            self.last[topic] = now_ms()
        super()._deliver(topic, data)

    async def _messages(self) -> AsyncGenerator[tuple[str | None, bytes]]:
        async with contextlib.aclosing(super()._messages()) as messages:
            async for topic, data in messages:
                if topic is None:  # subscribed, for the first time or again
                    self.since = now_ms()
                yield topic, data

    def missed(self, topic: str, since: str) -> bool:
        """Whether something may have been said on `topic` after `since` (milliseconds, as in `id`)."""
        if not since.isdigit() or len(since) > 16 or not self.connected.is_set():
            return True
        moment = int(since) - SLACK_MS
        return moment < self.since or self.last.get(topic, 0) > moment


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = weakref.WeakKeyDictionary()


async def hub() -> Watch:
    """The hub of the running loop, started."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Watch()
    await _hubs[loop].start()
    return _hubs[loop]


def now_ms() -> int:
    """Unix time in milliseconds."""
    return int(time.time() * 1000)


# ---------------------------------------------------------------- the wire
def frames(event: dict[str, Any], *, answers: bool) -> Iterator[bytes]:
    """An event as server-sent events: what every page hears, and what only the page of that thread hears."""
    name, ident = event.get("event"), event.get("id")
    if not isinstance(name, str) or not _NAME.match(name) or not (answers or name in FOR_ALL):
        return
    data = str(ident) if isinstance(ident, int) else ""
    if name == "resync":
        yield frame("live:reread", "")
    elif name == "thread":
        yield frame("inbox", data)
        yield frame(f"thread-{data}", data)
    elif name == "typing":
        yield frame(f"typing-{data}", str(event.get("user", "")))
    elif name == "ring":
        yield frame("ring", data)
        yield frame("inbox", data)
    else:
        yield frame(name, data)


def frame(name: str, data: str) -> bytes:
    """One server-sent event."""
    return f"id: {now_ms()}\nevent: {name}\ndata: {data}\n\n".encode()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application for `/live/` and everything below it."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    for prefix, handler in HANDLERS.items():
        if path.startswith(prefix):
            await handler(scope, receive, send)
            return
    if path != PATH:
        await refuse(send, 404)
        return
    if scope["method"] != "GET":
        await refuse(send, 405)
        return
    key = _session_key(scope)
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("tenant", [""])[0]
    if asked and not (asked.isdigit() and len(asked) < 19):
        await refuse(send, 404)
        return
    wanted = int(asked) if asked else None
    listener: Listener | int = await _ask(key, wanted) if key else 401
    if isinstance(listener, int):
        await refuse(send, listener)
        return
    await _stream(scope, receive, send, listener, key)


async def refuse(send: Send, status: int) -> None:
    """A bare answer."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def start_stream(send: Send) -> None:
    """The head of an event stream that no proxy keeps back."""
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 1000\n: welcome\n\n", "more_body": True})


async def until_gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stream(scope: Scope, receive: Receive, send: Send, listener: Listener, key: str) -> None:
    ours = await hub()
    topic = announce.topic(listener.tenant_id)
    writing = asyncio.ensure_future(_write(scope, send, ours, topic, listener, key))
    leaving = asyncio.ensure_future(until_gone(receive))
    try:
        await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (writing, leaving):
            task.cancel()
        for ended in await asyncio.gather(writing, leaving, return_exceptions=True):
            if isinstance(ended, Exception):
                log.debug("a live line ended: %s", ended)
    with contextlib.suppress(Exception):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _write(scope: Scope, send: Send, ours: Watch, topic: str, listener: Listener, key: str) -> None:
    since = _header(scope, b"last-event-id")
    async with ours.subscribe([topic]) as reader:
        await start_stream(send)
        with contextlib.suppress(TimeoutError):  # the first line of a process comes before its hub hears
            await asyncio.wait_for(ours.connected.wait(), FIRST_SECONDS)
        hears = ours.connected.is_set()
        if since and ours.missed(topic, since):
            await send({"type": "http.response.body", "body": frame("live:reread", ""), "more_body": True})
        checked = said = time.monotonic()
        while True:
            now = time.monotonic()
            if not hears and ours.connected.is_set():
                hears = True
                await send(
                    {"type": "http.response.body", "body": frame("live:reread", ""), "more_body": True}
                )
            if now - checked >= CHECK_SECONDS:
                checked = now
                try:
                    again = await _ask(key, listener.tenant_id)
                except Exception as error:  # the database is away: nothing new is known of anybody's seat
                    log.info("seats could not be looked up: %s", error)
                else:
                    if again != listener:
                        return
            wait = max(0.01, min(said + HEARTBEAT_SECONDS, checked + CHECK_SECONDS) - now)
            event = await reader.next(within=wait)
            body = b"".join(frames(event, answers=listener.answers)) if event else b""
            if not body and time.monotonic() - said >= HEARTBEAT_SECONDS:
                body = b": still here\n\n"
            if body:
                said = time.monotonic()
                await send({"type": "http.response.body", "body": body, "more_body": True})
