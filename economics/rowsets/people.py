"""Who a row belongs to: merged contacts read as the one that survives, test contacts count nowhere."""

from __future__ import annotations

from django.db import connection

from economics.question import Question
from economics.rowsets.pieces import Scope, piece

# The few contacts that are not plain; a partial index of this room holds just these.
_ODD = "tenant_id = %(tenant)s AND (is_test OR merged_into_id IS NOT NULL OR client_since IS NOT NULL)"


def scope(question: Question) -> Scope:
    """Looks which rare things the salon has, so that questions to others stay short."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
SELECT coalesce(bool_or(merged_into_id IS NOT NULL), false), coalesce(bool_or(is_test), false),
       coalesce(bool_or(client_since IS NOT NULL), false),
       EXISTS (SELECT FROM leads_lead WHERE tenant_id = %(tenant)s AND duplicate_of_id IS NOT NULL),
       EXISTS (SELECT FROM economics_moneyevent WHERE tenant_id = %(tenant)s)
FROM conversations_contact WHERE {_ODD}""",
            {"tenant": question.tenant.pk},
        )
        merged, tests, old, folded, events = cursor.fetchone()
    return Scope(question, merged=merged, tests=tests, old=old, folded=folded, events=events)


def contact(scope: Scope, column: str) -> tuple[str, str, str]:
    """SQL for a row's person: (the surviving contact, the join that finds it, the condition that it is no test)."""
    survivor, join, valid = column, "", ""
    if scope.merged:
        survivor, join = f"coalesce(m.survivor, {column})", f"LEFT JOIN merged m ON m.id = {column}"
    if scope.tests:
        # Few and asked for every row: an array is looked through faster than a join is planned.
        valid = f"AND coalesce({survivor} <> ALL ((SELECT array_agg(id) FROM test_contacts)::bigint[]), true)"
    return survivor, join, valid


@piece("odd_contacts")
def _odd(_: Scope) -> str:
    return f"SELECT id, merged_into_id, is_test, client_since FROM conversations_contact WHERE {_ODD}"


@piece("climb", "odd_contacts")
def _climb(_: Scope) -> str:
    # A survivor may have been merged itself; the depth ends a circle that should not exist.
    return """
SELECT id, merged_into_id AS survivor, 1 AS depth FROM odd_contacts WHERE merged_into_id IS NOT NULL
UNION ALL
SELECT climb.id, o.merged_into_id, climb.depth + 1
FROM climb JOIN odd_contacts o ON o.id = climb.survivor AND o.merged_into_id IS NOT NULL
WHERE climb.depth < 50"""


@piece("merged", "climb")
def _merged(_: Scope) -> str:
    """id, survivor: contacts that now read as another one."""
    return "SELECT DISTINCT ON (id) id, survivor FROM climb ORDER BY id, depth DESC"


@piece("test_contacts", "odd_contacts", "merged")
def _tests(_: Scope) -> str:
    """id of survivors any of whose cards is a test."""
    return """
SELECT DISTINCT coalesce(m.survivor, o.id) AS id
FROM odd_contacts o LEFT JOIN merged m ON m.id = o.id WHERE o.is_test"""


@piece("old_clients", "odd_contacts", "merged")
def _old(_: Scope) -> str:
    """id, since: clients from before the history starts; the earliest date of their cards holds."""
    return """
SELECT coalesce(m.survivor, o.id) AS id, min(o.client_since) AS since
FROM odd_contacts o LEFT JOIN merged m ON m.id = o.id WHERE o.client_since IS NOT NULL GROUP BY 1"""
