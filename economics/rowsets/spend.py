"""Money spent on clients, one row a local day: whole kopecks, those left over to the earliest days."""

from __future__ import annotations

from economics.rowsets.pieces import Scope, piece


@piece("spend_days")
def _days(_: Scope) -> str:
    """Days of the period: id, day, at, kind, source, campaign (null where there is none), amount in rubles."""
    return """
SELECT s.id, d.day::date AS day, (d.day::date)::timestamp AT TIME ZONE %(zone)s AS at, s.kind,
       nullif(s.source, '') AS source, nullif(s.campaign, '') AS campaign,
       sign(s.amount) * (div(abs(s.amount) * 100, s.days)
         + (d.day::date - s.first_day < mod(abs(s.amount) * 100, s.days))::int) / 100 AS amount
FROM (SELECT *, last_day - first_day + 1 AS days FROM economics_spend
      WHERE tenant_id = %(tenant)s AND removed_at IS NULL AND first_day <= %(last)s AND last_day >= %(first)s) s
CROSS JOIN LATERAL generate_series(greatest(s.first_day, %(first)s)::timestamp,
                                   least(s.last_day, %(last)s, %(today)s)::timestamp, interval '1 day') AS d(day)"""


@piece("paid_sources", "spend_days")
def _paid(_: Scope) -> str:
    """source: those that advertising was paid for, corrections taken off."""
    return """
SELECT source FROM spend_days WHERE kind = 'ads' AND source IS NOT NULL GROUP BY source HAVING sum(amount) > 0"""
