"""The cast and the stage: Olga owns a barbershop in Omsk, Masha answers, Pasha cuts; Boris has a salon of his own."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import connection, connections
from django.test import Client

from conversations import lanes
from kit import limits
from tenants import clock, people, wall
from tenants.models import Membership, Role, Tenant, User
from tests import stack

PASSWORD = "long-enough-for-us-7"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--soak`: the storms blow long instead of a few seconds each."""
    parser.addoption("--soak", action="store_true", help="let the storms of tests/storms blow long")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """A copy of the migrated template for this process; refuses to run as a role that row-level security spares."""
    name = f"test_{stack.WORKER or 'alone'}"
    admin = settings.ENV.databases.admin
    stack.copy(admin, name)
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
    settings.INGEST_DATABASE_URL = _renamed(settings.INGEST_DATABASE_URL, name)
    # The cast logs in by session: nothing is proved by the price of a real hash.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = r.oid)"
            " FROM pg_roles r WHERE rolname = current_user"
        )
        if cursor.fetchone()[0]:
            pytest.exit(
                "tests run as a role that row-level security does not bind: nothing would be proved", 3
            )
    yield
    for alias in connections:
        connections[alias].close()
    stack.drop(admin, name)


def _renamed(url: str, name: str) -> str:
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture
def live_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """A database where transactions really commit, for threads and processes; emptied afterwards.

    The value is the environment by which a child process reaches it.
    """
    name = connection.settings_dict["NAME"]
    urls = settings.ENV.databases
    with django_db_blocker.unblock():
        yield {
            "DATABASE_URL": _renamed(urls.owner, name),
            "DATABASE_URL_RW": _renamed(urls.rw, name),
            "DATABASE_URL_RO": _renamed(urls.ro, name),
            "DATABASE_URL_INGEST": _renamed(urls.ingest, name),
            "REDIS_URL": settings.REDIS_URL,
        }
        emptied(name)


def emptied(name: str) -> None:
    """Empties this process's database, and forgets what was counted by its ids."""
    connection.close()
    _empty(_renamed(settings.ENV.databases.admin or "", name))
    redis.Redis.from_url(settings.REDIS_URL).flushdb()  # ids begin anew, so must what is counted by them
    lanes.ours.forget()
    limits.forget()


def _empty(url: str) -> None:
    admin = psycopg2.connect(url)
    admin.autocommit = True
    cursor = admin.cursor()
    cursor.execute(
        "SELECT string_agg(format('%I', relname), ', ') FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = 'public'::regnamespace"
        " AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
    )
    cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} RESTART IDENTITY CASCADE")
    admin.close()


@dataclasses.dataclass
class Salon:
    """A tenant with its people."""

    tenant: Tenant
    owner: User

    @property
    def id(self) -> int:
        """The tenant's id."""
        return self.tenant.pk

    def work(self) -> AbstractContextManager[None]:
        """Enters the tenant."""
        return wall.tenant_tx(self.tenant.pk)

    def now(self) -> dt.datetime:
        """The tenant's clock."""
        with self.work():
            return clock.now()


class Person(Client):
    """A colleague in a browser."""

    def __init__(self, user: User, salon: Salon | None) -> None:
        super().__init__()
        self.user = user
        self.salon = salon
        self.force_login(user)


class Api:
    """A script with a token."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._client = Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response of `/api/v1/<path>`; `.json()` is its body."""
        url = path if path.startswith(("http", "/")) else f"/api/v1/{path}"
        sent = {"Authorization": f"Bearer {self.token}"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        data = None if body is None else json.dumps(body)
        return self._client.generic(method, url, data or "", content_type="application/json", headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST."""
        return self.call("POST", path, body or {}, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        """PATCH."""
        return self.call("PATCH", path, body or {}, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        """DELETE."""
        return self.call("DELETE", path, **headers)


def make_salon(
    slug: str, *, email: str, name: str = "", industry: str = "empty", zone: str = "Asia/Omsk"
) -> Salon:
    """A tenant with an owner."""
    owner = User.objects.create_user(email, PASSWORD, name=email.split("@")[0].title())
    tenant = people.create_tenant(
        slug=slug, name=name or slug.title(), owner=owner, industry=industry, timezone=zone
    )
    return Salon(tenant, owner)


def make_colleague(salon: Salon, *, email: str, role: Role) -> User:
    """A person with a seat."""
    user = User.objects.create_user(email, PASSWORD, name=email.split("@")[0].title())
    with salon.work():
        Membership.objects.create(user=user, role=role)
    return user


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> None:
    """The database under the cast: `live_db` where a test asks for it, else one that is rolled back."""
    request.getfixturevalue("live_db" if "live_db" in request.fixturenames else "db")


@pytest.fixture
def salon(stage: None) -> Salon:
    """Olga's barbershop in Omsk."""
    return make_salon("omsk", email="olga@example.com", name="Барбершоп «Омск»")


@pytest.fixture
def other_salon(stage: None) -> Salon:
    """Boris's salon, a stranger's."""
    return make_salon("boris", email="boris@example.com", name="Салон Бориса")


@pytest.fixture
def tenant(salon: Salon) -> Tenant:
    """Olga's tenant."""
    return salon.tenant


@pytest.fixture
def other_tenant(other_salon: Salon) -> Tenant:
    """Boris's tenant."""
    return other_salon.tenant


@pytest.fixture
def olga(salon: Salon) -> Person:
    """The owner."""
    return Person(salon.owner, salon)


@pytest.fixture
def masha(salon: Salon) -> Person:
    """A manager."""
    return Person(make_colleague(salon, email="masha@example.com", role=Role.MANAGER), salon)


@pytest.fixture
def pasha(salon: Salon) -> Person:
    """A master."""
    return Person(make_colleague(salon, email="pasha@example.com", role=Role.MASTER), salon)


@pytest.fixture
def boris(other_salon: Salon) -> Person:
    """The owner of another salon."""
    return Person(other_salon.owner, other_salon)


@pytest.fixture
def in_tenant(salon: Salon) -> Callable[[], AbstractContextManager[None]]:
    """`with in_tenant(): …` enters Olga's tenant."""
    return salon.work


def token_of(salon: Salon, role: Role = Role.OWNER) -> str:
    """A new API token."""
    with salon.work():
        return people.issue_token(role=role).token


@pytest.fixture
def api(salon: Salon) -> Api:
    """Olga's token."""
    return Api(token_of(salon))


@pytest.fixture
def boris_api(other_salon: Salon) -> Api:
    """Boris's token."""
    return Api(token_of(other_salon))
