"""Takes due rows: fair between tenants, by the database's clock, never a row that another worker holds."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from typing import NamedTuple

from django.db import connection

from work.rows import DurableRow


class Claim(NamedTuple):
    """A row that is ours until its lease is over."""

    tenant_id: int
    id: int
    token: uuid.UUID


def due(model: type[DurableRow], *, batch: int, lease: dt.timedelta) -> list[Claim]:
    """Claims up to about `batch` due rows and commits; every tenant with due rows gets its share.

    Must be called outside a transaction: the claim is committed before the work begins.
    """
    table = model._meta.db_table
    token = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {table}_due_tenants(%s)", [batch])
        tenants = [row[0] for row in cursor.fetchall()]
        if not tenants:
            return []
        each = math.ceil(batch / len(tenants))
        cursor.execute(
            f"SELECT tenant_id, id FROM {table}_claim(%s::bigint[], %s, %s, %s) ORDER BY id",
            [tenants, each, f"{lease.total_seconds()} seconds", str(token)],
        )
        return [Claim(tenant_id, row_id, token) for tenant_id, row_id in cursor.fetchall()]


def promote(model: type[DurableRow], *, batch: int = 1000) -> int:
    """Moves waiting rows whose time has come into the index of due rows; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {model._meta.db_table}_promote(%s)", [batch])
        return cursor.fetchone()[0]


def stale(model: type[DurableRow], *, batch: int = 200) -> list[tuple[int, int]]:
    """(tenant, row) of rows whose worker let the lease run out."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tenant_id, id FROM {model._meta.db_table}_stale(%s)", [batch])
        return cursor.fetchall()


def overdue_seconds(model: type[DurableRow]) -> float | None:
    """How long the oldest due row has been waiting, None when nothing is due."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {model._meta.db_table}_overdue()")
        return cursor.fetchone()[0]
