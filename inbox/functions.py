"""Search over the wall: the one question this room asks as `app_maint`, and the indexes that answer it.

LIKE is not leakproof, so under row-level security it would never use an index; here the function names the tenant
itself, read from the transaction's setting, and answers with ids only. The rows are then read through the wall.
"""

from __future__ import annotations

from tenants.constraints import TENANT_SETTING
from tenants.functions import definer


def folded(column: str) -> str:
    """SQL: a column as people type it, lower case and the Russian letter yo as ye (see `kit.text.fold`)."""
    return f"translate(lower({column}), U&'\\0451', U&'\\0435')"


# Under the C locale, which a server without system locales has, pg_trgm takes no letter beyond ASCII for one: a
# Russian word would have no trigrams. So the index holds Russian letters as Latin ones. Some share one; whatever the
# index brings is compared with the words as they are.
_RUSSIAN = "".join(f"\\{code:04X}" for code in (*range(0x0430, 0x0450), 0x0451))
_AS_LATIN = "abvgdejziyklmnoprstufhcqwxyyxeuae"


def keyed(column: str) -> str:
    """SQL: what the trigram index of a column holds."""
    return f"translate(lower({column}), U&'{_RUSSIAN}', '{_AS_LATIN}')"


def matches(column: str) -> str:
    """SQL: whether a column matches the pattern `_words`, found by the index of `keyed` and checked as it is."""
    return f"{keyed(column)} LIKE {keyed('_words')} AND {folded(column)} LIKE _words"


# `_words` and `_digits` are LIKE patterns, already escaped and folded; null where there is nothing to look for.
# Names and numbers come before texts, and the newest threads first. A word that half of the newest messages have is
# looked for in no others; a rarer one is found by its trigrams (materialised: else the planner would walk all
# messages by time in the hope of meeting some).
INBOX_SEARCH = definer(
    "inbox_search",
    "_words text, _digits text, _in_messages boolean, _most integer",
    "TABLE(conversation_id bigint, message_id bigint)",
    f"""
WITH people AS (
  SELECT id FROM conversations_contact
  WHERE tenant_id = {TENANT_SETTING} AND {matches("name")}
  UNION
  SELECT id FROM conversations_contact
  WHERE tenant_id = {TENANT_SETTING} AND phone <> '' AND phone LIKE _digits
  UNION
  SELECT contact_id FROM conversations_identity
  WHERE tenant_id = {TENANT_SETTING} AND username <> '' AND {matches("username")}
  LIMIT 1000
), by_person AS (
  SELECT c.id AS conversation_id, NULL::bigint AS message_id, 0 AS place, c.last_message_at AS at
  FROM people p JOIN conversations_conversation c ON c.tenant_id = {TENANT_SETTING} AND c.contact_id = p.id
  ORDER BY c.last_message_at DESC NULLS LAST LIMIT _most
), newest AS MATERIALIZED (
  SELECT conversation_id, id, created_at FROM (
    SELECT m.conversation_id, m.id, m.created_at, m.text FROM conversations_message m
    WHERE m.tenant_id = {TENANT_SETTING} AND _in_messages
    ORDER BY m.created_at DESC, m.id DESC LIMIT 5000
  ) few WHERE {folded("few.text")} LIKE _words
), all_times AS MATERIALIZED (
  SELECT m.conversation_id, m.id, m.created_at FROM conversations_message m
  WHERE m.tenant_id = {TENANT_SETTING} AND _in_messages AND {matches("m.text")}
  AND (SELECT count(*) FROM newest) < _most * 2
), by_text AS (
  SELECT DISTINCT ON (found.conversation_id) found.conversation_id, found.id AS message_id, 1 AS place,
    found.created_at AS at
  FROM (
    SELECT * FROM newest UNION ALL SELECT * FROM all_times ORDER BY created_at DESC LIMIT _most * 10
  ) found
  ORDER BY found.conversation_id, found.created_at DESC
), every AS (
  SELECT * FROM by_person
  UNION ALL
  SELECT * FROM by_text t WHERE NOT EXISTS (SELECT 1 FROM by_person p WHERE p.conversation_id = t.conversation_id)
)
SELECT conversation_id, message_id FROM every ORDER BY place, at DESC NULLS LAST, conversation_id LIMIT _most
""",
)

# What the list and the search read by. They stand on tables of lower rooms because only this room asks so.
INDEXES = {
    "inbox_contact_name": (f"ON conversations_contact USING gin (tenant_id, ({keyed('name')}) gin_trgm_ops)"),
    "inbox_contact_phone": "ON conversations_contact USING gin (tenant_id, phone gin_trgm_ops) WHERE phone <> ''",
    "inbox_identity_username": (
        f"ON conversations_identity USING gin (tenant_id, ({keyed('username')}) gin_trgm_ops) WHERE username <> ''"
    ),
    "inbox_message_text": f"ON conversations_message USING gin (tenant_id, ({keyed('text')}) gin_trgm_ops)",
    "inbox_by_state": "ON conversations_conversation (tenant_id, state, waiting_since, last_message_at DESC, id DESC)",
    "inbox_mine": (
        "ON conversations_conversation (tenant_id, assignee_id, state, waiting_since, last_message_at DESC, id DESC)"
        " WHERE assignee_id IS NOT NULL"
    ),
    "inbox_by_channel": (
        "ON conversations_conversation (tenant_id, connection_id, state, waiting_since, last_message_at DESC, id DESC)"
    ),
    "inbox_uncertain": (
        "ON conversations_message (tenant_id, created_at DESC) WHERE state IN ('in_doubt', 'failed')"
    ),
    "inbox_raw": "ON leads_lead (tenant_id, created_at DESC) WHERE contact_id IS NULL AND status <> 'lost'",
}
# What came later.
MORE_INDEXES = {
    "inbox_private": "ON conversations_conversation (tenant_id, last_message_at DESC, id DESC) WHERE is_private",
}
