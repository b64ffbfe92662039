"""An authority that is no public one is believed for the requests that name it, and for nobody else's."""

import asyncio
import datetime as dt
import hashlib
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest

from kit import http, http_threads, trust


@pytest.fixture(autouse=True)
def private_hosts():
    http.configure(allow_private_hosts=True)
    yield
    http.configure(allow_private_hosts=None)


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority of our own, `own.pem`, a stranger, `other.pem`, and a certificate of the first for localhost."""
    folder = tmp_path_factory.mktemp("authority")
    for name in ("own", "other"):
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name} root"),
            *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
        )
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"),
        *("-keyout", folder / "leaf.key", "-out", folder / "leaf.csr"),
    )
    openssl(
        *(
            "x509",
            "-req",
            "-in",
            folder / "leaf.csr",
            "-CA",
            folder / "own.pem",
            "-CAkey",
            folder / "own.key",
        ),
        *("-CAcreateserial", "-days", 2, "-extfile", folder / "names", "-out", folder / "leaf"),
    )
    return folder


class TlsServer:
    """Keeps its connections open and counts them."""

    def __init__(self, folder):
        self.connections = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "leaf", folder / "leaf.key")
        self.sock = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.url = f"https://localhost:{self.sock.getsockname()[1]}/"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except OSError:
            pass


@pytest.fixture
def server(authority, monkeypatch):
    monkeypatch.setattr(trust, "BUNDLES", authority)
    running = TlsServer(authority)
    yield running
    running.sock.close()


def in_thread(*calls):
    client = http_threads.Client()
    try:
        return [http.run(call, client=client) for call in calls]
    finally:
        client.close()


def in_loop(*calls):
    async def there():
        async with http.async_client() as client:
            return [await http.arun(call, client=client) for call in calls]

    return asyncio.run(there())


@pytest.fixture(params=[in_thread, in_loop])
def go(request):
    return request.param


def ask(url, **more):
    return (yield http.Request("GET", url, timeout=5, **more))


def refused(url, **more):
    try:
        yield http.Request("GET", url, timeout=5, **more)
    except http.Unreachable as failure:
        return failure.reason
    return "an answer"


def test_a_request_that_names_the_authority_is_answered(server, go):
    assert [answer.body for answer in go(ask(server.url, trust="own"))] == [b"ok"]


def test_without_the_name_and_with_another_one_nobody_is_believed(server, go):
    assert go(refused(server.url), refused(server.url, trust="other")) == ["the secure connection failed"] * 2


def test_the_name_of_the_host_is_checked_as_always(server, go):
    by_address = server.url.replace("localhost", "127.0.0.1")
    assert go(refused(by_address, trust="own")) == ["the secure connection failed"]


def test_a_connection_made_in_trust_serves_no_request_without_it(server, go):
    first, second, without = go(
        ask(server.url, trust="own"), ask(server.url, trust="own"), refused(server.url)
    )
    assert (first.status, second.status, without) == (200, 200, "the secure connection failed")
    assert server.connections == 1


def test_public_authorities_are_believed_still(server, go, authority, monkeypatch):
    """The bundle comes on top; here our own authority plays the public ones."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "own.pem"))
    assert [answer.body for answer in go(ask(server.url, trust="other"))] == [b"ok"]


@pytest.mark.parametrize("name", ["nobody", "../certificates/russian", "OWN", "own.pem", "own\n"])
def test_a_bundle_that_is_not_there_is_a_mistake_of_ours(server, go, name):
    with pytest.raises(trust.UnknownBundle):
        go(ask(server.url, trust=name))


def test_the_bundles_are_what_their_paper_says():
    """Fingerprints and dates in the paper are those of the file, and the roots are good for a while."""
    paper = (trust.BUNDLES / "README.md").read_text()
    for file in trust.BUNDLES.glob("*.pem"):
        assert f"`{file.name}`" in paper
        for pem in re.findall(r"-----BEGIN.*?END CERTIFICATE-----", file.read_text(), re.DOTALL):
            raw = ssl.PEM_cert_to_DER_cert(pem)
            assert hashlib.sha256(raw).digest().hex(":").upper() in paper
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=file)
        roots = [one for one in context.get_ca_certs() if one["subject"] == one["issuer"]]
        ends = [ssl.cert_time_to_seconds(root["notAfter"]) for root in roots]
        assert ends
        assert max(ends) > time.time() + dt.timedelta(days=180).total_seconds()


def test_a_call_may_pause(go):
    def patient():
        before = time.monotonic()
        answer = yield http.Pause(0.15)
        return answer, time.monotonic() - before

    ((answer, took),) = go(patient())
    assert answer is None
    assert 0.14 < took < 1
