"""No address typed by a tenant leads into our own network (a listener on loopback sees nothing)."""

import asyncio
import contextlib
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import guard, http

# Every spelling of loopback, of private and of special networks, and everything that is no web address.
FORBIDDEN = [
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://2130706433:{port}/",
    "https://017700000001:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://localhost:{port}/",
    "https://LOCALHOST.:{port}/",
    "https://[::1]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[64:ff9b:1::7f00:1]:{port}/",
    "https://[2001:0:7f00:1::]:{port}/",
    "https://[fe80::1]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fc00::1]:{port}/",
    "https://[fec0::1]:{port}/",
    "https://[ff02::1]:{port}/",
    "https://169.254.169.254:{port}/latest/meta-data/",
    "https://100.64.0.1:{port}/",
    "https://10.0.0.1:{port}/",
    "https://172.16.0.1:{port}/",
    "https://192.168.0.1:{port}/",
    "https://192.0.0.8:{port}/",
    "https://192.88.99.1:{port}/",
    "https://198.18.0.1:{port}/",
    "https://224.0.0.1:{port}/",
    "https://240.0.0.1:{port}/",
    "https://255.255.255.255:{port}/",
    "https://user@127.0.0.1:{port}/",
    "https://example.com@127.0.0.1:{port}/",
    "https://user:secret@example.com/",
    "https://127\u30020\u30020\u30021:{port}/",
    "https://127\uff0e0\uff0e0\uff0e1:{port}/",
    "https://\u2460\u2461\u2466.0.0.1:{port}/",
    "https://127.0.0.1:{port}\\@example.com/",
    "https://127.0.0.1 :{port}/",
    "https://127.0.0.1\t:{port}/",
    "https://exa\nmple.com:{port}/",
    "https://:{port}/",
    "https:///path",
    "https://",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://example.com/",
    "https://example.com:6379/",
    "https://example.com:25/",
    "https://example.com:22/",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://example.com:http/",
    "https://[::1/",
    "https://[v1.x]/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1:{port}/",
    "unix:///run/x.sock",
    "data:text/plain,x",
    "javascript:alert(1)",
    "",
]


class Listener:
    """Counts connections to a loopback port."""

    def __init__(self):
        self.seen = 0
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.sock.accept()
                self.seen += 1
                connection.close()


@pytest.fixture
def listener():
    here = Listener()
    yield here
    here.sock.close()


@pytest.fixture
def public_only(monkeypatch):
    http.configure(allow_private_hosts=False)
    # The port of the listener stands for "a port that would be let through".
    yield monkeypatch
    http.configure(allow_private_hosts=None)


def get(url):
    return (yield http.Request("GET", url, timeout=2))


def refusals(url):
    """The errors of both ways out."""
    found = []
    with pytest.raises(http.ForbiddenAddress) as in_thread:
        http.run(get(url))
    found.append(str(in_thread.value))

    async def there():
        async with http.async_client() as client:
            await http.arun(get(url), client=client)

    with pytest.raises(http.ForbiddenAddress) as in_loop:
        asyncio.run(there())
    return [*found, str(in_loop.value)]


def test_forbidden_addresses_are_refused_before_connecting_with_one_text(listener, public_only):
    public_only.setattr(guard, "PUBLIC_PORTS", guard.PUBLIC_PORTS | {listener.port})
    texts = set()
    for url in FORBIDDEN:
        texts.update(refusals(url.format(port=listener.port)))
    assert texts == {str(http.ForbiddenAddress())}
    assert listener.seen == 0


def test_the_listener_would_have_seen_a_connection(listener):
    http.configure(allow_private_hosts=True)
    try:
        with pytest.raises(http.Uncertain):
            http.run(get(f"http://127.0.0.1:{listener.port}/"))
    finally:
        http.configure(allow_private_hosts=None)
    assert listener.seen == 1


def test_a_name_that_resolves_inward_is_refused(listener, public_only):
    public_only.setattr(guard, "PUBLIC_PORTS", guard.PUBLIC_PORTS | {listener.port})

    def inward(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    public_only.setattr(socket, "getaddrinfo", inward)
    refusals(f"https://rebound.example:{listener.port}/")
    assert listener.seen == 0


def test_one_inward_answer_among_public_ones_is_refused(listener, public_only):
    public_only.setattr(guard, "PUBLIC_PORTS", guard.PUBLIC_PORTS | {listener.port})

    def mixed(host, port, *args, **kwargs):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    public_only.setattr(socket, "getaddrinfo", mixed)
    refusals(f"https://mixed.example:{listener.port}/")
    assert listener.seen == 0


def test_the_name_is_resolved_once_and_that_address_is_called(public_only):
    """A name that answers publicly the first time and inwardly the second gains nothing."""
    asked, connected = [], []

    def rebinding(host, port, *args, **kwargs):
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address, *args, **kwargs):
        connected.append(address)
        raise ConnectionRefusedError

    public_only.setattr(socket, "getaddrinfo", rebinding)
    public_only.setattr(socket, "create_connection", connect)
    with pytest.raises(http.Unreachable):
        http.run(get("https://rebound.example/"))
    assert asked == ["rebound.example"]
    assert connected == [("93.184.216.34", 443)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.COM/a%20b?x=%2F#frag", "https://example.com/a%20b?x=%2F"),
        ("https://example.com:8443", "https://example.com:8443/"),
        ("https://example.com.:443/", "https://example.com/"),
        ("https://салон.рф/rest/1/k/", "https://xn--80awgdm.xn--p1ai/rest/1/k/"),
        ("https://[2606:2800:220:1:248:1893:25c8:1946]/", "https://[2606:2800:220:1:248:1893:25c8:1946]/"),
        ("https://example.com/bot123:AA_-/send", "https://example.com/bot123:AA_-/send"),
        ("https://example.com/за?q=я", "https://example.com/%D0%B7%D0%B0?q=%D1%8F"),
    ],
)
def test_good_addresses_are_rebuilt_from_their_parts(public_only, url, expected):
    assert guard.target(url).url == expected


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_forbidden(text):
    for candidate in (text, "https://" + text, "https://example.com" + text):
        try:
            found = guard.target(candidate)
        except http.ForbiddenAddress:
            continue
        assert found.scheme in ("http", "https")
        assert "@" not in found.url.split("/")[2]


@given(st.ip_addresses())
def test_only_global_unicast_is_allowed(ip):
    http.configure(allow_private_hosts=False)
    try:
        if guard.allowed(str(ip)):
            assert ip.is_global
            assert not ip.is_multicast
            assert not ip.is_private
            assert not ip.is_link_local
    finally:
        http.configure(allow_private_hosts=None)


@pytest.mark.parametrize("address", ["169.254.169.254", "224.0.0.1", "0.0.0.0", "fe80::1", "64:ff9b::7f00:1"])
def test_private_hosts_allowed_are_not_everything(address):
    http.configure(allow_private_hosts=True)
    try:
        assert not guard.allowed(address)
        assert guard.allowed("127.0.0.1")
        assert guard.allowed("192.168.1.5")
        assert guard.allowed("::1")
    finally:
        http.configure(allow_private_hosts=None)
