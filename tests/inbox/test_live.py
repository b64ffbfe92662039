"""The live line: over real ASGI and a real Valkey, from the commit to the page in less than a second."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from conversations.models import Conversation
from inbox import announce, live
from kit import live as wire
from tenants.models import Membership, Role
from tests.conftest import Person, Salon
from tests.inbox import stage


class Line:
    """A browser's end of the line."""

    def __init__(self, query: str, cookie: str, since: str) -> None:
        headers = [(b"cookie", cookie.encode())] + ([(b"last-event-id", since.encode())] if since else [])
        self.scope = {
            "type": "http", "method": "GET", "path": "/live/", "query_string": query.encode(), "headers": headers,
        }  # fmt: skip
        self.status = 0
        self.text = ""
        self.answered, self.ended = asyncio.Event(), asyncio.Event()
        self._gone = asyncio.Event()
        self._heard = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answered.set()
        self.text += message.get("body", b"").decode()
        if not message.get("more_body", True):
            self.ended.set()
        self._heard.set()

    async def hears(self, words: str, within: float = 1.0) -> bool:
        """Whether these words come in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while words not in self.text:
                    self._heard.clear()
                    await self._heard.wait()
        return words in self.text

    def leave(self) -> None:
        self._gone.set()

    def names(self) -> list[str]:
        return [row.removeprefix("event: ") for row in self.text.splitlines() if row.startswith("event: ")]

    def last_id(self) -> str:
        return [row.removeprefix("id: ") for row in self.text.splitlines() if row.startswith("id: ")][-1]


@contextlib.asynccontextmanager
async def line(person: Person, query: str = "", since: str = "") -> AsyncIterator[Line]:
    cookie = f"{settings.SESSION_COOKIE_NAME}={person.cookies[settings.SESSION_COOKIE_NAME].value}"
    end = Line(query, cookie, since)
    serving = asyncio.create_task(live.app(end.scope, end.receive, end.send))
    try:
        async with asyncio.timeout(3):
            await end.answered.wait()
        yield end
    finally:
        end.leave()
        await asyncio.wait_for(serving, 3)


def scene(play: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        try:
            await play()
        finally:
            hub = live._hubs.pop(asyncio.get_running_loop(), None)
            # redis-py may swallow one cancellation while it connects
            while hub and hub._task and not hub._task.done():
                hub._task.cancel()
                await asyncio.wait([hub._task], timeout=0.5)

    asyncio.run(whole())


@pytest.fixture
def stage_is_real(live_db: object) -> None:
    """Rows that other threads see."""


write = sync_to_async(stage.write, thread_sensitive=False)


def test_a_clients_word_is_on_the_page_within_a_second(
    stage_is_real: None, salon: Salon, olga: Person
) -> None:
    stage.bot_of(salon)

    async def play() -> None:
        async with line(olga) as page:
            assert page.status == 200
            began = time.monotonic()
            thread = await write(salon)
            assert await page.hears(f"event: thread-{thread.pk}\n")
            assert time.monotonic() - began < 1.5  # the writing itself included
            assert "event: inbox\n" in page.text
            assert "Хочу" not in page.text  # ids only

    scene(play)


def test_what_is_rolled_back_is_not_told(
    stage_is_real: None, salon: Salon, olga: Person, anna: Conversation
) -> None:
    def fails() -> None:
        with contextlib.suppress(ZeroDivisionError), salon.work():
            announce.thread(anna.pk)
            raise ZeroDivisionError

    async def play() -> None:
        async with line(olga) as page:
            await asyncio.to_thread(fails)
            assert not await page.hears("event:", 0.4)

    scene(play)


def test_another_salon_hears_nothing(
    stage_is_real: None, salon: Salon, olga: Person, boris: Person, anna: Conversation
) -> None:
    async def play() -> None:
        async with line(boris) as theirs, line(olga) as ours:
            await write(salon, "Ещё")
            assert await ours.hears(f"thread-{anna.pk}")
            assert not await theirs.hears("event:", 0.3)

    scene(play)


def test_a_line_for_a_salon_one_has_no_seat_in(
    stage_is_real: None, salon: Salon, boris: Person, olga: Person
) -> None:
    async def play() -> None:
        async with line(boris, f"tenant={salon.id}") as refused:
            assert refused.status == 403
        async with line(olga, "tenant=0x1") as nonsense:
            assert nonsense.status == 404
        async with line(olga, f"tenant={salon.id}") as welcome:
            assert welcome.status == 200

    scene(play)


def test_a_guest_and_a_session_that_ended(stage_is_real: None, salon: Salon, olga: Person) -> None:
    from django.contrib.sessions.backends.db import SessionStore

    stranger = Person(salon.owner, salon)
    SessionStore(stranger.cookies[settings.SESSION_COOKIE_NAME].value).delete()

    async def play() -> None:
        async with line(stranger) as gone:
            assert gone.status == 401
        stranger.cookies[settings.SESSION_COOKIE_NAME] = ""
        async with line(stranger) as guest:
            assert guest.status == 401

    scene(play)


def test_who_is_removed_is_cut_off(
    stage_is_real: None, salon: Salon, masha: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.3)

    def remove() -> None:
        with salon.work():
            Membership.objects.filter(user=masha.user).delete()

    async def play() -> None:
        async with line(masha) as page:
            await asyncio.sleep(0.8)
            assert not page.ended.is_set()
            await asyncio.to_thread(remove)
            async with asyncio.timeout(3):
                await page.ended.wait()

    scene(play)


def test_who_became_a_master_is_cut_off_too(
    stage_is_real: None, salon: Salon, masha: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.3)

    def lower() -> None:
        with salon.work():
            Membership.objects.filter(user=masha.user).update(role=Role.MASTER)

    async def play() -> None:
        async with line(masha) as page:
            await asyncio.to_thread(lower)
            async with asyncio.timeout(3):
                await page.ended.wait()

    scene(play)


def test_a_master_hears_of_the_day_and_of_no_thread(
    stage_is_real: None, salon: Salon, pasha: Person, anna: Conversation
) -> None:
    async def play() -> None:
        async with line(pasha) as page:
            await write(salon, "Ещё")
            await asyncio.to_thread(wire.publish, announce.topic(salon.id), {"event": "today"})
            assert await page.hears("event: today")
            assert page.names() == ["today"] * len(page.names())

    scene(play)


def test_a_line_that_broke_reads_again_what_it_missed(
    stage_is_real: None, salon: Salon, olga: Person, anna: Conversation
) -> None:
    async def play() -> None:
        async with line(olga) as page:
            await write(salon, "Раз")
            assert await page.hears(f"thread-{anna.pk}")
            last = page.last_id()
        await asyncio.sleep(live.SLACK_MS / 1000 + 1)  # what was written may be told a moment later
        async with line(olga, since=str(live.now_ms())) as back:
            assert not await back.hears(
                "live:reread", 0.3
            )  # nothing happened meanwhile: nothing is read twice
        await write(salon, "Два")
        await asyncio.sleep(0.2)
        async with line(olga, since=last) as back:
            assert await back.hears("event: live:reread")
        for strange in ("0", "nonsense", "9" * 30, "-5"):
            async with line(olga, since=strange) as back:
                assert await back.hears("event: live:reread")

    scene(play)


def test_a_quiet_line_is_kept_warm(
    stage_is_real: None, olga: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)

    async def play() -> None:
        async with line(olga) as page:
            assert await page.hears(": still here")

    scene(play)


def test_a_closed_page_leaves_nothing_behind(stage_is_real: None, olga: Person) -> None:
    async def play() -> None:
        before = len(asyncio.all_tasks())
        for _ in range(5):
            async with line(olga):
                pass
        assert (await live.hub()).readers() == 0
        assert len(asyncio.all_tasks()) <= before + 1  # the hub's own

    scene(play)


def test_other_paths_and_methods(stage_is_real: None, olga: Person) -> None:
    from tests import asgi

    heard = []

    async def chat(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["path"])
        await live.refuse(send, 204)

    live.handle("/live/test-chat/", chat)
    try:
        assert asgi.call(live.app, "GET", "/live/test-chat/abc").status == 204
    finally:
        del live.HANDLERS["/live/test-chat/"]
    assert heard == ["/live/test-chat/abc"]
    assert asgi.call(live.app, "GET", "/live/other/").status == 404
    assert asgi.call(live.app, "POST", "/live/").status == 405


@pytest.mark.parametrize(
    ("event", "answers", "names"),
    [
        ({"event": "thread", "id": 5}, True, ["inbox", "thread-5"]),
        ({"event": "thread", "id": 5}, False, []),
        ({"event": "ring", "id": 5}, True, ["ring", "inbox"]),
        ({"event": "typing", "id": 5, "user": 7}, True, ["typing-5"]),
        ({"event": "resync"}, False, ["live:reread"]),
        ({"event": "calendar"}, False, ["calendar"]),
        ({"event": "x\nevent: evil"}, True, []),
        ({"event": "thread", "id": "1\n\n"}, True, ["inbox", "thread-"]),
        ({}, True, []),
    ],
)  # fmt: skip
def test_what_an_event_is_on_the_wire(event: dict[str, Any], answers: bool, names: list[str]) -> None:
    said = b"".join(live.frames(event, answers=answers)).decode()
    assert [row.removeprefix("event: ") for row in said.splitlines() if row.startswith("event: ")] == names
    assert "evil" not in said
