"""Wires speak English by themselves; their texts are translated where they are shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Texts as they stand in the source."""
    with translation.override("en"):
        yield
