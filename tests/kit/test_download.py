"""Fetching a file: streamed, bounded, followed three times at most, and credentials stay where they were meant for."""

import gzip
import io
import time

import pytest

from fakes.server import Answer, FakeServer
from kit import download, http
from kit.exchange import ForbiddenAddress, Unreachable

MOST = 1_000_000


@pytest.fixture(autouse=True)
def private_hosts():
    http.configure(allow_private_hosts=True)
    yield
    http.configure(allow_private_hosts=None)


@pytest.fixture
def server():
    with FakeServer() as running:
        yield running


@pytest.fixture
def other():
    with FakeServer() as running:
        yield running


def fetch(url, *, largest=MOST, seconds=5.0, **request):
    into = io.BytesIO()
    got = download.fetch(http.Request("GET", url, **request), into, largest=largest, seconds=seconds)
    return got, into.getvalue()


def lead(server, path, to):
    server.when(lambda seen: seen.path == path, Answer(302, b"", {"Location": to}))


def test_a_file_comes_whole_with_what_the_server_calls_it(server):
    server.when(answer=Answer(200, b"x" * 700_000, {"Content-Type": "Image/JPEG; charset=x"}))
    got, content = fetch(server.url + "/a?b=1", headers={"Authorization": "Bearer t"}, query={"c": 2})
    assert (got.size, got.mime, len(content)) == (700_000, "image/jpeg", 700_000)
    (seen,) = server.ledger
    assert (seen.path, seen.query, seen.headers["authorization"]) == ("/a", {"b": "1", "c": "2"}, "Bearer t")


def test_too_large_is_known_before_and_while_it_comes(server):
    server.when(answer=Answer(200, b"x" * 2_000))
    with pytest.raises(download.TooLarge):
        fetch(server.url, largest=1_999)
    server.when(answer=Answer(200, b"x" * 2_000, {"Content-Length": "10", "Connection": "close"}))
    assert fetch(server.url, largest=100)[0].size == 10  # never more than was announced
    packed = gzip.compress(b"\0" * 50_000_000)
    server.when(answer=Answer(200, packed, {"Content-Encoding": "gzip"}))
    with pytest.raises(download.TooLarge):
        fetch(server.url)


def test_a_packed_file_is_unpacked(server):
    server.when(answer=Answer(200, gzip.compress(b"hello" * 1000), {"Content-Encoding": "gzip"}))
    assert fetch(server.url)[1] == b"hello" * 1000
    assert server.ledger[0].headers["accept-encoding"] == "identity"
    server.when(answer=Answer(200, gzip.compress(b"hello")[:-5], {"Content-Encoding": "gzip"}))
    with pytest.raises(Unreachable):
        fetch(server.url)
    server.when(answer=Answer(200, b"hello", {"Content-Encoding": "br"}))
    with pytest.raises(Unreachable):
        fetch(server.url)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 204])
def test_no_file_is_told_by_its_status(server, status):
    server.when(answer=Answer(status, b"nothing"))
    with pytest.raises(download.Refused) as refusal:
        fetch(server.url)
    assert refusal.value.status == status


@pytest.mark.parametrize("answer", [Answer(500, b""), Answer(503, b""), Answer(429, b"")])
def test_trouble_of_the_server_passes(server, answer):
    server.when(answer=answer)
    with pytest.raises(Unreachable):
        fetch(server.url)


@pytest.mark.parametrize("fault", ["drop", "reset", "refuse", "truncate"])
def test_a_file_that_broke_off_is_no_file(server, fault):
    server.when(answer=Answer(200, b"x" * 100_000), fault=fault)
    with pytest.raises(Unreachable):
        fetch(server.url)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_time_is_bounded_however_slowly_it_drips(server, fault):
    server.when(answer=Answer(200, b"x" * 100), fault=fault)
    began = time.monotonic()
    with pytest.raises(Unreachable):
        fetch(server.url, seconds=1.5)
    assert time.monotonic() - began < 3


# Redirects -----------------------------------------------------------------------------------------------------------


def test_three_redirects_are_followed_and_a_fourth_is_not(server):
    for number in range(4):
        lead(server, f"/{number}", f"/{number + 1}")
    server.when(lambda seen: seen.path == "/4", Answer(200, b"here"))
    assert fetch(server.url + "/1")[1] == b"here"
    with pytest.raises(Unreachable):
        fetch(server.url + "/0")


def test_what_a_request_carries_stays_with_its_host(server, other):
    lead(server, "/a", server.url + "/b")
    lead(server, "/b", other.url + "/c")
    lead(other, "/c", server.url + "/d")
    server.when(lambda seen: seen.path == "/d", Answer(200, b"here"))
    fetch(server.url + "/a", headers={"Authorization": "Bearer t", "X-Key": "k", "Cookie": "c=1"})
    carried = {seen.path: [n for n in ("authorization", "x-key", "cookie") if n in seen.headers] for seen in
               (*server.ledger, *other.ledger)}  # fmt: skip
    assert carried == {"/a": ["authorization", "x-key", "cookie"], "/b": ["authorization", "x-key", "cookie"],
                       "/c": [], "/d": []}  # fmt: skip


@pytest.mark.parametrize(
    "to",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "http://user:pass@127.0.0.1/",
        "http://[::1",
        "",
        "gopher:x",
    ],
)
def test_a_redirect_leads_nowhere_else(server, to):
    lead(server, "/a", to)
    with pytest.raises(Unreachable):
        fetch(server.url + "/a")


def test_every_hop_is_checked_by_the_guard(server):
    http.configure(allow_private_hosts=False)
    with pytest.raises(ForbiddenAddress):
        fetch(server.url)
    with pytest.raises(ForbiddenAddress):
        fetch("https://127.0.0.1/file")
    assert server.ledger == []


def test_an_address_stands_in_no_error(server):
    server.stop()
    with pytest.raises(Unreachable) as failure:
        fetch(server.url + "/file/bot700:SECRET/x")
    chain, texts = failure.value, ""
    while chain is not None:
        texts += str(chain) + repr(chain)
        chain = chain.__cause__
    assert "SECRET" not in texts
