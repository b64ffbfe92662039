"""Durable ingest against the bare application that commits one row a request, same server, same load."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from bench import load, measure, stand

SECRET = "bench-secret"
CONNECTIONS, SECONDS, ROUNDS = 64, 3.0, 4


def figures() -> Iterator[measure.Figure]:
    """`ingest`, requests a second."""
    import psycopg2

    from bench import bare
    from connections import accounts
    from tenants import people, wall
    from tenants.models import User

    owner = User.objects.create_user("ingest@bench.invalid")
    tenant = people.create_tenant(
        slug="ingest", name="Ingest", owner=owner, industry="empty", timezone="Asia/Omsk"
    )
    with wall.tenant_tx(tenant.pk):
        path = accounts.hook_path(
            accounts.create("telegram", settings={"bot_token": "1:bench", "secret_token": SECRET})
        )
    with psycopg2.connect(bare.URL) as admin, admin.cursor() as cursor:
        cursor.execute(bare.TABLE)
    numbers = itertools.count(1, 10_000_000)

    def body(number: int) -> bytes:
        return json.dumps({"update_id": number, "bench": {"pad": "x" * 430}}).encode()

    def post(path: str, number: int) -> bytes:
        content = body(number)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Bench-Id: {number}\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    with (
        stand.web("config.asgi:application", interface="asgi", workers=2) as ours,
        stand.web("bench.bare:application", interface="wsgi", workers=2, threads=16) as plain,
    ):

        def run(url: str, path: str) -> float:
            rate, _waits = load.posts(
                url, lambda n: post(path, n), connections=CONNECTIONS, seconds=SECONDS, first=next(numbers)
            )
            return rate

        run(ours, path), run(plain, "/")  # warm
        value, limit = measure.interleaved(lambda: run(ours, path), lambda: run(plain, "/"), rounds=ROUNDS)
    yield measure.Figure("ingest", value, "1/s", "bare WSGI, one committed INSERT", limit, "≥ 1.0")
