"""Letters: read by a mail service's hook and by IMAP, sent by SMTP."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import make_msgid

from fakes.mail import FakeMail
from fakes.mail_box import Box
from tests.conformance.kit import Arrived, Kind, Person, fresh_number

PASSWORD = "hook-password-1"
BASIC = "Basic " + base64.b64encode(f"any:{PASSWORD}".encode()).decode()


class Correspondent(Person):
    """Somebody with a mailbox. Each letter lies in the INBOX and comes by the hook as well."""

    def __init__(self, kind: Email) -> None:
        self.kind = kind
        self.chat = self.address = f"anna{fresh_number()}@example.ru"
        self.wire = kind.server.person(self.address, "Анна")

    def _post(self, body: bytes, content_type: str = "message/rfc822") -> None:
        headers = {"Content-Type": content_type, "Authorization": BASIC}
        request = urllib.request.Request(self.kind.hook, body, headers)
        urllib.request.urlopen(request, timeout=30).read()

    def say(self, text: str) -> None:
        self._post(self.wire.writes(text, subject="Запись"))

    def album(self) -> None:
        letter = EmailMessage()
        letter["From"], letter["To"] = self.address, self.kind.server.address
        letter["Subject"], letter["Message-ID"] = "Фото", make_msgid(domain="example.ru")
        letter.set_content("Так можно?")
        for number in range(3):
            picture = b"\xff\xd8\xff" + bytes([number]) * 6000
            letter.add_attachment(picture, maintype="image", subtype="jpeg", filename=f"{number}.jpg")
        self._post(self.wire.arrives(letter.as_bytes()))

    def own_app(self, text: str) -> None:
        """From a mail program: the letter lies in the folder of sent ones."""
        letter = EmailMessage()
        letter["From"], letter["To"] = self.kind.server.address, self.address
        letter["Subject"], letter["Message-ID"] = "Re: Запись", make_msgid(domain="salon.example")
        letter.set_content(text)
        self.kind.server.box.folder(Box.SENT).add(letter.as_bytes(), seen=True)
        self.kind.stage.poll()

    def hear_us(self, arrived: Arrived) -> None:
        """The provider files what goes out in the same folder."""
        self.kind.stage.poll()

    def report(self, arrived: Arrived, state: str) -> None:
        self._post(self.wire.bounces(arrived.raw))

    def unknown(self) -> None:
        self._post(b'{"events_by_user": []}', "application/json")

    def got(self) -> list[Arrived]:
        taken = [one for one in self.kind.server.sent if one.recipient == self.address]
        return [Arrived(one.text().strip(), one) for one in taken]


class Email(Kind):
    """One mailbox."""

    kind = "email"
    strikes_one = False
    lacks = {
        "press": "there are no buttons",
        "edit": "a letter that was sent stays as it is",
        "take_back": "a letter that was sent stays",
        "batch": "a letter is a request of its own",
        "sent": "only bounces are reported",
        "delivered": "only bounces are reported",
        "read": "only bounces are reported",
        "block": "nobody tells of a filter",
        "unblock": "nobody tells of a filter",
    }

    def start(self) -> dict[str, str]:
        self.server = FakeMail().start()
        self.neighbour = FakeMail("other@other.example")
        self.settings = {
            "address": self.server.address,
            "smtp_url": self.server.smtp_url,
            "imap_url": self.server.imap_url,
            "hook_password": PASSWORD,
        }
        return {}

    def stop(self) -> None:
        super().stop()
        self.neighbour.stop()

    def neighbours_settings(self) -> Mapping[str, str]:
        """Another box: nobody's letters go out by somebody else's."""
        self.neighbour.start()
        urls = {"smtp_url": self.neighbour.smtp_url, "imap_url": self.neighbour.imap_url}
        return {**self.settings, "address": self.neighbour.address, **urls}

    def person(self) -> Person:
        return Correspondent(self)

    def storms(self) -> dict[str, Callable[[Person], None]]:
        when = self.server.smtp.when
        return {
            "calm": lambda person: None,
            "flood": lambda person: when("RCPT", "450 4.2.1 Too many letters, try later", times=1),
            "down": lambda person: when("CONNECT", "421 4.3.2 Service not available", times=1),
            "refused": lambda person: when("CONNECT", fault="refuse", times=1),
            "broken off in the middle": lambda person: when("DATA", fault="cut", times=1),
            "executed, then lost": lambda person: when("DATA", fault="drop", times=1),
        }

    def revoke(self) -> None:
        self.server.smtp.password = "another-app-password"

    def calm(self) -> None:
        self.server.smtp.password = self.server.password


KINDS = [Email]
