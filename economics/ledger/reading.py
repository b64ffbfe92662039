"""Reads a ledger file into typed rows, and refuses what contradicts itself before anything is written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from economics import terms
from economics.ledger.fields import Fields
from economics.ledger.refusal import Refused

FORMAT = "marzha-ledger/1"
ORIGINS = ("lead", "desk", "online", "walk_in")
LISTS = ("contacts", "leads", "spend", "services", "addons", "staff", "bookings", "payments", "messages")
ENDINGS = ("cancelled", "no_show", "completed", "expired")


@dataclasses.dataclass
class Event:
    """A step in a booking's story."""

    at: dt.datetime
    kind: str
    by: str = ""
    starts_at: dt.datetime | None = None
    staff: str | None = None


@dataclasses.dataclass
class Ledger:
    """The lists of a file: id → row with typed values."""

    tenant: dict[str, Any]
    contacts: dict[str, dict[str, Any]]
    leads: dict[str, dict[str, Any]]
    spend: dict[str, dict[str, Any]]
    services: dict[str, dict[str, Any]]
    addons: dict[str, dict[str, Any]]
    staff: dict[str, dict[str, Any]]
    bookings: dict[str, dict[str, Any]]
    payments: dict[str, dict[str, Any]]
    messages: dict[str, dict[str, Any]]

    @functools.cached_property
    def first_seen(self) -> dict[str, dt.datetime]:
        """When each contact first wrote or booked."""
        seen: dict[str, dt.datetime] = {}
        for row in (*self.leads.values(), *self.bookings.values()):
            if row["contact"]:
                seen[row["contact"]] = min(seen.get(row["contact"], row["created_at"]), row["created_at"])
        return seen


def read(document: Any) -> Ledger:
    """The typed ledger of a file's `ledger` object.

    Raises:
        Refused: the first thing that is wrong, with list, id and field.
    """
    if isinstance(document, Mapping) and "ledger" in document:
        document = document["ledger"]
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise Refused("format", "", _("this is no %(format)s file") % {"format": FORMAT})
    rows = {name: _listed(document, name) for name in LISTS}
    people, services, addons, staff = rows["contacts"], rows["services"], rows["addons"], rows["staff"]
    ledger = Ledger(
        tenant=_tenant(document.get("tenant") or {}),
        contacts={f.id: _contact(f, people) for f in people.values()},
        leads={f.id: _lead(f, people, rows["leads"], services) for f in rows["leads"].values()},
        spend={f.id: _spend(f) for f in rows["spend"].values()},
        services={f.id: _service(f, addons) for f in services.values()},
        addons={f.id: _addon(f) for f in addons.values()},
        staff={f.id: _master(f) for f in staff.values()},
        bookings={f.id: _booking(f, rows) for f in rows["bookings"].values()},
        payments={f.id: _payment(f, rows["bookings"]) for f in rows["payments"].values()},
        messages={f.id: _message(f, rows) for f in rows["messages"].values()},
    )
    _check_chains(rows["contacts"], ledger.contacts, "merged_into")
    _check_chains(rows["leads"], ledger.leads, "duplicate_of")
    _check_duplicates(rows["leads"], ledger.leads)
    _check_money(rows["bookings"], ledger)
    _check_overlaps(rows["bookings"], ledger)
    return ledger


def _listed(document: Mapping[str, Any], name: str) -> dict[str, Fields]:
    listed = document.get(name) or []
    if not isinstance(listed, list):
        raise Refused(name, "", _("is no list"))
    rows: dict[str, Fields] = {}
    for row in listed:
        fields = Fields(name, row)
        if fields.id in rows:
            raise fields.refuse("id", _("stands twice"))
        rows[fields.id] = fields
    return rows


def _tenant(row: Mapping[str, Any]) -> dict[str, Any]:
    fields = Fields("tenant", {"id": "-", **row})
    found: dict[str, Any] = {"settings": row.get("settings") or {}}
    try:
        terms.read(found["settings"])
        if fields.has("timezone"):
            found["timezone"] = terms.zone(fields.text("timezone", longest=50))
    except terms.BadTerms as error:
        raise Refused("tenant", "", str(error)) from error
    if fields.has("currency"):
        found["currency"] = fields.text("currency", longest=3)
    return found


def _contact(f: Fields, people: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": f.text("name", default=""),
        "phone": f.text("phone", longest=20, default=""),
        "client_since": f.day("client_since") if f.has("client_since") else None,
        "merged_into": f.key("merged_into", people, optional=True),
        "is_test": f.flag("is_test"),
    }


def _lead(
    f: Fields, people: Mapping[str, Any], leads: Mapping[str, Any], services: Mapping[str, Any]
) -> dict[str, Any]:
    created = f.instant("created_at")
    touches = []
    for row in f.rows("touches"):
        touch = Fields(f"leads {f.id} touches", {"id": "-", **row} if isinstance(row, Mapping) else row)
        touches.append({
            "at": touch.instant("at"),
            "source": touch.text("source", longest=100, default=""),
            "campaign": touch.text("campaign", default=""),
        })  # fmt: skip
    closed = f.instant_or_none("closed_at")
    if closed and closed < created:
        raise f.refuse("closed_at", _("is before created_at"))
    return {
        "contact": f.key("contact", people),
        "created_at": created,
        "channel": f.text("channel", longest=20),
        "touches": touches,
        "service": f.key("service", services, optional=True),
        "handling_seconds": f.whole("handling_seconds", default=0),
        "closed_at": closed,
        "closed_reason": f.text("closed_reason", default=""),
        "is_spam": f.flag("is_spam"),
        "is_test": f.flag("is_test"),
        "duplicate_of": f.key("duplicate_of", leads, optional=True),
    }


def _spend(f: Fields) -> dict[str, Any]:
    first, last = f.day("from"), f.day("to")
    if last < first:
        raise f.refuse("to", _("is before from"))
    return {
        "kind": f.choice("kind", ("ads", "manager", "other", "retention")),
        "source": f.text("source", longest=100, default=""),
        "campaign": f.text("campaign", default=""),
        "first_day": first,
        "last_day": last,
        "amount": f.money("amount", negative=True),
    }


def _service(f: Fields, addons: Mapping[str, Any]) -> dict[str, Any]:
    fitting = []
    for addon in f.rows("addons"):
        if addon not in addons:
            raise f.refuse("addons", _("there is no %(id)s") % {"id": addon})
        fitting.append(addon)
    return _priced(f) | {"minutes": f.whole("minutes", lowest=1, highest=1440), "addons": fitting}


def _addon(f: Fields) -> dict[str, Any]:
    return _priced(f) | {"minutes": f.whole("minutes", default=0, highest=1440)}


def _priced(f: Fields) -> dict[str, Any]:
    return {"name": f.text("name"), "price": f.money("price"), "cost": f.money("cost", default="0")}


def _master(f: Fields) -> dict[str, Any]:
    share = f.money("share_percent", default="0")
    if share > 100:
        raise f.refuse("share_percent", _("is more than 100"))
    return {"name": f.text("name", longest=100), "share_percent": share}


def _booking(f: Fields, rows: Mapping[str, Mapping[str, Fields]]) -> dict[str, Any]:
    created, starts = f.instant("created_at"), f.instant("starts_at")
    price = f.money("price")
    addons = []
    for row in f.rows("addons"):
        one = Fields(f"bookings {f.id} addons", {"id": "-", **row} if isinstance(row, Mapping) else row)
        addons.append((one.key("addon", rows["addons"]), one.money("price")))
    listed = price + sum((amount for _id, amount in addons), Decimal(0))
    discount = f.money("discount", default="0")
    if discount > listed:
        raise f.refuse("discount", _("is more than the price"))
    return {
        "contact": f.key("contact", rows["contacts"], optional=True),
        "lead": f.key("lead", rows["leads"], optional=True),
        "staff": f.key("staff", rows["staff"]),
        "service": f.key("service", rows["services"]),
        "origin": f.choice("origin", ORIGINS),
        "created_at": created,
        "starts_at": starts,
        "minutes": f.whole("minutes", lowest=1, highest=1440),
        "price": price,
        "addons": addons,
        "addons_offered": f.flag("addons_offered"),
        "discount": discount,
        "discount_reason": f.text("discount_reason", default=""),
        "is_test": f.flag("is_test"),
        "due": listed - discount,
        "events": _events(f, created, rows["staff"]),
    }


def _events(f: Fields, created: dt.datetime, staff: Mapping[str, Any]) -> list[Event]:
    events: list[Event] = []
    for row in f.rows("events"):
        one = Fields(f"bookings {f.id} events", {"id": "-", **row} if isinstance(row, Mapping) else row)
        kind = one.choice("type", ("moved", *ENDINGS))
        event = Event(at=one.instant("at"), kind=kind)
        if event.at < created:
            raise f.refuse("events", _("%(type)s is before created_at") % {"type": kind})
        if events and event.at < events[-1].at:
            raise f.refuse("events", _("%(type)s is out of order") % {"type": kind})
        if kind == "moved":
            event.starts_at = one.instant("starts_at")
            event.staff = one.key("staff", staff, optional=True)
        if kind == "cancelled":
            event.by = one.choice("by", ("client", "salon"), default="client")
        events.append(event)
    return events


def _payment(f: Fields, bookings: Mapping[str, Any]) -> dict[str, Any]:
    kind = f.choice("kind", ("deposit", "payment", "refund", "tip", "gift_sale"))
    booking = f.key("booking", bookings, optional=True)
    if booking is None and kind != "gift_sale":
        raise f.refuse("booking", _("is missing"))
    return {
        "at": f.instant("at"),
        "kind": kind,
        "method": f.text("method", longest=30, default=""),
        "booking": booking,
        "amount": f.money("amount"),
        "fee": f.money("fee", default="0"),
    }


def _message(f: Fields, rows: Mapping[str, Mapping[str, Fields]]) -> dict[str, Any]:
    lead, booking = (
        f.key("lead", rows["leads"], optional=True),
        f.key("booking", rows["bookings"], optional=True),
    )
    if lead is None and booking is None:
        raise f.refuse("lead", _("is missing"))
    return {
        "lead": lead,
        "booking": booking,
        "at": f.instant("at"),
        "direction": f.choice("direction", ("in", "out")),
        "author": f.choice("author", ("client", "assistant", "manager", "system")),
        "cost": f.money("cost", default="0"),
    }


# ---------------------------------------------------------------- what only the whole can show
def _check_chains(fields: Mapping[str, Fields], rows: Mapping[str, dict[str, Any]], name: str) -> None:
    for row_id in rows:
        seen, at = {row_id}, rows[row_id][name]
        while at is not None:
            if at in seen:
                raise fields[row_id].refuse(name, _("leads back to itself"))
            seen.add(at)
            at = rows[at][name]


def _check_duplicates(fields: Mapping[str, Fields], leads: Mapping[str, dict[str, Any]]) -> None:
    for lead_id, lead in leads.items():
        first = leads.get(lead["duplicate_of"] or "")
        if first and lead["created_at"] < first["created_at"]:
            raise fields[lead_id].refuse("duplicate_of", _("is younger than its duplicate"))


def _check_money(fields: Mapping[str, Fields], ledger: Ledger) -> None:
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for payment in ledger.payments.values():
        if payment["booking"] is not None:
            kind = "paid" if payment["kind"] in ("deposit", "payment") else payment["kind"]
            sums[payment["booking"]][kind] += payment["amount"]
    for booking_id, money in sums.items():
        if money["paid"] > ledger.bookings[booking_id]["due"]:
            raise fields[booking_id].refuse("", _("more was paid than was due"))
        if money["refund"] > money["paid"]:
            raise fields[booking_id].refuse("", _("more was given back than was paid"))
    for booking_id, booking in ledger.bookings.items():
        booking["paid"] = sums[booking_id]["paid"] if booking_id in sums else Decimal(0)


def final(booking: Mapping[str, Any]) -> tuple[str, str, dt.datetime]:
    """How a booking stands at the end of its story: (status, master, start)."""
    status, staff, start = "confirmed", booking["staff"], booking["starts_at"]
    for event in booking["events"]:
        if event.kind == "moved":
            start, staff = event.starts_at, event.staff or staff
        else:
            status = event.kind
    return status, staff, start


def _check_overlaps(fields: Mapping[str, Fields], ledger: Ledger) -> None:
    taken: dict[str, list[tuple[dt.datetime, dt.datetime, str]]] = defaultdict(list)
    for booking_id, booking in ledger.bookings.items():
        status, staff, start = final(booking)
        if status not in ("cancelled", "expired"):
            taken[staff].append((start, start + dt.timedelta(minutes=booking["minutes"]), booking_id))
    for slots in taken.values():
        slots.sort()
        for (_s, end, before), (start, _e, after) in itertools.pairwise(slots):
            if start < end:
                raise fields[after].refuse(
                    "starts_at", _("overlaps with %(id)s of the same master") % {"id": before}
                )
