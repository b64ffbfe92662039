"""Reminders a second against a bare asyncio client that posts as many messages to the same slow provider."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import sys
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from bench import measure, stand

TENANTS, CONTACTS = 40, 40
LATENCY, IN_FLIGHT = 0.1, 50
# Seconds until all reminders are due, at one moment; until then the visits are written and the process comes up.
AHEAD = 20.0


def figures() -> Iterator[measure.Figure]:
    """`dispatch`, reminders a second from the first to the last."""
    from fakes.telegram import FakeTelegram

    with FakeTelegram(latency=LATENCY) as bot:
        limit = asyncio.run(_bare(bot.url, TENANTS * CONTACTS))
        bot.ledger.clear()
        salons = [_salon(number) for number in range(TENANTS)]
        starts = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2, seconds=AHEAD)
        for tenant_id in salons:
            _book(tenant_id, starts)
        value = _rate(bot)
    yield measure.Figure("dispatch", value, "1/s", f"bare asyncio, {IN_FLIGHT} in flight", limit, "≥ 0.7")


def _salon(number: int) -> int:
    from connections import accounts
    from conversations.models import Contact, Conversation, Identity
    from tenants import clock, people, wall
    from tenants.models import User

    owner = User.objects.create_user(f"dispatch-{number}@bench.invalid")
    tenant = people.create_tenant(
        slug=f"dispatch-{number}", name="D", owner=owner, industry="empty", timezone="Asia/Omsk"
    )
    with wall.tenant_tx(tenant.pk):
        now = clock.now()
        account = accounts.create(
            "telegram", settings={"bot_token": f"{number + 1}:bench", "secret_token": "bench"}
        )
        for chat in range(CONTACTS):
            contact = Contact.objects.create(name=f"C{chat}", created_at=now)
            Identity.objects.create(contact=contact, channel_kind="telegram", external_id=f"{number}-{chat}")
            Conversation.objects.create(
                contact=contact, connection=account, chat=str(number * 1000 + chat + 1), created_at=now
            )
    return tenant.pk


def _book(tenant_id: int, starts: dt.datetime) -> None:
    from onboarding import bulk
    from tenants import clock, wall

    with wall.tenant_tx(tenant_id):
        now = clock.now()
        bulk.book_everybody(starts_in=starts - now, now=now)


def _rate(bot: Any) -> float:
    wanted = TENANTS * CONTACTS
    environ = {"TELEGRAM_API_URL": bot.url}
    with stand.process(sys.executable, "manage.py", "dispatch", **environ):
        end = time.monotonic() + AHEAD + 90
        while time.monotonic() < end and _sent(bot) < wanted:
            time.sleep(0.2)
    moments = sorted(seen.at for seen in bot.ledger if seen.name == "sendMessage")
    if len(moments) < wanted:
        raise RuntimeError(f"{len(moments)} of {wanted} reminders arrived")
    return (len(moments) - 1) / (moments[-1] - moments[0] + LATENCY)


def _sent(bot: Any) -> int:
    return sum(1 for seen in list(bot.ledger) if seen.name == "sendMessage")


async def _bare(url: str, count: int) -> float:
    """`count` messages over lasting sockets, `IN_FLIGHT` at a time."""
    parts = urllib.parse.urlsplit(url)
    numbers = iter(range(count))

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        with contextlib.closing(writer):
            for number in numbers:
                body = json.dumps({"chat_id": number + 1, "text": "A reminder of your visit"}).encode()
                head = (
                    f"POST /bot{number % TENANTS + 1}:bench/sendMessage HTTP/1.1\r\nHost: bench\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                writer.write(head.encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in answer.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                await reader.readexactly(length)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in itertools.repeat(None, IN_FLIGHT)))
    return count / (time.perf_counter() - started)
