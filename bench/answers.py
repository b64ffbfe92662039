"""The first answer to a new client: from the post of a Telegram webhook to the message at Telegram.

The processes are those of `make up`: web, dispatch and worker. The load is open: a new conversation begins at its
moment whatever became of those before it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from bench import measure, stand

A_SECOND, SECONDS = 10, 20
LIMIT_SECONDS = 3.0
WARM_CHAT, FIRST_CHAT = 1, 1000
SECRET = "bench-secret"


def figures() -> Iterator[measure.Figure]:
    """`first_answer`, seconds, the slowest of a hundred."""
    from config import environment, processes
    from fakes.telegram import FakeTelegram

    path, words = _salon()
    port = stand.free_port()
    with FakeTelegram(latency=0.05) as bot, contextlib.ExitStack() as running:
        environ = {
            "TELEGRAM_API_URL": bot.url,
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        for name, command in processes.commands(environment.load(os.environ | environ)).items():
            if name != "beat":
                running.enter_context(stand.process(*command, **environ))
        _ready(port)
        _post(port, path, WARM_CHAT, words)
        _wait(bot, 1, seconds=60)
        posted = _load(port, path, words)
        _wait(bot, len(posted) + 1, seconds=30)
        answered = _answered(bot)
    waits = [answered[chat] - at for chat, at in posted.items() if chat in answered]
    if len(waits) < len(posted):
        raise RuntimeError(f"{len(waits)} of {len(posted)} clients were answered")
    value = measure.percentile(waits, 0.99)
    note = f"p50 {measure.percentile(waits, 0.5):.2f} s at {A_SECOND} new clients a second"
    yield measure.Figure("first_answer", value, "s", "promised", LIMIT_SECONDS, "≤ 1", note)


def _salon() -> tuple[str, str]:
    """The hook's path, and a question about the price of something that is on the list."""
    from bookings.models import Service
    from connections import accounts
    from tenants import people, wall
    from tenants.models import User

    owner = User.objects.create_user("answers@bench.invalid")
    tenant = people.create_tenant(
        slug="answers", name="Answers", owner=owner, industry="barbershop", timezone="Asia/Omsk"
    )
    with wall.tenant_tx(tenant.pk):
        account = accounts.create("telegram", settings={"bot_token": "77:bench", "secret_token": SECRET})
        service = Service.objects.filter(active=True).order_by("position", "id").first()
        assert service is not None
        return accounts.hook_path(account), f"{service.name}?"


def _load(port: int, path: str, words: str) -> dict[int, float]:
    """When each chat's message was posted, in Unix time."""
    posted: dict[int, float] = {}
    threads = []
    began = time.monotonic()
    for number in range(A_SECOND * SECONDS):
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        chat = FIRST_CHAT + number
        posted[chat] = time.time()
        threads.append(threading.Thread(target=_post, args=(port, path, chat, words)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return posted


def _post(port: int, path: str, chat: int, words: str) -> None:
    person = {"id": chat, "is_bot": False, "first_name": f"Client {chat}", "language_code": "ru"}
    update = {
        "update_id": chat,
        "message": {
            "message_id": 1,
            "from": person,
            "chat": {"id": chat, "type": "private", "first_name": person["first_name"]},
            "date": int(time.time()),
            "text": words,
        },
    }
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(link):
        link.request("POST", path, json.dumps(update), headers)
        answer = link.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the hook answered {answer.status}")


def _answered(bot: Any) -> dict[int, float]:
    """When the first message for each chat came to Telegram."""
    first: dict[int, float] = {}
    for seen in list(bot.ledger):
        if seen.name == "sendMessage":
            first.setdefault(int(seen.params()["chat_id"]), seen.at)
    return first


def _wait(bot: Any, chats: int, *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while len(_answered(bot)) < chats and time.monotonic() < end:
        time.sleep(0.5)


def _ready(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2)
            return
        time.sleep(0.3)
    raise RuntimeError("the product does not come up")
