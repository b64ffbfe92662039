"""The live line of the site chat's visitors: `GET /live/chat/<token>/` tells a page when to read its thread again.

Whoever shows a session hears of that visitor's thread alone. Events carry no words: the page reads them from
`/w/<token>/messages/`, which asks for the same proof. Events: `chat-said` (something new stands in the thread),
`chat-typing` (somebody is writing to the visitor), `chat-deaf` (nothing can be heard now: look now and then),
`live:reread` (it is heard from now on, or again: look once).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import close_old_connections, transaction
from django.dispatch import receiver

from conversations import signals, visitors
from conversations.models import Conversation, Direction
from conversations.webchat import SHOWN
from kit import live, sse

log = logging.getLogger(__name__)

ADDRESS = re.compile(r"/live/chat/([A-Za-z0-9_-]{16,64})/")
HEARTBEAT_SECONDS = 15.0
# How soon a page learns that Redis is gone, and that it is back.
LOOK_SECONDS = 3.0
FIRST_SECONDS = 1.0
CHECK_SECONDS = 120.0
# Browsers hold one line for all tabs of a chat; more than this is no browser.
MOST_LINES = 6
NAMES = {"said": "chat-said", "typing": "chat-typing", "resync": "live:reread"}


# ---------------------------------------------------------------- telling
def topic(tenant_id: int, connection_id: int, chat: str) -> str:
    """Where a visitor listens: named by their chat, for they listen before a thread is made."""
    return f"tenant:{tenant_id}:chat:{connection_id}:{chat}"


def tell(thread: Conversation, name: str) -> None:
    """Publishes `said` or `typing` to the visitor of a thread, after the commit."""
    known = Conversation._meta.get_field("connection").is_cached(thread)
    if known and thread.connection.kind != visitors.KIND:
        return  # else nobody listens there: a wasted word costs less than a query
    where = topic(thread.tenant_id, thread.connection_id, thread.chat)
    transaction.on_commit(functools.partial(live.publish, where, {"event": name}), robust=True)


@receiver(signals.message_settled)
def shown(sender: Any, message: Any, **_kwargs: Any) -> None:
    """A word of ours may be seen now."""
    if message.direction == Direction.OUT and message.state == SHOWN[0]:
        tell(message.conversation, "said")


@receiver(signals.message_received)
def taken_in(sender: Any, message: Any, **_kwargs: Any) -> None:
    """The visitor's own word stands in the thread: their other windows show it."""
    tell(message.conversation, "said")


@receiver(signals.button_pressed)
def pressed(sender: Any, conversation: Any, **_kwargs: Any) -> None:
    """So does a pressed button."""
    tell(conversation, "said")


# ---------------------------------------------------------------- listening
class Line:
    """The ASGI application. `hub` gives the running loop's hub, so that a process has one for all its lines."""

    def __init__(self, hub: Callable[[], Awaitable[live.Hub]]) -> None:
        self._hub = hub
        self._open: Counter[str] = Counter()
        self._asking = concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-visitor")

    async def __call__(self, scope: sse.Scope, receive: sse.Receive, send: sse.Send) -> None:
        """Answers one request."""
        address = ADDRESS.fullmatch(scope["path"])
        if address is None:
            return await sse.refuse(send, 404)
        if scope["method"] != "GET":
            return await sse.refuse(send, 405)
        shown = sse.header(scope, visitors.HEADER.lower().encode())
        where = await self._ask(address[1], shown)
        if isinstance(where, int):
            return await sse.refuse(send, where)
        if self._open[where] >= MOST_LINES:
            return await sse.refuse(send, 429)
        self._open[where] += 1
        try:
            writing = self._write(send, where, functools.partial(self._ask, address[1], shown))
            await sse.while_listened(receive, send, writing)
        finally:
            self._open[where] -= 1
            if not self._open[where]:
                del self._open[where]

    async def _ask(self, token: str, shown: str) -> str | int:
        return await asyncio.get_running_loop().run_in_executor(self._asking, place_of, token, shown)

    async def _write(self, send: sse.Send, where: str, ask: Callable[[], Awaitable[str | int]]) -> None:
        hub = await self._hub()
        async with hub.subscribe([where]) as reader:
            await sse.start(send)
            with contextlib.suppress(TimeoutError):  # the first line of a process comes before its hub hears
                await asyncio.wait_for(hub.connected.wait(), FIRST_SECONDS)
            hears: bool | None = None
            checked = spoke = time.monotonic()
            while True:
                if hears != hub.connected.is_set():
                    hears = hub.connected.is_set()
                    await sse.say(send, sse.frame("live:reread" if hears else "chat-deaf"))
                    spoke = time.monotonic()
                if time.monotonic() - checked >= CHECK_SECONDS:
                    checked = time.monotonic()
                    if not await self._still(ask, where):
                        return
                event = await reader.next(within=LOOK_SECONDS)
                name = NAMES.get(str(event.get("event"))) if event else None
                if name:
                    await sse.say(send, sse.frame(name))
                    spoke = time.monotonic()
                elif time.monotonic() - spoke >= HEARTBEAT_SECONDS:
                    await sse.say(send, sse.HEARTBEAT)
                    spoke = time.monotonic()

    @staticmethod
    async def _still(ask: Callable[[], Awaitable[str | int]], where: str) -> bool:
        """Whether the visitor may still listen; yes while the database cannot be asked."""
        try:
            return await ask() == where
        except Exception as error:
            log.info("a visitor could not be looked up: %s", error)
            return True


def place_of(token: str, shown: str) -> str | int:
    """The topic of the visitor who shows a session at a chat's address; else the status to refuse with."""
    close_old_connections()
    try:
        account = visitors.account_of(token)
        if account is None:
            return 404
        visitor = visitors.by_session(account, shown)
        if visitor is None:
            return 403
        return topic(account.tenant_id, account.connection_id, visitor.ident)
    finally:
        close_old_connections()
