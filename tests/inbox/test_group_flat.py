"""Groups without topics, in VK and MAX: all clients in one chat, each message headed by whom it is about."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from connections import accounts
from connections.hooks import Door
from connections.models import Connection
from conversations.models import Conversation, Message
from fakes.max import FakeMax
from fakes.vk import FakeVk
from inbox.group import attaching
from inbox.group.models import Mirror, StaffGroup
from tests import asgi
from tests.conftest import Salon
from tests.inbox import group_stage, stage
from tests.inbox.group_stage import work

pytestmark = pytest.mark.usefixtures("live_db")

VK_SETTINGS = {
    "group_id": "214000001",
    "access_token": "vk1.a.key",
    "secret": "s3cret_s3cret",
    "confirmation": "a1",
}
MAX_SETTINGS = {"bot_token": "f9LHodD0cOK_token", "secret": "s3cret_s3cret"}
LENA, ANNA, GLEB = 777001, 555001, 555002


@dataclasses.dataclass
class Flat:
    """A salon's account, its fake, and the talk of colleagues there."""

    salon: Salon
    kind: str
    server: Any
    chat: int
    path: str
    headers: dict[str, str]

    def of(self, ident: int, name: str, *, in_talk: bool = False) -> Any:
        """Somebody who writes to the account, or in the talk; through the real door."""
        person = self.server.colleague(self.chat, ident, name) if in_talk else self.server.person(ident, name)
        person.hook = "door"
        person._posted = self._posted
        return person

    def _posted(self, _url: str, *rest: Any) -> int:
        told = asgi.call(Door(), "POST", self.path, rest[-1], self.headers)
        return told.status

    def connect(self) -> Any:
        """Lena says the code."""
        lena = self.of(LENA, "Лена", in_talk=True)
        with self.salon.work():
            account = Connection.objects.get(kind=self.kind)
            lena.say(attaching.invite(account, by=self.salon.owner, now=self.salon.now()).line)
        work()
        return lena

    def shown(self) -> list[dict[str, Any]]:
        """Messages in the talk, as they now stand."""
        return self.server.in_talk(self.chat)

    def words(self) -> list[str]:
        """Their texts."""
        return [str(sent["text"]) for sent in self.shown()]

    def later(self) -> None:
        """What was put off is due."""
        stage.pass_time(self.salon, Mirror, 2)
        work()


@pytest.fixture(params=["vk", "max"])
def flat(request: Any, salon: Salon, settings: Any) -> Iterator[Flat]:
    kind = request.param
    group_stage.speak_english(salon)
    stage.calm_assistant(salon)
    with FakeVk() if kind == "vk" else FakeMax() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, kind: server.url}
        with salon.work():
            account = accounts.create(kind, settings=VK_SETTINGS if kind == "vk" else MAX_SETTINGS)
            path = accounts.hook_path(account)
        headers = {"Content-Type": "application/json", "X-Max-Bot-Api-Secret": MAX_SETTINGS["secret"]}
        chat = 2_000_000_066 if kind == "vk" else -70801090403050
        made = Flat(salon, kind, server, chat, path, headers)
        if kind == "vk":
            server.secret = VK_SETTINGS["secret"]
        yield made


def test_a_talk_is_connected_and_clients_are_answered_there(flat: Flat) -> None:
    lena = flat.connect()
    assert "connected" in flat.words()[0]
    anna, gleb = flat.of(ANNA, "Анна"), flat.of(GLEB, "Глеб")
    anna.say("Можно завтра?")
    gleb.say("Сколько стоит?")
    flat.later()
    label = "VK" if flat.kind == "vk" else "MAX"
    heads = {text.split("\n")[0] for text in flat.words()[1:]}
    # VK tells names only when asked: who writes is a client until then.
    assert heads <= {f"{name} · {label}" for name in ("Анна", "Глеб", "Анна K", "Глеб K", "Client")}
    assert len(flat.words()) == 5  # the greeting, and a card and a word of each
    asked = next(sent for sent in flat.shown() if sent["text"].endswith("Можно завтра?"))
    lena.say("Это я себе")  # talk among colleagues
    lena.reply(asked, "Да, в 15:00")
    work()
    assert [sent.get("message") or sent.get("text") for sent in flat.server.sent_to(ANNA)] == ["Да, в 15:00"]
    assert flat.server.sent_to(GLEB) == []
    with flat.salon.work():
        message = Message.objects.get(direction="out")
        assert message.conversation.contact.name.startswith("Анна")


def test_an_answer_to_the_card_is_for_its_client_too(flat: Flat) -> None:
    lena = flat.connect()
    flat.of(ANNA, "Анна").say("Можно завтра?")
    flat.later()
    card = next(sent for sent in flat.shown() if "Request: new" in sent["text"])
    lena.reply(card, "Можно")
    work()
    assert len(flat.server.sent_to(ANNA)) == 1


def test_a_press_in_a_talk(flat: Flat) -> None:
    lena = flat.connect()
    flat.of(ANNA, "Анна").say("Можно завтра?")
    flat.later()
    card = next(sent for sent in flat.shown() if "Request: new" in sent["text"])
    lena.press_in_talk(card, "Take")
    work()
    group_stage.until(lambda: "Yours now" in flat.server.told_pressers())
    with flat.salon.work():
        assert Conversation.objects.get().holder == "person"
    flat.later()
    card = next(sent for sent in flat.shown() if "Request: new" in sent["text"])
    assert "A colleague answers" in card["text"]
    lena.press_in_talk(card, "Close")
    work()
    with flat.salon.work():
        assert Conversation.objects.get().state == "closed"


def test_the_account_is_put_out_of_the_talk(flat: Flat) -> None:
    lena = flat.connect()
    lena.put_out()
    work()
    with flat.salon.work():
        assert StaffGroup.objects.get().state == "gone"
    flat.of(ANNA, "Анна").say("Можно завтра?")
    work()
    assert len(flat.words()) == 1
    lena.bring_in()
    work()
    with flat.salon.work():
        assert StaffGroup.objects.get().state == "ok"


def test_a_refusal_says_that_the_talk_is_gone(flat: Flat) -> None:
    flat.connect()
    flat.server.gone.add(flat.chat)
    flat.of(ANNA, "Анна").say("Можно завтра?")
    work()
    with flat.salon.work():
        assert StaffGroup.objects.get().state == "gone"
        assert Conversation.objects.get().last_text == "Можно завтра?"


def test_a_photo_for_the_talk_and_one_for_the_client(flat: Flat) -> None:
    lena = flat.connect()
    anna = flat.of(ANNA, "Анна")
    anna.send_photo(b"\xff\xd8\xff\xe0photo", text="Вот")
    flat.later()
    assert any(sent.get("attachments") or sent.get("attachment") for sent in flat.shown()[2:])
    asked = next(sent for sent in flat.shown() if sent["text"].endswith("Вот"))
    lena.send_photo_in_talk(asked, b"\xff\xd8\xff\xe0answer", "Так?")
    flat.later()
    (sent,) = flat.server.sent_to(ANNA)
    assert (sent.get("message") or sent.get("text")) == "Так?"
    assert json.dumps(sent.get("attachment") or sent["attachments"])
