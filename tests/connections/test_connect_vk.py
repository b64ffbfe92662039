"""Connecting a VK community for real: VK tries our door while the call is under way and finds its code there."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import pytest

from connections import accounts, connect, hooks
from connections.models import Connection, ConnectionState, InboundEvent
from fakes.server import Answer, FakeServer, Seen
from fakes.vk import GROUP, FakeVk
from integrations import errors, registry
from kit import http
from tests import asgi
from tests.conftest import Salon

GIVEN = {"group_id": str(GROUP), "access_token": "vk1.a.key_of_the_community"}


class Web(FakeServer):
    """Our door on a real socket."""

    def __init__(self) -> None:
        super().__init__()
        self.door = hooks.Door()
        self.threads = concurrent.futures.ThreadPoolExecutor(2)

    def execute(self, seen: Seen) -> Answer:
        """Passes the request on; a thread, because this one's loop is running already."""
        got = self.threads.submit(
            asgi.call, self.door, seen.method, seen.path, seen.body, seen.headers
        ).result()
        return Answer(got.status, got.body)


@pytest.fixture
def web(live_db: Any, settings: Any) -> Iterator[Web]:
    with Web() as running:
        settings.PUBLIC_URL = running.url
        yield running


@pytest.fixture
def vk(web: Web, settings: Any) -> Iterator[FakeVk]:
    with FakeVk() as running:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "vk": running.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield running


def made(salon: Salon, **more: str) -> int:
    """A VK connection as the owner's form makes it: nobody asks an owner for a code."""
    with salon.work():
        return accounts.create("vk", settings={**GIVEN, **more}).pk


def kept(salon: Salon, number: int) -> dict[str, str]:
    """Its settings."""
    with salon.work():
        return accounts.settings_of(Connection.objects.get(pk=number))


def test_an_owner_needs_no_code(salon: Salon, web: Web, vk: FakeVk) -> None:
    number = made(salon)
    assert "confirmation" not in kept(salon, number)
    connect.register(salon.id, number)
    assert kept(salon, number)["confirmation"] == vk.code
    assert [server["status"] for server in vk.servers.values()] == ["ok"]
    anna = vk.person(555001, "Анна")
    assert (anna.say("Здравствуйте"), anna.answered) == (200, b"ok")
    with salon.work():
        connection = Connection.objects.get(pk=number)
        assert (connection.state, connection.name) == (ConnectionState.OK, "Salon")
        assert connection.account["link_base"] == "https://vk.me/salon_omsk"
        assert InboundEvent.objects.filter(connection=connection).count() == 1
        hook = web.url + accounts.hook_path(connection)
    assert http.run(registry.channel("vk").health(kept(salon, number), hook)).ok


def test_a_code_that_changes_on_the_way_is_kept_for_the_next_time(salon: Salon, web: Web, vk: FakeVk) -> None:
    vk.rotate_code = True
    number = made(salon)
    connect.register(salon.id, number)
    assert kept(salon, number)["confirmation"] == vk.code != "a1b2c3d4"
    assert [server["status"] for server in vk.servers.values()] == ["ok"]


def test_a_code_typed_from_the_communitys_pages_gives_way_to_the_apis(
    salon: Salon, web: Web, vk: FakeVk
) -> None:
    number = made(salon, confirmation="of_a_page")
    connect.register(salon.id, number)
    assert kept(salon, number)["confirmation"] == vk.code


def test_nothing_is_kept_of_a_key_that_is_refused(salon: Salon, web: Web, vk: FakeVk) -> None:
    vk.revoked.add(GIVEN["access_token"])
    number = made(salon)
    with pytest.raises(errors.Rejected):
        connect.register(salon.id, number)
    assert "confirmation" not in kept(salon, number)
    assert vk.servers == {}
