"""A fake IMAP server (RFC 3501): login, LIST, SELECT, UID SEARCH, UID FETCH with literals, APPEND, IDLE.

`fail(command, "[UNAVAILABLE] …")` answers NO; `drop(command)` ends the connection instead of answering.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Callable
from datetime import UTC, date, datetime

from fakes.mail_box import Box, Folder, Stored
from fakes.mail_server import Gone, Line, MailServer

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\Z")
_TOKEN = re.compile(rb'\s*(?:"((?:[^"\\]|\\.)*)"|(\([^()]*(?:\[[^\]]*\][^()]*)*\))|([^\s"]+))')
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class FakeImap(MailServer):
    """One account over `box`."""

    def __init__(
        self, address: str, password: str, box: Box, *, context: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        super().__init__(context=context, port=port)
        self.address, self.password, self.box = address, password, box
        self.commands: list[str] = []
        self.shows_uidnext = True
        self._failures: dict[str, str] = {}
        self._drops: dict[str, int] = {}

    def fail(self, command: str, text: str) -> None:
        """Answers NO to a command ("LOGIN", "SELECT", "UID FETCH" …) from now on; "" ends that."""
        self._failures[command] = text

    def drop(self, command: str, times: int = 1) -> None:
        """Ends the connection at the next such commands."""
        self._drops[command] = times

    def serve(self, line: Line) -> None:
        _Session(self, line).run()

    def befallen(self, command: str) -> str:
        """Why the command is refused now, "" when it is not; raises Gone for a drop."""
        with self.lock:
            self.commands.append(command)
            if self._drops.get(command, 0) > 0:
                self._drops[command] -= 1
                raise Gone
            return self._failures.get(command, "")


class _Session:
    def __init__(self, server: FakeImap, line: Line) -> None:
        self.server, self.line = server, line
        self.user = ""
        self.folder: Folder | None = None

    def run(self) -> None:
        self.line.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE SPECIAL-USE] ready")
        while True:
            words = self._command()
            if len(words) < 2:
                self.line.say("* BAD no command")
                continue
            tag, verb = words[0].decode(), words[1].decode().upper()
            rest = words[2:]
            if verb == "UID" and rest:
                verb, rest = f"UID {rest[0].decode().upper()}", rest[1:]
            refusal = self.server.befallen("SELECT" if verb == "EXAMINE" else verb)
            if refusal:
                self.line.say(f"{tag} NO {refusal}")
                continue
            handler = self._handler(verb)
            if handler is None:
                self.line.say(f"{tag} BAD unknown command {verb}")
            else:
                handler(tag, rest)

    def _handler(self, verb: str) -> Callable[[str, list[bytes]], None] | None:
        found: Callable[[str, list[bytes]], None] | None = getattr(
            self, f"_do_{verb.lower().replace(' ', '_')}", None
        )
        free = ("CAPABILITY", "NOOP", "LOGIN", "AUTHENTICATE", "LOGOUT")
        return found if self.user or verb in free else None

    def _command(self) -> list[bytes]:
        """A command in words; literals are asked for and taken."""
        words: list[bytes] = []
        raw = self.line.read()
        while True:
            match = _LITERAL.search(raw)
            words += _words(raw[: match.start()] if match else raw)
            if not match:
                return words
            if not match[2]:
                self.line.say("+ go ahead")
            words.append(self.line.read_bytes(int(match[1])))
            raw = self.line.read()

    def _do_capability(self, tag: str, rest: list[bytes]) -> None:
        self.line.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE SPECIAL-USE")
        self.line.say(f"{tag} OK done")

    def _do_noop(self, tag: str, rest: list[bytes]) -> None:
        if self.folder is not None:
            self.line.say(f"* {len(self.folder.letters)} EXISTS")
        self.line.say(f"{tag} OK done")

    def _do_logout(self, tag: str, rest: list[bytes]) -> None:
        self.line.say("* BYE see you")
        self.line.say(f"{tag} OK done")
        self.line.end()
        raise Gone

    def _do_login(self, tag: str, rest: list[bytes]) -> None:
        self._enter(tag, rest[0].decode(), rest[1].decode())

    def _do_authenticate(self, tag: str, rest: list[bytes]) -> None:
        self.line.say("+ ")
        _, user, password = base64.b64decode(self.line.read()).decode().split("\0")
        self._enter(tag, user, password)

    def _enter(self, tag: str, user: str, password: str) -> None:
        if (user, password) != (self.server.address, self.server.password):
            self.line.say(f"{tag} NO [AUTHENTICATIONFAILED] LOGIN invalid credentials or IMAP is disabled")
        else:
            self.user = user
            self.line.say(f"{tag} OK logged in")

    def _do_list(self, tag: str, rest: list[bytes]) -> None:
        for name, folder in self.server.box.folders.items():
            flags = " ".join(filter(None, ("\\HasNoChildren", folder.special)))
            self.line.say(f'* LIST ({flags}) "/" "{_utf7(name)}"')
        self.line.say(f"{tag} OK done")

    def _do_select(self, tag: str, rest: list[bytes]) -> None:
        self._open(tag, rest, "READ-WRITE")

    def _do_examine(self, tag: str, rest: list[bytes]) -> None:
        self._open(tag, rest, "READ-ONLY")

    def _open(self, tag: str, rest: list[bytes], mode: str) -> None:
        try:
            self.folder = self._named(rest[0])
        except KeyError:
            self.folder = None
            self.line.say(f"{tag} NO [NONEXISTENT] no such folder")
            return
        self.line.say("* FLAGS (\\Answered \\Seen \\Deleted)")
        self.line.say(f"* {len(self.folder.letters)} EXISTS")
        self.line.say("* 0 RECENT")
        self.line.say(f"* OK [UIDVALIDITY {self.folder.validity}] valid")
        if self.server.shows_uidnext:
            self.line.say(f"* OK [UIDNEXT {self.folder.following}] next")
        self.line.say(f"{tag} OK [{mode}] done")

    def _do_status(self, tag: str, rest: list[bytes]) -> None:
        folder = self._named(rest[0])
        told = f"MESSAGES {len(folder.letters)} UIDNEXT {folder.following} UIDVALIDITY {folder.validity}"
        self.line.say(b'* STATUS "' + rest[0] + b'" (' + told.encode() + b")")
        self.line.say(f"{tag} OK done")

    def _do_append(self, tag: str, rest: list[bytes]) -> None:
        stored = self._named(rest[0]).add(rest[-1], seen=b"seen" in b" ".join(rest[1:-1]).lower())
        self.line.say(f"{tag} OK [APPENDUID {self._named(rest[0]).validity} {stored.uid}] done")

    def _do_idle(self, tag: str, rest: list[bytes]) -> None:
        self.line.say("+ idling")
        self.line.read()
        if self.folder is not None:
            self.line.say(f"* {len(self.folder.letters)} EXISTS")
        self.line.say(f"{tag} OK done")

    def _do_uid_search(self, tag: str, rest: list[bytes]) -> None:
        chosen = self._search([word.decode("utf-8", "replace") for word in rest])
        self.line.say("* SEARCH " + " ".join(str(stored.uid) for stored in chosen))
        self.line.say(f"{tag} OK done")

    def _search(self, words: list[str]) -> list[Stored]:
        chosen = list(self._opened().letters)
        while words:
            key = words.pop(0).upper()
            if key == "CHARSET":
                words.pop(0)
            elif key == "UID":
                wanted = self._set(words.pop(0))
                chosen = [stored for stored in chosen if stored.uid in wanted]
            elif key == "SINCE":
                day = _day(words.pop(0))
                chosen = [stored for stored in chosen if stored.at.date() >= day]
            elif key == "HEADER":
                name, value = words.pop(0), words.pop(0).lower()
                chosen = [s for s in chosen if (told := s.header(name)) is not None and value in told.lower()]
            elif key == "UNSEEN":
                chosen = [stored for stored in chosen if not stored.seen]
        return chosen

    def _do_uid_fetch(self, tag: str, rest: list[bytes]) -> None:
        folder, items = self._opened(), b" ".join(rest[1:])
        wanted = self._set(rest[0].decode())
        for number, stored in enumerate(list(folder.letters), start=1):
            if stored.uid in wanted:
                self._say_letter(number, stored, items)
        self.line.say(f"{tag} OK done")

    def _say_letter(self, number: int, stored: Stored, items: bytes) -> None:
        told = [f"UID {stored.uid}".encode()]
        if b"FLAGS" in items:
            told.append(b"FLAGS (\\Seen)" if stored.seen else b"FLAGS ()")
        if b"INTERNALDATE" in items:
            told.append(b'INTERNALDATE "' + stored.at.strftime("%d-%b-%Y %H:%M:%S +0000").encode() + b'"')
        if b"RFC822.SIZE" in items:
            told.append(f"RFC822.SIZE {len(stored.raw)}".encode())
        match = re.search(rb"BODY(\.PEEK)?\[([A-Z]*)\](?:<(\d+)\.(\d+)>)?", items)
        if match:
            head, blank, text = stored.raw.partition(b"\r\n\r\n")
            found = {b"": stored.raw, b"HEADER": head + blank, b"TEXT": text}[match[2]]
            start = ""
            if match[3]:
                first, count = int(match[3]), int(match[4])
                found, start = found[first : first + count], f"<{first}>"
            name = f"BODY[{match[2].decode()}]{start}"
            told.append(f"{name} {{{len(found)}}}\r\n".encode() + found)
            stored.seen = stored.seen or not match[1]
        self.line.say(f"* {number} FETCH (".encode() + b" ".join(told) + b")")

    def _opened(self) -> Folder:
        if self.folder is None:
            raise Gone
        return self.folder

    def _named(self, name: bytes) -> Folder:
        folders = self.server.box.folders
        told = name.decode()
        return (
            next((folder for own, folder in folders.items() if _utf7(own) == told), None)
            or folders[told.upper()]
        )

    def _set(self, told: str) -> set[int]:
        """Numbers of a set; `n:*` holds the last letter whatever n is (RFC 3501, 6.4.8)."""
        last = max((stored.uid for stored in self._opened().letters), default=0)
        found: set[int] = set()
        for part in told.split(","):
            low, colon, high = part.partition(":")
            ends = [last if word == "*" else int(word) for word in (low, high if colon else low)]
            found |= set(range(min(ends), max(ends) + 1))
        return found


def _words(raw: bytes) -> list[bytes]:
    found = []
    for match in _TOKEN.finditer(raw):
        if match[1] is not None:
            found.append(re.sub(rb"\\(.)", rb"\1", match[1]))
        else:
            found.append(match[2] if match[2] is not None else match[3])
    return found


def _day(told: str) -> date:
    day, month, year = told.split("-")
    return datetime(int(year), _MONTHS.index(month.lower()) + 1, int(day), tzinfo=UTC).date()


def _utf7(name: str) -> str:
    """Modified UTF-7 of a name that is ASCII or without any."""
    if name.isascii():
        return name
    return "&" + base64.b64encode(name.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
