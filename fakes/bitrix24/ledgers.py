"""The two ledgers by which a portal refuses: requests of an address, working seconds of a method."""

import dataclasses

from fakes.bitrix24.portal import Clock, Refusal

MINUTE = 60
MINUTES = 10
LONGEST = 60.0
"""Seconds after which a call is cut, whatever it has done by then."""

COSTS = {
    "crm.item.add": 0.9,
    "crm.item.update": 0.7,
    "crm.item.list": 0.1,
    "crm.item.get": 0.05,
    "crm.item.productrow.set": 0.2,
    "crm.duplicate.findbycomm": 0.05,
}
"""Working seconds of one call; everything else costs `CHEAP`. They pass in the ledger only, nobody waits."""
CHEAP = 0.02


@dataclasses.dataclass(slots=True)
class Ledgers:
    """What one portal knows of those who call it. Tests change the numbers."""

    clock: Clock
    holds: float = 50.0
    leaks: float = 2.0
    threshold: float = 480.0
    costs: dict[str, float] = dataclasses.field(default_factory=lambda: dict(COSTS))
    highest: float = 0.0
    _buckets: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    _minutes: dict[tuple[str, str], dict[int, float]] = dataclasses.field(default_factory=dict)

    def request(self, sender: str) -> None:
        """One HTTP request from an address: a full bucket refuses it."""
        now = self.clock.now()
        level, at = self._buckets.get(sender, (0.0, now))
        level = max(0.0, level - (now - at) * self.leaks) + 1.0
        if level > self.holds:
            raise Refusal(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        self._buckets[sender] = (level, now)
        self.highest = max(self.highest, level)

    def cost(self, method: str) -> float:
        """Working seconds of one call of that method."""
        return self.costs.get(method, CHEAP)

    def admit(self, token: str, method: str) -> None:
        """Before a method runs: whoever used up its seconds waits. Other methods go on."""
        if self.operating(token, method) >= self.threshold:
            raise Refusal(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")

    def book(self, token: str, method: str) -> None:
        """After a method ran."""
        minutes = self._minutes.setdefault((token, method), {})
        now = int(self.clock.now() // MINUTE)
        minutes[now] = minutes.get(now, 0.0) + self.cost(method)

    def operating(self, token: str, method: str) -> float:
        """Working seconds of the last ten minutes, by the minute."""
        oldest = int(self.clock.now() // MINUTE) - MINUTES
        minutes = self._minutes.get((token, method), {})
        return round(sum(spent for minute, spent in minutes.items() if minute > oldest), 3)

    def resets_at(self, token: str, method: str) -> int:
        """When the oldest booked minute falls out."""
        minutes = [
            m for m in self._minutes.get((token, method), {}) if m > self.clock.now() // MINUTE - MINUTES
        ]
        first = min(minutes, default=int(self.clock.now() // MINUTE))
        return int((first + MINUTES) * MINUTE)
