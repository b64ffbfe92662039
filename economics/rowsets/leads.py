"""Requests of people: what became of each, when it was answered, what handling it cost.

Duplicates are folded into the earlier lead. Spam is kept here, because the time it took was really spent; every
count leaves it out.
"""

from __future__ import annotations

from economics.rowsets import people
from economics.rowsets.pieces import Scope, piece


@piece("fold")
def _fold(_: Scope) -> str:
    return """
SELECT id, duplicate_of_id AS first, 1 AS depth FROM leads_lead
WHERE tenant_id = %(tenant)s AND duplicate_of_id IS NOT NULL
UNION ALL
SELECT fold.id, l.duplicate_of_id, fold.depth + 1
FROM fold JOIN leads_lead l ON l.tenant_id = %(tenant)s AND l.id = fold.first AND l.duplicate_of_id IS NOT NULL
WHERE fold.depth < 50"""


@piece("folded_leads", "fold")
def _folded(_: Scope) -> str:
    """id, first: duplicates and the lead each belongs to."""
    return "SELECT DISTINCT ON (id) id, first FROM fold ORDER BY id, depth DESC"


@piece("twins", "folded_leads")
def _twins(scope: Scope) -> str:
    """What the duplicates of a lead add to it."""
    seen = "AND l.created_at <= %(as_of)s" if scope.past else ""
    return f"""
SELECT f.first, min(l.first_reply_at) AS reply, min(l.first_human_reply_at) AS human,
       max(l.last_message_at) AS last_word, sum(l.handling_seconds) AS seconds
FROM folded_leads f JOIN leads_lead l ON l.tenant_id = %(tenant)s AND l.id = f.id {seen}
GROUP BY f.first"""


# The column remembers the newest word only; what was the last one by then is asked of the thread.
_LAST_WORD_THEN = """(
    SELECT max(w.created_at) FROM conversations_message w
    WHERE w.tenant_id = %(tenant)s AND w.conversation_id = l.conversation_id
      AND w.created_at >= l.created_at AND w.created_at <= %(as_of)s)"""


def _select(scope: Scope, where: str) -> str:
    """Leads as they stood, with their first answers, the seconds spent on them and their last sign of life."""
    survivor, join, valid = people.contact(scope, "l.contact_id")
    reply, human, word, seconds = (
        "l.first_reply_at",
        "l.first_human_reply_at",
        "l.last_message_at",
        "l.handling_seconds",
    )
    if scope.folded:
        join += " LEFT JOIN twins t ON t.first = l.id"
        reply, human, word = (
            f"least({reply}, t.reply)",
            f"least({human}, t.human)",
            f"greatest({word}, t.last_word)",
        )
        seconds = f"{seconds} + coalesce(t.seconds, 0)"
    closed = "l.closed_at IS NOT NULL"
    if scope.past:
        reply, human = (f"CASE WHEN {x} <= %(as_of)s THEN {x} END" for x in (reply, human))
        closed = "coalesce(l.closed_at <= %(as_of)s, false)"
        word = f"CASE WHEN {word} <= %(as_of)s THEN {word} ELSE {_LAST_WORD_THEN} END"
        where += " AND l.created_at <= %(as_of)s"
    return f"""
SELECT l.id, {survivor} AS contact_id, l.created_at AS at, l.channel_kind AS channel, l.is_spam AS spam,
       l.source, l.campaign, {reply} AS reply, {human} AS human, {seconds} AS seconds, {closed} AS closed,
       greatest(l.created_at, {word}) AS last_sign
FROM leads_lead l {join}
WHERE l.tenant_id = %(tenant)s AND NOT l.is_test AND l.duplicate_of_id IS NULL {valid} {where}"""


@piece("near_leads", "merged", "twins")
def _near(scope: Scope) -> str:
    """Leads of the period, and of as long after it as a person may come back."""
    return _select(
        scope, "AND l.created_at >= %(start)s AND l.created_at < %(end)s::timestamptz + %(recovered)s"
    )


@piece("period_leads", "near_leads", inline=True)
def _period(_: Scope) -> str:
    return "SELECT * FROM near_leads WHERE at < %(end)s"


@piece("lead_bookings", "known_bookings")
def _bookings(_: Scope) -> str:
    """Per lead: when its first booking was made, whether one was completed."""
    return """
SELECT lead_id, min(made) AS made, bool_or(done) AS visited
FROM known_bookings WHERE lead_id IS NOT NULL GROUP BY lead_id"""


@piece("comebacks", "near_leads", "period_leads", "lead_bookings", "known_bookings")
def _comebacks(_: Scope) -> str:
    """id of leads without a booking whose person came back soon: the later row carries the need."""
    return """
SELECT p.id FROM (
  SELECT p.id, p.contact_id, p.at FROM period_leads p LEFT JOIN lead_bookings b ON b.lead_id = p.id
  WHERE b.lead_id IS NULL
) p
WHERE EXISTS (
  SELECT FROM (
    SELECT contact_id, at FROM near_leads WHERE NOT spam
    UNION ALL
    SELECT contact_id, made FROM known_bookings
    WHERE made > %(start)s AND made < %(end)s::timestamptz + %(recovered)s
  ) later WHERE later.contact_id = p.contact_id AND later.at > p.at AND later.at <= p.at + %(recovered)s
)"""


@piece("lead_facts", "period_leads", "lead_bookings", "visitors", "comebacks", "old_clients")
def _facts(scope: Scope) -> str:
    """One row a lead of the period, spam included, with all that figures ask of it."""
    was_client, old = "coalesce(v.at < p.at, false)", ""
    unbooked, comebacks = "'unbooked'", ""
    if scope.states:
        comebacks = "LEFT JOIN comebacks c ON c.id = p.id"
        unbooked = """CASE WHEN c.id IS NOT NULL THEN 'recovered'
              WHEN p.closed OR p.last_sign < %(silent)s THEN 'lost' ELSE 'in_progress' END"""
    if scope.old:
        was_client += " OR coalesce(o.from_at <= p.at, false)"
        old = "LEFT JOIN old_clients o ON o.id = p.contact_id"
    return f"""
SELECT *, answered_at IS NOT NULL AS answered, coalesce(answered_at <= at + %(target)s, false) AS in_target,
       CASE WHEN seconds > 0 AND NOT was_client THEN round(%(hour_rate)s * seconds / 3600, 2) ELSE 0 END AS handling
FROM (
  SELECT p.id, p.at, p.contact_id, p.channel, p.spam, p.seconds,
         CASE WHEN b.lead_id IS NOT NULL THEN 'booked' ELSE {unbooked} END AS state,
         coalesce(b.visited, false) AS visited, {was_client} AS was_client,
         least(p.reply, b.made) AS answered_at, p.human AS human_at
  FROM period_leads p
  LEFT JOIN lead_bookings b ON b.lead_id = p.id
  LEFT JOIN visitors v ON v.contact_id = p.contact_id
  {comebacks} {old}
) judged"""


@piece("message_events", "folded_leads")
def _message_events(scope: Scope) -> str:
    """Paid messages of the period about leads."""
    seen = "AND e.at <= %(as_of)s" if scope.past else ""
    return f"""
SELECT e.id, e.at, coalesce(f.first, e.lead_id) AS lead_id, e.amount AS cost
FROM economics_moneyevent e LEFT JOIN folded_leads f ON f.id = e.lead_id
WHERE e.tenant_id = %(tenant)s AND e.kind = 'message' AND e.lead_id IS NOT NULL AND e.booking_id IS NULL
  AND e.at >= %(start)s AND e.at < %(end)s {seen}"""


@piece("lead_messages", "message_events", "merged", "twins", "visitors", "old_clients")
def _messages(scope: Scope) -> str:
    """Those on leads of people who were no clients yet: id, at, lead_id, contact_id, lead_at, cost."""
    if not scope.events:
        return """SELECT 0::bigint AS id, NULL::timestamptz AS at, 0::bigint AS lead_id, 0::bigint AS contact_id,
 NULL::timestamptz AS lead_at, 0::numeric AS cost WHERE false"""
    return f"""
SELECT e.id, e.at, e.lead_id, k.contact_id, k.at AS lead_at, e.cost
FROM message_events e
JOIN ({_select(scope, "AND l.id IN (SELECT lead_id FROM message_events)")}) k ON k.id = e.lead_id
LEFT JOIN old_clients o ON o.id = k.contact_id
LEFT JOIN visitors v ON v.contact_id = k.contact_id
WHERE NOT coalesce(o.from_at <= k.at, false) AND NOT coalesce(v.at < k.at, false)"""


@piece("lead_handling", "lead_facts", inline=True)
def _handling(_: Scope) -> str:
    """What answering cost. Spam took time too; time spent on those who were clients already is service."""
    return "SELECT id, at, contact_id, handling AS cost FROM lead_facts WHERE handling > 0"


@piece("lead_costs", "lead_facts", "lead_messages")
def _costs(scope: Scope) -> str:
    """Handling and paid messages of a lead as one amount, which is what attribution splits."""
    if not scope.events:
        return "SELECT id, at, contact_id, handling AS cost FROM lead_facts WHERE NOT was_client"
    return """
SELECT id, min(at) AS at, contact_id, sum(cost) AS cost FROM (
  SELECT id, at, contact_id, handling AS cost FROM lead_facts WHERE NOT was_client
  UNION ALL
  SELECT lead_id, lead_at, contact_id, cost FROM lead_messages
) costs GROUP BY id, contact_id"""
