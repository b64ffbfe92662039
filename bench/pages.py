"""Pages against the bare SQL they need: time inside the database, and how long the whole page takes."""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench import measure

CONVERSATIONS = 100_000
REPEATS = 15
DAYS = 30

LIST = """
SELECT c.id, p.name, p.phone, k.kind, c.state, c.holder, c.waiting_since, c.last_message_at, c.last_text, c.unread
FROM conversations_conversation c
JOIN conversations_contact p ON p.tenant_id = c.tenant_id AND p.id = c.contact_id
JOIN connections_connection k ON k.tenant_id = c.tenant_id AND k.id = c.connection_id
WHERE c.tenant_id = %(tenant)s AND c.state = 'open' AND c.waiting_since IS NOT NULL
ORDER BY c.waiting_since, c.id LIMIT 51
"""
COUNTS = """
SELECT (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation WHERE tenant_id = %(tenant)s
  AND waiting_since IS NOT NULL AND state = 'open' LIMIT 100) few),
 (SELECT count(*) FROM (SELECT 1 FROM leads_lead WHERE tenant_id = %(tenant)s AND contact_id IS NULL
  AND status <> 'lost' LIMIT 100) few)
"""
THREAD = """
SELECT id, direction, author, kind, text, buttons, media, state, error, created_at, sent_at FROM conversations_message
WHERE tenant_id = %(tenant)s AND conversation_id = %(thread)s ORDER BY created_at DESC, id DESC LIMIT 51
"""
HEAD = """
SELECT c.*, p.*, k.kind FROM conversations_conversation c
JOIN conversations_contact p ON p.tenant_id = c.tenant_id AND p.id = c.contact_id
JOIN connections_connection k ON k.tenant_id = c.tenant_id AND k.id = c.connection_id
WHERE c.tenant_id = %(tenant)s AND c.id = %(thread)s
"""
CARD = """
SELECT l.*, b.id, b.starts_at, b.status, b.total FROM leads_lead l
LEFT JOIN bookings_booking b ON b.tenant_id = l.tenant_id AND b.lead_id = l.id
WHERE l.tenant_id = %(tenant)s AND l.contact_id = (SELECT contact_id FROM conversations_conversation
  WHERE tenant_id = %(tenant)s AND id = %(thread)s)
"""
# The dashboard's figures in one pass each over the rows they are made of.
DASHBOARD = (
    """
    SELECT l.source, count(*), count(*) FILTER (WHERE b.id IS NOT NULL), count(*) FILTER (WHERE b.status = 'completed'),
      percentile_disc(0.5) WITHIN GROUP (ORDER BY l.first_reply_at - l.created_at)
    FROM leads_lead l LEFT JOIN bookings_booking b ON b.tenant_id = l.tenant_id AND b.lead_id = l.id
    WHERE l.tenant_id = %(tenant)s AND l.created_at >= %(start)s AND l.created_at < %(end)s
      AND NOT l.is_spam AND NOT l.is_test GROUP BY 1
    """,
    """
    SELECT count(*), count(*) FILTER (WHERE status = 'no_show'), sum(total) FILTER (WHERE status = 'completed'),
      count(DISTINCT (contact_id, local_day)) FILTER (WHERE status = 'completed')
    FROM bookings_booking WHERE tenant_id = %(tenant)s AND starts_at >= %(start)s AND starts_at < %(end)s
    """,
    """
    SELECT count(*) FILTER (WHERE first_day >= %(first)s), sum(revenue) FILTER (WHERE first_day >= %(first)s)
    FROM (SELECT contact_id, min(local_day) AS first_day, sum(total) AS revenue FROM bookings_booking
      WHERE tenant_id = %(tenant)s AND status = 'completed' GROUP BY 1) clients
    """,
    "SELECT kind, source, sum(amount) FROM economics_spend WHERE tenant_id = %(tenant)s GROUP BY 1, 2",
)


class Clock:
    """Adds up the time inside the database."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.statements = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        """See Django's execute wrappers."""
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - started
            self.statements += 1


def inbox() -> Iterator[measure.Figure]:
    """`inbox_list` and `inbox_thread` for a tenant with 100,000 conversations."""
    from django.db import connection
    from django.test import Client

    from conversations.models import Conversation
    from onboarding import bulk
    from tenants import clock, wall

    tenant, owner = _tenant("inbox")
    with wall.tenant_tx(tenant.pk):
        bulk.fill(leads=CONVERSATIONS, now=clock.now())
    _analyze()
    with wall.tenant_tx(tenant.pk):
        thread = Conversation.objects.order_by("-id").values_list("pk", flat=True)[100]
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(owner)
    facts = {"tenant": tenant.pk, "thread": thread}
    for name, path, statements in (
        ("inbox_list", "/inbox/", (LIST, COUNTS)),
        ("inbox_thread", f"/inbox/{thread}/", (LIST, COUNTS, HEAD, THREAD, CARD)),
    ):
        pages: list[float] = []

        def ours(path: str = path, pages: list[float] = pages) -> float:
            inside = Clock()
            started = time.perf_counter()
            with connection.execute_wrapper(inside):
                answer = client.get(path)
            pages.append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code}")
            return inside.seconds

        def bare(statements: tuple[str, ...] = statements) -> float:
            return _run(tenant.pk, statements, facts)

        ours(), bare()
        value, limit = measure.interleaved(ours, bare, rounds=REPEATS)
        p95 = measure.percentile(pages[1:], 0.95)
        note = f"page p50 {statistics.median(pages[1:]) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
        yield measure.Figure(name, value, "s", "bare SQL", limit, "≤ 2", note)


def dashboard(name: str, leads: int) -> Iterator[measure.Figure]:
    """The dashboard's figures for a year of `leads` leads."""
    from django.db import connection
    from django.test import Client

    from onboarding import bulk
    from tenants import clock, wall

    tenant, owner = _tenant(name.replace("_", "-"))
    with wall.tenant_tx(tenant.pk):
        now = clock.now()
        bulk.fill(leads=leads, now=now)
    _analyze()
    last = now.astimezone(tenant.zone).date()
    first = last - dt.timedelta(days=DAYS - 1)
    start = dt.datetime.combine(first, dt.time(), tenant.zone)
    facts = {
        "tenant": tenant.pk,
        "first": first,
        "start": start,
        "end": dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), tenant.zone),
    }

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(owner)
    pages: list[float] = []

    def ours() -> float:
        inside = Clock()
        started = time.perf_counter()
        with connection.execute_wrapper(inside):
            answer = client.get(f"/money/?from={first}&to={last}")
        pages.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"/money/: {answer.status_code}")
        return inside.seconds

    # The page compares with the period before: the same figures twice.
    before = facts | {
        "first": first - dt.timedelta(days=DAYS),
        "start": start - dt.timedelta(days=DAYS),
        "end": start,
    }

    def bare() -> float:
        return _run(tenant.pk, DASHBOARD, facts) + _run(tenant.pk, DASHBOARD, before)

    ours()
    value, limit = measure.interleaved(ours, bare, rounds=7)
    p95 = measure.percentile(pages[1:], 0.95)
    note = f"page p50 {statistics.median(pages[1:]) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
    yield measure.Figure(name, value, "s", "bare SQL of the figures", limit, "≤ 2", note)


def _tenant(slug: str) -> tuple[Any, Any]:
    from tenants import people
    from tenants.models import User

    owner = User.objects.create_user(f"{slug}@bench.invalid", "bench-bench-bench", name="Bench")
    tenant = people.create_tenant(slug=slug, name=slug, owner=owner, industry="empty", timezone="Asia/Omsk")
    return tenant, owner


def _analyze() -> None:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")


def _run(tenant_id: int, statements: tuple[str, ...], facts: dict[str, Any]) -> float:
    from django.db import connection

    from tenants import wall

    with wall.tenant_tx(tenant_id), connection.cursor() as cursor:
        started = time.perf_counter()
        for statement in statements:
            cursor.execute(statement, facts)
            cursor.fetchall()
        return time.perf_counter() - started
