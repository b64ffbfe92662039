"""All kinds of channels at once: what they bring through the door, and what their providers' limits let out.

`outbound_*` is open-ended: every tenant has more to say than the time allows, so that what is measured is either the
provider's limit or ours. How fast each account really was stands in the fake's own ledger.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import load, measure, payloads, stand

CONNECTIONS, ROUND_SECONDS, ROUNDS = 64, 3.0, 3

TENANTS = 20
LATENCY = 0.02
# What is counted begins a second after the first message: the first allowance of a new account is no steady speed.
WARM_SECONDS, SECONDS = 1.0, 12.0
# The fake sees moments a little closer together than they left: a call may wait on its way, the next one need not.
JITTER = 1.05
WRITTEN_AT_ONCE = 500


# ---------------------------------------------------------------- in
def ingest_mixed() -> Iterator[measure.Figure]:
    """`ingest_mixed`, requests a second, one of each kind in turn."""
    import psycopg2

    from bench import bare
    from connections import accounts
    from connections.models import InboundEvent
    from tenants import people, wall
    from tenants.models import User

    owner = User.objects.create_user("mixed@bench.invalid")
    tenant = people.create_tenant(
        slug="mixed", name="Mixed", owner=owner, industry="empty", timezone="Asia/Omsk"
    )
    paths = {}
    with wall.tenant_tx(tenant.pk):
        for source in payloads.SOURCES:
            account = accounts.create(source.kind, settings=source.settings)
            paths[source.kind] = accounts.hook_path(account) + source.subpath
    with psycopg2.connect(bare.URL) as admin, admin.cursor() as cursor:
        cursor.execute(bare.TABLE)
    numbers = itertools.count(500_000_001, 10_000_000)

    def post(number: int, *, plain: bool) -> bytes:
        source = payloads.SOURCES[number % len(payloads.SOURCES)]
        body, headers = source.post(number)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = "/" if plain else paths[source.kind]
        line = f"POST {path} HTTP/1.1\r\nHost: bench\r\nX-Bench-Id: {number}\r\n"
        return f"{line}{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    with (
        stand.web("config.asgi:application", interface="asgi", workers=2) as ours,
        stand.web("bench.bare:application", interface="wsgi", workers=2, threads=16) as bare_url,
    ):

        def run(url: str, *, plain: bool) -> float:
            rate, _waits = load.posts(
                url,
                lambda n: post(n, plain=plain),
                connections=CONNECTIONS,
                seconds=ROUND_SECONDS,
                first=next(numbers),
            )
            return rate

        run(ours, plain=False), run(bare_url, plain=True)  # warm
        value, limit = measure.interleaved(
            lambda: run(ours, plain=False), lambda: run(bare_url, plain=True), rounds=ROUNDS
        )
    with wall.tenant_tx(tenant.pk):
        kinds = set(InboundEvent.objects.values_list("connection__kind", flat=True).distinct())
        # The next measures run a dispatcher, which would take all these clients' words in.
        InboundEvent.objects.all()._raw_delete("default")
    if len(kinds) < len(payloads.SOURCES):
        raise RuntimeError(f"only these came in: {sorted(kinds)}")
    note = f"{len(kinds)} kinds of channel, their signatures checked"
    yield measure.Figure(
        "ingest_mixed", value, "1/s", "bare WSGI, one committed INSERT", limit, "≥ 0.6", note
    )


# ---------------------------------------------------------------- out
def outbound_telegram() -> Iterator[measure.Figure]:
    """`outbound_telegram`, messages a second of all tenants together."""
    from fakes.telegram import FakeTelegram

    with FakeTelegram(latency=LATENCY) as fake:
        yield _outbound(
            "telegram",
            fake,
            environ={"TELEGRAM_API_URL": fake.url},
            settings=lambda n: {"bot_token": f"{n + 1}:outbound", "secret_token": payloads.SECRET},
            sends=lambda seen: seen.name == "sendMessage",
            account=lambda seen: seen.path.split("/")[1],
        )


def outbound_whatsapp() -> Iterator[measure.Figure]:
    """`outbound_whatsapp`, messages a second of all tenants together."""
    from fakes.meta import FakeMeta
    from fakes.server import Answer, Seen

    class ManyNumbers(FakeMeta):
        """Takes messages of any number."""

        def graph(self, seen: Seen) -> Answer:
            if seen.name == "messages":
                return self.whatsapp(seen, seen.path.split("/")[2:])
            return super().graph(seen)

    with ManyNumbers(latency=LATENCY) as fake:
        yield _outbound(
            "whatsapp",
            fake,
            environ={"META_GRAPH_URL": fake.url},
            settings=lambda n: {
                "phone_number_id": f"11223344{n:05}",
                "access_token": f"EAAbench{n}",
                "app_secret": payloads.SECRET,
                "verify_token": "bench",
            },
            sends=lambda seen: seen.name == "messages",
            account=lambda seen: seen.path.split("/")[2],
        )


def outbound_vk() -> Iterator[measure.Figure]:
    """`outbound_vk`, messages a second of all tenants together."""
    from fakes.vk import FakeVk

    with FakeVk(latency=LATENCY) as fake:
        yield _outbound(
            "vk",
            fake,
            environ={"VK_API_URL": fake.url},
            settings=lambda n: {
                "group_id": str(payloads.GROUP + n),
                "access_token": f"vk1.a.bench{n}",
                "secret": payloads.SECRET,
            },
            sends=lambda seen: seen.name == "messages.send",
            account=lambda seen: seen.headers.get("authorization") or seen.params()["access_token"],
        )


def _outbound(
    kind: str,
    fake: Any,
    *,
    environ: Mapping[str, str],
    settings: Callable[[int], Mapping[str, str]],
    sends: Callable[[Any], bool],
    account: Callable[[Any], str],
) -> measure.Figure:
    """Runs the product's processes over the backlog; `sends` and `account` read the fake's ledger."""
    from config import environment, processes
    from integrations import registry

    each = registry.channel(kind).capabilities.per_second
    assert each is not None
    port = str(stand.free_port())
    told = {**environ, "PORT": port, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with _alone(), contextlib.ExitStack() as running:
        for number in range(TENANTS):
            _tenant(kind, number, settings(number), backlog=int(each * (WARM_SECONDS + SECONDS + 3)))
        _tidy()
        started = {
            name: running.enter_context(stand.process(*command, **told))
            for name, command in processes.commands(environment.load(os.environ | told)).items()
            if name != "beat"
        }
        began = _first(fake, sends) + WARM_SECONDS
        time.sleep(max(0.0, began - time.time()))
        ours, its = -_cpu(started["dispatch"].pid), -_cpu(os.getpid())
        time.sleep(max(0.0, began + SECONDS - time.time()))
        ours, its = ours + _cpu(started["dispatch"].pid), its + _cpu(os.getpid())
    with fake.lock:
        seen = [(account(call), call.at) for call in fake.ledger if call.executed and sends(call)]
    counted = sum(began <= at < began + SECONDS for _account, at in seen)
    value = counted / SECONDS
    moments: dict[str, list[float]] = defaultdict(list)
    for who, at in seen:
        moments[who].append(at)
    fullest = max(_fullest(one) for one in moments.values())
    steady = max(sum(began <= at < began + SECONDS for at in one) for one in moments.values()) / SECONDS
    kept = "kept" if fullest <= each * JITTER else "not kept within every second, as the fake saw it"
    note = (
        f"{len(moments)} accounts; the busiest one sent {steady:.1f} a second, {fullest} in its fullest second, of"
        f" {each:g}: the limit was {kept}; cores busy: dispatch {ours / SECONDS:.2f}, the fake {its / SECONDS:.2f}"
    )
    limit_name = f"{TENANTS} accounts at the provider's own limit"
    return measure.Figure(f"outbound_{kind}", value, "1/s", limit_name, each * TENANTS, "1.0", note)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Nothing that other measures left is done beside this one, and nothing of this one beside the next."""
    _settle()
    try:
        yield
    finally:
        _settle()


def _settle() -> None:
    """Ends what waits to be taken in or sent: a dispatcher without the fakes would call the real providers."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        for table, end in (("connections_inboundevent", "ignored"), ("conversations_delivery", "cancelled")):
            cursor.execute(
                f"UPDATE {table} SET state = %s, lease_token = NULL, lease_until = NULL"
                " WHERE state IN ('waiting', 'pending', 'claimed', 'calling')",
                [end],
            )


def _tidy() -> None:
    """So many new and so many dead rows would be swept by themselves, but at some moment during the measure."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _cpu(pid: int) -> float:
    """Seconds of processor time that a process has used, where the system tells by /proc; else 0."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _first(fake: Any, sends: Callable[[Any], bool]) -> float:
    """When the first message came, in Unix time."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for seen in list(fake.ledger):
            if sends(seen):
                return float(seen.at)
        time.sleep(0.05)
    raise RuntimeError("nothing is sent")


def _fullest(moments: Sequence[float]) -> int:
    """The most messages within any second."""
    window: deque[float] = deque()
    most = 0
    for at in sorted(moments):
        window.append(at)
        while window[0] <= at - 1.0:
            window.popleft()
        most = max(most, len(window))
    return most


def _tenant(kind: str, number: int, settings: Mapping[str, str], *, backlog: int) -> None:
    """A tenant with one account and a message for each of `backlog` chats, all of them due."""
    from connections import accounts
    from tenants import clock, people, wall
    from tenants.models import User

    owner = User.objects.create_user(f"outbound-{kind}-{number}@bench.invalid")
    slug = f"outbound-{kind}-{number}"
    tenant = people.create_tenant(slug=slug, name="O", owner=owner, industry="empty", timezone="Asia/Omsk")
    with wall.tenant_tx(tenant.pk):
        now = clock.now()
        account = accounts.create(kind, settings=settings)
        for first in range(0, backlog, WRITTEN_AT_ONCE):
            count = min(WRITTEN_AT_ONCE, backlog - first)
            _say(account, range(first, first + count), now=now)


def _say(account: Any, numbers: range, *, now: dt.datetime) -> None:
    """What `conversations.outbox.say` writes for one chat, for many of them."""
    from conversations.models import Author, Contact, Conversation, Delivery, Direction, Message, MessageState
    from work import insert

    contacts = insert.rows([Contact(name=f"C{number}", created_at=now) for number in numbers])
    threads = insert.rows(
        [
            Conversation(
                contact=contact,
                connection=account,
                chat=str(79_130_000_000 + number),
                last_heard_at=now,
                created_at=now,
            )
            for contact, number in zip(contacts, numbers, strict=True)
        ]
    )
    messages = insert.rows(
        [
            Message(
                conversation=thread,
                contact=thread.contact,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                text="We are open again from Monday on: shall we keep your usual time?",
                state=MessageState.PENDING,
                key=f"outbound:{thread.pk}",
                created_at=now,
            )
            for thread in threads
        ]
    )
    insert.rows(
        [
            Delivery(
                message=message,
                connection=account,
                thread=str(message.conversation_id),
                dedup_key=message.key,
                due_at=now,
                created_at=now,
            )
            for message in messages
        ]
    )
