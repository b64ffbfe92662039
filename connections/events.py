"""A raw request on its way into the database: the row, the role that may insert it and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import psycopg2
import psycopg2.extensions
from django.conf import settings

from integrations.protocols.channel import Channel, HookRequest
from kit.text import storable

# Of the provider's headers only these are kept: never cookies or credentials.
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "content-length",
        "user-agent",
        "origin",
        "referer",
        "idempotency-key",
        "x-forwarded-for",
    }
)
INSERT = (
    "INSERT INTO connections_inboundevent (tenant_id, connection_id, external_id, weak_id, thread, method, subpath,"
    " query, headers, raw, received_at, due_at, state, attempts, last_error) VALUES "
)
ROW = "(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,now(),'pending',0,'')"
# No conflict target and no RETURNING: both would need SELECT, which the ingest role lacks.
REST = " ON CONFLICT DO NOTHING; SELECT pg_notify('work', 'inbound')"


@dataclasses.dataclass(frozen=True)
class Row:
    """One raw event; all text is storable, the body is kept to the byte."""

    tenant_id: int
    connection_id: int
    external_id: str
    weak_id: bool
    thread: str
    method: str
    subpath: str
    query: str
    headers: dict[str, str]
    raw: bytes
    received_at: dt.datetime

    def values(self) -> tuple[Any, ...]:
        """In the order of `INSERT`."""
        return (
            self.tenant_id,
            self.connection_id,
            self.external_id,
            self.weak_id,
            self.thread,
            self.method,
            self.subpath,
            self.query,
            json.dumps(self.headers),
            psycopg2.Binary(self.raw),
            self.received_at,
        )


def row(
    wire: Channel, request: HookRequest, *, tenant_id: int, connection_id: int, received_at: dt.datetime
) -> Row:
    """The row of a verified request. Without an id of the provider's own, all it says and the minute stand for it."""
    external_id = wire.event_id(request)
    weak = not external_id
    query = storable(json.dumps(dict(request.query)))[:20_000]
    if not external_id:
        minute = int(received_at.timestamp() // 60)
        told = request.body if request.body else query.encode()
        external_id = hashlib.sha256(told + f"|{minute}".encode()).hexdigest()
    thread = wire.thread_key(request) or ""
    return Row(
        tenant_id=tenant_id,
        connection_id=connection_id,
        external_id=storable(external_id)[:200],
        weak_id=weak,
        thread=storable(f"{connection_id}:{thread}")[:200] if thread else "",
        method=request.method[:10],
        subpath=storable(request.subpath)[:200],
        query=query,
        headers={k: storable(v)[:1000] for k, v in request.headers.items() if k in KEPT_HEADERS},
        raw=request.body,
        received_at=received_at,
    )


def connect(*, timeout: int = 2) -> psycopg2.extensions.connection:
    """A connection of the ingest role, in autocommit: one string is one transaction and one round trip."""
    connection = psycopg2.connect(
        settings.INGEST_DATABASE_URL, connect_timeout=timeout, options="-c statement_timeout=5000"
    )
    connection.autocommit = True
    return connection


def insert(connection: psycopg2.extensions.connection, rows: Sequence[Row]) -> None:
    """Commits rows of any tenants at once; those that stand already are left alone."""
    if not rows:
        return
    with connection.cursor() as cursor:
        many = ",".join(cursor.mogrify(ROW, each.values()).decode() for each in rows)
        cursor.execute(INSERT + many + REST)
