"""Many who post at once: each event once, remembering what was acknowledged and how long it took."""

from __future__ import annotations

import dataclasses
import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Self

from tests.storms import house as houses
from tests.storms import town

_numbers = itertools.count(int(time.time()))


@dataclasses.dataclass(frozen=True, slots=True)
class Post:
    """One request and what became of it. `status` 0: the connection broke."""

    shop: int
    number: int
    status: int
    retry_after: str
    began: float
    seconds: float


class Crowd:
    """Threads that post unique updates to the hooks of `shops` for as long as the block lasts.

    `pace` is the whole crowd's posts a second at the most; 0 posts as fast as it goes.
    """

    def __init__(
        self, port: int, shops: Sequence[town.Shop], *, senders: int = 16, pace: float = 0.0
    ) -> None:
        self.port, self.shops, self.pause = port, shops, senders / pace if pace else 0.0
        self.posts: list[Post] = []
        self._leave = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(n,), daemon=True) for n in range(senders)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join(30)

    def acknowledged(self) -> set[tuple[int, str]]:
        """(connection, external id) of every event that got its 200."""
        return {(post.shop, str(post.number)) for post in self.posts if post.status == 200}

    def goes_on(self, *, by: int, tend: Callable[[], None] = lambda: None) -> None:
        """Returns when so many more events were acknowledged; `tend` is called while it waits."""
        reached = self._count(200) + by

        def there() -> bool:
            tend()
            return self._count(200) >= reached

        houses.wait_for(there, "nothing is acknowledged any more", every=0.01)

    def _count(self, status: int) -> int:
        return sum(post.status == status for post in self.posts)

    def answers(self, *, since: float = 0.0, until: float = float("inf")) -> Counter[int]:
        """How often which status was answered to what began in a span of `time.monotonic()`."""
        return Counter(post.status for post in self.posts if since <= post.began < until)

    def slowest(self, *, since: float = 0.0, until: float = float("inf"), share: float = 0.99) -> float:
        """Seconds within which `share` of the answered posts of a span were answered."""
        times = sorted(p.seconds for p in self.posts if p.status and since <= p.began < until)
        return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0

    def _post(self, number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        shop = self.shops[number % len(self.shops)]
        while not self._leave.is_set():
            self.posts.append(post(line, shop, number=next(_numbers)))
            self._leave.wait(self.pause if self.posts[-1].status else max(self.pause, 0.1))
        line.close()


def fresh() -> int:
    """An update's number that nobody used."""
    return next(_numbers)


def signed(update: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Body and headers as the provider sends them."""
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": town.SECRET}
    return json.dumps(update).encode(), headers


def say(port: int, shop: town.Shop, text: str, *, chat: int) -> int:
    """Somebody writes to the shop's bot; returns the status."""
    number = next(_numbers)
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return post(line, shop, number=number, update=town.update(text, chat=chat, number=number)).status
    finally:
        line.close()


def post(
    line: http.client.HTTPConnection, shop: town.Shop, *, number: int, update: dict[str, Any] | None = None
) -> Post:
    """Posts one update, one that costs no answer unless it is given; a broken line is opened again next time."""
    body, headers = signed(update or town.poll(number=number))
    began = time.monotonic()
    status, retry_after = 0, ""
    try:
        line.request("POST", shop.path, body, headers)
        answer = line.getresponse()
        answer.read()
        status, retry_after = answer.status, answer.headers.get("Retry-After", "")
    except (OSError, http.client.HTTPException):
        line.close()
    return Post(shop.connection_id, number, status, retry_after, began, time.monotonic() - began)
