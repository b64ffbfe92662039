"""Mail servers: which may be called, and what comes of it when they break off at every place."""

import datetime as dt
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fakes.mail import FakeMail
from fakes.mail_box import Box
from fakes.mail_smtp import FakeSmtp
from kit import guard, imap, mail, smtp
from kit.exchange import ForbiddenAddress, Uncertain, Unreachable

LETTER = (
    b"From: salon@salon.example\r\nTo: anna@example.ru\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <m.1@salon.example>\r\nSubject: a\r\n\r\nHello\n.a dot\r\n..\r\nend"
)


@pytest.fixture(autouse=True)
def only_public():
    before = guard.private_hosts_allowed()
    guard.configure(allow_private_hosts=False)
    yield
    guard.configure(allow_private_hosts=before)


@pytest.fixture
def allowed(only_public):
    guard.configure(allow_private_hosts=True)


@pytest.fixture
def box(allowed):
    with FakeMail(password="пароль с «@:/»") as server:
        yield server


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """(server's, a client's that trusts it) for localhost and 127.0.0.1."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    theirs = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    return ours, theirs


def out(server, **more):
    told = {"sender": "salon@salon.example", "recipient": "anna@example.ru", "letter": LETTER, **more}
    return smtp.send(server, **told)


# Addresses -----------------------------------------------------------------------------------------------------------


def test_an_address_in_parts():
    found = mail.server("imaps://salon%40salon.example:p%3Aa%2Fs%40s@imap.yandex.ru/INBOX", "imap")
    assert (found.host, found.port, found.security) == ("imap.yandex.ru", 993, "tls")
    assert (found.user, found.password, found.folder) == ("salon@salon.example", "p:a/s@s", "INBOX")
    assert "p:a" not in repr(found)
    assert mail.server("smtp+starttls://a@b.ru:p@smtp.b.ru", "smtp").port == 587
    assert mail.server("smtps://a@b.ru:p@smtp.b.ru", "smtp").user == "a@b.ru"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "imap.yandex.ru",
        "smtps://smtp.b.ru",
        "imaps://",
        "imaps://a:b@",
        "imaps://a:b@h:x",
        "imaps://a%0d:b@h.ru",
    ],
)
def test_what_is_no_address_of_a_mailbox_says_why(url):
    with pytest.raises(ValueError):
        mail.server(url, "imap")


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("imaps://a:b@imap.b.ru:22", "imap"),
        ("imaps://a:b@imap.b.ru:465", "imap"),
        ("imap+starttls://a:b@imap.b.ru", "imap"),
        ("imap://a:b@imap.b.ru:993", "imap"),
        ("smtp://a:b@smtp.b.ru:587", "smtp"),
        ("smtps://a:b@smtp.b.ru:25", "smtp"),
        ("smtps://a:b@smtp.b.ru:443", "smtp"),
        ("smtps://a:b@127.1:465", "smtp"),
    ],
)
def test_only_ports_of_mail_and_only_with_tls(url, protocol):
    with pytest.raises(ForbiddenAddress):
        mail.server(url, protocol)


def test_the_ports_of_mail_are_closed_to_http():
    for port in (465, 587, 993):
        with pytest.raises(ForbiddenAddress):
            guard.target(f"https://example.com:{port}/")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254", "localhost"])
def test_our_own_network_is_not_called(host):
    server = mail.server(f"smtps://a:b@{host}:465", "smtp")
    with pytest.raises(Unreachable):
        out(server)


def test_plain_and_other_ports_where_private_hosts_are_allowed(allowed):
    assert mail.server("smtp://a:b@127.0.0.1:2525", "smtp").port == 2525
    with pytest.raises(ForbiddenAddress):
        guard.endpoint("a", 0, ports=frozenset({0}))


# SMTP ----------------------------------------------------------------------------------------------------------------


def test_a_letter_goes_out_as_it_is(box):
    said = out(mail.server(box.smtp_url, "smtp"))
    assert "queued" in said
    (taken,) = box.sent
    assert (taken.sender, taken.recipient) == ("salon@salon.example", "anna@example.ru")
    assert taken.letter.endswith(b"\r\n\r\nHello\r\n.a dot\r\n..\r\nend\r\n")


def test_logging_in_the_other_way(box):
    box.smtp.logins = ("LOGIN",)
    out(mail.server(box.smtp_url, "smtp"))
    box.smtp.logins = ("CRAM-MD5",)
    with pytest.raises(mail.Refused) as refused:
        out(mail.server(box.smtp_url, "smtp"))
    assert refused.value.stage == "login"
    assert len(box.sent) == 1


def test_refusals_say_where(box):
    server = mail.server(box.smtp_url, "smtp")
    for command, reply, stage in (
        ("CONNECT", "554 5.7.1 Go away", "greeting"),
        ("AUTH", "535 5.7.8 Error", "login"),
        ("MAIL", "553 5.7.1 Not owned", "sender"),
        ("RCPT", "550 5.1.1 User unknown", "recipient"),
        ("DATA", "451 4.3.0 Later", "letter"),
        ("LETTER", "554 5.7.1 Spam", "letter"),
    ):
        box.smtp.when(command, reply, times=1)
        with pytest.raises(mail.Refused) as refused:
            out(server)
        assert (refused.value.stage, refused.value.code) == (stage, int(reply[:3])), command
        assert refused.value.text == reply[4:]
    assert box.sent == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("CONNECT", "drop"),
        ("EHLO", "drop"),
        ("AUTH", "drop"),
        ("RCPT", "drop"),
        ("DATA", "refuse"),
        ("DATA", "cut"),
    ],
)
def test_what_breaks_before_the_end_of_the_letter_was_not_taken(box, command, fault):
    box.smtp.when(command, fault=fault)
    # Longer than what the system buffers: of a short letter nobody here could tell whether its end arrived.
    letter = LETTER + b"\r\nlong" * (3_000_000 if fault == "cut" else 1)
    with pytest.raises(Unreachable):
        out(mail.server(box.smtp_url, "smtp"), letter=letter)
    assert box.sent == []


def test_what_breaks_after_the_dot_is_uncertain(box):
    box.smtp.when("DATA", fault="drop")
    with pytest.raises(Uncertain):
        out(mail.server(box.smtp_url, "smtp"))
    assert len(box.sent) == 1


@pytest.mark.parametrize(("command", "error"), [("RCPT", Unreachable), ("DATA", Uncertain)])
def test_a_deadline_stands_above_all(box, command, error):
    box.smtp.when(command, fault="hang")
    began = time.monotonic()
    with pytest.raises(error):
        out(mail.server(box.smtp_url, "smtp"), timeout=0.5)
    assert time.monotonic() - began < 3


def test_threads_and_sockets_do_not_pile_up(box):
    server = mail.server(box.smtp_url, "smtp")
    before = threading.active_count()
    for _ in range(5):
        smtp.check(server)
    time.sleep(0.2)
    assert threading.active_count() <= before + 2


def test_a_password_shows_in_no_refusal(box):
    box.smtp.when("AUTH", f"535 5.7.8 no such password: {box.password}")
    with pytest.raises(mail.Refused) as refused:
        smtp.check(mail.server(box.smtp_url, "smtp"))
    assert box.password not in str(refused.value)


def test_a_server_that_is_not_there(box):
    server = mail.server(box.smtp_url, "smtp")
    box.stop()
    with pytest.raises(Unreachable):
        smtp.check(server)


def test_tls_is_checked(allowed, contexts):
    ours, theirs = contexts
    with FakeMail(context=ours) as secure:
        for server in (mail.server(secure.smtp_url, "smtp"), mail.server(secure.imap_url, "imap")):
            assert server.security == "tls"
        out(mail.server(secure.smtp_url, "smtp"), context=theirs)
        with pytest.raises(Unreachable, match="secure"):
            out(mail.server(secure.smtp_url, "smtp"))
        with imap.mailbox(mail.server(secure.imap_url, "imap"), context=theirs) as found:
            assert found.open("INBOX").validity == 1000
        with pytest.raises(Unreachable, match="secure"), imap.mailbox(mail.server(secure.imap_url, "imap")):
            pass
        assert len(secure.sent) == 1


def test_tls_begun_later(allowed, contexts):
    ours, theirs = contexts
    server = FakeSmtp("a@b.ru", "secret", starttls=ours).start()
    url = f"smtp+starttls://a@b.ru:secret@127.0.0.1:{server.port}"
    out(mail.server(url, "smtp"), context=theirs, sender="a@b.ru")
    assert len(server.taken) == 1
    with pytest.raises(Unreachable):
        out(mail.server(url, "smtp"), sender="a@b.ru")
    server.starttls = None  # somebody on the way took the offer out: no password in the clear
    with pytest.raises(Unreachable, match="no TLS"):
        out(mail.server(url, "smtp"), context=theirs, sender="a@b.ru")
    assert server.commands[-1] == "EHLO"
    server.stop()


# IMAP ----------------------------------------------------------------------------------------------------------------


def test_a_mailbox_is_read_and_left_as_it_was(box):
    inbox = box.box.folder("INBOX")
    for number in range(3):
        inbox.add(f"Subject: {number}\r\nX-Odd: a{number}\r\n\r\nbody {number}\r\n".encode())
    with imap.mailbox(mail.server(box.imap_url, "imap")) as found:
        opened = found.open("INBOX")
        assert (opened.validity, opened.following) == (1000, 4)
        assert found.after(1) == [2, 3]
        assert found.after(3) == []  # the server itself names the last one again
        assert found.sizes([1, 2, 3, 9]) == {uid: len(inbox.letters[uid - 1].raw) for uid in (1, 2, 3)}
        assert found.fetch(2) == inbox.letters[1].raw
        assert (
            found.fetch(2, "HEADER") + found.fetch(2, "TEXT<0.4>") == b"Subject: 1\r\nX-Odd: a1\r\n\r\nbody"
        )
        assert found.fetch(9) == b""
        assert found.with_header("X-Odd", "a2") == [3]
        assert found.with_header("X-Odd", "") == [1, 2, 3]
        assert found.since(dt.datetime.now(dt.UTC).date()) == [1, 2, 3]
        assert found.since(dt.date(2100, 1, 1)) == []
    assert not any(stored.seen for stored in inbox.letters)


def test_the_folder_of_sent_letters_has_a_russian_name(box):
    with imap.mailbox(mail.server(box.imap_url, "imap")) as found:
        assert found.sent_folder() == Box.SENT
        found.append(Box.SENT, b"Subject: a\r\n\r\nb\r\n")
        assert found.open(Box.SENT).following == 2
        box.box.folder(Box.SENT).special = ""
        assert found.sent_folder() == ""


def test_a_server_that_tells_no_next_number(box):
    box.imap.shows_uidnext = False
    box.box.folder("INBOX").add(b"Subject: a\r\n\r\nb\r\n")
    with imap.mailbox(mail.server(box.imap_url, "imap")) as found:
        assert found.open("INBOX").following == 2


def test_imap_refusals_and_breaks(box):
    server = mail.server(box.imap_url, "imap")
    box.imap.fail("AUTHENTICATE", "[AUTHENTICATIONFAILED] no")
    with pytest.raises(mail.Refused) as refused, imap.mailbox(server):
        pass
    assert refused.value.stage == "login"
    assert "AUTHENTICATIONFAILED" in refused.value.text
    box.imap.fail("AUTHENTICATE", "")
    box.imap.drop("UID SEARCH")
    with pytest.raises(Unreachable), imap.mailbox(server) as found:
        found.open("INBOX")
        found.after(0)
    with pytest.raises(mail.Refused) as refused, imap.mailbox(server) as found:
        found.open("Nowhere")
    assert refused.value.stage == "folder"


def test_an_answer_that_announces_too_much_is_not_read(box, monkeypatch):
    monkeypatch.setattr(imap, "LARGEST", 1000)
    box.box.folder("INBOX").add(b"Subject: a\r\n\r\n" + b"b" * 2000)
    with pytest.raises(Unreachable), imap.mailbox(mail.server(box.imap_url, "imap")) as found:
        found.open("INBOX")
        found.fetch(1)


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("INBOX", "INBOX"),
        ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
        ("a & b", "a &- b"),
        ("😀/я", "&2D3eAA-/&BE8-"),
    ],
)
def test_modified_utf7(name, coded):
    assert imap.utf7(name) == coded
    assert imap.from_utf7(coded) == name
