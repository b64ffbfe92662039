"""Live events: published after the fact, fanned out, lost rather than waited for."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from config import valkey
from kit import broker, live


async def listening(hub, seconds=5):
    await hub.start()
    async with asyncio.timeout(seconds):
        await hub.connected.wait()


async def told(topic, event):
    return await asyncio.to_thread(live.publish, topic, event)


def test_an_event_reaches_every_reader_of_its_topic_and_no_other(redis_url):
    async def scene():
        hub = live.Hub()
        await listening(hub)
        async with (
            hub.subscribe(["tenant:1"]) as olga,
            hub.subscribe(["tenant:1", "tenant:1:x"]) as masha,
            hub.subscribe(["tenant:2"]) as boris,
        ):
            assert hub.readers() == 3
            assert await told("tenant:1", {"event": "message", "id": 7})
            assert await olga.next(2) == {"event": "message", "id": 7}
            assert await masha.next(2) == {"event": "message", "id": 7}
            assert await boris.next(0.2) is None
        assert hub.readers() == 0
        await hub.stop()

    asyncio.run(scene())


def test_order_is_kept(redis_url):
    async def scene():
        hub = live.Hub()
        await listening(hub)
        async with hub.subscribe(["t"]) as reader:
            for number in range(50):
                await told("t", {"n": number})
            assert [(await reader.next(2))["n"] for _ in range(50)] == list(range(50))
        await hub.stop()

    asyncio.run(scene())


def test_a_slow_reader_hears_that_it_missed_something_and_stops_nobody(redis_url):
    async def scene():
        hub = live.Hub(queue_size=10)
        await listening(hub)
        async with hub.subscribe(["t"]) as slow, hub.subscribe(["t"]) as quick:
            for number in range(25):
                await told("t", {"n": number})
                assert (await quick.next(2))["n"] == number
            heard = []
            while event := await slow.next(0.2):
                heard.append(event)
            assert live.RESYNC in heard
            assert heard[-1] == {"n": 24}
            assert len(heard) <= 10
        await hub.stop()

    asyncio.run(scene())


def test_broken_payloads_are_skipped(redis_url):
    async def scene():
        hub = live.Hub()
        await listening(hub)
        async with hub.subscribe(["t"]) as reader:
            broker.client().publish("live:t", b"\xff not json")
            await told("t", {"n": 1})
            assert await reader.next(2) == {"n": 1}
        await hub.stop()

    asyncio.run(scene())


def test_publishing_without_redis_is_quick_and_raises_nothing(no_redis):
    started = time.monotonic()
    assert [live.publish("t", {"n": n}) for n in range(200)] == [False] * 200
    assert time.monotonic() - started < 1


def test_publishing_to_a_hung_redis_costs_half_a_second_once(server, redis_url):
    assert live.publish("t", {})
    os.kill(server.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert [live.publish("t", {}) for _ in range(200)] == [False] * 200
        assert time.monotonic() - started < 1.2
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_the_hub_finds_a_restarted_server_and_says_resync(tmp_path):
    here = valkey.Valkey(tmp_path / "data", password="p", log=tmp_path / "log")
    here.start()
    broker.configure(url=here.url)
    try:

        async def scene():
            hub = live.Hub()
            await listening(hub)
            async with hub.subscribe(["t"]) as reader:
                here.stop()
                await asyncio.sleep(0.5)
                assert not hub.connected.is_set()
                here.start(port=here.port)
                assert await reader.next(10) == live.RESYNC
                broker.breaker.reset()
                assert await told("t", {"n": 1})
                assert await reader.next(2) == {"n": 1}
            await hub.stop()

        asyncio.run(scene())
    finally:
        broker.configure(url=None)
        here.stop()


def test_a_silent_dead_server_is_noticed(server, monkeypatch):
    monkeypatch.setattr(live, "_QUIET", 0.5)

    async def scene():
        hub = live.Hub(url=server.url)
        await listening(hub)
        await asyncio.sleep(1.6)
        assert hub.connected.is_set(), "a quiet evening is no failure"
        os.kill(server.pid, signal.SIGSTOP)
        try:
            deadline = time.monotonic() + 4
            while hub.connected.is_set():
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        async with asyncio.timeout(10):
            await hub.connected.wait()
        await hub.stop()

    asyncio.run(scene())


def test_a_thousand_readers_hear_an_event_soon(redis_url):
    async def scene():
        hub = live.Hub()
        await listening(hub)
        async with contextlib.AsyncExitStack() as stack:
            readers = [await stack.enter_async_context(hub.subscribe(["t"])) for _ in range(1000)]
            started = time.monotonic()
            await told("t", {"n": 1})
            heard = await asyncio.gather(*(reader.next(5) for reader in readers))
            assert heard == [{"n": 1}] * 1000
            assert time.monotonic() - started < 1.5
        await hub.stop()

    asyncio.run(scene())


@pytest.mark.parametrize("times", [1, 3])
def test_starting_twice_and_stopping_twice_is_harmless(redis_url, times):
    async def scene():
        hub = live.Hub()
        for _ in range(times):
            await listening(hub)
        for _ in range(times):
            await hub.stop()

    asyncio.run(scene())
