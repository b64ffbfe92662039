"""Visits that were agreed, with their money.

One row however often it was moved; its day and master are those of the last move. A hold that ran out is no booking.
Seen from now, a booking's own columns say how it stands; seen from the past, its story is read up to that moment.
"""

from __future__ import annotations

from economics.rowsets import people
from economics.rowsets.pieces import Scope, piece

_ENDINGS = "('completed', 'no_show', 'cancelled', 'expired')"


@piece("stories")
def _stories(_: Scope) -> str:
    """Per booking, for a look from the past: the last ending by then, and start and master before later moves.

    Reopening takes back the very step before it, so an ending that was reopened by then is none.
    """
    stands = "c.at <= %(as_of)s AND NOT coalesce(c.undone_at <= %(as_of)s, false)"
    ended = f"FILTER (WHERE c.kind IN {_ENDINGS} AND {stands})"
    later = "c.kind = 'moved' AND c.at > %(as_of)s"
    return f"""
SELECT c.booking_id,
       (array_agg(c.kind ORDER BY c.at DESC, c.id DESC) {ended})[1] AS ending,
       (array_agg(c.by ORDER BY c.at DESC, c.id DESC) {ended})[1] AS ended_by,
       max(c.at) {ended} AS ended_at,
       (array_agg(c.starts_before ORDER BY c.at, c.id) FILTER (WHERE {later}))[1] AS start_then,
       (array_agg(c.staff_before_id ORDER BY c.at, c.id)
          FILTER (WHERE {later} AND c.staff_before_id IS NOT NULL))[1] AS staff_then
FROM (
  SELECT *, CASE WHEN lead(kind) OVER story = 'reopened' THEN lead(at) OVER story END AS undone_at
  FROM bookings_bookingchange WHERE tenant_id = %(tenant)s WINDOW story AS (PARTITION BY booking_id ORDER BY at, id)
) c GROUP BY c.booking_id"""


def _status(kind: str, by: str, ended_at: str, start: str) -> str:
    """How a booking ended. Late is a cancellation with less notice than agreed; exactly as much is in time."""
    return f"""CASE {kind}
         WHEN 'completed' THEN 'completed' WHEN 'no_show' THEN 'no_show' WHEN 'expired' THEN 'expired'
         WHEN 'cancelled' THEN CASE WHEN {by} = 'salon' THEN 'cancelled_by_salon'
           WHEN {start} - {ended_at} < %(late)s THEN 'cancelled_late' ELSE 'cancelled_in_time' END
         ELSE 'open' END"""


@piece("endings")
def _endings(_: Scope) -> str:
    """Per cancelled booking, for a look from now: when it was cancelled and by whom."""
    return """
SELECT DISTINCT ON (c.booking_id) c.booking_id, c.at, c.by FROM bookings_bookingchange c
WHERE c.tenant_id = %(tenant)s AND c.kind = 'cancelled' ORDER BY c.booking_id, c.at DESC, c.id DESC"""


@piece("known_bookings", "merged", "folded_leads", "endings", "stories")
def _known(scope: Scope) -> str:
    """Every booking there is: id, contact_id, lead_id, made, at, day, staff_id, walk_in, status, done …

    The whole history is read, because a first visit may lie anywhere in it.
    """
    survivor, join, valid = people.contact(scope, "b.contact_id")
    lead = "b.lead_id"
    if scope.folded:
        lead, join = "coalesce(f.first, b.lead_id)", f"{join} LEFT JOIN folded_leads f ON f.id = b.lead_id"
    if scope.past:
        start = "coalesce(s.start_then, b.starts_at)"
        join += " LEFT JOIN stories s ON s.booking_id = b.id"
        day, staff = f"({start} AT TIME ZONE %(zone)s)::date", "coalesce(s.staff_then, b.staff_id)"
        status = _status("s.ending", "s.ended_by", "s.ended_at", start)
        valid += " AND b.created_at <= %(as_of)s"
    else:
        start, day, staff = "b.starts_at", "b.local_day", "b.staff_id"
        join += " LEFT JOIN endings c ON c.booking_id = b.id AND b.status = 'cancelled'"
        status = _status("b.status", "c.by", "c.at", start)
        valid += " AND b.status <> 'expired'"
    return f"""
SELECT *, status = 'completed' AS done FROM (
  SELECT b.id, {survivor} AS contact_id, {lead} AS lead_id, b.created_at AS made, {start} AS at, {day} AS day,
         {staff} AS staff_id, b.origin = 'walk_in' AS walk_in, b.addons_offered AS offered, b.discount, b.paid, b.total,
         {status} AS status
  FROM bookings_booking b {join}
  WHERE b.tenant_id = %(tenant)s AND NOT b.is_test {valid}
) known{" WHERE status <> 'expired'" if scope.past else ""}"""


@piece("period_bookings", "known_bookings", inline=True)
def _period(_: Scope) -> str:
    return "SELECT * FROM known_bookings WHERE at >= %(start)s AND at < %(end)s"


@piece("made_bookings", "known_bookings", inline=True)
def _made(_: Scope) -> str:
    """Bookings made in the period, whenever they start."""
    return "SELECT id, made AS at, contact_id FROM known_bookings WHERE made >= %(start)s AND made < %(end)s"


@piece("moved_bookings", "period_bookings", inline=True)
def _moved(scope: Scope) -> str:
    """Bookings of the period that were moved at least once."""
    seen = "AND c.at <= %(as_of)s" if scope.past else ""
    return f"""
SELECT p.id, p.at, p.contact_id FROM period_bookings p
WHERE EXISTS (SELECT FROM bookings_bookingchange c WHERE c.tenant_id = %(tenant)s AND c.booking_id = p.id
              AND c.kind = 'moved' {seen})"""


@piece("upsold_services")
def _upsold(_: Scope) -> str:
    """id of services that have an add-on to offer."""
    return "SELECT DISTINCT service_id AS id FROM bookings_serviceaddon WHERE tenant_id = %(tenant)s"


@piece("priced_ids", "period_bookings", "later_bookings")
def _priced_ids(_: Scope) -> str:
    return "SELECT * FROM period_bookings UNION ALL SELECT * FROM later_bookings"


@piece("item_sums", "priced_ids", "upsold_services")
def _items(_: Scope) -> str:
    """Per booking: list price, materials, add-ons taken, the main service (its first), whether add-ons fit it."""
    return """
SELECT i.booking_id, sum(i.price) AS listed, sum(i.cost) AS materials,
       coalesce(sum(i.price) FILTER (WHERE i.addon_id IS NOT NULL), 0) AS addon_price,
       bool_or(i.addon_id IS NOT NULL) AS taken,
       bool_or(u.id IS NOT NULL) AS eligible,
       min(i.position * 1000000000000 + i.service_id) %% 1000000000000 AS service_id
FROM priced_ids p
JOIN bookings_bookingitem i ON i.tenant_id = %(tenant)s AND i.booking_id = p.id
LEFT JOIN upsold_services u ON u.id = i.service_id
GROUP BY i.booking_id"""


@piece("event_sums", "priced_ids")
def _events(scope: Scope) -> str:
    """Per booking, in rubles: what money events say was paid, given back, tipped, kept by acquirers, spent on words."""
    if not scope.events:
        return """SELECT 0::bigint AS booking_id, false AS told, 0::numeric AS paid, 0::numeric AS refunded,
 0::numeric AS tips, 0::numeric AS messages, 0::numeric AS fees WHERE false"""
    seen = " AND e.at <= %(as_of)s" if scope.past else ""

    def of(kinds: str, column: str = "amount") -> str:
        return f"coalesce(sum(e.{column}) FILTER (WHERE e.kind IN ({kinds}){seen}), 0)"

    paid = "'deposit', 'payment'"
    return f"""
SELECT e.booking_id, bool_or(e.kind IN ({paid})) AS told, {of(paid)} AS paid, {of("'refund'")} AS refunded,
       {of("'tip'")} AS tips, {of("'message'")} AS messages,
       {of("'deposit', 'payment', 'refund', 'tip'", "fee")} AS fees
FROM economics_moneyevent e
WHERE e.tenant_id = %(tenant)s AND e.booking_id IS NOT NULL AND e.booking_id IN (SELECT id FROM priced_ids)
GROUP BY e.booking_id"""


@piece("priced", "priced_ids", "item_sums", "event_sums")
def _priced(scope: Scope) -> str:
    """The bookings of the period and all other bookings of its new clients, with their money, rounded on the row.

    due = listed − discount. A completed one brings revenue = due − refunded; one that ended otherwise keeps what was
    paid and not given back. An open one has neither revenue nor costs yet.
    """
    vat = "round(kept * %(vat)s / (100 + %(vat)s), 2)" if scope.question.terms.vat_rate else "0::numeric"
    # Events are the truth where there are any; without them the booking is taken at its word.
    paid = "CASE WHEN coalesce(e.told, false) THEN e.paid ELSE p.paid END"
    return f"""
SELECT *, kept - vat - materials - staff_share AS gross,
       CASE WHEN open THEN 0 ELSE kept - vat - materials - staff_share - fees - messages END AS contribution
FROM (
  SELECT *, {vat} AS vat FROM (
    SELECT *, revenue + forfeited AS kept, CASE WHEN done THEN round(revenue * share / 100, 2) ELSE 0 END AS staff_share
    FROM (
      SELECT p.id, p.contact_id, p.at, p.day, p.made, p.staff_id, p.walk_in, p.status,
             p.done, p.status = 'open' AS open, s.share_percent AS share,
             i.service_id, coalesce(i.eligible, false) AS eligible, coalesce(i.taken, false) AS taken,
             p.offered OR coalesce(i.taken, false) AS offered,
             coalesce(i.listed, p.total) AS listed, p.discount, coalesce(i.listed, p.total) - p.discount AS due,
             coalesce(i.addon_price, 0) AS addon_price, coalesce(e.refunded, 0) AS refunded,
             {paid} AS paid, coalesce(e.tips, 0) AS tips, coalesce(e.fees, 0) AS fees,
             coalesce(e.messages, 0) AS messages,
             CASE WHEN p.status = 'completed' THEN coalesce(i.materials, 0) ELSE 0 END AS materials,
             CASE WHEN p.status = 'completed'
                  THEN coalesce(i.listed, p.total) - p.discount - coalesce(e.refunded, 0) ELSE 0 END AS revenue,
             CASE WHEN p.status NOT IN ('completed', 'open')
                  THEN ({paid}) - coalesce(e.refunded, 0) ELSE 0 END AS forfeited
      FROM priced_ids p
      JOIN bookings_staff s ON s.tenant_id = %(tenant)s AND s.id = p.staff_id
      LEFT JOIN item_sums i ON i.booking_id = p.id
      LEFT JOIN event_sums e ON e.booking_id = p.id
    ) listed
  ) earned
) charged"""


@piece("booking_facts", "priced", inline=True)
def _facts(_: Scope) -> str:
    """The period's bookings. `planned`: agreed beforehand, so that not coming was possible."""
    return """
SELECT *, contact_id IS NOT NULL AS known, NOT walk_in AS planned, at < %(as_of)s AS over,
       CASE WHEN done THEN greatest(due - paid, 0) ELSE 0 END AS receivable,
       CASE WHEN open THEN 0 ELSE fees END AS ended_fees, CASE WHEN open THEN 0 ELSE messages END AS ended_messages,
       kept - vat AS net
FROM priced WHERE at >= %(start)s AND at < %(end)s"""


@piece("visit_facts", "booking_facts", inline=True)
def _visits(_: Scope) -> str:
    """Completed bookings of one person on one day are one visit; an anonymous walk-in is a visit of its own."""
    return """
SELECT min(id) AS id, min(at) AS at, day, contact_id, contact_id IS NULL AS anonymous,
       sum(revenue) AS revenue, sum(contribution) AS contribution
FROM booking_facts WHERE done GROUP BY day, contact_id, CASE WHEN contact_id IS NULL THEN id END"""


@piece("active_clients", "booking_facts", inline=True)
def _active(_: Scope) -> str:
    """People with a visit in the period, and what those visits brought."""
    return """
SELECT contact_id AS id, contact_id, min(at) AS at, sum(revenue) AS revenue
FROM booking_facts WHERE done AND known GROUP BY contact_id"""
