"""The process's way to Redis: short timeouts, no retries, a circuit breaker. Nothing kept there may be missed.

A hung Redis would otherwise hold a web request for half a minute (the library retries by default).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

T = TypeVar("T")

TIMEOUT = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0

_url: str | None = None
_client: redis.Redis | None = None
_lock = threading.Lock()


def configure(*, url: str | None) -> None:
    """Sets the server's address; without it `REDIS_URL` of the settings is used."""
    global _url, _client
    with _lock:
        _url, _client = url, None
    breaker.reset()


def url() -> str:
    """The server's address, `redis://…`."""
    if _url is not None:
        return _url
    from django.conf import settings

    return str(settings.REDIS_URL)


class Breaker:
    """After a failure nothing is tried for a while, twice as long each time; then one call may try again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """As if nothing had failed."""
        with self._lock:
            self._closed_until, self._pause = 0.0, 0.0

    def permits(self) -> bool:
        """May a call be tried now? Only one caller is let through when a pause has ended."""
        if not self._pause:
            return True
        with self._lock:
            if not self._pause:
                return True
            if time.monotonic() < self._closed_until:
                return False
            self._closed_until = time.monotonic() + max(TIMEOUT * 2, self._pause)
            return True

    def failed(self) -> None:
        """A permitted call failed."""
        with self._lock:
            self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
            self._closed_until = time.monotonic() + self._pause

    def succeeded(self) -> None:
        """A permitted call worked."""
        if self._pause:
            self.reset()


breaker = Breaker()


def client() -> redis.Redis:
    """The process's client; every operation of it ends within half a second or raises."""
    global _client
    if _client is None:
        with _lock:
            if _client is None:
                _client = redis.Redis.from_url(
                    url(),
                    socket_timeout=TIMEOUT,
                    socket_connect_timeout=TIMEOUT,
                    retry=Retry(NoBackoff(), 0),
                    protocol=2,
                    max_connections=100,
                )
    return _client


def attempt(work: Callable[[redis.Redis], T], otherwise: T) -> T:
    """`work(client)`, or `otherwise` when Redis does not answer now. Never waits long."""
    if not breaker.permits():
        return otherwise
    try:
        result = work(client())
    except (redis.RedisError, OSError):
        breaker.failed()
        return otherwise
    breaker.succeeded()
    return result
