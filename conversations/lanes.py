"""How each account fares in this process: how many of its calls are late, and whether it rests after failures.

A provider that hangs or is down costs a few calls, not one for every message that is due; and nobody else waits.
What is kept here is a matter of manners: forgetting it at a restart costs a few more calls.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter, defaultdict

# Late calls at once of one account, and of all accounts of a kind.
LATE_PER_ACCOUNT, LATE_PER_KIND = 10, 100
LATE_PAUSE = 1.0
# So many failures in a row make an account rest; after the rest one call may try.
FAILURES = 5
FIRST_REST, LONGEST_REST = 5.0, 60.0


@dataclasses.dataclass
class _Lane:
    late: int = 0
    failures: int = 0
    rest: float = 0.0
    rests_until: float = 0.0
    tries: bool = False
    quiet_until: float = 0.0


class Lanes:
    """See the module; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: dict[int, _Lane] = defaultdict(_Lane)
        self._late: Counter[str] = Counter()

    def closed_for(self, account_id: int, *, kind: str) -> float:
        """Seconds until a call of this account may be made, 0.0 when it may be made now."""
        with self._lock:
            lane = self._lanes[account_id]
            if lane.late >= LATE_PER_ACCOUNT or self._late[kind] >= LATE_PER_KIND:
                return LATE_PAUSE
            now = time.monotonic()
            if now < lane.quiet_until:
                return lane.quiet_until - now
            if lane.failures < FAILURES:
                return 0.0
            if now < lane.rests_until:
                return lane.rests_until - now
            lane.tries, lane.rests_until = True, now + lane.rest  # the others wait for what this one finds
            return 0.0

    def is_late(self, account_id: int, *, kind: str, by: int) -> None:
        """A call goes on beside the next batches (`by` 1), or has ended at last (-1)."""
        with self._lock:
            self._lanes[account_id].late += by
            self._late[kind] += by

    def answered(self, account_id: int) -> None:
        """The provider said something, be it a refusal."""
        with self._lock:
            lane = self._lanes[account_id]
            self._lanes[account_id] = _Lane(late=lane.late, quiet_until=lane.quiet_until)

    def be_quiet(self, account_id: int, *, seconds: float) -> None:
        """The provider asked for patience: heeded from this moment, before it is recorded for other processes."""
        with self._lock:
            lane = self._lanes[account_id]
            lane.quiet_until = max(lane.quiet_until, time.monotonic() + seconds)

    def failed(self, account_id: int) -> None:
        """It could not be reached, or what it did is not known."""
        with self._lock:
            lane = self._lanes[account_id]
            lane.failures += 1
            if lane.failures == FAILURES or lane.tries:
                lane.rest = min(LONGEST_REST, max(FIRST_REST, lane.rest * 2))
                lane.rests_until, lane.tries = time.monotonic() + lane.rest, False

    def forget(self) -> None:
        """As if nothing had been called yet."""
        with self._lock:
            self._lanes.clear()
            self._late.clear()


ours = Lanes()
"""Of this process."""
