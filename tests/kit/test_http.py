"""Every way a call can fail on a real socket, in threads and in asyncio alike."""

import asyncio
import gzip
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

from fakes.server import Answer, FakeServer
from kit import answers, http, http_threads


@pytest.fixture(autouse=True)
def private_hosts():
    http.configure(allow_private_hosts=True)
    yield
    http.configure(allow_private_hosts=None)


@pytest.fixture
def server():
    with FakeServer() as running:
        yield running


def in_thread(call):
    client = http_threads.Client()
    try:
        return http.run(call, client=client)
    finally:
        client.close()


def in_loop(call):
    async def there():
        async with http.async_client() as client:
            return await http.arun(call, client=client)

    return asyncio.run(there())


@pytest.fixture(params=[in_thread, in_loop])
def go(request):
    return request.param


def ask(url, method="POST", **more):
    return (yield http.Request(method, url, **more))


class RawServer:
    """Answers every connection with what `talk` does; for what no well-behaved server does."""

    def __init__(self, talk):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.sock.getsockname()[1]}/"
        self.talk = talk
        self.connections = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection:
            try:
                connection.recv(65536)
                self.talk(connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


# What works ----------------------------------------------------------------------------------------------------------


def test_a_request_arrives_whole_and_its_answer_comes_back(server, go):
    server.when(answer=Answer(201, {"says": "да"}, {"X-Thing": "1"}))
    response = go(
        ask(server.url + "/a?b=1", json={"text": "Привет"}, query={"c": [2, 3]}, headers={"X-Key": "k"})
    )
    seen = server.ledger[0]
    assert (response.status, response.json(), response.headers["x-thing"]) == (201, {"says": "да"}, "1")
    assert (seen.method, seen.path, seen.query["b"], seen.query["c"]) == ("POST", "/a", "1", "3")
    assert seen.body.decode() == '{"text":"Привет"}'
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["x-key"] == "k"
    assert seen.headers["host"] == server.url.removeprefix("http://")


def test_forms_and_files_are_encoded(server, go):
    go(ask(server.url, form={"name": "Анна", "tag": ["a", "b"]}))
    go(ask(server.url, form={"chat": 5}, files={"photo": ('a"b.jpg', b"\xff\xd8", "image/jpeg")}))
    assert server.ledger[0].body == b"name=%D0%90%D0%BD%D0%BD%D0%B0&tag=a&tag=b"
    assert server.ledger[1].params() == {"chat": "5", "photo": "a%22b.jpg"}
    assert b"\xff\xd8" in server.ledger[1].body


def test_packed_answers_are_unpacked(server, go):
    packed = gzip.compress(b'{"a":1}')
    server.when(answer=Answer(200, packed, {"Content-Encoding": "gzip"}))
    assert go(ask(server.url)).json() == {"a": 1}


def test_redirects_are_not_followed(server, go):
    server.when(answer=Answer(302, b"", {"Location": server.url + "/elsewhere"}))
    assert go(ask(server.url)).status == 302
    assert len(server.ledger) == 1


def test_cookies_are_not_kept_between_calls(server):
    server.when(answer=Answer(200, b"", {"Set-Cookie": "tenant=1"}))
    client = http_threads.Client()
    for _ in range(2):
        http.run(ask(server.url), client=client)
    client.close()

    async def twice():
        async with http.async_client() as client:
            for _ in range(2):
                await http.arun(ask(server.url), client=client)

    asyncio.run(twice())
    assert len(server.ledger) == 4
    assert all("cookie" not in seen.headers for seen in server.ledger)


def test_proxies_of_the_environment_are_not_used(server, go, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert go(ask(server.url)).status == 200


def test_a_call_that_needs_no_network_gives_its_result(go):
    assert go(http.done(7)) == 7
    with pytest.raises(KeyError):
        go(http.failed(KeyError("x")))


def test_a_wire_may_handle_a_failure_itself(go):
    def twice():
        try:
            yield http.Request("GET", "http://127.0.0.1:9/")
        except http.Unreachable as failure:
            return f"saw: {failure.reason}"

    assert go(twice()) == "saw: the connection was refused"


def test_connections_are_kept_and_used_again(server):
    client = http_threads.Client()
    for _ in range(5):
        http.run(ask(server.url), client=client)
    client.close()
    assert server.connections == 1


def test_pools_of_hosts_used_long_ago_are_closed(server, monkeypatch):
    monkeypatch.setattr(http_threads, "HOSTS", 2)
    client = http_threads.Client()
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"):
        with pytest.raises(http.Unreachable) if host != "127.0.0.1" else Nothing():
            http.run(ask(f"http://{host}:{server.port}/", timeout=2), client=client)
    assert [key[1] for key in client._slots] == ["127.0.0.3", "127.0.0.4"]
    client.close()


class Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_a_forked_child_opens_its_own_connections(server):
    http.run(ask(server.url))
    parent = http_threads.shared()
    child = os.fork()
    if child == 0:
        code = 0 if http_threads.shared() is not parent and http.run(ask(server.url)).status == 200 else 1
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert server.connections == 2
    parent.close()


def test_many_threads_share_a_client(server):
    server.latency = 0.02
    client = http_threads.Client()
    failures = []

    def work():
        try:
            for _ in range(5):
                http.run(ask(server.url), client=client)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert failures == []
    assert len(server.ledger) == 100
    assert server.connections <= http_threads.PER_HOST


# Nothing was executed ------------------------------------------------------------------------------------------------


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_refused_is_unreachable(go):
    with pytest.raises(http.Unreachable) as failure:
        go(ask(f"http://127.0.0.1:{closed_port()}/"))
    assert failure.value.reason == "the connection was refused"


def test_a_name_that_does_not_resolve_is_unreachable(go):
    with pytest.raises(http.Unreachable) as failure:
        go(ask("https://no-such-host.invalid/", timeout=5))
    assert not isinstance(failure.value, http.ForbiddenAddress)


def test_a_server_without_tls_is_unreachable(go):
    with RawServer(lambda connection: connection.sendall(b"220 mail ready\r\n")) as server:
        with pytest.raises(http.Unreachable) as failure:
            go(ask(server.url.replace("http:", "https:"), timeout=3))
        assert failure.value.reason == "the secure connection failed"


def test_a_secure_connection_that_is_never_made_is_unreachable(go):
    with RawServer(lambda connection: time.sleep(8)) as server:
        # Above 5 s aiohttp rounds its times up unless told otherwise.
        patience = 5.3 if go is in_loop else 1.0
        started = time.monotonic()
        with pytest.raises(http.Unreachable):
            go(ask(server.url.replace("http:", "https:"), timeout=patience))
        assert time.monotonic() - started < patience + 0.7


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key", "-out", folder / "cert"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return folder


class TlsServer:
    """One answer for each connection; counts requests that were read."""

    def __init__(self, folder):
        self.requests = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert", folder / "key")
        self.sock = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
                if connection.recv(65536):
                    self.requests += 1
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                connection.close()
            except ssl.SSLError:
                continue
            except OSError:
                return


def test_a_stranger_certificate_is_unreachable_and_a_trusted_one_works(certificate, go, monkeypatch):
    server = TlsServer(certificate)
    with pytest.raises(http.Unreachable) as failure:
        go(ask(f"https://localhost:{server.port}/"))
    assert failure.value.reason == "the secure connection failed"
    assert server.requests == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert"))
    assert go(ask(f"https://localhost:{server.port}/")).body == b"ok"
    # The certificate is for the name; the address alone is not enough.
    with pytest.raises(http.Unreachable):
        go(ask(f"https://127.0.0.1:{server.port}/"))
    assert server.requests == 1
    server.sock.close()


def test_no_connection_in_time_is_unreachable(go):
    """A full accept queue: the connection is neither refused nor made."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        started = time.monotonic()
        with pytest.raises(http.Unreachable):
            go(ask(f"http://127.0.0.1:{full.getsockname()[1]}/", timeout=0.5))
        assert time.monotonic() - started < 1.5
        for filler in fillers:
            filler.close()


def test_a_hung_resolver_is_unreachable(go, monkeypatch):
    def hung(*args, **kwargs):
        time.sleep(1.5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hung)
    started = time.monotonic()
    with pytest.raises(http.Unreachable):
        go(ask("https://slow.example/", timeout=0.3))
    # asyncio waits for its resolver thread when the loop is closed; the call itself ended in time.
    assert time.monotonic() - started < (1.0 if go is in_thread else 3.0)


# Perhaps executed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop", "reset", "truncate"])
def test_a_lost_answer_is_uncertain(server, go, fault):
    server.when(fault=fault)
    with pytest.raises(http.Uncertain):
        go(ask(server.url, json={"a": 1}))
    assert len(server.calls()) == 1


def test_no_answer_in_time_is_uncertain(server, go):
    server.when(fault="hang")
    started = time.monotonic()
    with pytest.raises(http.Uncertain) as failure:
        go(ask(server.url, json={}, timeout=0.4))
    assert failure.value.reason == "no answer in time"
    assert time.monotonic() - started < 1.5
    assert len(server.calls()) == 1


def test_a_dripping_answer_ends_with_the_deadline(server, go):
    server.when(fault="drip")
    started = time.monotonic()
    with pytest.raises(http.Uncertain):
        go(ask(server.url, json={}, timeout=1.3))
    assert time.monotonic() - started < 2.5


def test_dripping_headers_end_with_the_deadline(go):
    def drip(connection):
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    with RawServer(drip) as server:
        started = time.monotonic()
        with pytest.raises(http.Uncertain):
            go(ask(server.url, timeout=0.6))
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
    ],
)
def test_what_is_no_http_is_uncertain(go, said):
    with RawServer(lambda connection: connection.sendall(said)) as server, pytest.raises(http.Uncertain):
        go(ask(server.url, json={}, timeout=2))


def test_an_endless_answer_is_cut_off(go):
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"a" * 65536)

    with RawServer(endless) as server, pytest.raises(http.BadAnswer):
        go(ask(server.url, timeout=5))


def test_a_packed_bomb_is_cut_off(server, go):
    bomb = gzip.compress(b"\x00" * 50_000_000)
    assert len(bomb) < answers.LARGEST
    server.when(answer=Answer(200, bomb, {"Content-Encoding": "gzip"}))
    with pytest.raises(http.BadAnswer):
        go(ask(server.url))


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip"])
def test_wrongly_packed_answers_are_uncertain(server, go, encoding):
    server.when(answer=Answer(200, b"not packed", {"Content-Encoding": encoding}))
    with pytest.raises(http.BadAnswer):
        go(ask(server.url))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe\xfd", b"[" * 100_000, b"1" * 5000 + b"x", b'{"a":', b"nul"]
)
def test_an_answer_that_is_no_json_says_so(server, go, body):
    server.when(answer=Answer(200, body))
    with pytest.raises(http.BadAnswer):
        go(ask(server.url)).json()


# Secrets -------------------------------------------------------------------------------------------------------------


def test_tokens_stand_in_no_log(server, go, caplog):
    caplog.set_level("DEBUG")
    go(ask(server.url + "/bot123:SECRET/send", headers={"Authorization": "SECRET"}))
    assert "SECRET" not in caplog.text


def test_addresses_and_tokens_stand_in_no_error_and_no_repr(go):
    url = f"http://127.0.0.1:{closed_port()}/bot123:SECRET/send"
    request = http.Request("POST", url, json={"k": "SECRET"}, headers={"Authorization": "SECRET"})
    with pytest.raises(http.Unreachable) as failure:
        go(ask(url))
    assert "SECRET" not in repr(request) + str(failure.value) + repr(failure.value)
    assert "SECRET" not in repr(http.Response(200, {"a": "SECRET"}, b"SECRET"))
    assert "127.0.0.1" in repr(request)
