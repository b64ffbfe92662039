"""The visitor's live line: told of their own thread at once, of nobody else's, and honest about what it cannot hear."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from connections.models import Connection
from conversations import visitor_live, visitors
from kit import live
from tests import asgi
from tests.conftest import Salon
from tests.conversations import visitor
from tests.conversations.visitor import Visitor


@pytest.fixture
def chat(live_db: Any, salon: Salon) -> Connection:
    return visitor.connect(salon)


@pytest.fixture
def anna(chat: Connection) -> Visitor:
    anna = Visitor(chat)
    anna.open()
    anna.say("Здравствуйте")
    return anna


class Ear:
    """What a browser hears."""

    def __init__(self) -> None:
        self.status = 0
        self.words = ""
        self.news = asyncio.Event()
        self.gone = asyncio.Event()
        self.ended = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.words += message.get("body", b"").decode()
        self.news.set()
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended.set()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def hears(self, word: str, within: float = 5.0) -> None:
        async with asyncio.timeout(within):
            while word not in self.words:
                self.news.clear()
                await self.news.wait()

    def names(self) -> list[str]:
        return [
            line.removeprefix("event: ") for line in self.words.splitlines() if line.startswith("event: ")
        ]


class Street:
    """A process's live lines, with one hub."""

    def __init__(self, url: str | None = None) -> None:
        self.hub = live.Hub(url=url)
        self.line = visitor_live.Line(self._started)

    async def _started(self) -> live.Hub:
        await self.hub.start()
        return self.hub

    @contextlib.asynccontextmanager
    async def listen(self, who: Visitor) -> AsyncIterator[Ear]:
        ear = Ear()
        scope = {
            "type": "http",
            "method": "GET",
            "path": address(who),
            "query_string": b"",
            "headers": [(visitors.HEADER.lower().encode(), who.session.encode())],
        }
        task = asyncio.create_task(self.line(scope, ear.receive, ear.send))
        try:
            yield ear
        finally:
            ear.gone.set()
            await task


def address(who: Visitor) -> str:
    return f"/live/chat/{visitor.token_of(who.connection)}/"


def later(work: Any, *args: Any, **more: Any) -> Any:
    """Database work beside the loop."""
    return sync_to_async(work, thread_sensitive=True)(*args, **more)


def run(scene: Any) -> None:
    asyncio.run(scene)


@pytest.mark.parametrize("shown", ["", "x", "a" * 20 + "." + "b" * 32])
def test_a_forged_session_hears_nothing(anna: Visitor, shown: str) -> None:
    line = visitor_live.Line(Street()._started)
    assert asgi.call(line, "GET", address(anna), headers={"X-Chat-Session": shown}).status == 403


def test_what_is_no_line_is_refused(anna: Visitor) -> None:
    line = visitor_live.Line(Street()._started)
    shown = {"X-Chat-Session": anna.session}
    assert asgi.call(line, "GET", f"/live/chat/{'A' * 32}/", headers=shown).status == 404
    assert asgi.call(line, "GET", "/live/chat/x/", headers=shown).status == 404
    assert asgi.call(line, "POST", address(anna), headers=shown).status == 405


def test_the_house_routes_visitors_here(anna: Visitor) -> None:
    from config.asgi import application

    assert asgi.call(application, "GET", address(anna), headers={"X-Chat-Session": "x"}).status == 403


def test_an_answer_is_told_within_a_second_and_to_nobody_else(
    anna: Visitor, salon: Salon, chat: Connection
) -> None:
    stranger = Visitor(chat)
    stranger.open()

    async def scene() -> None:
        street = Street()
        async with street.listen(anna) as ear, street.listen(stranger) as other:
            await ear.hears("live:reread")
            await other.hears("live:reread")
            await later(visitor.answer, salon, anna, "Завтра в 15:00")
            await ear.hears("chat-said", within=1.0)
            await asyncio.sleep(0.2)
            assert other.names() == ["live:reread"]
            assert "15:00" not in ear.words
        assert street.hub.readers() == 0
        await street.hub.stop()

    run(scene())


def test_ones_own_word_is_told_to_ones_other_windows(anna: Visitor) -> None:
    async def scene() -> None:
        street = Street()
        async with street.listen(anna) as ear:
            await ear.hears("live:reread")
            await later(_say, anna)
            await ear.hears("chat-said", within=2.0)
        await street.hub.stop()

    run(scene())


def _say(who: Visitor) -> None:
    import threading

    # The door has a loop of its own
    thread = threading.Thread(target=who.post, kwargs={"text": "Из другого окна"})
    thread.start()
    thread.join()
    visitor.take_in()


def test_somebody_writing_is_told(anna: Visitor, salon: Salon) -> None:
    def type_something() -> None:
        from conversations.models import Conversation

        with salon.work():
            visitor_live.tell(Conversation.objects.get(chat=anna.ident), "typing")

    async def scene() -> None:
        street = Street()
        async with street.listen(anna) as ear:
            await ear.hears("live:reread")
            await later(type_something)
            await ear.hears("chat-typing", within=1.0)
        await street.hub.stop()

    run(scene())


def test_without_redis_the_page_is_told_to_ask(anna: Visitor) -> None:
    async def scene() -> None:
        street = Street("redis://127.0.0.1:1/0")
        async with street.listen(anna) as ear:
            await ear.hears("chat-deaf", within=2.0)
            assert ear.status == 200
        await street.hub.stop()

    run(scene())


def test_a_line_that_is_quiet_beats(anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor_live, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(visitor_live, "LOOK_SECONDS", 0.1)

    async def scene() -> None:
        street = Street()
        async with street.listen(anna) as ear:
            await ear.hears(": still here", within=2.0)
        await street.hub.stop()

    run(scene())


def test_a_chat_that_was_switched_off_ends_the_line(
    anna: Visitor, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor_live, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(visitor_live, "LOOK_SECONDS", 0.1)

    def switch_off() -> None:
        with salon.work():
            Connection.objects.update(state="off")

    async def scene() -> None:
        street = Street()
        async with street.listen(anna) as ear:
            await ear.hears("live:reread")
            await later(switch_off)
            async with asyncio.timeout(3):
                await ear.ended.wait()
            assert street.hub.readers() == 0
        await street.hub.stop()

    run(scene())


def test_one_visitor_holds_few_lines(anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor_live, "MOST_LINES", 2)

    async def scene() -> None:
        street = Street()
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(2):
                ear = await stack.enter_async_context(street.listen(anna))
                await ear.hears("live:reread")
            async with street.listen(anna) as refused:
                async with asyncio.timeout(2):
                    await refused.ended.wait()
                assert refused.status == 429
        async with street.listen(anna) as ear:
            await ear.hears("live:reread")
        await street.hub.stop()

    run(scene())
