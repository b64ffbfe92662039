"""Server-sent events over plain ASGI: the few steps that every live line has in common."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT = b": still here\n\n"
_HEAD = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy would keep back what should be seen at once
]


def header(scope: Scope, name: bytes) -> str:
    """A request's header by its lower-cased name, "" when it is missing."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def frame(name: str, data: str = "") -> bytes:
    """One event; neither part may hold a line break."""
    return f"event: {name}\ndata: {data}\n\n".encode()


async def refuse(send: Send, status: int) -> None:
    """A bare answer instead of a stream."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def start(send: Send) -> None:
    """The head of a stream."""
    await send({"type": "http.response.start", "status": 200, "headers": list(_HEAD)})
    await say(send, b"retry: 1000\n: welcome\n\n")


async def say(send: Send, body: bytes) -> None:
    """Some bytes of a started stream."""
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def while_listened(receive: Receive, send: Send, writing: Awaitable[None]) -> None:
    """Runs `writing` until it returns or the reader has left, then ends the stream."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = (asyncio.ensure_future(writing), asyncio.ensure_future(gone()))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                log.debug("a live line ended: %s", ended)
    with contextlib.suppress(Exception):
        await send({"type": "http.response.body", "body": b"", "more_body": False})
