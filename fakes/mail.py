"""A mail provider as our server sees it: one box, written from by SMTP, read by IMAP, and people who write to it.

    with FakeMail("salon@salon.example", "secret") as mail:
        settings = {"address": mail.address, "smtp_url": mail.smtp_url, "imap_url": mail.imap_url, …}
        mail.person("anna@example.ru", "Anna").writes("Is tomorrow free?", subject="Booking")
        mail.sent                                  # letters that our side handed over, in order

`python -m fakes.mail --port 2525` runs SMTP there and IMAP on the next port. Both speak without TLS unless `context` is
given. Faults: see `fakes.mail_smtp.FakeSmtp.when`; `box.lose_numbers()` changes UIDVALIDITY; `fail_imap` answers NO.
"""

from __future__ import annotations

import argparse
import itertools
import json
import ssl
import sys
import threading
import time
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, Self
from urllib.parse import quote

from fakes.mail_box import Box
from fakes.mail_imap import FakeImap
from fakes.mail_smtp import FakeSmtp, Taken


class FakeMail:
    """One account. `files_sent` is what most providers do: a letter sent by SMTP appears in the Sent folder."""

    def __init__(
        self,
        address: str = "salon@salon.example",
        password: str = "app-password",
        *,
        files_sent: bool = True,
        context: ssl.SSLContext | None = None,
        smtp_port: int = 0,
        imap_port: int = 0,
    ) -> None:
        self.address, self.password, self.files_sent = address, password, files_sent
        self.box = Box()
        self.smtp = FakeSmtp(address, password, on_taken=self._taken, context=context, port=smtp_port)
        self.imap = FakeImap(address, password, self.box, context=context, port=imap_port)
        self._secure = "s" if context else ""

    @property
    def sent(self) -> list[Taken]:
        """Letters that the SMTP server took, in order."""
        return self.smtp.taken

    @property
    def smtp_url(self) -> str:
        """The setting for our side."""
        return f"smtp{self._secure}://{self._login}@127.0.0.1:{self.smtp.port}"

    @property
    def imap_url(self) -> str:
        """The setting for our side."""
        return f"imap{self._secure}://{self._login}@127.0.0.1:{self.imap.port}/INBOX"

    @property
    def _login(self) -> str:
        return f"{quote(self.address, safe='')}:{quote(self.password, safe='')}"

    def person(self, address: str, name: str = "") -> Person:
        """Somebody who writes letters to the box."""
        return Person(self, address, name)

    def start(self) -> Self:
        """Begins to listen."""
        self.smtp.start()
        self.imap.start()
        return self

    def stop(self) -> None:
        """Ends listening and all connections."""
        self.smtp.stop()
        self.imap.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _taken(self, taken: Taken) -> None:
        if self.files_sent:
            self.box.folder(Box.SENT).add(taken.letter, seen=True)


class Person:
    """One correspondent. Letters land in the INBOX at once and are returned as they lie there."""

    _numbers = itertools.count(1)

    def __init__(self, mail: FakeMail, address: str, name: str) -> None:
        self.mail, self.address, self.name = mail, address, name

    def writes(self, text: str, *, subject: str = "", html: str = "", **headers: str) -> bytes:
        """Writes a letter; `headers` with underscores for dashes are added."""
        message = self._letter(text, subject, html, headers)
        return self.arrives(message.as_bytes())

    def answers(self, taken: Taken, text: str, **headers: str) -> bytes:
        """Answers a letter of ours as mail programs do, with ours quoted below."""
        theirs = taken.message()
        ident = str(theirs["Message-ID"])
        chain = f"{theirs['References'] or ''} {ident}".strip()
        quoted = "".join(f"> {line}\n" for line in taken.text().splitlines())
        whole = f"{text}\n\n23.11.2026, 12:00, <{self.mail.address}>:\n\n{quoted}"
        told = {"In_Reply_To": ident, "References": chain, **headers}
        return self.writes(whole, subject=f"Re: {theirs['Subject']}", **told)

    def sends_file(self, name: str, content: bytes, mime: str = "image/jpeg", text: str = "") -> bytes:
        """Writes a letter with a file."""
        message = self._letter(text, "", "", {})
        main, _, sub = mime.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return self.arrives(message.as_bytes())

    def bounces(self, taken: Taken, status: str = "5.1.1", action: str = "failed") -> bytes:
        """The other side's server reports what became of a letter of ours (RFC 3464)."""
        lines = (
            "Return-Path: <>",
            "From: MAILER-DAEMON@mx.example.ru (Mail Delivery System)",
            f"To: {self.mail.address}",
            "Subject: Undelivered Mail Returned to Sender",
            f"Date: {format_datetime(taken.at)}",
            f"Message-ID: {make_msgid(domain='mx.example.ru')}",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"',
            "",
            "--=_b",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "Your message could not be delivered.",
            "--=_b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example.ru",
            "",
            f"Final-Recipient: rfc822; {self.address}",
            f"Action: {action}",
            f"Status: {status}",
            f"Diagnostic-Code: smtp; 550 {status} User unknown",
            "",
            "--=_b",
            "Content-Type: text/rfc822-headers",
            "",
            f"From: {self.mail.address}",
            f"Message-ID: {taken.message()['Message-ID']}",
            "",
            "--=_b--",
            "",
        )
        return self.arrives("\r\n".join(lines).encode())

    def arrives(self, raw: bytes) -> bytes:
        """Puts a letter, whatever it is, into the INBOX."""
        self.mail.box.folder("INBOX").add(raw)
        return raw

    def _letter(self, text: str, subject: str, html: str, headers: dict[str, str]) -> EmailMessage:
        message = EmailMessage()
        message["From"] = f"{self.name} <{self.address}>" if self.name else self.address
        message["To"] = self.mail.address
        message["Subject"] = subject
        message["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        message["Message-ID"] = f"<{next(self._numbers)}.{time.time_ns()}@{self.address.rpartition('@')[2]}>"
        for name, value in headers.items():
            del message[name.replace("_", "-")]
            message[name.replace("_", "-")] = value
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        return message


def main() -> None:
    """Runs both servers until they are interrupted."""
    parser = argparse.ArgumentParser(description="A fake mail provider: SMTP and, on the next port, IMAP")
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--address", default="salon@salon.example")
    parser.add_argument("--password", default="app-password")
    options = parser.parse_args()
    mail = FakeMail(
        options.address, options.password, smtp_port=options.port, imap_port=options.port + 1
    ).start()
    told: dict[str, Any] = {"smtp_url": mail.smtp_url, "imap_url": mail.imap_url}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        mail.stop()


if __name__ == "__main__":
    main()
