"""Which source and campaign a lead or a client is put down to.

The path to a moment is made of the touches of all leads of the person: not after the moment, not older than the
window, and after the person's last visit, because a visit closes the path. `last` and `first` take one touch,
`linear` all of them in equal parts. An empty path has no row here: not known, never spread over others.
"""

from __future__ import annotations

from economics.rowsets import people
from economics.rowsets.pieces import Scope, piece


def _touches(scope: Scope, bounds: str) -> str:
    """Touches with a source; a lead that carries a source and no touch was touched when it came."""
    survivor, join, valid = people.contact(scope, "l.contact_id")
    lead = "t.lead_id"
    fold = ""
    if scope.folded:
        lead, fold = "coalesce(f.first, t.lead_id)", "LEFT JOIN folded_leads f ON f.id = t.lead_id"
    seen = "AND l.created_at <= %(as_of)s" if scope.past else ""
    leads = f"l.tenant_id = %(tenant)s AND NOT l.is_test {valid} {seen}"
    return f"""
SELECT coalesce({survivor}, -l.id) AS person, t.at, t.id, t.source, t.campaign
FROM leads_touch t {fold}
JOIN leads_lead l ON l.tenant_id = %(tenant)s AND l.id = {lead} {join}
WHERE t.tenant_id = %(tenant)s AND t.source <> '' AND {leads} {bounds.format(at="t.at")}
UNION ALL
SELECT coalesce({survivor}, -l.id), l.created_at, 0, l.source, l.campaign
FROM leads_lead l {join}
WHERE {leads} AND l.source <> '' AND l.duplicate_of_id IS NULL {bounds.format(at="l.created_at")} AND NOT EXISTS (
    SELECT FROM leads_touch t WHERE t.tenant_id = %(tenant)s AND t.lead_id = l.id AND t.source <> '')"""


@piece("lead_anchors", "period_leads", "lead_messages")
def _lead_anchors(scope: Scope) -> str:
    anchors = "SELECT id, coalesce(contact_id, -id) AS person, contact_id, at FROM period_leads"
    if scope.events:
        anchors += (
            " UNION SELECT lead_id, coalesce(contact_id, -lead_id), contact_id, lead_at FROM lead_messages"
        )
    return anchors


@piece("lead_paths", "lead_anchors", "merged", "test_contacts", "folded_leads", "visitors", "known_bookings")
def _lead_paths(scope: Scope) -> str:
    """id, at, touch, source, campaign: every touch on the way to a lead."""
    # A paid message of the period may belong to an older lead, so only without such is the period a lower bound.
    lower = "" if scope.events else "AND {at} >= %(start)s::timestamptz - %(window)s"
    return _path(scope, "lead_anchors", f"{lower} AND {{at}} < %(end)s")


@piece("client_anchors", "first_visits", "old_clients")
def _client_anchors(_: Scope) -> str:
    """A client's way ends when the booking of the first visit is made."""
    return """
SELECT v.contact_id AS id, v.contact_id AS person, v.contact_id, v.made AS at
FROM first_visits v LEFT JOIN old_clients o ON o.id = v.contact_id WHERE o.id IS NULL"""


@piece(
    "client_paths", "client_anchors", "merged", "test_contacts", "folded_leads", "visitors", "known_bookings"
)
def _client_paths(scope: Scope) -> str:
    """id, at, touch, source, campaign: every touch on the way to a client."""
    return _path(scope, "client_anchors", "")


def _path(scope: Scope, anchors: str, bounds: str) -> str:
    return f"""
SELECT a.id, t.at, t.id AS touch, t.source, t.campaign
FROM {anchors} a
JOIN ({_touches(scope, bounds)}) t ON t.person = a.person AND t.at <= a.at AND t.at >= a.at - %(window)s
LEFT JOIN (
    SELECT a.id, max(k.at) AS at
    FROM {anchors} a
    JOIN visitors v ON v.contact_id = a.contact_id AND v.at < a.at
    JOIN known_bookings k ON k.contact_id = a.contact_id AND k.done AND k.at < a.at
    GROUP BY a.id
) v ON v.id = a.id
WHERE v.at IS NULL OR t.at > v.at"""


def _keys(scope: Scope, paths: str) -> str:
    """id, source, campaign, part, parts: as many rows as touches share one lead or client."""
    if scope.question.attribution == "linear":
        return f"""
SELECT id, source, campaign, row_number() OVER (PARTITION BY id ORDER BY at, touch) AS part,
       count(*) OVER (PARTITION BY id) AS parts FROM {paths}"""
    order = "at DESC, touch DESC" if scope.question.attribution == "last" else "at, touch"
    return f"""
SELECT DISTINCT ON (id) id, source, campaign, 1 AS part, 1 AS parts FROM {paths} ORDER BY id, {order}"""


@piece("lead_keys", "lead_paths")
def _lead_keys(scope: Scope) -> str:
    return _keys(scope, "lead_paths")


@piece("client_keys", "client_paths")
def _client_keys(scope: Scope) -> str:
    return _keys(scope, "client_paths")
