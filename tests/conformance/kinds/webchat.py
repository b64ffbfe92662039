"""Our own chat on a site: what a provider does elsewhere, our own pages do."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

from integrations.webchat import session
from tests.conformance.kit import Arrived, Kind, Person

KEY = {"session_key": "key-of-the-conformance-chat"}


class Visitor(Person):
    """Somebody on the site."""

    def __init__(self, kind: Webchat) -> None:
        self.kind = kind
        self.session = session.issue(KEY)
        self.chat = self.address = self.session.partition(".")[0]

    def _post(self, **told: Any) -> str:
        ident = uuid.uuid4().hex
        body = json.dumps({"id": ident, "session": self.session, "kind": "message", **told}).encode()
        request = urllib.request.Request(self.kind.hook, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()
        return ident

    def say(self, text: str) -> str:
        return self._post(text=text)

    def press(self, arrived: Arrived, label: str) -> None:
        pressed = next(button for row in arrived.raw.buttons for button in row if button["label"] == label)
        self._post(kind="button", value=pressed["value"], message=str(arrived.raw.pk))

    def got(self) -> list[Arrived]:
        """What the page shows of ours."""
        return [Arrived(message.text, message) for message in self.kind.shown_to(self.chat)]


class Webchat(Kind):
    """A site's chat. Nothing goes out to anybody: what is said is there for the page."""

    kind = "webchat"
    settings = KEY
    lacks = {
        "edit": "a visitor cannot change what was sent",
        "take_back": "a visitor cannot take back what was sent",
        "album": "files are handed in by the page first: tests/conversations/test_webchat_files.py",
        "batch": "an event is a request of its own",
        "own_app": "there is no other app",
        "hear_us": "our own words come back by no hook",
        "sent": "there is no provider to report: the page says what was seen",
        "delivered": "there is no provider to report: the page says what was seen",
        "read": "the page says what was seen, not the hook: tests/conversations/test_webchat_messages.py",
        "failed": "there is no provider to report",
        "block": "a visitor just leaves",
        "unblock": "a visitor just leaves",
        "unknown": "our own page makes no other events; what looks so is shown as unreadable",
        "storm": "no provider stands between: a message is sent when its row says so",
        "revoke": "there is no key of a provider",
        "evidence": "no provider stands between",
    }

    def start(self) -> dict[str, str]:
        return {}

    def person(self) -> Person:
        return Visitor(self)

    def shown_to(self, chat: str) -> list[Any]:
        """Rows that the page shows; the stage knows the tenant."""
        from conversations.models import Direction, Message
        from conversations.webchat import SHOWN

        with self.stage.salon.work():
            found = Message.objects.filter(conversation__chat=chat, direction=Direction.OUT, state__in=SHOWN)
            return list(found.order_by("id"))


KINDS = [Webchat]
