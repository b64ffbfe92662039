"""Takes stories in and asks for their figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from economics import report
from economics.ledger import writing
from tenants import clock, wall
from tests.conftest import Salon
from tests.economics.story import Story

# When leads of April are decided and nothing of May has to be guessed.
SEEN = "2026-06-01T00:00:00+06:00"


class Books:
    """A salon with a history."""

    def __init__(self, salon: Salon) -> None:
        self.salon = salon

    def take(self, story: Story) -> dict[str, int]:
        """Imports a story."""
        with self.salon.work():
            return writing.import_ledger(story.document(), tenant=wall.entered_tenant(), now=clock.now())

    def report(
        self, first: str = "2026-04-01", last: str = "2026-04-30", *, as_of: str = SEEN, **more: Any
    ) -> dict[str, Any]:
        """The report of a period, April when none is named."""
        with self.salon.work():
            return report.report(
                tenant=wall.entered_tenant(),
                first_day=dt.date.fromisoformat(first),
                last_day=dt.date.fromisoformat(last),
                now=clock.now(),
                as_of=dt.datetime.fromisoformat(as_of) if as_of else None,
                **more,
            )

    def values(self, *args: Any, **more: Any) -> dict[str, Any]:
        """Metric → value."""
        return {name: entry["value"] for name, entry in self.report(*args, **more)["metrics"].items()}

    def rows(self, by: str, *args: Any, **more: Any) -> dict[str | None, dict[str, Any]]:
        """Key → row of a breakdown."""
        return {row["key"]: row for row in self.report(*args, by=by, **more)["rows"]}


@pytest.fixture
def books(salon: Salon) -> Books:
    """Olga's books."""
    return Books(salon)


@pytest.fixture
def told(books: Books) -> Callable[[Story], Books]:
    """`told(story)` takes a story in."""

    def take(story: Story) -> Books:
        books.take(story)
        return books

    return take
