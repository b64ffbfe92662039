"""Who a row belongs to: merged contacts read as the one that survives, test contacts count nowhere."""

from __future__ import annotations

import dataclasses

from django.db import connection

from economics.question import Question
from economics.rowsets.pieces import Scope, compose, piece

# The few contacts that are not plain; a partial index of this room holds just these.
_ODD = "tenant_id = %(tenant)s AND (is_test OR merged_into_id IS NOT NULL OR client_since IS NOT NULL)"


def scope(question: Question, *, states: bool = True) -> Scope:
    """Looks which rare things the salon has, so that questions to others stay short.

    `states`: see `Scope`.
    """
    values = {"tenant": question.tenant.pk}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
SELECT coalesce(bool_or(merged_into_id IS NOT NULL), false), coalesce(bool_or(is_test), false),
       coalesce(bool_or(client_since IS NOT NULL), false),
       EXISTS (SELECT FROM leads_lead WHERE tenant_id = %(tenant)s AND duplicate_of_id IS NOT NULL),
       EXISTS (SELECT FROM economics_moneyevent WHERE tenant_id = %(tenant)s),
       EXISTS (SELECT FROM leads_lead WHERE tenant_id = %(tenant)s AND contact_id IS NULL)
FROM conversations_contact WHERE {_ODD}""",
            values,
        )
        merged, tested, old, folded, events, strangers = cursor.fetchone()
        found = Scope(
            question, merged=merged, old=old, folded=folded, events=events, strangers=strangers, states=states
        )
        if not tested:
            return found
        asked = "SELECT id FROM test_contacts"
        cursor.execute(f"{compose(found, asked)} {asked}", values)
        return dataclasses.replace(found, tests=tuple(row[0] for row in cursor.fetchall()))


def contact(scope: Scope, column: str) -> tuple[str, str, str]:
    """SQL for a row's person: (the surviving contact, the join that finds it, the condition that it is no test)."""
    survivor, join, valid = column, "", ""
    if scope.merged:
        survivor, join = f"coalesce(m.survivor, {column})", f"LEFT JOIN merged m ON m.id = {column}"
    if scope.tests:
        # A constant array is hashed; the same as a join would have to be planned.
        valid = f"AND ({survivor} <> ALL (%(tests)s::bigint[]) OR {survivor} IS NULL)"
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
    """id, from_at: clients from before the history starts; clients they are from the day after the earliest date of
    their cards."""
    return """
SELECT coalesce(m.survivor, o.id) AS id, (min(o.client_since) + 1)::timestamp AT TIME ZONE %(zone)s AS from_at
FROM odd_contacts o LEFT JOIN merged m ON m.id = o.id WHERE o.client_since IS NOT NULL GROUP BY 1"""
