"""The one ASGI entry of the web process.

`/hooks/` and `/live/` are thin functions in front; everything else is Django under WSGI with lasting threads and
connections: the same Django under its own ASGI handler is several times slower and leaks psycopg2 connections.
Bodies are buffered here for every path: under WSGI a chunked POST looks empty, and slow bodies would hold threads.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from config.wsgi import application as wsgi_application

from connections.hooks import Door  # isort: skip  (models are ready only once Django is set up)
from conversations import visitor_live  # isort: skip
from inbox import live  # isort: skip

MOST_BODY = 10 * 1024 * 1024
BODY_SECONDS = 20.0
THREADS = int(os.environ.get("WEB_THREADS", "16"))

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

door = Door()
# a2wsgi describes both sides by types of its own.
django: Any = WSGIMiddleware(cast(Any, wsgi_application), workers=THREADS)
live.handle("/live/chat/", visitor_live.Line(live.hub))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends a request to its floor."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path.startswith("/hooks/"):
        await door(scope, receive, send)
    elif path.startswith("/live/"):
        await live.app(scope, receive, send)
    else:
        await _buffered(scope, receive, send)


async def _buffered(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body, bounded in size and time, before a thread is taken for it."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MOST_BODY:
                    return await _refuse(send, 413, b"the request is larger than 10 MiB")
                if not message.get("more_body"):
                    break
    except TimeoutError:
        return await _refuse(send, 408, b"the request came too slowly")
    body = b"".join(parts)
    headers = [
        (k, v) for k, v in scope["headers"] if k.lower() not in (b"content-length", b"transfer-encoding")
    ]
    if body or scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        headers.append((b"content-length", str(len(body)).encode()))
    told = False

    async def whole() -> MutableMapping[str, Any]:
        nonlocal told
        if told:
            return {"type": "http.disconnect"}
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    await django({**scope, "headers": headers}, whole, send)


async def _refuse(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
