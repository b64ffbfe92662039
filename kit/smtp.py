"""One letter out by SMTP (RFC 5321), with an honest outcome for every place where it can break.

Nothing but the dot that ends a letter makes a server take it. What fails before is `Unreachable`, what the server
answers is `Refused`, and only a dot without an answer is `Uncertain`.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator

from kit import mail
from kit.exchange import Uncertain, Unreachable
from kit.mail import Refused, Server

TIMEOUT = 60.0
# A single answer may be waited for this long; the deadline of the whole stands above it.
STEP = 30.0
_LINE_END = re.compile(rb"\r\n|\r|\n")


class _Session(smtplib.SMTP):
    """smtplib over a socket that was opened to a checked address."""

    def __init__(self, given: socket.socket, server: Server) -> None:
        self._given = given
        # An address literal: the machine's own name is nobody's business, and looking it up may take long.
        super().__init__(server.host, server.port, local_hostname="[127.0.0.1]", timeout=STEP)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._given


def send(
    server: Server,
    *,
    sender: str,
    recipient: str,
    letter: bytes,
    timeout: float = TIMEOUT,
    context: ssl.SSLContext | None = None,
) -> str:
    """Hands over `letter` (a whole message) and gives the server's words of thanks.

    `sender` and `recipient` are plain ASCII addresses. Raises `Unreachable`, `Uncertain`, `Refused`.
    """
    with _session(server, timeout, context) as session:
        size = [f"SIZE={len(letter)}"] if session.has_extn("size") else []
        _expect("sender", server, session.mail(sender, size))
        _expect("recipient", server, session.rcpt(recipient))
        _expect("letter", server, session.docmd("DATA"), code=354)
        session.send(_stuffed(letter))
        try:
            session.send(b".\r\n")
            code, text = session.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Uncertain("the connection broke after the letter's end") from error
        return _expect("letter", server, (code, text))


def check(server: Server, *, timeout: float = 20.0, context: ssl.SSLContext | None = None) -> None:
    """Logs in and out. Raises `Unreachable`, `Refused`."""
    with _session(server, timeout, context):
        pass


@contextlib.contextmanager
def _session(server: Server, timeout: float, context: ssl.SSLContext | None) -> Iterator[_Session]:
    """A session after its login. Broken connections leave it as `Unreachable`."""
    sock = mail.connected(server, min(timeout, mail.CONNECT_SECONDS), context)
    sock.settimeout(STEP)
    session: _Session | None = None
    try:
        with mail.deadline(sock, timeout) as over:
            try:
                session = _Session(sock, server)
                _begin(session, server, context)
                yield session
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    session.quit()
            except Uncertain:
                raise
            except smtplib.SMTPConnectError as refusal:
                raise Refused(
                    "greeting", refusal.smtp_code, mail.cleaned(refusal.smtp_error, server)
                ) from None
            except ssl.SSLError as error:
                raise Unreachable("the secure connection failed") from error
            except (OSError, smtplib.SMTPException) as error:
                raise Unreachable("time ran out" if over.is_set() else "the connection broke") from error
    finally:
        sock.close()
        if session is not None:
            session.close()


def _begin(session: _Session, server: Server, context: ssl.SSLContext | None) -> None:
    _expect("greeting", server, _hello(session))
    if server.security == "starttls":
        if not session.has_extn("starttls"):
            raise Unreachable("the server offers no TLS")
        session.starttls(context=context or mail.tls())
        _expect("greeting", server, _hello(session))
    if server.user:
        _expect("login", server, _login(session, server))


def _hello(session: _Session) -> tuple[int, bytes]:
    answer = session.ehlo()
    return answer if 200 <= answer[0] < 300 else session.helo()


def _login(session: _Session, server: Server) -> tuple[int, bytes]:
    """AUTH PLAIN or LOGIN with any characters (smtplib's own takes ASCII passwords only)."""
    ways = str(session.esmtp_features.get("auth", "")).upper().split()
    if "PLAIN" in ways:
        return session.docmd("AUTH", "PLAIN " + _base64(f"\0{server.user}\0{server.password}"))
    if "LOGIN" in ways:
        answer = session.docmd("AUTH", "LOGIN")
        for word in (server.user, server.password):
            if answer[0] != 334:
                return answer
            answer = session.docmd(_base64(word))
        return answer
    return 504, b"the server offers no login that we know"


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _expect(stage: str, server: Server, answer: tuple[int, bytes], *, code: int | None = None) -> str:
    got, text = answer
    if got < 0:
        raise Unreachable("the server does not speak SMTP")
    if got == code or (code is None and 200 <= got < 300):
        return mail.cleaned(text, server)
    raise Refused(stage, got, mail.cleaned(text, server))


def _stuffed(letter: bytes) -> bytes:
    """Line ends as the wire wants them, dots at a line's beginning doubled, an end of line last."""
    whole = _LINE_END.sub(b"\r\n", letter)
    if not whole.endswith(b"\r\n"):
        whole += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", whole)
