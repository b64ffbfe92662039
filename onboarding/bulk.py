"""Rows by the thousand for measuring: believable in number and shape, made by SQL, announced to nobody."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.models import Booking, BookingItem, Service, Staff
from connections import accounts
from conversations.models import Contact, Conversation
from reminders import plan
from tenants import wall
from tenants.models import new_token

DAYS = 365
MESSAGES = 4
# One master's year at one visit an hour, ten hours a day.
VISITS_A_MASTER = DAYS * 10
# So many leads by one set of statements: each stays far below the time that the product's role gives one.
PORTION = 10_000


def fill(*, leads: int, now: dt.datetime) -> dict[str, int]:
    """A year of `leads` leads for the entered tenant: people, threads, messages, half of them booked and ended."""
    tenant = wall.entered_tenant()
    account = accounts.create("webchat", settings={}, name="bench")
    service = Service.objects.create(name="Bench", minutes=60, price="1500.00", cost="150.00")
    masters = -(-leads // 2 // VISITS_A_MASTER) or 1
    staff = Staff.objects.bulk_create(Staff(name=f"Master {number}") for number in range(masters))
    values = {
        "tenant": tenant.pk,
        "zone": tenant.timezone,
        "account": account.pk,
        "service": service.pk,
        "first": staff[0].pk,
        "masters": masters,
        "leads": leads,
        "days": DAYS,
        "now": now,
        "mark": secrets.token_hex(4),
    }
    with connection.cursor() as cursor:
        # PostgreSQL knows nothing yet of a tenant that is new; where it guesses at one row it walks all for each.
        cursor.execute("SET LOCAL enable_nestloop = off")
        for start in range(1, leads + 1, PORTION):
            portion = values | {"low": start, "high": min(start + PORTION - 1, leads)}
            for statement in STATEMENTS:
                cursor.execute(*_whole(statement, portion))
            # Else all keys would be checked at the commit, which has no more time than any statement.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SET LOCAL enable_nestloop = on")
    return {"leads": leads, "messages": leads * MESSAGES, "bookings": leads // 2, "staff": masters}


def _whole(statement: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement and its values, with the model's default for each column that it does not name and that is
    never null: a column added later needs no change here."""
    before, _insert, rest = statement.partition("INSERT INTO ")
    table, _space, rest = rest.partition(" (")
    named, _bracket, rest = rest.partition(")")
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    given = {name.strip() for name in named.split(",")}
    missing = [
        field
        for field in model._meta.concrete_fields
        if field.column not in given and not field.primary_key and not field.null
    ]
    defaults = {
        f"default_{field.column}": field.get_db_prep_save(field.get_default(), connection)
        for field in missing
    }
    columns = ", ".join([*(name.removeprefix("default_") for name in defaults), named])
    rest = rest.replace("SELECT ", "".join(["SELECT ", *(f"%({name})s, " for name in defaults)]), 1)
    return f"{before}INSERT INTO {table} ({columns}){rest}", values | defaults


# Rows of one run share a mark in their external ids, so that a second run adds instead of colliding, and the next
# statement finds the rows of the one before: the product's role makes no temporary tables.
_PEOPLE = """
  SELECT id AS contact, n, created_at AS at FROM generate_series(%(low)s, %(high)s) n
  JOIN conversations_contact ON tenant_id = %(tenant)s AND external_id <> ''
    AND external_id = 'bench-' || %(mark)s || '-' || n
"""
_THREADS = f"""
  SELECT p.*, c.id AS thread FROM ({_PEOPLE}) p
  JOIN conversations_conversation c ON c.tenant_id = %(tenant)s AND c.contact_id = p.contact
"""
_LEADS = f"""
  SELECT p.*, l.id AS lead FROM ({_PEOPLE}) p
  JOIN leads_lead l ON l.tenant_id = %(tenant)s AND l.contact_id = p.contact
"""
_BOOKINGS = """
  SELECT id, ends_at, status FROM generate_series((%(low)s + 1) / 2, %(high)s / 2) k
  JOIN bookings_booking ON tenant_id = %(tenant)s AND public_token = %(mark)s || '-' || k
"""
STATEMENTS = (
    """
    INSERT INTO conversations_contact (tenant_id, name, phone, phone_verified, email, language, tags, note,
      external_id, is_test, created_at)
    SELECT %(tenant)s, 'Client ' || n, '', false, '', 'ru', '[]', '', 'bench-' || %(mark)s || '-' || n, false,
      %(now)s - make_interval(secs => (n * 86400.0 * %(days)s / %(leads)s))
    FROM generate_series(%(low)s, %(high)s) n
    """,
    f"""
    INSERT INTO conversations_conversation (tenant_id, contact_id, connection_id, chat, state, holder, generation,
      waiting_since, last_message_at, last_text, unread, draft, not_a_client, created_at)
    SELECT %(tenant)s, contact, %(account)s, 'bench-' || %(mark)s || '-' || n,
      CASE WHEN n %% 3 = 0 THEN 'open' ELSE 'closed' END, 'person', 1,
      CASE WHEN n %% 50 = 0 THEN at END, at + interval '3 minutes', 'Thank you', 0, '', false, at
    FROM ({_PEOPLE}) p
    """,
    f"""
    INSERT INTO conversations_message (tenant_id, conversation_id, contact_id, direction, author, kind, text, buttons,
      media, external_id, key, state, error, created_at, sent_at)
    SELECT %(tenant)s, thread, contact, CASE WHEN m %% 2 = 1 THEN 'in' ELSE 'out' END,
      CASE WHEN m %% 2 = 1 THEN 'client' ELSE 'manager' END, 'text', 'Message ' || m, '[]', '[]', '',
      'bench-' || %(mark)s || '-' || n || '-' || m, CASE WHEN m %% 2 = 1 THEN 'received' ELSE 'sent' END, '',
      at + make_interval(mins => m), at + make_interval(mins => m)
    FROM ({_THREADS}) t CROSS JOIN generate_series(1, {MESSAGES}) m
    """,
    f"""
    INSERT INTO leads_lead (tenant_id, contact_id, conversation_id, connection_id, channel_kind, source, medium,
      campaign, status, lost_reason, request, external_id, handling_seconds, is_spam, is_test, is_suspicious,
      created_at, local_day, first_reply_at, last_message_at)
    SELECT %(tenant)s, contact, thread, %(account)s,
      (ARRAY['telegram', 'vk', 'webchat', 'avito', 'form'])[1 + n %% 5],
      (ARRAY['vk', 'yandex', '2gis', 'avito', ''])[1 + n %% 5], '', '',
      CASE WHEN n %% 2 = 0 THEN 'visited' ELSE 'lost' END, '', '', 'bench-' || %(mark)s || '-' || n, 120, false,
      false, false, at, (at AT TIME ZONE %(zone)s)::date, at + interval '2 minutes', at + interval '4 minutes'
    FROM ({_THREADS}) t
    """,
    f"""
    INSERT INTO leads_touch (tenant_id, lead_id, at, source, medium, campaign, content, term, code, click_ids,
      referrer, page_url)
    SELECT %(tenant)s, lead, at, (ARRAY['vk', 'yandex', '2gis', 'avito'])[1 + n %% 5], '', '', '', '', '', '{{}}',
      '', ''
    FROM ({_LEADS}) l WHERE n %% 5 < 4
    """,
    f"""
    WITH numbered AS (
      SELECT lead, contact, at, n / 2 AS k FROM ({_LEADS}) l WHERE n %% 2 = 0
    ), placed AS (
      SELECT *, (%(first)s + k %% %(masters)s) AS master, date_trunc('day', %(now)s::timestamptz AT TIME ZONE %(zone)s)
        AT TIME ZONE %(zone)s - make_interval(days => 1 + ((k / %(masters)s) / 10)::int)
        + make_interval(hours => 10 + ((k / %(masters)s) %% 10)::int) AS starts FROM numbered
    )
    INSERT INTO bookings_booking (tenant_id, contact_id, lead_id, staff_id, status, starts_at, ends_at, during,
      local_day, origin, source, total, discount, discount_reason, paid, addons_offered, note, external_id, is_test,
      public_token, created_at)
    SELECT %(tenant)s, contact, lead, master, CASE WHEN k %% 10 = 0 THEN 'no_show' ELSE 'completed' END, starts,
      starts + interval '1 hour', tstzrange(starts, starts + interval '1 hour'),
      (starts AT TIME ZONE %(zone)s)::date, 'lead', '', 1500, 0, '', 1500, false, '',
      'bench-' || %(mark)s || '-' || k, false, %(mark)s || '-' || k, least(at, starts - interval '1 hour')
    FROM placed
    """,
    f"""
    INSERT INTO bookings_bookingitem (tenant_id, booking_id, service_id, name, minutes, price, cost, position)
    SELECT %(tenant)s, id, %(service)s, 'Bench', 60, 1500, 150, 0 FROM ({_BOOKINGS}) b
    """,
    f"""
    INSERT INTO bookings_bookingchange (tenant_id, booking_id, at, kind, by, late, reason, status_before)
    SELECT %(tenant)s, id, ends_at, status, 'salon', false, '', 'confirmed' FROM ({_BOOKINGS}) b
    """,
)


def book_everybody(*, starts_in: dt.timedelta, now: dt.datetime) -> dict[str, int]:
    """One confirmed visit for each contact, all at one moment, with masters enough; reminders as usual, no words."""
    tenant = wall.entered_tenant()
    starts = now + starts_in
    ends = starts + dt.timedelta(minutes=60)
    contacts = list(Contact.objects.filter(merged_into=None).order_by("id").values_list("pk", flat=True))
    threads = dict(Conversation.objects.order_by("id").values_list("contact_id", "pk"))
    service = Service.objects.order_by("id").first() or Service.objects.create(
        name="Bench", minutes=60, price=1500
    )
    staff = Staff.objects.bulk_create([Staff(name=f"Master {number}") for number in range(len(contacts))])
    bookings = Booking.objects.bulk_create(
        [
            Booking(
                contact_id=contact,
                conversation_id=threads.get(contact),
                staff=master,
                starts_at=starts,
                ends_at=ends,
                during=DateTimeTZRange(starts, ends),
                local_day=starts.astimezone(tenant.zone).date(),
                total=service.price,
                public_token=new_token(18),
                created_at=now,
            )
            for contact, master in zip(contacts, staff, strict=True)
        ],
        batch_size=2000,
    )
    BookingItem.objects.bulk_create(
        [
            BookingItem(booking=booking, service=service, name=service.name, minutes=60, price=service.price)
            for booking in bookings
        ],
        batch_size=2000,
    )
    return {"bookings": len(bookings), "staff": len(staff), "reminders": plan.plan(bookings, now=now)}
