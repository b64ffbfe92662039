"""Finding a card's rows in the portal and making the portal show it.

Nothing is created before a search by our key, and for a contact by phone and mail, has come back empty; a
search that failed stops everything. What is missing is created in one chain (contact, lead, deal), where
later rows name earlier ones by `$result`; what is there is only changed where it differs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.bitrix24 import batch, client, fields
from integrations.protocols import crm
from kit import http

Row = crm.Contact | crm.Lead | crm.Deal

_KINDS = {"contact": fields.CONTACT, "lead": fields.LEAD, "deal": fields.DEAL}
_VERIFIED = ("originId", "stageId", "sourceId")


@dataclasses.dataclass(slots=True)
class _Part:
    """A row on its way. `item` is what the portal has of it, None while it has nothing."""

    name: str
    row: Row
    item: Mapping[str, Any] | None = None
    by_key: list[int] = dataclasses.field(default_factory=list)
    by_address: list[int] = dataclasses.field(default_factory=list)
    core: bool = False
    dropped: tuple[str, ...] = ()
    saved: crm.Saved | None = None
    failed: crm.Failure | None = None

    @property
    def kind(self) -> int:
        return _KINDS[self.name]

    @property
    def id(self) -> int | None:
        if self.saved is not None:
            return int(self.saved.id)
        return None if self.item is None else fields.number(self.item["id"])

    @property
    def open(self) -> bool:
        return self.saved is None and self.failed is None

    def save(self, item: Mapping[str, Any], how: crm.How) -> None:
        others = [one for one in [*self.by_key, *self.by_address] if one != fields.number(item["id"])]
        shown = tuple(str(one) for one in dict.fromkeys(others))
        self.saved = crm.Saved(str(fields.number(item["id"])), how, fields.state(item), shown, self.dropped)


def find(portal: client.Client, card: crm.Card) -> http.Call[dict[str, crm.Found]]:
    """Ids of the card's rows that are there; known ids are not believed but looked for by key as well."""
    parts = [dataclasses.replace(part, row=dataclasses.replace(part.row, id=None)) for part in _parts(card)]
    yield from _look(portal, parts, whole=False)
    return {
        part.name: crm.Found(tuple(map(str, part.by_key)), tuple(map(str, part.by_address))) for part in parts
    }


def push(portal: client.Client, card: crm.Card) -> http.Call[crm.Pushed]:
    """Make the portal show the card. `Uncertain` is raised when the answer to creates was lost."""
    parts = _parts(card)
    yield from _look(portal, parts, whole=True)
    # A chain that meets an objection to a value is gone on with once more: core fields, then the rest.
    for _ in range(len(parts) + 1):
        try:
            again = yield from _write(portal, parts)
        except errors.FAILURES as failure:
            if not any(part.saved for part in parts):
                raise
            # What the first round made must not be forgotten because the second one broke.
            for part in parts:
                part.failed = failure if part.open else part.failed
            break
        if not again or any(part.failed and not isinstance(part.failed, errors.Rejected) for part in parts):
            break
    return crm.Pushed(
        {part.name: part.saved for part in parts if part.saved is not None},
        {part.name: part.failed for part in parts if part.failed is not None},
    )


def _parts(card: crm.Card) -> list[_Part]:
    rows: list[tuple[str, Row | None]] = [
        ("contact", card.contact),
        ("lead", card.lead),
        ("deal", card.deal),
    ]
    return [_Part(name, row) for name, row in rows if row is not None]


# Looking ------------------------------------------------------------------------------------------------


def _look(portal: client.Client, parts: list[_Part], *, whole: bool) -> http.Call[None]:
    commands: dict[str, batch.Command] = {}
    for part in parts:
        if part.row.id is not None:
            commands[part.name] = batch.Command(
                "crm.item.get", {"entityTypeId": part.kind, "id": int(part.row.id)}
            )
        else:
            commands |= _searches(part, whole=whole)
    if not commands:
        return
    outcomes = yield from portal.together(commands, repeatable=True)
    for part in parts:
        if part.row.id is not None:
            _take_known(portal, part, outcomes[part.name])
        else:
            _take_found(portal, part, commands, outcomes)
    lost = [part for part in parts if part.name == "contact" and _gone(part)]
    for part in lost:
        yield from _relink(portal, part, next((p.item for p in parts if p.name == "deal"), None))
    for part in parts:
        if whole and part.item is None and part.by_address and not part.by_key:
            yield from _choose(portal, part)


def _searches(part: _Part, *, whole: bool) -> dict[str, batch.Command]:
    condition = {f"={name}": value for name, value in fields.key(part.row.key).items()}
    by_key: dict[str, Any] = {"entityTypeId": part.kind, "select": ["*"] if whole else ["id"]}
    by_key |= {"filter": condition, "order": {"id": "ASC"}, "start": -1}
    searches = {f"{part.name}_key": batch.Command("crm.item.list", by_key)}
    if isinstance(part.row, crm.Contact):
        if part.row.phones:
            searches["contact_phone"] = _by_address("PHONE", fields.phone_forms(part.row.phones))
        if part.row.emails:
            searches["contact_mail"] = _by_address("EMAIL", list(part.row.emails)[:20])
    return searches


def _by_address(kind: str, values: list[str]) -> batch.Command:
    params = {"type": kind, "values": values, "entity_type": "CONTACT"}
    return batch.Command("crm.duplicate.findbycomm", params)


def _take_known(portal: client.Client, part: _Part, outcome: batch.Outcome) -> None:
    part.item = _item(outcome)
    if part.item is None:
        unread = outcome if isinstance(outcome, batch.Failed) else batch.Unknown()
        failure = portal.fault(unread, method="crm.item.get", repeatable=True)
        if not isinstance(failure, errors.Rejected) or failure.code not in ("gone", "forbidden"):
            raise failure
        part.failed = failure


def _take_found(
    portal: client.Client,
    part: _Part,
    commands: Mapping[str, batch.Command],
    outcomes: Mapping[str, batch.Outcome],
) -> None:
    for key in (f"{part.name}_key", f"{part.name}_phone", f"{part.name}_mail"):
        outcome = outcomes.get(key)
        if isinstance(outcome, (batch.Failed, batch.Unknown)):
            # Not knowing whether a row is there, we must not make one.
            raise portal.fault(outcome, method=commands[key].method, repeatable=True)
        if not isinstance(outcome, batch.Done):
            continue
        if key.endswith("_key"):
            items = _items(outcome.value)
            part.item = items[0] if items else None
            part.by_key = [fields.number(item["id"]) for item in items]
        else:
            # Nothing found comes as an empty list instead of an object.
            found = outcome.value.get("CONTACT") if isinstance(outcome.value, Mapping) else None
            part.by_address = sorted({*part.by_address, *filter(None, map(fields.number, found or []))})


def _choose(portal: client.Client, part: _Part) -> http.Call[None]:
    """Of several contacts with one phone: ours, else the oldest. Merging them is for a person."""
    query = {"entityTypeId": part.kind, "select": ["*"], "filter": {"@id": part.by_address[:50]}}
    query |= {"order": {"id": "ASC"}, "start": -1}
    answer = yield from portal.call("crm.item.list", query, repeatable=True)
    items = _items(answer.value)
    ours = [item for item in items if item.get("originatorId") == fields.ORIGINATOR]
    part.item = next(iter(ours or items), None)


def _gone(part: _Part) -> bool:
    return isinstance(part.failed, errors.Rejected) and part.failed.code == "gone"


def _relink(portal: client.Client, part: _Part, deal: Mapping[str, Any] | None) -> http.Call[None]:
    """A contact that is gone was often merged: the deal names the winner, else key and phone may find one."""
    if not isinstance(part.row, crm.Contact):
        return
    fresh = _Part(part.name, dataclasses.replace(part.row, id=None))
    yield from _look(portal, [fresh], whole=True)
    if fresh.item is None and deal is not None and (linked := fields.contacts(deal)):
        query = {"entityTypeId": part.kind, "id": linked[0]}
        outcomes = yield from portal.together(
            {"contact": batch.Command("crm.item.get", query)}, repeatable=True
        )
        _take_known(portal, fresh, outcomes["contact"])
    if fresh.item is not None:
        part.item, part.failed = fresh.item, None
        part.by_key, part.by_address = fresh.by_key, fresh.by_address


def _item(outcome: batch.Outcome) -> Mapping[str, Any] | None:
    """The row in an outcome, None when it holds none."""
    value = outcome.value if isinstance(outcome, batch.Done) else None
    item = value.get("item") if isinstance(value, Mapping) else None
    return item if isinstance(item, Mapping) and fields.number(item.get("id")) else None


def _items(value: Any) -> list[Mapping[str, Any]]:
    items = value.get("items") if isinstance(value, Mapping) else None
    found = [item for item in items or [] if isinstance(item, Mapping) and fields.number(item.get("id"))]
    return sorted(found, key=lambda item: fields.number(item["id"]))


# Writing ------------------------------------------------------------------------------------------------


def _write(portal: client.Client, parts: list[_Part]) -> http.Call[bool]:
    """One round of writes; True when something is left for another one."""
    made = {part.name: part for part in parts}
    creates: dict[str, batch.Command] = {}
    changes: dict[str, batch.Command] = {}
    sent: dict[str, fields.Fields] = {}
    for part in (part for part in parts if part.open):
        contact, lead = _link(made, "contact", creates), _link(made, "lead", creates)
        if part.item is None:
            sent[part.name] = _new(part, contact=contact, lead=lead)
            creates[part.name] = _command("crm.item.add", part, sent[part.name])
            continue
        sent[part.name] = _changes(part, contact=contact, lead=lead)
        if sent[part.name]:
            changes[part.name] = _command("crm.item.update", part, sent[part.name], id=part.id)
        else:
            part.save(part.item, _unchanged(part))
    if not creates and not changes:
        return False
    # Creates first and stopping at an error: a row must not stand without the one it names. A change names
    # nobody who is not there already.
    outcomes = yield from portal.together({**creates, **changes}, halt=bool(creates), repeatable=not creates)
    again = [_settle(portal, made[name], outcomes[name], sent[name]) for name in outcomes]
    return any(again)


def _settle(portal: client.Client, part: _Part, outcome: batch.Outcome, sent: Mapping[str, Any]) -> bool:
    """Note what became of one write; True when it deserves another round."""
    create = part.item is None
    if isinstance(outcome, batch.NotRun):
        return True
    item = _item(outcome)
    if item is not None:
        if create:
            # Unknown fields are swallowed without a word, so what matters is compared.
            unlike = [name for name in _VERIFIED if sent.get(name) and item.get(name) != sent[name]]
            part.dropped = (*part.dropped, *(name for name in unlike if name not in part.dropped))
        part.save(item, crm.How.CREATED if create else _changed(part))
        return False
    unread = outcome if isinstance(outcome, batch.Failed) else batch.Unknown()
    method = "crm.item.add" if create else "crm.item.update"
    failure = portal.fault(unread, method=method, repeatable=not create)
    if isinstance(failure, errors.Rejected) and failure.code == "field" and not part.core:
        part.core = True
        part.dropped = tuple(name for name in sent if name not in fields.CORE)
        return True
    part.failed = failure
    return False


def _link(made: Mapping[str, _Part], name: str, creates: Mapping[str, Any]) -> fields.Id | None:
    """The id of another part of the card, or the reference to where it will be."""
    part = made.get(name)
    if part is None or part.failed is not None:
        return None
    return part.id if part.id is not None else batch.Ref(name, "item", "id") if name in creates else None


def _new(part: _Part, *, contact: fields.Id | None, lead: fields.Id | None) -> fields.Fields:
    match part.row:
        case crm.Contact():
            new = fields.new_contact(part.row)
        case crm.Lead():
            new = fields.new_lead(part.row, contact=contact)
        case crm.Deal():
            new = fields.new_deal(part.row, contact=contact, lead=lead)
    return {name: value for name, value in new.items() if not part.core or name in fields.CORE}


def _changes(part: _Part, *, contact: fields.Id | None, lead: fields.Id | None) -> fields.Fields:
    assert part.item is not None
    match part.row:
        case crm.Contact():
            changes = fields.contact_changes(part.row, part.item)
        case crm.Lead():
            changes = fields.lead_changes(part.row, part.item, contact=contact)
        case crm.Deal():
            changes = fields.deal_changes(part.row, part.item, contact=contact, lead=lead)
    return {name: value for name, value in changes.items() if not part.core or name in fields.CORE}


def _command(method: str, part: _Part, values: fields.Fields, **more: Any) -> batch.Command:
    return batch.Command(method, {"entityTypeId": part.kind, **more, "fields": values})


def _unchanged(part: _Part) -> crm.How:
    return crm.How.SAME if part.row.id == str(part.id) else crm.How.ADOPTED


def _changed(part: _Part) -> crm.How:
    return crm.How.UPDATED if part.row.id == str(part.id) else crm.How.ADOPTED
