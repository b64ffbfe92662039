"""Fixtures of the manager's desk."""

from __future__ import annotations

import pytest

from conversations.models import Conversation
from tests.conftest import Salon
from tests.inbox import stage


@pytest.fixture
def anna(salon: Salon) -> Conversation:
    """Anna's thread: she wrote a minute ago."""
    return stage.write(salon, ago=1)


@pytest.fixture
def foreign(other_salon: Salon) -> Conversation:
    """A thread of Boris's salon."""
    return stage.write(other_salon, "Секрет Бориса", name="Чужая Клиентка", phone="+79139998877", chat="777")
