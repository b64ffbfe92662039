"""Which source and campaign a lead or a client is put down to.

The path to a moment is made of the touches of all leads of the person: not after the moment, not older than the
window, and after the person's last visit, because a visit closes the path. `last` and `first` take one touch,
`linear` all of them in equal parts. An empty path has no row here: not known, never spread over others.
"""

from __future__ import annotations

from economics.rowsets import people
from economics.rowsets.pieces import Scope, piece


@piece("lead_anchors", "period_leads", "lead_messages")
def _lead_anchors(scope: Scope) -> str:
    anchors = "SELECT id, contact_id, at, at - %(window)s AS opened FROM period_leads"
    if scope.events:
        anchors += " UNION SELECT lead_id, contact_id, lead_at, lead_at - %(window)s FROM lead_messages"
    return anchors


@piece("lead_paths", "lead_anchors", "merged", "folded_leads", "visitors", "known_bookings")
def _lead_paths(scope: Scope) -> str:
    """id, at, touch, source, campaign: every touch on the way to a lead."""
    return _path(scope, "lead_anchors")


@piece("client_anchors", "first_visits", "old_clients")
def _client_anchors(_: Scope) -> str:
    """A client's way ends when the booking of the first visit is made."""
    return """
SELECT v.contact_id AS id, v.contact_id, v.made AS at, v.made - %(window)s AS opened
FROM first_visits v LEFT JOIN old_clients o ON o.id = v.contact_id WHERE o.id IS NULL"""


@piece("client_paths", "client_anchors", "merged", "folded_leads", "visitors", "known_bookings")
def _client_paths(scope: Scope) -> str:
    """id, at, touch, source, campaign: every touch on the way to a client."""
    return _path(scope, "client_anchors")


def _path(scope: Scope, anchors: str) -> str:
    """Touches of the person's leads on the way to each anchor; a lead without a contact has only its own.

    A lead that carries a source and no touch was touched when it came.
    """
    survivor, join, valid = people.contact(scope, "l.contact_id")
    ways = [_way(scope, anchors, same=f"{survivor} = a.contact_id", join=join, valid=valid)]
    if scope.strangers and anchors == "lead_anchors":
        ways.append(_way(scope, anchors, same="l.id = a.id AND l.contact_id IS NULL", join="", valid=""))
    return f"""
SELECT p.* FROM ({" UNION ALL ".join(ways)}) p
LEFT JOIN (
    SELECT a.id, max(k.at) AS at
    FROM {anchors} a
    JOIN visitors v ON v.contact_id = a.contact_id AND v.at < a.at
    JOIN known_bookings k ON k.contact_id = a.contact_id AND k.done AND k.at < a.at
    GROUP BY a.id
) v ON v.id = p.id
WHERE v.at IS NULL OR p.at > v.at"""


def _way(scope: Scope, anchors: str, *, same: str, join: str, valid: str) -> str:
    lead, fold = "t.lead_id", ""
    if scope.folded:
        lead, fold = "coalesce(f.first, t.lead_id) AS lead_id", "LEFT JOIN folded_leads f ON f.id = t.lead_id"
    seen = "AND l.created_at <= %(as_of)s" if scope.past else ""
    at = "coalesce(t.at, l.created_at)"
    return f"""
SELECT a.id, {at} AS at, coalesce(t.id, 0) AS touch, coalesce(t.source, l.source) AS source,
       coalesce(t.campaign, l.campaign) AS campaign
FROM leads_lead l {join}
LEFT JOIN (
    SELECT {lead}, t.at, t.id, t.source, t.campaign FROM leads_touch t {fold}
    WHERE t.tenant_id = %(tenant)s AND t.source <> ''
) t ON t.lead_id = l.id
JOIN {anchors} a ON {same}
WHERE l.tenant_id = %(tenant)s AND NOT l.is_test AND l.duplicate_of_id IS NULL {valid} {seen}
  AND coalesce(t.source, l.source) <> '' AND {at} <= a.at AND {at} >= a.opened"""


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
