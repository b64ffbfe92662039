"""One figure of the table, and how it is printed and kept."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Figure:
    """`ratio` is value / limit: for throughput more is better, for time less."""

    name: str
    value: float
    unit: str
    limit_name: str
    limit_value: float
    goal: str
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours against the limit."""
        return self.value / self.limit_value if self.limit_value else 0.0


def interleaved(ours: Callable[[], float], bare: Callable[[], float], *, rounds: int) -> tuple[float, float]:
    """Medians of both, measured in turn, so that a machine that drifts does so for both."""
    first, second = [], []
    for _ in range(rounds):
        second.append(bare())
        first.append(ours())
    return statistics.median(first), statistics.median(second)


def percentile(values: Sequence[float], share: float) -> float:
    """The discrete percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    """The table in Markdown."""
    lines = ["| measure | ours | limit | ratio | goal |", "|---|---|---|---|---|"]
    for f in figures:
        ours, bare = f"{f.value:,.4g} {f.unit}", f"{f.limit_name}: {f.limit_value:,.4g} {f.unit}"
        lines.append(f"| {f.name} | {ours} | {bare} | {f.ratio:.2f} | {f.goal} |")
    return "\n".join(lines)


def keep(figures: Sequence[Figure], path: Path) -> None:
    """Writes results.json; what was not measured this time stays as it was."""
    rows: list[dict[str, Any]] = [
        {
            "name": f.name,
            "value": f.value,
            "unit": f.unit,
            "limit_name": f.limit_name,
            "limit_value": f.limit_value,
            "ratio": round(f.ratio, 4),
        }
        for f in figures
    ]
    names = {f.name for f in figures}
    before: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    rows = [row for row in before if row["name"] not in names] + rows
    path.write_text(json.dumps(rows, indent=1) + "\n")
