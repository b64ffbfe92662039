"""A Valkey of its own for the tests of limits and live events, so that it may be stopped and hung."""

import pytest

from config import valkey
from kit import broker


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valkey")
    running = valkey.Valkey(folder / "data", password="of-the-test", log=folder / "log")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def redis_url(server):
    broker.configure(url=server.url)
    yield server.url
    broker.configure(url=None)


@pytest.fixture
def no_redis():
    broker.configure(url="redis://127.0.0.1:9/0")
    yield
    broker.configure(url=None)
