"""People who came: their first visit ever, what those new in the period have brought to date, how they return."""

from __future__ import annotations

from economics.rowsets.pieces import Scope, piece


@piece("visitors", "known_bookings")
def _visitors(_: Scope) -> str:
    """contact_id, at: everybody who ever came, and when first."""
    return """
SELECT contact_id, min(at) AS at FROM known_bookings WHERE done AND contact_id IS NOT NULL GROUP BY contact_id"""


@piece("first_visits", "visitors", "known_bookings", "period_bookings")
def _first_visits(_: Scope) -> str:
    """The first completed booking ever of each person with a booking in the period."""
    return """
SELECT DISTINCT ON (k.contact_id) k.contact_id, k.id AS booking_id, k.at, k.day, k.made
FROM known_bookings k JOIN visitors v ON v.contact_id = k.contact_id AND v.at = k.at
WHERE k.done AND k.contact_id IN (SELECT contact_id FROM period_bookings)
ORDER BY k.contact_id, k.id"""


@piece("new_clients", "first_visits", "old_clients")
def _new(_: Scope) -> str:
    """People whose first visit lies in the period and who were no clients before the history starts."""
    return """
SELECT v.* FROM first_visits v LEFT JOIN old_clients o ON o.id = v.contact_id
WHERE v.at >= %(start)s AND v.at < %(end)s AND o.id IS NULL"""


@piece("later_bookings", "new_clients", "known_bookings")
def _later(_: Scope) -> str:
    """Bookings of new clients outside the period: what they brought since, or lost before."""
    return """
SELECT k.* FROM known_bookings k JOIN new_clients n ON n.contact_id = k.contact_id
WHERE k.at < %(start)s OR k.at >= %(end)s"""


@piece("client_bookings", "priced", "new_clients", inline=True)
def _bookings(_: Scope) -> str:
    """Every booking of the period's new clients to date."""
    return "SELECT p.* FROM priced p JOIN new_clients n ON n.contact_id = p.contact_id"


@piece("client_facts", "client_bookings", "new_clients")
def _facts(_: Scope) -> str:
    """One row a new client: money to date; `ripe` when the time to return has passed, `returned` when used."""
    return """
SELECT n.contact_id AS id, n.contact_id, n.at, n.day, b.kept, b.contribution,
       n.day + %(repeat_days)s < %(today)s AS ripe,
       n.day + %(repeat_days)s < %(today)s AND coalesce(b.second <= n.day + %(repeat_days)s, false) AS returned
FROM new_clients n
JOIN (
    SELECT p.contact_id, sum(p.kept) AS kept, sum(p.contribution) AS contribution,
           min(p.day) FILTER (WHERE p.done AND p.day > n.day) AS second
    FROM client_bookings p JOIN new_clients n ON n.contact_id = p.contact_id GROUP BY p.contact_id
) b ON b.contact_id = n.contact_id"""


@piece("visit_gaps", "known_bookings", "period_bookings")
def _gaps(_: Scope) -> str:
    """Days between a visit of the period and the same person's visit before."""
    return """
SELECT contact_id AS id, contact_id, at, gap FROM (
  SELECT contact_id, at, day, day - lag(day) OVER (PARTITION BY contact_id ORDER BY day) AS gap FROM (
    SELECT k.contact_id, k.day, min(k.at) AS at FROM known_bookings k
    WHERE k.done AND k.at < %(end)s AND k.contact_id IN (SELECT contact_id FROM period_bookings WHERE done)
    GROUP BY k.contact_id, k.day
  ) days
) gaps WHERE gap IS NOT NULL AND at >= %(start)s"""
