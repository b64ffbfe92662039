"""Every method the fake portal knows, beside `crm.item.*`: a name, a scope, what it answers."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fakes.bitrix24 import items
from fakes.bitrix24.portal import CONTACT, DEAL, FACTORY, LEAD, Portal, Refusal, Row

_TEXTS = FACTORY["errors"]
_TYPES = {"LEAD": LEAD, "CONTACT": CONTACT}
FOUND_AT_MOST = 20
Params = Mapping[str, Any]


def call(portal: Portal, user: int, method: str, params: Params) -> tuple[Any, Row]:
    """Run one method: its result and what stands beside it (`total`, `next`). Raises `Refusal`."""
    known = METHODS.get(method.lower())
    if known is None:
        raise Refusal(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    scope, run = known
    if scope and scope not in portal.scopes:
        text = "The request requires higher privileges than provided by the webhook token"
        raise Refusal(403, "insufficient_scope", text)
    answer = run(portal, user, params)
    return answer if isinstance(answer, tuple) else (answer, {})


# The portal itself --------------------------------------------------------------------------------------


def _profile(portal: Portal, user: int, params: Params) -> Row:
    row = next((one for one in portal.users if one["ID"] == str(user)), portal.users[0])
    return {**row, "PERSONAL_GENDER": "", "TIME_ZONE": ""}


def _method_get(portal: Portal, user: int, params: Params) -> Row:
    known = METHODS.get(str(params.get("name") or "").lower())
    available = known is not None and (not known[0] or known[0] in portal.scopes)
    return {"isExisting": known is not None, "isAvailable": available}


def _app_info(portal: Portal, user: int, params: Params) -> Row:
    return {"SCOPE": portal.scopes, "LICENSE": "ru_basic" if portal.plan else "ru_project"}


def _feature(portal: Portal, user: int, params: Params) -> Row:
    if not params.get("CODE"):
        raise Refusal(400, "CODE_EMPTY", "CODE can't be empty")
    granted = params["CODE"] == "rest_access" and portal.plan and not portal.subscription
    return {"value": "Y" if granted else "N"}


def _users(portal: Portal, user: int, params: Params) -> tuple[list[Row], Row]:
    return [{**one, "ACTIVE": True} for one in portal.users], {"total": len(portal.users)}


def _admin(portal: Portal, user: int) -> bool:
    return any(one["ID"] == str(user) and one["ADMIN"] for one in portal.users)


# Pipelines, statuses ------------------------------------------------------------------------------------


def _categories(portal: Portal, user: int, params: Params) -> tuple[Row, Row]:
    if items.number(params.get("entityTypeId")) != DEAL:
        raise Refusal(400, "NOT_FOUND", _TEXTS["NOT_FOUND"])
    return {"categories": [dict(row) for row in portal.categories]}, {"total": len(portal.categories)}


def _add_category(portal: Portal, user: int, params: Params) -> Row:
    if not _admin(portal, user):
        raise Refusal(400, "ACCESS_DENIED", _TEXTS["ACCESS_DENIED"])
    fields = params.get("fields") or {}
    made = portal.add_pipeline(str(fields.get("name") or ""))
    return {"category": next(dict(row) for row in portal.categories if row["id"] == made)}


def _statuses(portal: Portal, user: int, params: Params) -> tuple[list[Row], Row]:
    wanted = {str(key).lstrip("="): value for key, value in (params.get("filter") or {}).items()}
    rows = [row for row in portal.statuses if all(row.get(k) == v for k, v in wanted.items())]
    rows.sort(key=lambda row: (row["ENTITY_ID"], int(row["SORT"])))
    return [dict(row) for row in rows], {"total": len(rows)}


def _add_status(portal: Portal, user: int, params: Params) -> int:
    if not _admin(portal, user):
        raise Refusal(400, "", "Access denied.")
    fields = params.get("fields") or {}
    entity, code = str(fields.get("ENTITY_ID") or ""), str(fields.get("STATUS_ID") or "")
    category = re.fullmatch(r"DEAL_STAGE_(\d+)", entity)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,22}", code) or not fields.get("NAME"):
        raise Refusal(400, "", "The field is required.")
    prefix = f"C{category[1]}:" if category else ""
    if any(row["STATUS_ID"] == prefix + code for row in portal.statuses_of(entity)):
        raise Refusal(400, "ERROR_CORE", _TEXTS["STATUS_EXISTS"])
    row = portal.add_status(
        entity,
        prefix + code,
        str(fields["NAME"]),
        sort=items.number(fields.get("SORT") or 500),
        semantics=str(fields.get("SEMANTICS") or ""),
        color=str(fields.get("COLOR") or ""),
        category=int(category[1]) if category else None,
    )
    return int(row["ID"])


# Finding doubles ----------------------------------------------------------------------------------------


def _find(portal: Portal, user: int, params: Params) -> Any:
    kind, given = str(params.get("type") or ""), params.get("values")
    if kind not in ("PHONE", "EMAIL"):
        raise Refusal(400, "Communication type is not defined", "Parameter 'type' is required.")
    values = list(given.values() if isinstance(given, Mapping) else given or [])[:20]
    if not values:
        raise Refusal(400, "Communication values is not defined", "Parameter 'values' is required.")
    wanted = {_normal(kind, value) for value in values} - {""}
    found: Row = {}
    for name in [params["entity_type"]] if params.get("entity_type") else list(_TYPES):
        rows = portal.all(_TYPES[name]) if name in _TYPES else []
        ids = [row["id"] for row in rows if wanted & _addresses(row, kind)]
        if ids:
            found[name] = ids[:FOUND_AT_MOST]
    return found or []  # an empty array of PHP is a list


def _addresses(row: Row, kind: str) -> set[str]:
    return {_normal(kind, entry["value"]) for entry in row["fm"] if entry["typeId"] == kind}


def _normal(kind: str, value: Any) -> str:
    """The strict reading of how the portal compares: digits as they stand, no country is guessed."""
    text = str(value).strip().lower()
    return re.sub(r"\D", "", text) if kind == "PHONE" else text


# What stands beside a deal ------------------------------------------------------------------------------


def _owner(portal: Portal, params: Params) -> tuple[str, int]:
    letter, owner = str(params.get("ownerType") or ""), items.number(params.get("ownerId"))
    kind = {"D": DEAL, "L": LEAD}.get(letter)
    if kind is None or owner not in portal.items[kind]:
        raise Refusal(400, "OWNER_NOT_FOUND", "Owner was not found")
    return letter, owner


def _set_rows(portal: Portal, user: int, params: Params) -> Row:
    letter, owner = _owner(portal, params)
    given = params.get("productRows") or []
    given = list(given.values()) if isinstance(given, Mapping) else list(given)
    rows: list[Row] = []
    for sort, one in enumerate((row for row in given if isinstance(row, Mapping)), 1):
        price, quantity = round(float(one.get("price") or 0), 2), float(one.get("quantity") or 1)
        row: Row = {"id": portal.number(), "ownerId": owner, "ownerType": letter, "productId": 0, "type": 4}
        row |= {
            "productName": one.get("productName"),
            "price": price,
            "quantity": quantity,
            "sort": 10 * sort,
        }
        rows.append(row)
    portal.rows[letter, owner] = rows
    holder = portal.items[DEAL if letter == "D" else LEAD][owner]
    if holder["isManualOpportunity"] == "N":
        holder["opportunity"] = round(sum(row["price"] * row["quantity"] for row in rows), 2)
    return {"productRows": rows}


def _list_rows(portal: Portal, user: int, params: Params) -> tuple[Row, Row]:
    wanted = {str(key).lstrip("="): value for key, value in (params.get("filter") or {}).items()}
    rows = portal.rows.get((str(wanted.get("ownerType")), items.number(wanted.get("ownerId"))), [])
    return {"productRows": rows}, {"total": len(rows)}


def _add_todo(portal: Portal, user: int, params: Params) -> Row:
    kind, owner = items.number(params.get("ownerTypeId")), items.number(params.get("ownerId"))
    if owner not in portal.items.get(kind, {}):
        raise Refusal(400, "OWNER_NOT_FOUND", "Owner was not found")
    if not params.get("deadline"):
        raise Refusal(400, "100", "Could not find value for parameter {deadline}")
    number = portal.number()
    portal.activities[number] = {
        "ID": str(number),
        "OWNER_TYPE_ID": str(kind),
        "OWNER_ID": str(owner),
        "PROVIDER_ID": "CRM_TODO",
        "SUBJECT": str(params.get("title") or ""),
        "DESCRIPTION": str(params.get("description") or ""),
        "DEADLINE": str(params["deadline"]),
        "RESPONSIBLE_ID": str(params.get("responsibleId") or user),
        "COMPLETED": "N",
    }
    return {"id": number}


def _activities(portal: Portal, user: int, params: Params) -> tuple[list[Row], Row]:
    wanted = {str(key).lstrip("="): str(value) for key, value in (params.get("filter") or {}).items()}
    rows = [row for row in portal.activities.values() if all(row.get(k) == v for k, v in wanted.items())]
    return rows, {"total": len(rows)}


def _update_activity(portal: Portal, user: int, params: Params) -> bool:
    row = portal.activities.get(items.number(params.get("id")))
    if row is None:
        raise Refusal(400, "", "Activity is not found")
    row.update({key: str(value) for key, value in (params.get("fields") or {}).items() if key in row})
    return True


def _comment(portal: Portal, user: int, params: Params) -> int:
    fields = params.get("fields") or {}
    kind = {"deal": DEAL, "lead": LEAD, "contact": CONTACT}.get(str(fields.get("ENTITY_TYPE")))
    if kind is None or items.number(fields.get("ENTITY_ID")) not in portal.items[kind]:
        raise Refusal(400, "", "Access denied.")
    number = portal.number()
    portal.comments[number] = {"ID": str(number), **fields}
    return number


def _trace(portal: Portal, user: int, params: Params) -> int:
    number = portal.number()
    portal.traces[number] = {"TRACE": params.get("TRACE"), "ENTITIES": params.get("ENTITIES")}
    return number


METHODS: dict[str, tuple[str, Callable[[Portal, int, Params], Any]]] = {
    "profile": ("", _profile),
    "server.time": ("", lambda portal, user, params: portal.moment()),
    "method.get": ("", _method_get),
    "methods": ("", lambda portal, user, params: sorted(METHODS)),
    "scope": ("", lambda portal, user, params: portal.scopes),
    "app.info": ("", _app_info),
    "feature.get": ("", _feature),
    "user.get": ("user_brief", _users),
    "crm.settings.mode.get": ("crm", lambda portal, user, params: portal.mode),
    "crm.category.list": ("crm", _categories),
    "crm.category.add": ("crm", _add_category),
    "crm.status.list": ("crm", _statuses),
    "crm.status.add": ("crm", _add_status),
    "crm.item.add": ("crm", items.add),
    "crm.item.update": ("crm", items.update),
    "crm.item.get": ("crm", items.get),
    "crm.item.list": ("crm", items.listed),
    "crm.item.delete": ("crm", items.delete),
    "crm.item.fields": ("crm", items.fields),
    "crm.item.productrow.set": ("crm", _set_rows),
    "crm.item.productrow.list": ("crm", _list_rows),
    "crm.duplicate.findbycomm": ("crm", _find),
    "crm.activity.todo.add": ("crm", _add_todo),
    "crm.activity.list": ("crm", _activities),
    "crm.activity.update": ("crm", _update_activity),
    "crm.timeline.comment.add": ("crm", _comment),
    "crm.tracking.trace.add": ("crm", _trace),
}
