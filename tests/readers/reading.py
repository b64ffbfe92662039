"""Asks a library of others what it makes of our requests, in an environment of its own (`make setup-test`).

A case is one request that a fake recorded, as JSON. `ask` hands all cases of a kind to `programs/<kind>.py`, which
answers each with what it finds different from what the library itself would send or take: [] when nothing is.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest
from django.conf import settings
from django.test import override_settings

from fakes.server import FakeServer, Seen

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-readers" / "bin" / "python"
RUN = Path(__file__).resolve().with_name("run.py")

Case = dict[str, Any]
Differences = dict[str, list[str]]


def ask(kind: str, cases: Mapping[str, Case]) -> tuple[Differences, list[str]]:
    """What the reader of this kind found, by the case's name, and which of its known differences are idle.

    Skips where the readers are not set up.
    """
    if not PYTHON.exists():
        pytest.skip("The libraries that read our requests are not set up: run `make setup-test`.")
    done = subprocess.run(
        [PYTHON, RUN, kind], input=json.dumps(cases), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer = json.loads(done.stdout)
    assert answer["found"].keys() == cases.keys()
    return answer["found"], answer["idle"]


def hook() -> FakeServer:
    """An address for events: what a fake's people post there stands in its ledger."""
    return FakeServer()


def body(seen: Seen) -> Any:
    """The JSON of a request."""
    return json.loads(seen.body)


@dataclasses.dataclass(frozen=True)
class Reading:
    """All cases of a kind and what was found.

    `ours` are requests of the product, `told` events of the fake. `wrong` are good ones that were spoilt: name →
    (a word of the finding that must come, the case). `idle` are known differences that have gone.
    """

    ours: dict[str, Case]
    told: dict[str, Case]
    wrong: dict[str, tuple[str, Case]]
    found: Differences
    idle: list[str]

    @classmethod
    def of(
        cls, kind: str, ours: dict[str, Case], told: dict[str, Case], wrong: dict[str, tuple[str, Case]]
    ) -> Self:
        """Asks the reader about all of them at once."""
        spoilt = {name: case for name, (_word, case) in wrong.items()}
        return cls(ours, told, wrong, *ask(kind, {**ours, **told, **spoilt}))

    def against_ours(self) -> Differences:
        """What the reader found in requests of the product."""
        return {name: self.found[name] for name in self.ours if self.found[name]}

    def against_the_fake(self) -> Differences:
        """What the reader found in events of the fake."""
        return {name: self.found[name] for name in self.told if self.found[name]}

    def let_pass(self) -> Differences:
        """Spoilt cases of which the reader did not complain, or of something else."""
        return {
            name: self.found[name]
            for name, (word, _case) in self.wrong.items()
            if word not in " ".join(self.found[name])
        }


def spoilt(case: Case, change: Callable[[Case], object]) -> Case:
    """A copy of a good case after `change`."""
    copied = copy.deepcopy(case)
    change(copied)
    return copied


@contextlib.contextmanager
def served(**urls: str) -> Iterator[None]:
    """Providers are at these addresses."""
    with override_settings(PROVIDER_URLS={**settings.PROVIDER_URLS, **urls}, ALLOW_PRIVATE_HOSTS=True):
        yield
