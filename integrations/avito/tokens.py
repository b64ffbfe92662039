"""Access tokens of the process, one an application: Avito gives them for a day and asks not to fetch more.

Kept in memory only: another process fetches its own, which does not end ours.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 2000
EARLY = 300.0
"""Seconds before its end at which a token counts as over: a call under way must not outlive it."""


class Tokens:
    """Safe to share between threads. `clock` gives monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def find(self, key: bytes) -> str:
        """The living token of `key`, "" when there is none."""
        with self._lock:
            token, until = self._kept.get(key, ("", 0.0))
            if until <= self._clock():
                self._kept.pop(key, None)
                return ""
            self._kept.move_to_end(key)
            return token

    def keep(self, key: bytes, token: str, seconds: float) -> None:
        """Keeps a token that lives `seconds` from now."""
        with self._lock:
            self._kept[key] = (token, self._clock() + max(0.0, seconds - EARLY))
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def drop(self, key: bytes, token: str) -> None:
        """Forgets `token`, but not a younger one that another thread has fetched meanwhile."""
        with self._lock:
            if self._kept.get(key, ("", 0.0))[0] == token:
                del self._kept[key]

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._kept.clear()


def key(server: str, client_id: str, client_secret: str) -> bytes:
    """What a token is kept under; a changed secret makes another key. No secret can be read from it."""
    told = "\0".join((server, client_id, client_secret))
    return hashlib.sha256(told.encode("utf-8", "replace")).digest()


shared = Tokens()
"""The process's own."""
