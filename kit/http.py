"""The one way out to the network: guarded addresses, one deadline, bounded answers, honest failures.

    result = http.run(wire.send(settings, outgoing))                    # a thread
    result = await http.arun(wire.send(settings, outgoing), client=c)   # asyncio, hundreds in flight

`Unreachable` and `Uncertain` are thrown into the wire's generator and, where it does not handle them, out of `run`.
Redirects are not followed, cookies are not kept, proxies of the environment are not used. `proxy` is the address of
an account's own proxy, "" for none; one that is malformed makes nothing reachable.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from kit import guard, http_threads
from kit import proxy as proxies
from kit.exchange import (
    BadAnswer,
    Call,
    ForbiddenAddress,
    Pause,
    Request,
    Response,
    Uncertain,
    Unreachable,
    Work,
    done,
    failed,
)

if TYPE_CHECKING:
    from kit.http_asyncio import AsyncClient

__all__ = [
    "BadAnswer",
    "Call",
    "ForbiddenAddress",
    "Pause",
    "Request",
    "Response",
    "Uncertain",
    "Unreachable",
    "Work",
    "arun",
    "async_client",
    "configure",
    "done",
    "failed",
    "run",
]

T = TypeVar("T")


def configure(*, allow_private_hosts: bool | None) -> None:
    """Whether loopback, private networks and plain http may be called; None: as the settings say."""
    guard.configure(allow_private_hosts=allow_private_hosts)


def run(call: Call[T], *, client: http_threads.Client | None = None, proxy: str = "") -> T:
    """Drives `call` to its result in this thread. Raises what the wire raises, `Unreachable`, `Uncertain`."""
    client = client or http_threads.shared()
    way = _way(proxy)
    try:
        step = next(call)
        while True:
            try:
                answer = _step(step, client, way)
            except (Unreachable, Uncertain) as failure:
                step = call.throw(failure)
            else:
                step = call.send(answer)
    except StopIteration as stop:
        return stop.value
    finally:
        call.close()


async def arun(call: Call[T], *, client: AsyncClient, proxy: str = "") -> T:
    """Drives `call` to its result; `client` comes from `async_client`. Raises as `run`."""
    way = _way(proxy)
    try:
        step = next(call)
        while True:
            try:
                answer = await _astep(step, client, way)
            except (Unreachable, Uncertain) as failure:
                step = call.throw(failure)
            else:
                step = call.send(answer)
    except StopIteration as stop:
        return stop.value
    finally:
        call.close()


def _way(proxy: str) -> proxies.Proxy | None:
    if not proxy:
        return None
    try:
        return proxies.parse(proxy)
    except proxies.BadProxy as error:
        # It was checked when it was typed; what may be called has changed since.
        raise Unreachable(str(error)) from None


def _step(step: Request | Work | Pause, client: http_threads.Client, proxy: proxies.Proxy | None) -> Any:
    match step:
        case Work():
            return step.do()
        case Pause():
            return time.sleep(step.seconds)
        case _:
            return client.exchange(step, proxy=proxy)


async def _astep(step: Request | Work | Pause, client: AsyncClient, proxy: proxies.Proxy | None) -> Any:
    match step:
        case Work():
            return await asyncio.to_thread(step.do)
        case Pause():
            return await asyncio.sleep(step.seconds)
        case _:
            return await client.exchange(step, proxy=proxy)


def async_client(*, per_host: int = 100) -> AsyncClient:
    """A lasting client for one event loop, `async with http.async_client() as client:`; `per_host` connections each."""
    from kit.http_asyncio import AsyncClient

    return AsyncClient(per_host=per_host)
