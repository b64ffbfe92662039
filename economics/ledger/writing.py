"""Writes a checked ledger: rows are known by the file's ids, so that a second import changes nothing.

Visits and leads are written directly and nothing is announced: history sends no reminder, no answer, no push. Every
row goes in within one transaction of the caller.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from bookings.models import Addon, Booking, BookingChange, BookingItem, Service, ServiceAddon, Staff
from conversations.models import Contact
from economics import terms
from economics.ledger import reading, threads
from economics.ledger.reading import Ledger
from economics.ledger.refusal import Refused
from economics.models import MoneyEvent, Spend
from kit import periods, phones
from leads.models import Lead, LeadStatus, Touch
from tenants.models import Tenant, new_token

COUNTED: dict[str, type[models.Model]] = {
    "contacts": Contact, "leads": Lead, "spend": Spend, "services": Service, "addons": Addon, "staff": Staff,
    "bookings": Booking,
}  # fmt: skip
BATCH = 2000


@dataclasses.dataclass
class _Ids:
    """The file's ids and ours."""

    contacts: dict[str, int]
    services: dict[str, int]
    addons: dict[str, int]
    staff: dict[str, int]
    leads: dict[str, int] = dataclasses.field(default_factory=dict)
    bookings: dict[str, int] = dataclasses.field(default_factory=dict)


def import_ledger(document: Any, *, tenant: Tenant, now: dt.datetime) -> dict[str, int]:
    """Takes a ledger file into the entered tenant; the rows now present, by list.

    Raises:
        Refused: the file is wrong; nothing was written.
    """
    ledger = reading.read(document)
    _settings(ledger, tenant)
    contacts = _upsert(
        Contact,
        {i: _contact(row, ledger, i, now) for i, row in ledger.contacts.items()},
        keep=("created_at",),
    )
    _point(Contact, contacts, "merged_into", {i: row["merged_into"] for i, row in ledger.contacts.items()})
    ids = _Ids(
        contacts=contacts,
        services=_upsert(Service, {i: _without(row, "addons") for i, row in ledger.services.items()}),
        addons=_upsert(Addon, ledger.addons),
        staff=_upsert(Staff, ledger.staff),
    )
    _offer(ledger, ids)
    _leads(ledger, ids, tenant, now)
    _upsert(Spend, ledger.spend)
    _bookings(ledger, ids, tenant)
    _money(ledger, ids)
    threads.write(ledger, contacts=ids.contacts, leads=ids.leads)
    return _counts()


def _counts() -> dict[str, int]:
    counts = {name: model._default_manager.exclude(external_id="").count() for name, model in COUNTED.items()}
    counts["payments"] = MoneyEvent.objects.exclude(external_id="").exclude(kind="message").count()
    told = MoneyEvent.objects.exclude(external_id="").filter(kind="message", booking__isnull=False)
    counts["messages"] = threads.count() + told.count()
    return counts


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _settings(ledger: Ledger, tenant: Tenant) -> None:
    terms.save(tenant, ledger.tenant["settings"])
    for name in ("timezone", "currency"):
        if name in ledger.tenant:
            setattr(tenant, name, ledger.tenant[name])
    tenant.save(update_fields=["timezone", "currency"])


# ---------------------------------------------------------------- rows known by the file's id
def _upsert(model: Any, rows: Mapping[str, Mapping[str, Any]], keep: tuple[str, ...] = ()) -> dict[str, int]:
    """Makes and changes rows by their external id; `keep` names fields that only a new row takes. Ours by theirs."""
    there = {row.external_id: row for row in model.objects.exclude(external_id="")}
    new, changed = [], []
    names = [name for name in next(iter(rows.values()), {}) if name not in keep]
    for external_id, values in rows.items():
        row = there.get(external_id)
        if row is None:
            new.append(model(external_id=external_id, **values))
        elif any(getattr(row, name) != values[name] for name in names):
            for name in names:
                setattr(row, name, values[name])
            changed.append(row)
    for row in model.objects.bulk_create(new, batch_size=BATCH):
        there[row.external_id] = row
    if changed:
        model.objects.bulk_update(changed, names, batch_size=500)
    return {external_id: row.pk for external_id, row in there.items()}


def _point(model: Any, ids: Mapping[str, int], name: str, targets: Mapping[str, str | None]) -> None:
    """Keys between rows of one list, once all of them are there."""
    wanted = {ids[row_id]: ids[target] if target else None for row_id, target in targets.items()}
    rows = [
        row
        for row in model.objects.filter(pk__in=list(wanted))
        if getattr(row, f"{name}_id") != wanted[row.pk]
    ]
    for row in rows:
        setattr(row, f"{name}_id", wanted[row.pk])
    if rows:
        model.objects.bulk_update(rows, [name], batch_size=500)


def _children(
    model: Any, parent: str, wanted: Mapping[int, list[Any]], facts: Callable[[Any], tuple[Any, ...]]
) -> None:
    """Replaces the children of those parents whose children differ from `wanted` (unsaved rows, in order)."""
    there: dict[int, list[Any]] = defaultdict(list)
    for row in model.objects.filter(**{f"{parent}__in": list(wanted)}).order_by("pk"):
        there[getattr(row, f"{parent}_id")].append(row)
    stale = [
        key
        for key, rows in wanted.items()
        if [facts(row) for row in rows] != [facts(row) for row in there.get(key, [])]
    ]
    model.objects.filter(**{f"{parent}__in": [key for key in stale if key in there]}).delete()
    model.objects.bulk_create([row for key in stale for row in wanted[key]], batch_size=BATCH)


# ---------------------------------------------------------------- list by list
def _contact(row: dict[str, Any], ledger: Ledger, contact_id: str, now: dt.datetime) -> dict[str, Any]:
    first_seen = ledger.first_seen.get(contact_id, now)
    return {
        "name": row["name"],
        "phone": phones.normalise(row["phone"]) or "",
        "client_since": row["client_since"],
        "is_test": row["is_test"],
        "created_at": first_seen,
    }


def _offer(ledger: Ledger, ids: _Ids) -> None:
    wanted = {
        ids.services[service_id]: [
            ServiceAddon(service_id=ids.services[service_id], addon_id=ids.addons[addon], position=position)
            for position, addon in enumerate(row["addons"])
        ]
        for service_id, row in ledger.services.items()
    }
    _children(ServiceAddon, "service", wanted, lambda row: (row.addon_id, row.position))


def _leads(ledger: Ledger, ids: _Ids, tenant: Tenant, now: dt.datetime) -> None:
    booked: set[str] = set()
    visited: set[str] = set()
    for booking in ledger.bookings.values():
        status = reading.final(booking)[0]
        if booking["lead"] and status != "expired":
            (visited if status == "completed" else booked).add(booking["lead"])
    words = threads.Words.of(ledger)
    silence = dt.timedelta(days=terms.of(tenant).lost_after_days)
    rows = {}
    for lead_id, row in ledger.leads.items():
        first, human, last = words.answers(lead_id, row["created_at"])
        status = LeadStatus.CONTACTED if first else LeadStatus.NEW
        if row["closed_at"] or now - (last or row["created_at"]) > silence:
            status = LeadStatus.LOST
        if lead_id in booked or lead_id in visited:
            status = LeadStatus.VISITED if lead_id in visited else LeadStatus.BOOKED
        touch = _last_touch(row)
        service = ledger.services.get(row["service"] or "")
        rows[lead_id] = {
            "contact_id": ids.contacts[row["contact"]],
            "channel_kind": row["channel"],
            "source": touch["source"] if touch else "",
            "campaign": touch["campaign"] if touch else "",
            "status": status,
            "lost_reason": row["closed_reason"],
            "request": service["name"] if service else "",
            "handling_seconds": row["handling_seconds"],
            "is_spam": row["is_spam"],
            "is_test": row["is_test"],
            "created_at": row["created_at"],
            "local_day": periods.local_date(row["created_at"], tenant.zone),
            "first_reply_at": first,
            "first_human_reply_at": human,
            "last_message_at": last or row["created_at"],
            "closed_at": row["closed_at"],
        }
    ids.leads = _upsert(Lead, rows)
    _point(Lead, ids.leads, "duplicate_of", {i: row["duplicate_of"] for i, row in ledger.leads.items()})
    wanted = {
        ids.leads[lead_id]: [Touch(lead_id=ids.leads[lead_id], **touch) for touch in row["touches"]]
        for lead_id, row in ledger.leads.items()
    }
    _children(Touch, "lead", wanted, lambda row: (row.at, row.source, row.campaign))


def _last_touch(row: dict[str, Any]) -> dict[str, Any] | None:
    known = [touch for touch in row["touches"] if touch["source"] and touch["at"] <= row["created_at"]]
    return max(known, key=lambda touch: touch["at"]) if known else None


def _bookings(ledger: Ledger, ids: _Ids, tenant: Tenant) -> None:
    rows, items, changes = {}, {}, {}
    for booking_id, row in ledger.bookings.items():
        status, staff, start = reading.final(row)
        end = start + dt.timedelta(minutes=row["minutes"])
        rows[booking_id] = {
            "contact_id": ids.contacts[row["contact"]] if row["contact"] else None,
            "lead_id": ids.leads[row["lead"]] if row["lead"] else None,
            "staff_id": ids.staff[staff],
            "status": status,
            "starts_at": start,
            "ends_at": end,
            "during": DateTimeTZRange(start, end),
            "local_day": periods.local_date(start, tenant.zone),
            "origin": row["origin"],
            "total": row["due"] + row["discount"],
            "discount": row["discount"],
            "discount_reason": row["discount_reason"],
            "paid": row["paid"],
            "addons_offered": row["addons_offered"],
            "is_test": row["is_test"],
            "created_at": row["created_at"],
            "public_token": new_token(24),
        }
        items[booking_id] = lambda key, row=row: list(_items(key, row, ledger, ids))
        changes[booking_id] = lambda key, row=row: list(_changes(key, row, ids))
    _free(ledger, rows)
    ids.bookings = _upsert(Booking, rows, keep=("public_token",))
    _children(
        BookingItem, "booking", {ids.bookings[i]: make(ids.bookings[i]) for i, make in items.items()},
        lambda row: (row.service_id, row.addon_id, row.price, row.cost, row.minutes),
    )  # fmt: skip
    _children(
        BookingChange, "booking", {ids.bookings[i]: make(ids.bookings[i]) for i, make in changes.items()},
        lambda row: (row.at, row.kind, row.by, row.starts_before, row.starts_after, row.staff_before_id),
    )  # fmt: skip


def _free(ledger: Ledger, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """A visit that is not in the file may stand in the way; the database would refuse without naming the row."""
    mine = Booking.objects.filter(external_id__in=list(rows)).values("pk")
    others = Booking.objects.exclude(pk__in=mine).exclude(status__in=["cancelled", "expired"])
    taken: dict[int, list[Any]] = defaultdict(list)
    for staff_id, begin, end in others.values_list("staff_id", "starts_at", "ends_at"):
        taken[staff_id].append((begin, end))
    for booking_id, row in rows.items():
        if row["status"] in ("cancelled", "expired"):
            continue
        for begin, end in taken.get(row["staff_id"], ()):
            if begin < row["ends_at"] and row["starts_at"] < end:
                raise Refused(
                    "bookings", booking_id, _("starts_at: overlaps with a visit that is there already")
                )


def _items(key: int, row: dict[str, Any], ledger: Ledger, ids: _Ids) -> Iterable[BookingItem]:
    service = ledger.services[row["service"]]
    yield BookingItem(
        booking_id=key, service_id=ids.services[row["service"]], name=service["name"], minutes=row["minutes"],
        price=row["price"], cost=service["cost"], position=0,
    )  # fmt: skip
    for position, (addon_id, price) in enumerate(row["addons"], 1):
        addon = ledger.addons[addon_id]
        yield BookingItem(
            booking_id=key, addon_id=ids.addons[addon_id], name=addon["name"], minutes=addon["minutes"],
            price=price, cost=addon["cost"], position=position,
        )  # fmt: skip


def _changes(key: int, row: dict[str, Any], ids: _Ids) -> Iterable[BookingChange]:
    start, staff = row["starts_at"], row["staff"]
    yield BookingChange(booking_id=key, at=row["created_at"], kind="created", by="salon")
    for event in row["events"]:
        change = BookingChange(booking_id=key, at=event.at, kind=event.kind, by=event.by or "salon")
        if event.kind == "moved":
            change.starts_before, change.starts_after, change.staff_before_id = (
                start,
                event.starts_at,
                ids.staff[staff],
            )
            start, staff = event.starts_at, event.staff or staff
        yield change


def _money(ledger: Ledger, ids: _Ids) -> None:
    wanted: dict[tuple[str, str], dict[str, Any]] = {}
    for row_id, row in ledger.payments.items():
        booking = ids.bookings[row["booking"]] if row["booking"] else None
        wanted[row["kind"], row_id] = _without(row, "kind", "booking") | {
            "booking_id": booking,
            "lead_id": None,
        }
    for row_id, row in ledger.messages.items():
        if row["cost"] or row["booking"]:
            wanted["message", row_id] = {
                "at": row["at"], "method": "", "amount": row["cost"], "fee": Decimal(0),
                "booking_id": ids.bookings[row["booking"]] if row["booking"] else None,
                "lead_id": ids.leads[row["lead"]] if row["lead"] and not row["booking"] else None,
            }  # fmt: skip
    there = {(event.kind, event.external_id): event for event in MoneyEvent.objects.exclude(external_id="")}
    new, changed = [], []
    for (kind, row_id), values in wanted.items():
        event = there.get((kind, row_id))
        if event is None:
            new.append(MoneyEvent(kind=kind, external_id=row_id, **values))
        elif any(getattr(event, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(event, name, value)
            changed.append(event)
    MoneyEvent.objects.bulk_create(new, batch_size=BATCH)
    if changed:
        MoneyEvent.objects.bulk_update(
            changed, ["at", "method", "amount", "fee", "booking", "lead"], batch_size=500
        )
