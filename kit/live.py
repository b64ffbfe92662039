"""Live events: what a page should show at once. Published after the commit, fanned out by one hub per process.

An event is a hint and may get lost (Redis away, a slow reader): the page re-reads on "resync" and on reconnecting.
It carries ids, never texts or names.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from kit import broker, safejson

_PREFIX = "live:"
# Said to a reader that may have missed something.
RESYNC: dict[str, Any] = {"event": "resync"}
_QUIET = 10.0
_LONGEST_PAUSE = 5.0


def publish(topic: str, event: dict[str, Any]) -> bool:
    """Tells everybody who listens to `topic`; False when it could not be told. Never raises, at most half a second.

    `topic` names the tenant first ("tenant:7", "tenant:7:conversation:12"); `event` is JSON-able.
    """
    payload = safejson.dumps(event)

    def tell(client: redis.Redis) -> bool:
        client.publish(_PREFIX + topic, payload)
        return True

    return broker.attempt(tell, False)


class Subscription:
    """One reader's bounded queue. Too slow a reader loses the queue and hears `RESYNC` instead."""

    def __init__(self, topics: frozenset[str], size: int) -> None:
        self.topics = topics
        self._size = size
        self._events: deque[dict[str, Any]] = deque()
        self._ready = asyncio.Event()

    def offer(self, event: dict[str, Any]) -> None:
        """Queues `event`; called by the hub."""
        if len(self._events) >= self._size:
            self._events.clear()
            event = RESYNC
        self._events.append(event)
        self._ready.set()

    async def next(self, within: float | None = None) -> dict[str, Any] | None:
        """The next event, None when `within` seconds brought none (time for a keep-alive)."""
        if not self._events:
            self._ready.clear()
            try:
                async with asyncio.timeout(within):
                    await self._ready.wait()
            except TimeoutError:
                return None
        return self._events.popleft()


class Hub:
    """One Redis subscription for the whole process. Start it once per event loop; it reconnects by itself."""

    def __init__(self, *, url: str | None = None, queue_size: int = 64) -> None:
        self._url = url
        self._queue_size = queue_size
        self._readers: dict[str, set[Subscription]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        """Begins to listen; harmless when repeated."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="live-hub")

    async def stop(self) -> None:
        """Ends listening; readers hear nothing more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @contextlib.asynccontextmanager
    async def subscribe(self, topics: Iterable[str]) -> AsyncIterator[Subscription]:
        """A reader of `topics` for as long as the block lasts."""
        reader = Subscription(frozenset(topics), self._queue_size)
        for topic in reader.topics:
            self._readers[topic].add(reader)
        try:
            yield reader
        finally:
            for topic in reader.topics:
                self._readers[topic].discard(reader)
                if not self._readers[topic]:
                    del self._readers[topic]

    def readers(self) -> int:
        """How many readers there are now."""
        return len({id(reader) for group in self._readers.values() for reader in group})

    async def _run(self) -> None:
        pause = 0.1
        first = True
        while True:
            try:
                async with contextlib.aclosing(self._messages()) as messages:
                    async for channel, data in messages:
                        if channel is None:
                            pause = 0.1
                            self.connected.set()
                            if not first:
                                self._resync()
                            first = False
                        else:
                            self._deliver(channel, data)
            except (redis.RedisError, OSError, TimeoutError):
                pass
            self.connected.clear()
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _messages(self) -> AsyncGenerator[tuple[str | None, bytes]]:
        """(None, b"") once subscribed, then (topic, payload); ends when the server falls silent."""
        client = redis.asyncio.Redis.from_url(
            self._url or broker.url(),
            socket_connect_timeout=2.0,
            socket_timeout=5.0,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        try:
            listener = client.pubsub()
            await listener.psubscribe(_PREFIX + "*")
            asked = False
            while True:
                message = await listener.get_message(timeout=_QUIET)
                if message is None:
                    # A dead peer behind a silent network looks just like a quiet evening: ask.
                    if asked:
                        return
                    await listener.ping()
                    asked = True
                    continue
                asked = False
                if message["type"] == "psubscribe":
                    yield None, b""
                elif message["type"] == "pmessage":
                    yield message["channel"].decode("utf-8", "replace")[len(_PREFIX) :], message["data"]
        finally:
            await client.aclose()

    def _deliver(self, topic: str, data: bytes) -> None:
        readers = self._readers.get(topic)
        if not readers:
            return
        try:
            event = safejson.loads(data)
        except safejson.Malformed:
            return
        for reader in readers:
            reader.offer(event)

    def _resync(self) -> None:
        for reader in {reader for group in self._readers.values() for reader in group}:
            reader.offer(RESYNC)
