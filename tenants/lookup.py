"""Finds the tenant behind a slug, a token or a person: questions asked before a tenant is entered."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import connection

from tenants import models


@dataclasses.dataclass(frozen=True)
class Seat:
    """A person's place in a tenant."""

    tenant_id: int
    slug: str
    name: str
    role: models.Role
    timezone: str
    is_demo: bool


@dataclasses.dataclass(frozen=True)
class TokenOwner:
    """The tenant and rights behind an API token."""

    tenant_id: int
    token_id: int
    role: models.Role


def _rows(sql: str, *args: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall()


def tenant_by_slug(slug: str) -> int | None:
    """The id of the tenant with this slug."""
    return _rows("SELECT tenant_by_slug(%s)", slug)[0][0]


def seats_of(user_id: int) -> list[Seat]:
    """The tenants a person works for, by name."""
    rows = _rows("SELECT * FROM memberships_of(%s)", user_id)
    return [Seat(t, slug, name, models.Role(role), zone, demo) for t, slug, name, role, zone, demo in rows]


def api_token(token: str) -> TokenOwner | None:
    """Who a bearer token speaks for, None when it is unknown or revoked."""
    rows = _rows("SELECT * FROM resolve_api_token(%s)", models.digest(token))
    return TokenOwner(rows[0][0], rows[0][1], models.Role(rows[0][2])) if rows else None


def join_link(token: str) -> int | None:
    """The tenant that a join link leads to."""
    return _rows("SELECT resolve_join_link(%s)", models.digest(token))[0][0]


def tenant_ids() -> list[int]:
    """Every tenant, for maintenance that enters one after another."""
    return [row[0] for row in _rows("SELECT * FROM tenant_ids()")]
