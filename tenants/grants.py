"""Rights on tables that belong to no tenant (users, sessions, Django's own), set after each migration."""

from __future__ import annotations

from typing import Any

from django.db import connections

from tenants.constraints import ROLE_RO, ROLE_RW

# django_migrations is read by /readyz; only the owner writes it.
_READ_ONLY = {"django_migrations"}


def grant_shared_tables(*, using: str = "owner", **_: Any) -> None:
    """Gives `app_rw` the shared tables; those with row-level security grant theirs in their own constraint."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relrowsecurity"
            " AND relnamespace = 'public'::regnamespace AND pg_has_role(relowner, 'MEMBER')"
        )
        for (table,) in cursor.fetchall():
            if table in _READ_ONLY:
                cursor.execute(f'GRANT SELECT ON "{table}" TO {ROLE_RW}, {ROLE_RO}')
            else:
                cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {ROLE_RW}')
                cursor.execute(f'GRANT SELECT ON "{table}" TO {ROLE_RO}')
        cursor.execute(f"GRANT USAGE ON SEQUENCE tenants_tenant_id_seq TO {ROLE_RW}")
