"""What a batch of due reminders is judged by: its rows under their locks, and what was said before.

Locks are taken in one order: threads, then visits, then reminders. A visit that somebody is changing at this moment
is not waited for.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects

from bookings.models import Booking, Staff
from connections.models import Connection
from conversations.models import Contact, Conversation, Message
from reminders.models import Reminder
from tenants import wall
from work.claim import Claim
from work.joined import Joined

PREFIX = "reminder:"


def key_of(reminder: Reminder) -> str:
    """The key of the message: the same reminder is the same message, whichever channel it takes."""
    return f"{PREFIX}{reminder.booking_id}:{int(reminder.starts_at.timestamp())}:{reminder.offset_minutes}"


@dataclasses.dataclass(frozen=True)
class Batch:
    """Rows that are ours, the oldest first.

    `free` are the ids of the visits that nobody is changing, `nearer` those of the rows whose later reminder is due as
    well, `said` the messages written before for a row, the oldest first.
    """

    rows: list[Reminder]
    free: set[int]
    nearer: set[int]
    said: dict[int, list[Message]]


def read(claims: Sequence[Claim], *, now: dt.datetime) -> Batch:
    """Locks and reads the claimed rows of the entered tenant."""
    tenant_id, ids = wall.current_tenant_id(), [claim.id for claim in claims]
    _select(_THREADS, [tenant_id, tenant_id, ids, tenant_id])
    free = _select(_VISITS, [tenant_id, tenant_id, ids])
    rows = _ROWS.fetch([tenant_id, ids, claims[0].token])
    prefetch_related_objects([row.booking for row in rows], "items")
    nearer = _select(_NEARER, [tenant_id, ids, now, now])
    return Batch(rows, free, nearer, _said_before(rows))


def _select(sql: str, values: list[Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {row[0] for row in cursor.fetchall()}


def _said_before(rows: Sequence[Reminder]) -> dict[int, list[Message]]:
    """Failed for certain, or taken back; a row that was never said has none."""
    keys = {key_of(row): row.pk for row in rows if row.message_id is not None}
    said: dict[int, list[Message]] = {row.pk: [] for row in rows}
    tries = [f"{key}{number}" for key in keys for number in ("", "#2", "#3", "#4", "#5")]
    if tries:
        for message in Message.objects.filter(key__in=tries).order_by("id"):
            said[keys[message.key.partition("#")[0]]].append(message)
    return said


_THREADS = """
SELECT id FROM conversations_conversation WHERE tenant_id = %s AND id = ANY(ARRAY(
  SELECT b.conversation_id FROM reminders_reminder r
  JOIN bookings_booking b ON b.tenant_id = r.tenant_id AND b.id = r.booking_id
  WHERE r.tenant_id = %s AND r.id = ANY(%s) AND b.tenant_id = %s))
ORDER BY id FOR UPDATE
"""
_VISITS = """
SELECT id FROM bookings_booking WHERE tenant_id = %s AND id = ANY(ARRAY(
  SELECT booking_id FROM reminders_reminder WHERE tenant_id = %s AND id = ANY(%s)))
ORDER BY id FOR SHARE SKIP LOCKED
"""
_NEARER = """
SELECT r.id FROM reminders_reminder r
JOIN reminders_reminder later ON later.tenant_id = r.tenant_id AND later.booking_id = r.booking_id
  AND later.starts_at = r.starts_at AND later.offset_minutes < r.offset_minutes
WHERE r.tenant_id = %s AND r.id = ANY(%s) AND later.due_at <= %s AND %s < coalesce(later.expires_at, later.starts_at)
"""
_ROWS = Joined(
    Reminder,
    {
        "booking": Booking,
        "booking__staff": Staff,
        "booking__contact": Contact,
        "booking__attendee": Contact,
        "booking__conversation": Conversation,
        "booking__conversation__connection": Connection,
        "booking__conversation__contact": Contact,
    },
    """
    FROM reminders_reminder it
    JOIN bookings_booking booking ON booking.tenant_id = it.tenant_id AND booking.id = it.booking_id
    JOIN bookings_staff booking__staff
      ON booking__staff.tenant_id = it.tenant_id AND booking__staff.id = booking.staff_id
    LEFT JOIN conversations_contact booking__contact
      ON booking__contact.tenant_id = it.tenant_id AND booking__contact.id = booking.contact_id
    LEFT JOIN conversations_contact booking__attendee
      ON booking__attendee.tenant_id = it.tenant_id AND booking__attendee.id = booking.attendee_id
    LEFT JOIN conversations_conversation booking__conversation
      ON booking__conversation.tenant_id = it.tenant_id AND booking__conversation.id = booking.conversation_id
    LEFT JOIN connections_connection booking__conversation__connection
      ON booking__conversation__connection.tenant_id = it.tenant_id
      AND booking__conversation__connection.id = booking__conversation.connection_id
    LEFT JOIN conversations_contact booking__conversation__contact
      ON booking__conversation__contact.tenant_id = it.tenant_id
      AND booking__conversation__contact.id = booking__conversation.contact_id
    WHERE it.tenant_id = %s AND it.id = ANY(%s) AND it.lease_token = %s AND it.state = 'claimed'
    ORDER BY it.due_at, it.id FOR UPDATE OF it
    """,
)
