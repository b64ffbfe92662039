"""Leads, deals and contacts of the fake portal: `crm.item.*` with its habits and omissions."""

import copy
import datetime
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from fakes.bitrix24.portal import CONTACT, DEAL, FACTORY, LEAD, SIMPLE, Portal, Refusal, Row

PAGE = 50
_TEXTS = FACTORY["errors"]
_UTM = ("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm")
_COMMON: Row = {
    "assignedById": None,
    "opened": "Y",
    "companyId": 0,
    "sourceId": "",
    "sourceDescription": "",
    "comments": None,
    "originatorId": None,
    "originId": None,
    "observers": [],
    **dict.fromkeys(_UTM),
}
_MONEY: Row = {"opportunity": 0, "isManualOpportunity": "N", "taxValue": 0, "currencyId": "RUB"}
_LINKS: Row = {"contactId": 0, "contactIds": []}
_NAMES: Row = {"name": None, "lastName": None, "secondName": None, "birthdate": None, "post": None}
_FLAGS: Row = {"hasPhone": "N", "hasEmail": "N", "hasImol": "N", "fm": []}
FIELDS: dict[int, Row] = {
    LEAD: {"title": None, "stageId": None, **_COMMON, **_MONEY, **_LINKS, **_NAMES, **_FLAGS},
    DEAL: {
        "title": None,
        "categoryId": 0,
        "stageId": None,
        "leadId": None,
        "typeId": "SALE",
        "probability": None,
        "additionalInfo": None,
        "begindate": None,
        "closedate": None,
        **_COMMON,
        **_MONEY,
        **_LINKS,
    },
    CONTACT: {"typeId": "CLIENT", "export": "Y", "leadId": None, "originVersion": None}
    | _COMMON
    | _NAMES
    | _FLAGS,
}
_OWN = ("id", "createdTime", "updatedTime", "movedTime", "createdBy", "updatedBy", "movedBy")
_SHOWN = ("stageSemanticId", "closed", "lastActivityTime", "lastActivityBy", "entityTypeId")
_NUMBERS = {"assignedById", "companyId", "categoryId", "contactId", "leadId", "probability"}
_DATES = {"begindate", "closedate"}
_DATETIMES = {"createdTime", "updatedTime", "movedTime", "lastActivityTime"}


def kind_of(params: Mapping[str, Any]) -> int:
    """The type a call speaks of; the fake knows leads, deals and contacts."""
    kind = number(params.get("entityTypeId"))
    if kind not in FIELDS:
        raise Refusal(400, "NOT_FOUND", _TEXTS["NOT_FOUND"])
    return kind


def get(portal: Portal, user: int, params: Mapping[str, Any]) -> Row:
    """`crm.item.get`."""
    kind = kind_of(params)
    return {"item": _shown(_row(portal, kind, params))}


def delete(portal: Portal, user: int, params: Mapping[str, Any]) -> list[Any]:
    """`crm.item.delete`."""
    kind = kind_of(params)
    row = _row(portal, kind, params)
    del portal.items[kind][row["id"]]
    return []


def fields(portal: Portal, user: int, params: Mapping[str, Any]) -> Row:
    """`crm.item.fields`, names only."""
    return {"fields": {name: {"title": name} for name in (*_OWN, *FIELDS[kind_of(params)])}}


def add(portal: Portal, user: int, params: Mapping[str, Any]) -> Row:
    """`crm.item.add`: unknown fields are swallowed, much is filled in, nothing guards against a double."""
    kind = kind_of(params)
    given = _fields(params)
    for field, name in portal.required.get(kind, {}).items():
        if not given.get(field):
            raise Refusal(400, "CRM_FIELD_ERROR_REQUIRED", _TEXTS["REQUIRED"].format(name))
    row: Row = {"id": portal.number()}
    now = portal.moment()
    row |= {"createdTime": now, "updatedTime": now, "createdBy": user, "updatedBy": user}
    row |= {name: list(v) if isinstance(v, list) else v for name, v in FIELDS[kind].items()}
    row |= {
        "assignedById": user,
        "sourceId": FACTORY["sources"][0][0],
        "lastActivityTime": now,
        "lastActivityBy": user,
    }
    row["entityTypeId"] = kind
    if kind == DEAL:
        today = datetime.datetime.fromtimestamp(portal.clock.now(), portal.zone).date()
        row["begindate"] = portal.day(today)
        row["closedate"] = portal.day(today + datetime.timedelta(days=7))
    if kind != CONTACT:
        row |= {"movedTime": now, "movedBy": user}
        row["title"] = FACTORY["titles"][str(kind)].format(row["id"])
    _fill(portal, kind, row, given)
    portal.items[kind][row["id"]] = row
    if kind == LEAD and portal.mode == SIMPLE:
        _turn_into_deal(portal, user, row)
    return {"item": _shown(row)}


def update(portal: Portal, user: int, params: Mapping[str, Any]) -> Row:
    """`crm.item.update`: a call that changes nothing leaves no trace."""
    kind = kind_of(params)
    row = _row(portal, kind, params)
    changed = copy.deepcopy(row)
    _fill(portal, kind, changed, _fields(params))
    if changed != row:
        now = portal.moment()
        changed |= {"updatedTime": now, "updatedBy": user}
        if changed.get("stageId") != row.get("stageId"):
            changed |= {"movedTime": now, "movedBy": user}
        row.clear()
        row.update(changed)
    return {"item": _shown(row)}


def listed(portal: Portal, user: int, params: Mapping[str, Any]) -> tuple[Row, Row]:
    """`crm.item.list`: the result and its neighbours `total` and `next`."""
    kind = kind_of(params)
    known = {*_OWN, *_SHOWN, *FIELDS[kind]} - {"fm"}
    matches = _filter(params.get("filter") or {}, known)
    rows = [r for r in portal.all(kind) if (kind, r["id"]) not in portal.forbidden and matches(r)]
    for field, way in reversed(list((params.get("order") or {}).items())):
        rows.sort(key=lambda r, f=field: (r.get(f) is not None, _comparable(f, r.get(f))))  # type: ignore[misc]
        if str(way).upper() == "DESC":
            rows.reverse()
    start = number(params.get("start") or 0)
    page = rows[max(start, 0) : max(start, 0) + PAGE]
    select = _select(params.get("select"))
    around: Row = {"total": 0 if start == -1 else len(rows)}
    if start != -1 and start + PAGE < len(rows):
        around["next"] = start + PAGE
    return {"items": [_cut(row, select) for row in page]}, around


# Writing ------------------------------------------------------------------------------------------------


def _fields(params: Mapping[str, Any]) -> Row:
    given = params.get("fields")
    if not isinstance(given, Mapping):
        raise Refusal(400, "100", "Could not find value for parameter {fields} (internal error)")
    return dict(given)


def _fill(portal: Portal, kind: int, row: Row, given: Row) -> None:
    category = number(row.get("categoryId") or 0)
    for name, value in given.items():
        if name == "fm":
            if "fm" in row:
                row["fm"] = multifields(portal, row["fm"], value)
        elif name in FIELDS[kind] or name.upper().startswith("UF_CRM_"):
            row[name] = _value(portal, kind, name, value)
    if "fm" in row:
        kinds = {entry["typeId"] for entry in row["fm"]}
        row["hasPhone"] = "Y" if "PHONE" in kinds else "N"
        row["hasEmail"] = "Y" if "EMAIL" in kinds else "N"
    if kind == CONTACT:
        return
    if "contactIds" in given:
        row["contactId"] = row["contactIds"][0] if row["contactIds"] else 0
    elif "contactId" in given:
        row["contactIds"] = [row["contactId"]] if row["contactId"] else []
    _set_stage(portal, kind, row, moved=number(row.get("categoryId") or 0) != category)
    if "opportunity" in given and "isManualOpportunity" not in given:
        row["isManualOpportunity"] = "Y"


def _set_stage(portal: Portal, kind: int, row: Row, *, moved: bool) -> None:
    stages = portal.stages_of(kind, number(row.get("categoryId") or 0))
    if not stages:
        raise Refusal(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", _TEXTS["VALUE"].format("categoryId"))
    found = [stage for stage in stages if stage["STATUS_ID"] == row["stageId"]]
    if not found and (row["stageId"] is None or moved):
        found = stages[:1]
    if not found:
        raise Refusal(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", _TEXTS["VALUE"].format("stageId"))
    row["stageId"] = found[0]["STATUS_ID"]
    row["stageSemanticId"] = found[0]["SEMANTICS"] or "P"
    if kind == DEAL:
        row["closed"] = "N" if row["stageSemanticId"] == "P" else "Y"


def _value(portal: Portal, kind: int, name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return number(value or 0)
    if name in _DATES and value:
        return portal.day(value)
    if name == "opportunity":
        try:
            amount = round(float(value or 0), 2)
        except (TypeError, ValueError):
            raise Refusal(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", _TEXTS["VALUE"].format(name)) from None
        return int(amount) if amount.is_integer() else amount
    if name in ("contactIds", "observers"):
        ids = value.values() if isinstance(value, Mapping) else value or []
        ids = [number(one) for one in ids if str(one).isdigit()]
        return [one for one in ids if name == "observers" or one in portal.items[CONTACT]]
    if name == "title":
        return str(value).strip()
    return value


def multifields(portal: Portal, present: list[Row], given: Any) -> list[Row]:
    """Phones, mails and messengers after a write.

    A list adds; a mapping is keyed by the record's id or `n0`, `n1` for new ones. An entry without
    `typeId` does nothing and says nothing; an empty value deletes; what is not named stays.
    """
    result = [dict(entry) for entry in present]
    new = isinstance(given, list)
    pairs = [(f"n{i}", entry) for i, entry in enumerate(given)] if new else list(dict(given or {}).items())
    for key, entry in pairs:
        if not isinstance(entry, Mapping) or not entry.get("typeId"):
            continue
        old = next((one for one in result if str(one["id"]) == str(key)), None)
        value = str(entry.get("value") or "").strip()
        if old is not None and not value:
            result.remove(old)
        elif old is not None:
            old.update(value=value, valueType=entry.get("valueType") or old["valueType"])
        elif value and (not present or re.fullmatch(r"n\d+|\d+", str(key))):
            kind = {"valueType": entry.get("valueType") or "WORK", "value": value, "typeId": entry["typeId"]}
            result.append({"id": portal.number(), **kind})
    return result


def _turn_into_deal(portal: Portal, user: int, lead: Row) -> None:
    """Simple mode: a lead becomes a deal with its contact at once and is seen no more."""
    contact = add(portal, user, {"entityTypeId": CONTACT, "fields": {"name": lead["name"], "fm": lead["fm"]}})
    copied = {
        name: lead[name] for name in ("title", "sourceId", "sourceDescription", "originatorId", "originId")
    }
    links = {"contactIds": [contact["item"]["id"]], "leadId": lead["id"]}
    add(portal, user, {"entityTypeId": DEAL, "fields": {**copied, **links}})
    del portal.items[LEAD][lead["id"]]


# Reading ------------------------------------------------------------------------------------------------


def _row(portal: Portal, kind: int, params: Mapping[str, Any]) -> Row:
    row = portal.items[kind].get(number(params.get("id")))
    if row is None:
        raise Refusal(400, "NOT_FOUND", _TEXTS["NOT_FOUND"])
    if (kind, row["id"]) in portal.forbidden:
        raise Refusal(400, "ACCESS_DENIED", _TEXTS["ACCESS_DENIED"])
    return row


def _shown(row: Row) -> Row:
    return {name: list(value) if isinstance(value, list) else value for name, value in row.items()}


def _select(given: Any) -> list[str]:
    if isinstance(given, Mapping):
        given = list(given.values())
    return [str(name) for name in given] if given else ["*"]


def _cut(row: Row, select: list[str]) -> Row:
    if "*" in select:
        return _shown(row)
    return {name: row[name] for name in dict.fromkeys(("id", *select)) if name in row and name != "fm"}


_COMPARE: list[tuple[str, Callable[[Any, Any], bool]]] = [
    (">=", operator.ge),
    ("<=", operator.le),
    ("!=%", lambda a, b: str(b).strip("%").lower() not in str(a or "").lower()),
    ("=%", lambda a, b: str(b).strip("%").lower() in str(a or "").lower()),
    ("!%", lambda a, b: str(b).lower() not in str(a or "").lower()),
    ("!@", lambda a, b: a not in b),
    ("!=", operator.ne),
    (">", operator.gt),
    ("<", operator.lt),
    ("@", lambda a, b: a in b),
    ("%", lambda a, b: str(b).lower() in str(a or "").lower()),
    ("=", operator.eq),
    ("!", operator.ne),
    ("", operator.eq),
]


def _filter(given: Any, known: set[str]) -> Callable[[Row], bool]:
    tests: list[Callable[[Row], bool]] = []
    either = False
    for key, value in dict(given).items():
        if str(key) == "logic":
            either = str(value).upper() == "OR"
        elif str(key).isdigit():
            tests.append(_filter(value, known))
        else:
            tests.append(_test(str(key), value, known))
    if either:
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _test(key: str, value: Any, known: set[str]) -> Callable[[Row], bool]:
    prefix, compare = next(pair for pair in _COMPARE if key.startswith(pair[0]))
    field = key[len(prefix) :]
    if field not in known:
        raise Refusal(400, "INVALID_ARG_VALUE", f"Invalid filter: field '{field}' is not allowed in filter")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        wanted = [_comparable(field, one) for one in value]
        inside = prefix not in ("!@", "!=", "!")
        return lambda row: (_comparable(field, row.get(field)) in wanted) == inside
    wanted_one = _comparable(field, value)

    def test(row: Row) -> bool:
        try:
            return bool(compare(_comparable(field, row.get(field)), wanted_one))
        except TypeError:
            return False

    return test


def _comparable(field: str, value: Any) -> Any:
    if field == "id" or field in _NUMBERS or field in ("createdBy", "updatedBy", "movedBy"):
        return number(value or 0)
    if field in _DATETIMES or field in _DATES:
        return _stamp(value)
    return "" if value is None else str(value)


def _stamp(value: Any) -> float:
    try:
        at = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp()


def number(value: Any) -> int:
    """PHP's cast: what is no number is 0."""
    found = re.match(r"\s*-?\d+", str(value))
    return int(found[0]) if found else 0
