"""The database side of a table of durable rows: its indexes and the functions that claim across tenants.

`DurableQueue` stands in `Meta.constraints` of every DurableRow, so `makemigrations` writes it. The functions belong
to `app_maint`: they alone look over the wall, and they answer with ids only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from tenants.constraints import StatementConstraint
from tenants.functions import definer


class DurableQueue(StatementConstraint):
    """Indexes and claim functions of a table of durable rows.

    `ordered_by` names a text column: rows that share its (non-empty) value are taken one after another, oldest
    first. One that failed before no longer holds up those behind it, unless the order is `strict`: then they wait
    until it has ended.
    """

    def __init__(self, *, name: str, ordered_by: str = "", strict: bool = False) -> None:
        super().__init__(name=name)
        self.ordered_by, self.strict = ordered_by, strict

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """As Django's, with our arguments."""
        path, args, kwargs = super().deconstruct()
        kwargs |= {"ordered_by": self.ordered_by} if self.ordered_by else {}
        return path, args, kwargs | ({"strict": True} if self.strict else {})

    def statements(self, model: type[models.Model]) -> list[str]:
        """See the base class."""
        t = model._meta.db_table
        made = [
            f"CREATE INDEX {t}_due ON {t} (tenant_id, due_at, id) WHERE state = 'pending'",
            f"CREATE INDEX {t}_waiting ON {t} (due_at) WHERE state = 'waiting'",
            f"CREATE INDEX {t}_leased ON {t} (lease_until) WHERE state IN ('claimed', 'calling')",
        ]
        if self.ordered_by:
            made.append(
                f"CREATE INDEX {t}_ordered ON {t} (tenant_id, {self.ordered_by}, id)"
                " WHERE state IN ('pending', 'claimed', 'calling')"
            )
        return [
            *made,
            definer(
                f"{t}_due_tenants",
                "_most integer",
                "SETOF bigint",
                _DUE_TENANTS.format(t=t),
                volatility="VOLATILE",
            ),
            definer(
                f"{t}_claim",
                "_tenants bigint[], _each integer, _lease interval, _token uuid",
                "TABLE(tenant_id bigint, id bigint)",
                _CLAIM.format(t=t, turn=self._turn(t)),
                volatility="VOLATILE",
            ),
            definer(
                f"{t}_stale",
                "_most integer",
                "TABLE(tenant_id bigint, id bigint)",
                f"SELECT tenant_id, id FROM {t} WHERE state IN ('claimed', 'calling')"
                " AND lease_until < clock_timestamp() ORDER BY lease_until LIMIT _most",
                volatility="VOLATILE",
            ),
            definer(f"{t}_overdue", "", "double precision", _OVERDUE.format(t=t), volatility="VOLATILE"),
            definer(f"{t}_promote", "_most integer", "integer", _PROMOTE.format(t=t), volatility="VOLATILE"),
        ]

    def _turn(self, t: str) -> str:
        """Whose turn it is, as a condition."""
        if not self.ordered_by:
            return ""
        return _TURN.format(t=t, by=self.ordered_by, first="" if self.strict else " AND earlier.attempts = 0")

    def undo(self, model: type[models.Model]) -> list[str]:
        """See the base class."""
        t = model._meta.db_table
        return [
            f"DROP FUNCTION {t}_due_tenants(integer)",
            f"DROP FUNCTION {t}_claim(bigint[], integer, interval, uuid)",
            f"DROP FUNCTION {t}_stale(integer)",
            f"DROP FUNCTION {t}_overdue()",
            f"DROP FUNCTION {t}_promote(integer)",
            f"DROP INDEX {t}_due, {t}_waiting, {t}_leased" + (f", {t}_ordered" if self.ordered_by else ""),
        ]


# A loose scan over the index of due rows: one probe a tenant that has any.
_DUE_TENANTS = """
WITH RECURSIVE head AS (
  (SELECT tenant_id, due_at FROM {t} WHERE state = 'pending' ORDER BY tenant_id, due_at LIMIT 1)
  UNION ALL
  SELECT later.tenant_id, later.due_at FROM head CROSS JOIN LATERAL (
    SELECT w.tenant_id, w.due_at FROM {t} w WHERE w.state = 'pending' AND w.tenant_id > head.tenant_id
    ORDER BY w.tenant_id, w.due_at LIMIT 1) later
)
SELECT tenant_id FROM head WHERE due_at <= app_now_of(tenant_id) ORDER BY random() LIMIT _most
"""

# Seconds since the oldest due row became due; null when none is.
_OVERDUE = """
WITH RECURSIVE head AS (
  (SELECT tenant_id, due_at FROM {t} WHERE state = 'pending' ORDER BY tenant_id, due_at LIMIT 1)
  UNION ALL
  SELECT later.tenant_id, later.due_at FROM head CROSS JOIN LATERAL (
    SELECT w.tenant_id, w.due_at FROM {t} w WHERE w.state = 'pending' AND w.tenant_id > head.tenant_id
    ORDER BY w.tenant_id, w.due_at LIMIT 1) later
)
SELECT max(extract(epoch FROM app_now_of(tenant_id) - due_at)) FROM head WHERE due_at <= app_now_of(tenant_id)
"""

_CLAIM = """
WITH picked AS MATERIALIZED (
  SELECT due.tenant_id, due.id FROM unnest(_tenants) AS t(tenant_id) CROSS JOIN LATERAL (
    SELECT w.tenant_id, w.id FROM {t} w
    WHERE w.tenant_id = t.tenant_id AND w.state = 'pending' AND w.due_at <= app_now_of(t.tenant_id) {turn}
    ORDER BY w.due_at, w.id LIMIT _each FOR UPDATE SKIP LOCKED) due
)
UPDATE {t} w SET state = 'claimed', attempts = w.attempts + 1,
  lease_until = clock_timestamp() + _lease, lease_token = _token
FROM picked WHERE w.tenant_id = picked.tenant_id AND w.id = picked.id AND w.state = 'pending'
RETURNING w.tenant_id, w.id
"""

_TURN = """
AND (w.{by} = '' OR NOT EXISTS (
  SELECT 1 FROM {t} earlier WHERE earlier.tenant_id = w.tenant_id AND earlier.{by} = w.{by} AND earlier.id < w.id
  AND (earlier.state IN ('claimed', 'calling') OR (earlier.state = 'pending'{first}))))
"""

# Far-future rows wait outside the index of due rows. A demo tenant's clock may run ahead of the real one.
_PROMOTE = """
WITH real AS (
  SELECT id FROM {t} WHERE state = 'waiting' AND due_at <= statement_timestamp()
  ORDER BY due_at LIMIT _most FOR UPDATE SKIP LOCKED
), demo AS (
  SELECT w.id FROM {t} w JOIN tenants_tenant d ON d.id = w.tenant_id AND d.is_demo AND d.clock_offset > interval '0'
  WHERE w.state = 'waiting' AND w.due_at > statement_timestamp()
  AND w.due_at <= statement_timestamp() + d.clock_offset LIMIT _most FOR UPDATE OF w SKIP LOCKED
), moved AS (
  UPDATE {t} SET state = 'pending'
  WHERE id IN (SELECT id FROM real UNION ALL SELECT id FROM demo) AND state = 'waiting' RETURNING 1
)
SELECT count(*)::integer FROM moved
"""
