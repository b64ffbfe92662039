"""Requests through an account's own proxy: tunnels on real sockets, in threads and in asyncio alike."""

import asyncio
import base64
import socket
import ssl
import subprocess
import threading

import pytest

from fakes.server import Answer, FakeServer
from kit import guard, http, http_threads, proxy, trust


@pytest.fixture(autouse=True)
def private_hosts():
    http.configure(allow_private_hosts=True)
    yield
    http.configure(allow_private_hosts=None)


class ConnectProxy:
    """A real forward proxy: CONNECT and plain requests. It knows names of its own, as one in another network does."""

    def __init__(self, *, login="", names=None, broken=None, tls=None):
        self.login, self.names, self.broken = login, names or {}, broken
        self.asked = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_side=True)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def url(self):
        return f"http://{self.login + '@' if self.login else ''}127.0.0.1:{self.port}"

    def _run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self._one(connection)
            except OSError:
                pass

    def _one(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, _, rest = head.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        method, place, _version = lines[0].split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        self.asked.append((method, place))
        if self.broken:
            self.broken(connection)
            return
        expected = "Basic " + base64.b64encode(self.login.encode()).decode() if self.login else ""
        if expected and headers.get("proxy-authorization") != expected:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        path = place
        if method != "CONNECT":
            place, _, path = place.removeprefix("http://").partition("/")
        host, _, port = place.rpartition(":")
        upstream = socket.create_connection((self.names.get(host, host), int(port)))
        if method == "CONNECT":
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream.sendall(f"{method} /{path} HTTP/1.1\r\n".encode() + "\r\n".join(lines[1:]).encode())
            upstream.sendall(b"\r\n\r\n" + rest)
        back = threading.Thread(target=self._pipe, args=(upstream, connection), daemon=True)
        back.start()
        self._pipe(connection, upstream)
        back.join(5)
        upstream.close()

    @staticmethod
    def _pipe(source, target):
        try:
            while chunk := source.recv(65536):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def server():
    with FakeServer() as running:
        yield running


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for a name that only the proxy can resolve, of an authority of its own."""
    folder = tmp_path_factory.mktemp("authority")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *(
                "-subj",
                "/CN=api.provider.example",
                "-addext",
                "subjectAltName=DNS:api.provider.example,IP:127.0.0.1",
            ),
            *("-keyout", str(folder / "key"), "-out", str(folder / "own.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def provider(authority, monkeypatch):
    """Answers over TLS and counts its connections."""
    monkeypatch.setattr(trust, "BUNDLES", authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "own.pem", authority / "key")
    sock = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    class Provider:
        connections = 0
        heads = []
        port = sock.getsockname()[1]
        url = f"https://api.provider.example:{port}/bot"

    def talk(connection):
        try:
            while head := connection.recv(65536):
                Provider.heads.append(head.decode())
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except OSError:
            pass

    def run():
        while True:
            try:
                connection, _ = sock.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            Provider.connections += 1
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    yield Provider
    sock.close()


def in_thread(*calls, via=""):
    client = http_threads.Client()
    try:
        return [http.run(call, client=client, proxy=via) for call in calls]
    finally:
        client.close()


def in_loop(*calls, via=""):
    async def there():
        async with http.async_client() as client:
            return [await http.arun(call, client=client, proxy=via) for call in calls]

    return asyncio.run(there())


@pytest.fixture(params=[in_thread, in_loop])
def go(request):
    return request.param


def ask(url, **more):
    return (yield http.Request("POST", url, **{"timeout": 5} | more))


def outcome(url, **more):
    try:
        answer = yield http.Request("POST", url, **{"timeout": 5} | more)
    except (http.Unreachable, http.Uncertain) as failure:
        return type(failure).__name__, failure.reason
    return answer.status


def test_a_name_that_only_the_proxy_knows_is_reached_through_it(provider, go):
    """TLS still is with the provider itself: its certificate is checked by its name."""
    way = ConnectProxy(names={"api.provider.example": "127.0.0.1"})
    (answer,) = go(ask(provider.url, trust="own"), via=way.url)
    assert answer.body == b"ok"
    assert way.asked == [("CONNECT", f"api.provider.example:{provider.port}")]
    assert "proxy" not in provider.heads[-1].lower()


def test_without_the_proxy_it_is_out_of_reach(provider, go):
    assert (
        go(outcome(provider.url, trust="own")) == [("Unreachable", "the name does not resolve")]
        or go(outcome(provider.url, trust="own"))[0][0] == "Unreachable"
    )


def test_a_tunnel_is_kept_and_serves_the_next_request(provider, go):
    way = ConnectProxy(names={"api.provider.example": "127.0.0.1"})
    go(ask(provider.url, trust="own"), ask(provider.url, trust="own"), via=way.url)
    assert len(way.asked) == 1


def test_the_proxy_asks_for_a_login_and_gets_it(provider, go):
    way = ConnectProxy(login="user:p@ss", names={"api.provider.example": "127.0.0.1"})
    address = f"http://user:p%40ss@127.0.0.1:{way.port}"
    assert go(outcome(provider.url, trust="own"), via=address) == [200]


def test_a_proxy_that_speaks_tls_itself(provider, go, authority, monkeypatch):
    """A tunnel inside TLS: the authority of the test plays the public ones, which the proxy is checked by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "own.pem", authority / "key")
    way = ConnectProxy(login="user:pass", names={"api.provider.example": "127.0.0.1"}, tls=context)
    address = f"https://user:pass@127.0.0.1:{way.port}"
    assert go(outcome(provider.url, timeout=2), via=address) == [
        ("Unreachable", "the secure connection failed")
    ]
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "own.pem"))
    assert go(outcome(provider.url), via=address) == [200]


@pytest.mark.parametrize("login", ["", "user:wrong@"])
def test_a_wrong_login_executes_nothing(provider, server, go, login):
    way = ConnectProxy(login="user:pass", names={"api.provider.example": "127.0.0.1"})
    address = f"http://{login}127.0.0.1:{way.port}"
    refusal = ("Unreachable", "the proxy refuses its login")
    assert go(outcome(provider.url, trust="own"), outcome(server.url), via=address) == [refusal] * 2
    assert (provider.heads, server.ledger) == ([], [])


def test_plain_requests_go_through_it_too(server, go):
    server.when(answer=Answer(201, {"a": 1}))
    way = ConnectProxy(login="user:pass")
    (answer,) = go(ask(server.url + "/x?y=1", json={"b": 2}), via=way.url)
    assert (answer.status, answer.json()) == (201, {"a": 1})
    assert (server.ledger[0].path, server.ledger[0].params()) == ("/x", {"y": "1", "b": 2})
    assert len(way.asked) == 1


def nothing(connection):
    """Ends without a word."""


def hang(connection):
    threading.Event().wait(10)


def refuse(connection):
    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def garbage(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


@pytest.mark.parametrize("broken", [nothing, hang, refuse, garbage])
def test_a_proxy_that_opens_no_way_means_not_executed(provider, go, broken):
    """Never "perhaps": the request was not even begun, so it may be sent again."""
    way = ConnectProxy(broken=broken)
    ((kind, _reason),) = go(outcome(provider.url, trust="own", timeout=1.0), via=way.url)
    assert kind == "Unreachable"
    assert provider.heads == []


def test_a_proxy_that_is_not_there(provider, go):
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    assert go(outcome(provider.url, trust="own"), via=f"http://127.0.0.1:{port}") == [
        ("Unreachable", "the connection was refused")
    ]


def test_what_breaks_behind_the_tunnel_is_uncertain(server, go):
    server.when(fault="drop")
    way = ConnectProxy()
    ((kind, _reason),) = go(outcome(server.url), via=way.url)
    assert kind == "Uncertain"


def test_a_connection_through_somebodys_proxy_serves_nobody_else(server):
    client = http_threads.Client()
    first, second = ConnectProxy(login="a:1"), ConnectProxy(login="b:2")
    for way in (first.url, second.url, "", first.url):
        http.run(ask(server.url), client=client, proxy=way)
    client.close()
    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert len(server.ledger) == 4


def test_the_password_is_in_no_text():
    made = proxy.parse("http://user:hidden-word@proxy.example.org:3128")
    assert "hidden-word" not in repr(made) + str(made) + made.url
    for wrong in (
        "ftp://u:hidden-word@h:1",
        "http://u:hidden-word@h:3128/path",
        "http://u:hidden-word@h:port",
    ):
        with pytest.raises(proxy.BadProxy) as refused:
            proxy.parse(wrong)
        assert "hidden-word" not in str(refused.value)


# What may be called, with the guard up -----------------------------------------------------------------------------


@pytest.fixture
def guarded():
    http.configure(allow_private_hosts=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:3128",
        "http://10.0.0.5:3128",
        "http://169.254.169.254:80",
        "http://[::1]:3128",
        "http://2130706433:3128",
        "http://proxy.example.org:22",
        "http://proxy.example.org:25",
        "http://proxy.example.org:6379",
        "http://proxy.example.org:5432",
        "socks5://proxy.example.org:1080",
        "proxy.example.org:3128",
        "http://proxy.example.org:3128/x",
        "http://pro xy.example.org:3128",
        "http://user:pa\nss@proxy.example.org:3128",
        "http://",
        "http://[::1",
    ],
)
def test_addresses_that_are_no_proxy_of_ours(guarded, url):
    with pytest.raises(proxy.BadProxy):
        proxy.parse(url)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://user:pass@proxy.example.org:8000", ("http", "proxy.example.org", 8000)),
        ("https://proxy.example.org", ("https", "proxy.example.org", 443)),
        ("http://93.184.216.34:45785/", ("http", "93.184.216.34", 45785)),
        ("http://Proxy.Example.org", ("http", "proxy.example.org", 3128)),
    ],
)
def test_addresses_that_are(guarded, url, place):
    made = proxy.parse(url)
    assert (made.scheme, made.host, made.port) == place


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.1/", "https://[::1]/", "https://localhost/", "https://db.internal/", "https://valkey/"],
)
def test_a_proxy_is_no_way_into_a_house(guarded, url):
    with pytest.raises(http.ForbiddenAddress):
        proxy.check_target(guard.target(url))


def test_a_name_in_the_wide_world_is_the_proxys_business(guarded):
    proxy.check_target(guard.target("https://api.telegram.org/"))


def test_a_proxy_whose_name_leads_into_our_network_is_refused(go, guarded, monkeypatch):
    """The name is looked up once, and what it gives is checked: in both clients."""
    private = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 3128))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: private)
    told = go(outcome("https://api.telegram.org/"), via="http://proxy.example.org:3128")
    assert told == [("ForbiddenAddress", "this address may not be called")]
