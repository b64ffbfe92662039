"""What is told of the demo barbershop, read from `presets/demo/`."""

from __future__ import annotations

import random
import tomllib
from functools import cache
from typing import Any

from django.conf import settings


@cache
def story() -> dict[str, Any]:
    """The data file."""
    return tomllib.loads((settings.ROOT / "presets/demo/barbershop.toml").read_text(encoding="utf-8"))


class Dice:
    """Chance with a seed: the same demo on every machine and day."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        """True in about `share` of the calls."""
        return self.random.random() < share

    def pick(self, options: list[Any], weights: list[float] | None = None) -> Any:
        """One of the options."""
        return self.random.choices(options, weights)[0]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends in."""
        return self.random.randint(low, high)

    def person(self) -> str:
        """A full name."""
        told = story()
        return f"{self.pick(told['first_names'])} {self.pick(told['last_names'])}"
