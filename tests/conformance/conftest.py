"""One city for the whole kit: a live database where every test opens a salon of its own, and the post between them.

A salon sees nothing of its neighbours, so the database is emptied once, at the end, and not after each test.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection

from connections.hooks import Door
from conversations import lanes
from tests import conftest as house
from tests.conformance.kit import Kind
from tests.conformance.post import Post
from tests.conformance.stage import Stage

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database of this worker, where transactions really commit."""
    name = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        yield
        house.emptied(name)


@pytest.fixture(scope="package")
def built_post(city: None) -> Iterator[Post]:
    """The way from every fake to our one door."""
    post = Post(Door())
    post.start()
    yield post
    post.stop()


@pytest.fixture
def post(built_post: Post, settings: Any) -> Iterator[Post]:
    """The post, empty."""
    built_post.forget()
    settings.PUBLIC_URL = built_post.url
    yield built_post
    redis.Redis.from_url(django_settings.REDIS_URL).flushdb()
    lanes.ours.forget()


@pytest.fixture
def kind(request: pytest.FixtureRequest, settings: Any, city: None) -> Iterator[Kind]:
    """The kind under test, with its provider running."""
    made: Kind = request.param()
    settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, **made.start()}
    yield made
    made.stop()


@pytest.fixture
def new_salon(city: None) -> Callable[[], house.Salon]:
    """Makes salons of this test."""

    def make() -> house.Salon:
        number = next(_numbers)
        return house.make_salon(f"salon{number}", email=f"olga{number}@example.com")

    return make


@pytest.fixture
def stage(kind: Kind, new_salon: Callable[[], house.Salon], post: Post) -> Iterator[Stage]:
    """A salon with an account of the kind; what is left undone after the test stays so."""
    stage = Stage.open(kind, new_salon(), post)
    yield stage
    stage.close()
