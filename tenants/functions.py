"""The few reviewed SQL functions that look across tenants, each for one question.

They belong to `app_maint` (BYPASSRLS, no login), so a caller learns what the function answers and nothing more.
"""

from __future__ import annotations

from django.db import migrations

from tenants.constraints import ROLE_INGEST, ROLE_MAINT, ROLE_RO, ROLE_RW


def definer(
    name: str,
    arguments: str,
    returns: str,
    body: str,
    *,
    callers: str = f"{ROLE_RW}, {ROLE_RO}",
    volatility: str = "STABLE",
) -> str:
    """SQL that makes a SECURITY DEFINER function of `app_maint` for `callers` alone."""
    signature = f"{name}({', '.join(part.split()[1] for part in arguments.split(',')) if arguments else ''})"
    return f"""
CREATE OR REPLACE FUNCTION {name}({arguments}) RETURNS {returns}
LANGUAGE sql {volatility} SECURITY DEFINER SET search_path = pg_catalog, public
AS $body$ {body} $body$;
ALTER FUNCTION {signature} OWNER TO {ROLE_MAINT};
REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {signature} TO {callers};
"""


def operation(sql: str, *, drop: str) -> migrations.RunSQL:
    """A migration step that makes a function and knows how to drop it."""
    return migrations.RunSQL(sql, reverse_sql=f"DROP FUNCTION {drop}")


EVERY_ROLE = f"{ROLE_RW}, {ROLE_RO}, {ROLE_INGEST}"

# The one clock: real time, moved only for a tenant flagged as demo.
APP_NOW_OF = definer(
    "app_now_of",
    "_tenant bigint",
    "timestamptz",
    "SELECT statement_timestamp() + coalesce("
    "(SELECT clock_offset FROM tenants_tenant WHERE id = _tenant AND is_demo), interval '0')",
    callers=EVERY_ROLE,
)
APP_NOW = definer(
    "app_now",
    "",
    "timestamptz",
    "SELECT app_now_of(nullif(current_setting('app.tenant_id', true), '')::bigint)",
    callers=EVERY_ROLE,
)
TENANT_BY_SLUG = definer(
    "tenant_by_slug", "_slug text", "bigint", "SELECT id FROM tenants_tenant WHERE slug = _slug"
)
MEMBERSHIPS_OF = definer(
    "memberships_of",
    "_user bigint",
    "TABLE(tenant_id bigint, slug text, name text, role text, timezone text, is_demo boolean)",
    "SELECT t.id, t.slug::text, t.name::text, m.role::text, t.timezone::text, t.is_demo"
    " FROM tenants_membership m JOIN tenants_tenant t ON t.id = m.tenant_id"
    " WHERE m.user_id = _user ORDER BY t.name, t.id",
)
RESOLVE_API_TOKEN = definer(
    "resolve_api_token",
    "_hash bytea",
    "TABLE(tenant_id bigint, token_id bigint, role text)",
    "SELECT tenant_id, id, role::text FROM tenants_apitoken WHERE token_hash = _hash AND revoked_at IS NULL",
)
RESOLVE_JOIN_LINK = definer(
    "resolve_join_link",
    "_hash bytea",
    "bigint",
    "SELECT tenant_id FROM tenants_joinlink WHERE token_hash = _hash",
)
TENANT_IDS = definer("tenant_ids", "", "SETOF bigint", "SELECT id FROM tenants_tenant ORDER BY id")
