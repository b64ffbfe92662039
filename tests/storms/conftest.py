"""One house for all storms of a worker; each finds it empty and calm. `--soak` lets them blow long."""

from __future__ import annotations

import dataclasses
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import stack
from tests.storms import house as houses
from tests.storms import town
from tests.storms.house import House


@dataclasses.dataclass
class Blow:
    """How hard it blows. `random` is seeded: the short storms are the same each time, of a soak the seed is told."""

    soak: bool
    seed: int

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def of(self, short: float, long: float) -> float:
        """The measure for this run."""
        return long if self.soak else short

    def many(self, short: int, long: int) -> int:
        """The number for this run."""
        return long if self.soak else short


@pytest.fixture(scope="session")
def built_house(django_db_blocker: Any) -> Iterator[House]:
    """The house of this worker."""
    data = Path(os.environ.get("MARZHA_TEST_DATA", stack.ROOT / ".local/test")).resolve()
    with django_db_blocker.unblock(), houses.open_house(data / f"storms-{stack.WORKER or 'alone'}") as house:
        yield house


@pytest.fixture
def house(built_house: House, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[House]:
    """The house, empty; this process works inside it. What a test starts is killed after it."""
    built_house.empty()
    request.node.house = built_house
    with django_db_blocker.unblock(), built_house.entered():
        try:
            yield built_house
        finally:
            built_house.rest()


@pytest.fixture
def blow(request: pytest.FixtureRequest) -> Blow:
    """The strength of this run; `STORM_SEED` repeats one."""
    soak = bool(request.config.getoption("--soak"))
    seed = int(os.environ.get("STORM_SEED") or (time.time_ns() % 10**9 if soak else 1))
    request.node.user_properties.append(("storm seed", seed))
    return Blow(soak, seed)


@pytest.fixture
def shop(house: House) -> town.Shop:
    """A salon with a bot."""
    return town.open_shops(1)[0]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Any:
    """Notes what a storm measured: a property of the test, and a line that `-rP` shows."""

    def note(**facts: Any) -> None:
        for name, value in facts.items():
            request.node.user_properties.append(
                (name, round(value, 3) if isinstance(value, float) else value)
            )
        print("storm:", ", ".join(f"{name} {value}" for name, value in request.node.user_properties))

    return note


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure comes with the last words of the processes."""
    report = (yield).get_result()
    house = getattr(item, "house", None)
    if house is not None and report.when == "call" and report.failed:
        report.sections += [(f"log: {name}", words) for name, words in house.last_words().items()]
