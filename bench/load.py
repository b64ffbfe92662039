"""A load of POSTs over lasting connections by bare sockets: cheap enough to leave the machine to the server."""

from __future__ import annotations

import asyncio
import itertools
import time
import urllib.parse
from collections.abc import Callable


async def _one(
    host: str,
    port: int,
    request: Callable[[int], bytes],
    numbers: itertools.count[int],
    end: float,
    waits: list[float],
) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    done = 0
    try:
        while time.perf_counter() < end:
            started = time.perf_counter()
            writer.write(request(next(numbers)))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
            length = next(
                (
                    int(x.split(b":")[1])
                    for x in head.lower().split(b"\r\n")
                    if x.startswith(b"content-length")
                ),
                0,
            )
            if length:
                await reader.readexactly(length)
            waits.append(time.perf_counter() - started)
            done += 1
    finally:
        writer.close()
    return done


def posts(
    url: str, request: Callable[[int], bytes], *, connections: int, seconds: float, first: int
) -> tuple[float, list[float]]:
    """(requests a second, seconds each waited). `request` makes the raw bytes of the n-th request."""
    parts = urllib.parse.urlsplit(url)
    waits: list[float] = []

    async def run() -> float:
        numbers = itertools.count(first)
        started = time.perf_counter()
        end = started + seconds
        tasks = [
            _one(parts.hostname or "", parts.port or 80, request, numbers, end, waits)
            for _ in range(connections)
        ]
        done = sum(await asyncio.gather(*tasks))
        return done / (time.perf_counter() - started)

    return asyncio.run(run()), waits
