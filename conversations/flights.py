"""Calls to providers: one event loop in a thread of its own, so many at once, and what came of each.

A slot stands for a call that is waited for. Whoever marks rows `calling` takes their slots before, so that nothing
but the commit stands between the mark and the call. A call that takes longer than `PATIENCE_SECONDS` gives its slot
back and is counted by its lane instead: a slow provider holds up nobody else's messages.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import dataclasses
import logging
import threading
from collections.abc import Sequence
from typing import Any

from connections import accounts
from conversations import lanes, sending
from conversations.models import Delivery
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Outgoing, Sent
from kit import http
from work.claim import Claim

log = logging.getLogger(__name__)

IN_FLIGHT = 50
PATIENCE_SECONDS = 0.5

Outcome = Sent | Retry | Rejected | Unreachable | Uncertain


@dataclasses.dataclass(frozen=True)
class Parcel:
    """One call to make. `row` is the delivery as it stood, with its message and thread."""

    claim: Claim
    row: Delivery
    kind: str
    settings: dict[str, str]
    outgoing: Outgoing
    file: sending.Enclosed | None = None

    @property
    def account_id(self) -> int:
        """Whose call it is."""
        return self.row.connection_id


Future = concurrent.futures.Future[Outcome]


class Slots:
    """A counter that lets at most so many through at once."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._changed = threading.Condition()

    def take(self, count: int) -> None:
        """Returns once `count` slots are ours; it must not exceed what there is."""
        with self._changed:
            self._changed.wait_for(lambda: self._free >= count)
            self._free -= count

    def give(self, count: int) -> None:
        """Gives slots back."""
        with self._changed:
            self._free += count
            self._changed.notify_all()


class Flights:
    """An event loop with one lasting client: hundreds of calls at once, one thread."""

    def __init__(self) -> None:
        self.slots = Slots(IN_FLIGHT)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._client: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> asyncio.AbstractEventLoop:
        """The loop, with its client ready: nothing slow may stand between a row marked `calling` and its call."""
        with self._starting:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, name="courier", daemon=True).start()
                asyncio.run_coroutine_threadsafe(self._open(), loop).result()
                atexit.register(self._close)
                self._loop = loop
        return self._loop

    async def _open(self) -> None:
        self._client = await http.async_client().__aenter__()

    def _close(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(Exception):
                closing = self._client.__aexit__(None, None, None)
                asyncio.run_coroutine_threadsafe(closing, self._loop).result(2)

    def begin(self, parcels: Sequence[Parcel]) -> dict[Future, Parcel]:
        """Begins the calls, whose slots the caller has taken; the outcomes come in their own time."""
        loop = self.start()
        made: dict[Future, Parcel] = {concurrent.futures.Future(): parcel for parcel in parcels}

        def begin() -> None:
            for outcome, parcel in made.items():
                task = loop.create_task(self._one(parcel, outcome))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        loop.call_soon_threadsafe(begin)
        return made

    async def _one(self, parcel: Parcel, outcome: Future) -> None:
        late = False

        def is_late() -> None:
            nonlocal late
            late = True
            lanes.ours.is_late(parcel.account_id, kind=parcel.kind, by=1)
            self.slots.give(1)

        timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, is_late)
        found = await _call(parcel, self._client)
        timer.cancel()
        if late:
            lanes.ours.is_late(parcel.account_id, kind=parcel.kind, by=-1)
        else:
            self.slots.give(1)
        failed = isinstance(found, Uncertain | Unreachable)
        (lanes.ours.failed if failed else lanes.ours.answered)(parcel.account_id)
        if isinstance(found, Retry) and found.whole_account and found.after:
            lanes.ours.be_quiet(parcel.account_id, seconds=found.after)
        outcome.set_result(found)


async def _call(parcel: Parcel, client: Any) -> Outcome:
    try:
        wire = registry.channel(parcel.kind)
        call = sending.call(wire, parcel.settings, parcel.outgoing, parcel.file)
        return await http.arun(call, client=client, proxy=accounts.way_out(parcel.settings))
    except (Retry, Rejected, Unreachable, Uncertain) as failure:
        return failure
    except Exception as failure:
        log.exception("%s: send failed in an unknown way", parcel.kind)
        return Uncertain(f"{type(failure).__name__}: {failure}")


ours = Flights()
"""Of this process."""
