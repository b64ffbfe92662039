"""The one ASGI entry of the web process.

`/hooks/` and `/live/` are thin functions in front; everything else is Django under WSGI with lasting threads and
connections: the same Django under its own ASGI handler is several times slower and leaks psycopg2 connections.
Bodies are buffered here for every path: under WSGI a chunked POST looks empty, and slow bodies would hold threads.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from config.wsgi import application as wsgi_application

from connections.hooks import Door  # isort: skip  (models are ready only once Django is set up)
from conversations import visitor_live  # isort: skip
from inbox import live  # isort: skip

MOST_BODY = 10 * 1024 * 1024
BODY_SECONDS = 20.0
# Where files are handed in: more, and a slow line has longer.
UPLOADS = re.compile(r"/inbox/\d+/(files|reply)/|/w/[\w-]+/(files/)?|/api/v1/messages/?")
MOST_UPLOAD = 21 * 1024 * 1024
UPLOAD_SECONDS = 180.0
# What is larger waits on the disk, not in the memory.
IN_MEMORY = 512 * 1024
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
    uploads = scope["method"] == "POST" and UPLOADS.fullmatch(scope["path"])
    most, seconds = (MOST_UPLOAD, UPLOAD_SECONDS) if uploads else (MOST_BODY, BODY_SECONDS)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
        size = 0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body.write(message.get("body", b""))
                    size = body.tell()
                    if size > most:
                        return await _refuse(send, 413, b"the request is larger than %d MiB" % (most >> 20))
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            return await _refuse(send, 408, b"the request came too slowly")
        body.seek(0)
        headers = [
            (k, v) for k, v in scope["headers"] if k.lower() not in (b"content-length", b"transfer-encoding")
        ]
        if size or scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            headers.append((b"content-length", str(size).encode()))
        given = False

        async def piece() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return {"type": "http.disconnect"}
            chunk = body.read(IN_MEMORY)
            given = body.tell() >= size
            return {"type": "http.request", "body": chunk, "more_body": not given}

        await django({**scope, "headers": headers}, piece, send)


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
