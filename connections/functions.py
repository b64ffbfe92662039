"""The one question the ingest role may ask: whose hook is this?"""

from __future__ import annotations

from tenants.constraints import ROLE_INGEST, ROLE_RW
from tenants.functions import definer

RESOLVE_HOOK = definer(
    "resolve_hook",
    "_hash bytea",
    "TABLE(tenant_id bigint, connection_id bigint, kind text, sealed_settings bytea)",
    "SELECT tenant_id, id, kind::text, sealed_settings FROM connections_connection"
    " WHERE token_hash = _hash AND state <> 'off'",
    callers=f"{ROLE_INGEST}, {ROLE_RW}",
)
