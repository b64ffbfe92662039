"""The providers of this room's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fakes.telegram import FakeTelegram
from tests.connections import stage


@pytest.fixture
def telegram_api(settings: Any) -> Iterator[FakeTelegram]:
    """A Bot API of one's own."""
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


@pytest.fixture
def told() -> Iterator[stage.Told]:
    """What the owner is told."""
    with stage.ears() as heard:
        yield heard
