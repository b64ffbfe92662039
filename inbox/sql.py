"""Reads by hand-written SQL where a page must cost one statement; rows come back as dicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from assistant import mode
from conversations.models import Holder

# Joins the tenant as `t`, and says who holds a thread `c`: where the assistant is switched off it holds none, whatever
# the thread was given to at its start.
TENANT = "JOIN tenants_tenant t ON t.id = %(tenant)s"
HOLDER = (
    f"CASE WHEN c.holder = '{Holder.ASSISTANT}'"
    f" AND coalesce(t.settings -> '{mode.SETTING}' ->> 'mode', '{mode.ALWAYS}') <> '{mode.ALWAYS}'"
    f" THEN '{Holder.NONE}' ELSE c.holder END"
)


def fetch(query: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query, a dict each."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def parsed(value: Any) -> Any:
    """A jsonb column as Python; Django's driver hands it over as text."""
    return json.loads(value) if isinstance(value, str) else value
