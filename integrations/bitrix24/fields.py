"""Our rows as fields of `crm.item.*` and back.

Everything a portal would fill in by itself is set always: closing date, responsible, source. Of a row that is
there already only what is ours is changed. Source: crm/universal/object-fields.md; phones as multi-fields:
tutorials/crm/how-to-edit-crm-objects/how-to-change-email-or-phone.md.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.bitrix24 import batch
from integrations.protocols import crm

LEAD, DEAL, CONTACT = 1, 2, 3
ORIGINATOR = "marzha"
"""Says whose `originId` it is: the portal keeps the pair, it is our key there."""

Fields = dict[str, Any]
Item = Mapping[str, Any]
Id = int | batch.Ref

# What a create is repeated with when the portal objects to a value: enough to find and follow the row.
CORE = {
    "title", "name", "fm", "categoryId", "stageId", "contactIds", "leadId",
    "assignedById", "originatorId", "originId",
}  # fmt: skip
_MESSENGERS = {"telegram": "TELEGRAM", "vk": "VK", "viber": "VIBER"}


def key(ours: str) -> Fields:
    """The pair that marks a row as ours."""
    return {"originatorId": ORIGINATOR, "originId": ours}


def new_contact(contact: crm.Contact) -> Fields:
    """Fields of a contact to be created."""
    handles = [messenger.handle for messenger in contact.messengers]
    return {
        "name": _cut(contact.name) or next(iter([*contact.phones, *contact.emails, *handles]), contact.key),
        "assignedById": int(contact.responsible),
        "typeId": "CLIENT",
        "opened": True,
        **key(contact.key),
        **_origin(contact),
        "fm": _addresses(contact),
    }


def contact_changes(contact: crm.Contact, item: Item) -> Fields:
    """What a contact in the portal lacks of ours: empty places, new phones; nothing is overwritten."""
    changes: Fields = {}
    if contact.name and not item.get("name") and not item.get("lastName"):
        changes["name"] = _cut(contact.name)
    if not item.get("originId"):
        changes |= key(contact.key)
    have = {_address(entry["typeId"], entry["value"]) for entry in _entries(item)}
    missing = [e for e in _addresses(contact) if _address(e["typeId"], e["value"]) not in have]
    if missing:
        # Keyed by n0, n1 entries are added and the present ones stay; without typeId nothing would happen.
        changes["fm"] = {f"n{number}": entry for number, entry in enumerate(missing)}
    return changes


def new_lead(lead: crm.Lead, *, contact: Id | None) -> Fields:
    """Fields of a lead to be created (classic mode)."""
    phones = [{"typeId": "PHONE", "valueType": "MOBILE", "value": phone} for phone in lead.phones]
    return {
        "title": lead.title[:255],
        "name": _cut(lead.name),
        "stageId": lead.stage,
        "assignedById": int(lead.responsible),
        "opened": True,
        **key(lead.key),
        **_origin(lead),
        **({"contactIds": [contact]} if contact is not None else {"fm": phones} if phones else {}),
    }


def lead_changes(lead: crm.Lead, item: Item, *, contact: Id | None) -> Fields:
    """What a lead in the portal must change: its stage, where we moved it since, and its contact."""
    changes = _links(item, contact=contact)
    if _moved(lead.stage, item.get("stageId"), (lead.base or {}).get("stageId")):
        changes["stageId"] = lead.stage
    return changes


def new_deal(deal: crm.Deal, *, contact: Id | None, lead: Id | None) -> Fields:
    """Fields of a deal to be created."""
    fields: Fields = {
        "title": deal.title[:255],
        "categoryId": int(deal.pipeline or 0),
        "stageId": deal.stage,
        "assignedById": int(deal.responsible),
        "opened": True,
        "begindate": deal.opens,
        "closedate": deal.closes,
        **key(deal.key),
        **_origin(deal),
    }
    if contact is not None:
        fields["contactIds"] = [contact]
    if lead is not None:
        fields["leadId"] = lead
    if deal.amount is not None:
        fields |= _money(deal.amount, deal.currency)
    return fields


def deal_changes(deal: crm.Deal, item: Item, *, contact: Id | None, lead: Id | None) -> Fields:
    """What a deal in the portal must change.

    A field that we did not change since `base` is left to the portal. A deal that somebody carried into
    another pipeline keeps its stage there: ours means nothing in it.
    """
    base = deal.base or {}
    changes = _links(item, contact=contact)
    if lead is not None and not item.get("leadId"):
        changes["leadId"] = lead
    home = number(item.get("categoryId")) == int(deal.pipeline or 0)
    if home and _moved(deal.stage, item.get("stageId"), base.get("stageId")):
        changes["stageId"] = deal.stage
    if deal.amount is not None:
        theirs = money(item.get("opportunity")), item.get("currencyId")
        wanted = money(deal.amount), deal.currency or item.get("currencyId")
        if theirs != wanted and (not base or (base.get("opportunity"), base.get("currencyId")) != wanted):
            changes |= _money(deal.amount, deal.currency)
    for name, wanted_day in (("begindate", deal.opens), ("closedate", deal.closes)):
        if _moved(wanted_day.isoformat(), day(item.get(name)), base.get(name)):
            changes[name] = wanted_day
    return changes


def state(item: Item) -> Fields:
    """A row of the portal in plain JSON values, the same for the same row: times in UTC, money in kopecks."""
    kind = number(item.get("entityTypeId"))
    result: Fields = {
        "id": number(item.get("id")),
        "assignedById": number(item.get("assignedById")),
        "sourceId": item.get("sourceId") or "",
        "originId": item.get("originId") or "",
        "updatedTime": moment(item.get("updatedTime")),
    }
    if kind == CONTACT:
        entries = _entries(item)
        return result | {
            "name": item.get("name") or "",
            "lastName": item.get("lastName") or "",
            "fm": sorted([entry["typeId"], str(entry["value"])] for entry in entries),
        }
    result |= {
        "title": item.get("title") or "",
        "stageId": item.get("stageId") or "",
        "stageSemanticId": item.get("stageSemanticId") or "",
        "movedTime": moment(item.get("movedTime")),
        "opportunity": money(item.get("opportunity")),
        "currencyId": item.get("currencyId") or "",
        "contactIds": sorted(contacts(item)),
    }
    if kind == DEAL:
        result |= {
            "categoryId": number(item.get("categoryId")),
            "leadId": number(item.get("leadId")),
            "begindate": day(item.get("begindate")),
            "closedate": day(item.get("closedate")),
        }
    return result


def contacts(item: Item) -> list[int]:
    """Ids of the contacts of a deal or lead."""
    linked = item.get("contactIds") or ([item["contactId"]] if item.get("contactId") else [])
    return [one for one in map(number, linked) if one]


def money(value: Any) -> str:
    """An amount in roubles and kopecks as text; the wire carries floats."""
    try:
        return str(decimal.Decimal(str(value or 0)).quantize(decimal.Decimal("0.01")))
    except decimal.InvalidOperation:
        return "0.00"


def day(value: Any) -> str:
    """A date field as `YYYY-MM-DD`: it travels as midnight by UTC told in some zone."""
    at = _time(value)
    if at is None:
        return ""
    utc = at.astimezone(datetime.UTC)
    return (utc if utc.time() == datetime.time() else at).date().isoformat()


def moment(value: Any) -> str:
    """A datetime in UTC, or "" when there is none."""
    at = _time(value)
    return "" if at is None else at.astimezone(datetime.UTC).isoformat()


def phone_forms(phones: Iterable[str]) -> list[str]:
    """The ways people write these E.164 numbers into a CRM; at most 20, the search takes no more."""
    forms: dict[str, None] = {}
    for phone in phones:
        digits = "".join(filter(str.isdigit, phone))
        forms[f"+{digits}"] = None
        if len(digits) == 11 and digits[0] == "7":
            forms |= dict.fromkeys((f"8{digits[1:]}", digits[1:]))
        else:
            forms[digits] = None
    return list(forms)[:20]


def _origin(row: crm.Contact | crm.Lead | crm.Deal) -> Fields:
    tags = {
        "utmSource": row.utm.source,
        "utmMedium": row.utm.medium,
        "utmCampaign": row.utm.campaign,
        "utmContent": row.utm.content,
        "utmTerm": row.utm.term,
    }
    return {
        "sourceId": row.source,
        "sourceDescription": row.source_note,
        **{name: value[:255] for name, value in tags.items() if value},
    }


def _cut(name: str) -> str:
    # The portal's column for a name holds 50 characters.
    return name.strip()[:50]


def _addresses(contact: crm.Contact) -> list[Fields]:
    entries = [{"typeId": "PHONE", "valueType": "MOBILE", "value": phone} for phone in contact.phones]
    entries += [{"typeId": "EMAIL", "valueType": "HOME", "value": email} for email in contact.emails]
    for messenger in contact.messengers:
        kind = _MESSENGERS.get(messenger.kind)
        value = messenger.handle if kind else f"{messenger.kind}: {messenger.handle}"
        entries.append({"typeId": "IM", "valueType": kind or "OTHER", "value": value})
    return entries


def _address(kind: str, value: Any) -> tuple[str, str]:
    """An address as it is compared: phones by their last ten digits, the rest without case."""
    written = str(value).strip().lower()
    return kind, "".join(filter(str.isdigit, written))[-10:] if kind == "PHONE" else written


def _entries(item: Item) -> list[Mapping[str, Any]]:
    given = item.get("fm")
    entries = given.values() if isinstance(given, Mapping) else given or []
    return [e for e in entries if isinstance(e, Mapping) and e.get("typeId") and e.get("value")]


def _links(item: Item, *, contact: Id | None) -> Fields:
    if contact is None:
        return {}
    linked = contacts(item)
    return {} if contact in linked else {"contactIds": [*linked, contact]}


def _moved(ours: str, theirs: Any, base: Any) -> bool:
    return ours != (theirs or "") and (base is None or ours != base)


def _money(amount: decimal.Decimal, currency: str) -> Fields:
    # Manual, else the portal would count the sum of product rows, of which there are none.
    fields: Fields = {"opportunity": decimal.Decimal(money(amount)), "isManualOpportunity": True}
    return fields | ({"currencyId": currency} if currency else {})


def number(value: Any) -> int:
    """An id or a count: numbers from new methods, strings from old ones, 0 for nothing or nonsense."""
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


def _time(value: Any) -> datetime.datetime | None:
    try:
        at = datetime.datetime.fromisoformat(str(value or ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
