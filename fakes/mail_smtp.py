"""A fake SMTP server (RFC 5321) that refuses and breaks off as real ones do.

    smtp.when("RCPT", "550 5.1.1 User unknown")          # the next answers to a command
    smtp.when("DATA", fault="drop", times=1)             # the letter is taken, its answer is lost
    smtp.when("LETTER", "451 4.3.0 Try again", times=1)  # the answer to a letter's end

Faults: "drop" – executed, the connection ends without an answer; "refuse" – ends before executing; "hang" – executed,
never answered; "cut" (DATA only) – ends in the middle of the letter.
"""

from __future__ import annotations

import base64
import dataclasses
import email
import email.policy
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Literal

from fakes.mail_server import Gone, Line, MailServer

Fault = Literal["drop", "refuse", "hang", "cut"]
LARGEST = 30_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """A letter that was taken, with its envelope."""

    sender: str
    recipient: str
    letter: bytes
    at: datetime

    def message(self) -> EmailMessage:
        """The letter read by the standard library."""
        return email.message_from_bytes(self.letter, policy=email.policy.SMTP)

    def text(self) -> str:
        """Its plain text."""
        body = self.message().get_body(("plain",))
        return body.get_content().replace("\r\n", "\n") if body is not None else ""


@dataclasses.dataclass(slots=True)
class Rule:
    """What befalls a command, `times` times (None: for ever)."""

    command: str
    reply: str = ""
    fault: Fault | None = None
    times: int | None = None


class FakeSmtp(MailServer):
    """Takes letters of one account, from its own address only. `unknown` and `full` are addresses that refuse."""

    def __init__(
        self,
        address: str,
        password: str,
        *,
        on_taken: Callable[[Taken], None] = lambda _taken: None,
        context: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(context=context, port=port)
        self.address, self.password, self.starttls = address, password, starttls
        self.logins: tuple[str, ...] = ("PLAIN", "LOGIN")
        self.unknown: set[str] = set()
        self.full: set[str] = set()
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.rules: list[Rule] = []
        self._on_taken = on_taken
        self._stopped = threading.Event()

    def when(
        self, command: str, reply: str = "", *, fault: Fault | None = None, times: int | None = None
    ) -> None:
        """Adds a rule for "CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA" or "LETTER"; the newest is asked first."""
        with self.lock:
            self.rules.insert(0, Rule(command, reply, fault, times))

    def calm(self) -> None:
        """Removes all rules."""
        with self.lock:
            self.rules.clear()

    def stop(self) -> None:
        self._stopped.set()
        super().stop()

    def serve(self, line: Line) -> None:
        _Session(self, line).run()

    def rule(self, command: str) -> Rule | None:
        """The rule that befalls a command now."""
        with self.lock:
            self.commands.append(command)
            found = next((rule for rule in self.rules if rule.command == command and rule.times != 0), None)
            if found is not None and found.times is not None:
                found.times -= 1
            return found

    def take(self, taken: Taken) -> None:
        """A letter is taken for good."""
        with self.lock:
            self.taken.append(taken)
        self._on_taken(taken)

    def hang(self) -> None:
        """Answers never."""
        self._stopped.wait(60)
        raise Gone


class _Session:
    def __init__(self, server: FakeSmtp, line: Line) -> None:
        self.server, self.line = server, line
        self.user = self.sender = self.recipient = ""
        self.secure = server.context is not None

    def run(self) -> None:
        if self._befallen("CONNECT"):
            raise Gone
        self.line.say("220 smtp.example.com ESMTP")
        while True:
            raw = self.line.read().decode("utf-8", "replace")
            verb, _, rest = raw.partition(" ")
            command = verb.upper()
            if command == "QUIT":
                self.line.say("221 2.0.0 Bye")
                self.line.end()
                raise Gone
            if command != "DATA" and self._befallen(command):
                continue
            handler = getattr(self, f"_do_{command.lower()}", None)
            if handler is None:
                self.line.say("502 5.5.2 Command not recognized")
            else:
                handler(rest)

    def _befallen(self, command: str) -> bool:
        """Applies a rule; True when the command was answered by it."""
        rule = self.server.rule(command)
        if rule is None:
            return False
        if rule.fault == "hang":
            self.server.hang()
        if rule.fault:
            self.line.end()
            raise Gone
        self.line.say(rule.reply)
        if rule.reply.startswith("421"):
            self.line.end()
            raise Gone
        return True

    def _do_ehlo(self, rest: str) -> None:
        ways = " ".join(self.server.logins)
        tls = ["STARTTLS"] if self.server.starttls and not self.secure else []
        auth = [f"AUTH {ways}"] if ways else []
        lines = ["smtp.example.com", *tls, *auth, f"SIZE {LARGEST}", "ENHANCEDSTATUSCODES"]
        for number, word in enumerate(lines):
            self.line.say(f"250{' ' if number == len(lines) - 1 else '-'}{word}")

    _do_helo = _do_ehlo

    def _do_starttls(self, rest: str) -> None:
        if not self.server.starttls:
            return self.line.say("502 5.5.1 Not supported")
        self.line.say("220 2.0.0 Ready to start TLS")
        self.line, self.secure = self.line.secured(self.server.starttls), True
        return None

    def _do_auth(self, rest: str) -> None:
        way, _, coded = rest.partition(" ")
        if way.upper() not in self.server.logins:
            return self.line.say("504 5.5.4 Unrecognized authentication type")
        if way.upper() == "PLAIN":
            if not coded:
                self.line.say("334 ")
                coded = self.line.read().decode()
            _, user, password = base64.b64decode(coded).decode().split("\0")
        else:
            self.line.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(self.line.read()).decode()
            self.line.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.line.read()).decode()
        if (user, password) != (self.server.address, self.server.password):
            return self.line.say("535 5.7.8 Error: authentication failed: Invalid user or password!")
        self.user = user
        return self.line.say("235 2.7.0 Authentication successful")

    def _do_mail(self, rest: str) -> None:
        sender = _address(rest)
        if not self.user:
            return self.line.say("530 5.7.1 Authentication required")
        if sender.lower() != self.user.lower():
            return self.line.say("553 5.7.1 Sender address rejected: not owned by auth user.")
        self.sender = sender
        return self.line.say("250 2.1.0 Ok")

    def _do_rcpt(self, rest: str) -> None:
        recipient = _address(rest)
        if not self.sender:
            return self.line.say("503 5.5.4 Bad sequence of commands")
        if recipient in self.server.unknown:
            return self.line.say("550 5.1.1 User unknown")
        if recipient in self.server.full:
            return self.line.say("552 5.2.2 Mailbox full")
        self.recipient = recipient
        return self.line.say("250 2.1.5 Ok")

    def _do_data(self, rest: str) -> None:
        if not self.recipient:
            return self.line.say("503 5.5.4 Bad sequence of commands")
        rule = self.server.rule("DATA")
        if rule is not None and rule.reply:
            return self.line.say(rule.reply)
        fault = rule.fault if rule else None
        if fault == "refuse":
            self.line.end()
            raise Gone
        self.line.say("354 End data with <CR><LF>.<CR><LF>")
        if fault == "cut":
            self.line.read()
            self.line.end()
            raise Gone
        letter = self._letter()
        refusal = _fault_in(letter)
        final = self.server.rule("LETTER")
        if refusal or (final is not None and final.reply):
            return self.line.say(refusal or (final.reply if final else ""))
        self.server.take(Taken(self.sender, self.recipient, letter, datetime.now(UTC)))
        fault = fault or (final.fault if final else None)
        if fault == "hang":
            self.server.hang()
        if fault:
            self.line.end()
            raise Gone
        self.sender = self.recipient = ""
        return self.line.say("250 2.0.0 Ok: queued on smtp.example.com as 1-AbCd")

    def _letter(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.line.read()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"\r\n".join(lines) + b"\r\n"


def _fault_in(letter: bytes) -> str:
    """What a strict server refuses a letter for, "" when nothing."""
    if len(letter) > LARGEST:
        return "552 5.3.4 Message size exceeds fixed limit"
    if any(len(line) > 998 for line in letter.split(b"\r\n")):
        return "500 5.5.2 Line too long"
    if not letter.isascii():
        return "554 5.6.1 8-bit characters in a message without 8BITMIME"
    head = letter.partition(b"\r\n\r\n")[0].lower()
    if not all(name in head for name in (b"from:", b"date:", b"message-id:")):
        return "550 5.7.1 Messages without From, Date and Message-ID are refused"
    return ""


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
