"""Letters of a mailbox by IMAP (RFC 3501, 9051): what is new, what lies in "Sent". Nothing is marked or moved.

Looking changes nothing at the server, so whatever breaks is `Unreachable` and may be done again; what the server
answers is `Refused`.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import date

from kit import mail
from kit.exchange import Unreachable
from kit.mail import Refused, Server

TIMEOUT = 60.0
STEP = 30.0
LARGEST = 64 * 1024 * 1024
"""Bytes that one answer may announce; what is larger is a mistake or an attack on our memory."""
_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:NIL|"(?:\\.|[^"])*") (?P<name>.*)\Z', re.DOTALL)
_UID = re.compile(rb"\bUID (\d{1,10})")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,12})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Session(imaplib.IMAP4):
    """imaplib over a socket that was opened to a checked address, with a bound on what it reads at once."""

    def __init__(self, given: socket.socket, server: Server) -> None:
        self._given = given
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._given

    def read(self, size: int) -> bytes:
        if size > LARGEST:
            raise self.abort("the answer is too large")
        return super().read(size)


@dataclasses.dataclass(frozen=True, slots=True)
class Folder:
    """An opened folder: `validity` changes when all its numbers (uids) became void; `following` is the next uid."""

    validity: int
    following: int


class Mailbox:
    """A session after its login. Every method raises `Unreachable` or `Refused`."""

    def __init__(self, session: _Session, server: Server) -> None:
        self._session, self._server = session, server

    def open(self, folder: str) -> Folder:
        """Opens a folder for reading only."""
        self._done("folder", self._session.select(_quoted(utf7(folder)), readonly=True))
        validity, following = self._number("UIDVALIDITY"), self._number("UIDNEXT")
        if following == 0:
            # A server may leave it out; the greatest number in use is as good.
            following = max(self.uids("UID", "1:*"), default=0) + 1
        return Folder(validity, following)

    def uids(self, *criteria: str) -> list[int]:
        """Numbers of the letters that fit (`SEARCH` keys), ascending."""
        answer = self._done("search", self._session.uid("SEARCH", *criteria))
        words = b" ".join(part for part in answer if isinstance(part, bytes)).split()
        return sorted({int(word) for word in words if word.isdigit()})

    def after(self, uid: int) -> list[int]:
        """Letters newer than `uid`. (`n:*` names the last letter even when it is older.)"""
        return [found for found in self.uids("UID", f"{uid + 1}:*") if found > uid]

    def since(self, day: date) -> list[int]:
        """Letters that arrived on that day or later."""
        return self.uids("SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    def with_header(self, name: str, value: str, *more: str) -> list[int]:
        """Letters whose header holds `value` ("": that have the header at all)."""
        return self.uids("HEADER", name, _quoted(value), *more)

    def sizes(self, uids: list[int]) -> dict[int, int]:
        """Bytes of each letter that is still there."""
        found: dict[int, int] = {}
        for start in range(0, len(uids), 200):
            some = ",".join(str(uid) for uid in uids[start : start + 200])
            answer = self._done("search", self._session.uid("FETCH", some, "(UID RFC822.SIZE)"))
            for part in answer:
                line = part[0] if isinstance(part, tuple) else part
                uid, size = _UID.search(line or b""), _SIZE.search(line or b"")
                if uid and size:
                    found[int(uid[1])] = int(size[1])
        return found

    def fetch(self, uid: int, what: str = "") -> bytes:
        """A letter or a part of it (`HEADER`, `TEXT`), b"" when it is gone. Leaves it unread."""
        section, _, rest = what.partition("<")
        item = f"(UID BODY.PEEK[{section}]{'<' + rest if rest else ''})"
        answer = self._done("search", self._session.uid("FETCH", str(uid), item))
        for part in answer:
            if isinstance(part, tuple) and b"BODY[" in part[0].upper():
                return bytes(part[1])
        return b""

    def sent_folder(self) -> str:
        """The name of the folder of sent letters as the server tells it, "" when none is marked so (RFC 6154)."""
        for line in self._done("folder", self._session.list()):
            # A name with odd characters comes as a literal behind its line.
            head, literal = line if isinstance(line, tuple) else (line, None)
            match = _LIST.search(head or b"")
            if match and b"\\sent" in match["flags"].lower().split():
                name = literal if literal is not None else match["name"].strip()
                if literal is None and name.startswith(b'"'):
                    name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
                return from_utf7(name.decode("ascii", "replace"))
        return ""

    def append(self, folder: str, letter: bytes) -> None:
        """Puts a letter that was read into a folder."""
        self._done("folder", self._session.append(_quoted(utf7(folder)), r"(\Seen)", "", letter))

    def _number(self, name: str) -> int:
        value = self._session.response(name)[1]
        word = value[-1] if value else None
        return int(word) if isinstance(word, bytes) and word.isdigit() and len(word) < 12 else 0

    def _done(self, stage: str, answer: tuple[str, list]) -> list:
        word, parts = answer
        if word == "OK":
            return parts
        told = next((part for part in parts if isinstance(part, bytes)), b"refused")
        raise Refused(stage, 0, mail.cleaned(told, self._server))


@contextlib.contextmanager
def mailbox(
    server: Server, *, timeout: float = TIMEOUT, context: ssl.SSLContext | None = None
) -> Iterator[Mailbox]:
    """A session with its login done; raises `Unreachable` or `Refused`, whatever breaks inside the block too."""
    sock = mail.connected(server, min(timeout, mail.CONNECT_SECONDS), context)
    sock.settimeout(STEP)
    try:
        with mail.deadline(sock, timeout) as over:
            try:
                session = _Session(sock, server)
                if server.security == "starttls":
                    session.starttls(context or mail.tls())
                _login(session, server)
                yield Mailbox(session, server)
                with contextlib.suppress(OSError, imaplib.IMAP4.error):
                    session.logout()
            except ssl.SSLError as error:
                raise Unreachable("the secure connection failed") from error
            except (OSError, EOFError, imaplib.IMAP4.abort) as error:
                raise Unreachable("time ran out" if over.is_set() else "the connection broke") from error
            except imaplib.IMAP4.error as refusal:
                raise Refused("search", 0, mail.cleaned(str(refusal), server)) from None
    finally:
        sock.close()


def _login(session: _Session, server: Server) -> None:
    try:
        if (server.user + server.password).isascii():
            session.login(server.user, server.password)
        else:
            told = f"\0{server.user}\0{server.password}".encode()
            session.authenticate("PLAIN", lambda _challenge: told)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as refusal:
        told_back = refusal.args[0] if refusal.args else ""
        text = told_back if isinstance(told_back, bytes | str) else str(told_back)
        raise Refused("login", 0, mail.cleaned(text, server)) from None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def utf7(name: str) -> str:
    """A folder's name in IMAP's modified UTF-7 (RFC 3501, 5.1.3)."""
    out, odd = "", ""
    for char in [*name, ""]:
        if char and not " " <= char <= "~":
            odd += char
            continue
        if odd:
            coded = (
                base64.b64encode(odd.encode("utf-16-be", "replace")).decode().rstrip("=").replace("/", ",")
            )
            out, odd = f"{out}&{coded}-", ""
        out += "&-" if char == "&" else char
    return out


def from_utf7(name: str) -> str:
    """The name behind IMAP's modified UTF-7; what cannot be read stays as it came."""

    def decoded(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        try:
            coded = match[1].replace(",", "/")
            return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")
        except ValueError:
            return match[0]

    return re.sub(r"&([A-Za-z0-9+,]*)-", decoded, name)
