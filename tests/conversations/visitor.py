"""Somebody on the salon's site who opens the chat: by its page, by its hook, or by hand."""

from __future__ import annotations

import dataclasses
import json
import uuid
from typing import Any

from django.test import Client

from connections import accounts
from connections.hooks import Door
from connections.models import Connection
from conversations import outbox
from conversations.models import Author, Conversation, Message
from integrations.webchat import session
from tests import asgi
from tests.conftest import Salon
from work import sweep


def connect(salon: Salon) -> Connection:
    """A site chat of a salon."""
    with salon.work():
        return accounts.create("webchat", settings={})


def token_of(connection: Connection) -> str:
    """The secret part of its address."""
    return accounts.token_of(connection)


def issue(connection: Connection, visitor: str | None = None) -> str:
    """A session of a site chat."""
    return session.issue(accounts.settings_of(connection), visitor)


@dataclasses.dataclass
class Visitor:
    """One browser. `path` is the page, `session` what the page handed out."""

    connection: Connection
    browser: Client = dataclasses.field(default_factory=Client)
    door: Door = dataclasses.field(default_factory=Door)
    session: str = ""

    @property
    def path(self) -> str:
        """The hosted page."""
        return f"/w/{token_of(self.connection)}/"

    @property
    def ident(self) -> str:
        """The `chat` of the thread."""
        return self.session.partition(".")[0]

    def open(self, query: str = "", **headers: str) -> str:
        """Loads the page; its HTML."""
        answer = self.browser.get(self.path + query, headers=headers)
        assert answer.status_code == 200
        html: str = answer.content.decode()
        self.session = self.session or html.split('data-session="')[1].split('"')[0]
        return html

    def event(self, **told: Any) -> dict[str, Any]:
        """An event as the page's script makes it."""
        return {"id": uuid.uuid4().hex, "session": self.session, "kind": "message", **told}

    def post(self, **told: Any) -> asgi.Answer:
        """Posts an event to the hook."""
        body = json.dumps(self.event(**told)).encode()
        return asgi.call(self.door, "POST", f"/hooks/webchat/{token_of(self.connection)}/", body)

    def say(self, text: str, **told: Any) -> None:
        """Writes, and is taken in."""
        assert self.post(text=text, **told).status == 200
        take_in()

    def read(self, query: str = "") -> str:
        """The thread as the script fetches it."""
        answer = self.browser.get(f"{self.path}messages/{query}", headers={"X-Chat-Session": self.session})
        assert answer.status_code == 200
        html: str = answer.content.decode()
        return html


def take_in() -> None:
    """What came is read."""
    while sweep.run(sweep.queue("inbound")):
        pass


def carry() -> None:
    """What was said is sent."""
    while sweep.run(sweep.queue(outbox.QUEUE)):
        pass


def answer(
    salon: Salon, visitor: Visitor, text: str, *, key: str = "", send: bool = True, **more: Any
) -> Message:
    """The salon's word in a visitor's thread."""
    with salon.work():
        thread = Conversation.objects.get(chat=visitor.ident)
        values: dict[str, Any] = {"author": Author.MANAGER, "key": key or uuid.uuid4().hex} | more
        said = outbox.say(thread, text=text, now=salon.now(), **values)
    if send:
        carry()
    return said
