"""The check at connecting: does REST answer, who are we there, what pipelines, stages and sources are there.

Two requests, nothing written. It also runs one search by our key on every kind of row: the vendor's pages do
not list the fields one may search by, and without that search a lost answer could become a double.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.bitrix24 import batch, client, fields
from integrations.protocols import crm
from kit import http

_KINDS = {"lead": fields.LEAD, "deal": fields.DEAL, "contact": fields.CONTACT}
_MEANINGS = {"S": crm.Meaning.WON, "F": crm.Meaning.LOST}


def check(portal: client.Client) -> http.Call[crm.Capabilities]:
    """Everything a first connect shows. Refused access is `Rejected` with its code."""
    commands = {
        "profile": batch.Command("profile"),
        "time": batch.Command("server.time"),
        "access": batch.Command("feature.get", {"CODE": "rest_access"}),
        "mode": batch.Command("crm.settings.mode.get"),
        "pipelines": batch.Command("crm.category.list", {"entityTypeId": fields.DEAL}),
        "sources": _statuses("SOURCE"),
        "stages": _statuses("STATUS"),
        **{f"key_{name}": _search(kind) for name, kind in _KINDS.items()},
    }
    outcomes = yield from portal.together(commands, repeatable=True)
    for key in ("profile", "pipelines", *(f"key_{name}" for name in _KINDS)):
        outcome = outcomes[key]
        if not isinstance(outcome, (batch.Failed, batch.Unknown)):
            continue
        failure = portal.fault(outcome, method=commands[key].method, repeatable=True)
        if key.startswith("key_") and isinstance(failure, errors.Rejected) and failure.code == "field":
            raise errors.Rejected(failure.reason, code="key_search")
        raise failure
    values = {key: o.value if isinstance(o, batch.Done) else None for key, o in outcomes.items()}
    leads = {"1": crm.LeadMode.CLASSIC, "2": crm.LeadMode.SIMPLE}.get(
        str(values["mode"]), crm.LeadMode.UNKNOWN
    )
    missing = [name for name in ("sources", "stages") if values[name] is None]
    return crm.Capabilities(
        account=portal.where.netloc,
        user=_person(values["profile"], portal.where.user),
        leads=leads,
        pipelines=(yield from _pipelines(portal, _rows(values["pipelines"], "categories"))),
        lead_stages=_stages(values["stages"]),
        sources=tuple(
            crm.Source(str(row["STATUS_ID"]), str(row["NAME"])) for row in _named(values["sources"])
        ),
        utc_offset=_offset(values["time"]),
        lasting=_lasting(values["access"]),
        missing=(*missing, *(("leads_off",) if leads is crm.LeadMode.SIMPLE else ())),
    )


def _pipelines(
    portal: client.Client, categories: list[Mapping[str, Any]]
) -> http.Call[tuple[crm.Pipeline, ...]]:
    categories = sorted(
        (row for row in categories if str(row.get("id", "")).isdigit()),
        key=lambda row: (row.get("isDefault") != "Y", fields.number(row.get("sort"))),
    )[: batch.LIMIT]
    if not categories:
        raise errors.Rejected("the webhook's owner sees no pipeline of deals", code="rights")
    lists = {f"c{row['id']}": _statuses(_stage_list(int(row["id"]))) for row in categories}
    outcomes = yield from portal.together(lists, repeatable=True)
    pipelines = []
    for row in categories:
        outcome = outcomes[f"c{row['id']}"]
        if isinstance(outcome, (batch.Failed, batch.Unknown)):
            raise portal.fault(outcome, method="crm.status.list", repeatable=True)
        stages = _stages(outcome.value if isinstance(outcome, batch.Done) else [])
        pipelines.append(
            crm.Pipeline(str(row["id"]), str(row.get("name")), row.get("isDefault") == "Y", stages)
        )
    return tuple(pipelines)


def add_sources(portal: client.Client, names: Mapping[str, str]) -> http.Call[dict[str, str]]:
    """Make the list of sources hold ours (`MZ_TELEGRAM`, …); returns our word → the portal's id.

    A source of that name which somebody made before is taken as it is. The portal refuses a second status
    with the same id, so a repeat after a lost answer adds nothing.
    """
    listed = yield from portal.call("crm.status.list", _statuses("SOURCE").params, repeatable=True)
    rows = _named(listed.value)
    ids = {str(row["STATUS_ID"]) for row in rows}
    by_name = {str(row["NAME"]).strip().casefold(): str(row["STATUS_ID"]) for row in rows}
    result: dict[str, str] = {}
    commands: dict[str, batch.Command] = {}
    for number, (word, name) in enumerate(names.items()):
        wanted = f"MZ_{word.upper()}"
        result[word] = wanted if wanted in ids else by_name.get(name.strip().casefold(), wanted)
        if result[word] not in ids:
            sort = 500 + 10 * number
            status = {"ENTITY_ID": "SOURCE", "STATUS_ID": wanted, "NAME": name, "SORT": sort}
            commands[word] = batch.Command("crm.status.add", {"fields": status})
    if commands:
        outcomes = yield from portal.together(commands, repeatable=True)
        for outcome in outcomes.values():
            taken = isinstance(outcome, batch.Failed) and outcome.code == "ERROR_CORE"
            if isinstance(outcome, (batch.Failed, batch.Unknown)) and not taken:
                raise _not_added(portal, outcome)
    return result


def _not_added(portal: client.Client, outcome: batch.Failed | batch.Unknown) -> Exception:
    failure = portal.fault(outcome, method="crm.status.add", repeatable=True)
    if isinstance(failure, errors.Rejected) and failure.code in ("other", "forbidden"):
        # Statuses are refused without a code worth the name, in the portal's language; only rights are left.
        return errors.Rejected(failure.reason, code="rights")
    return failure


def _search(kind: int) -> batch.Command:
    condition = {"=originatorId": fields.ORIGINATOR, "=originId": "probe"}
    return batch.Command(
        "crm.item.list", {"entityTypeId": kind, "select": ["id"], "filter": condition, "start": -1}
    )


def _statuses(entity: str) -> batch.Command:
    return batch.Command("crm.status.list", {"order": {"SORT": "ASC"}, "filter": {"ENTITY_ID": entity}})


def _stage_list(category: int) -> str:
    return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"


def _rows(value: Any, section: str = "") -> list[Mapping[str, Any]]:
    if section:
        value = value.get(section) if isinstance(value, Mapping) else []
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _named(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in _rows(value) if row.get("STATUS_ID") and row.get("NAME")]


def _stages(value: Any) -> tuple[crm.Stage, ...]:
    rows = sorted(_named(value), key=lambda row: fields.number(row.get("SORT")))
    return tuple(
        crm.Stage(
            str(row["STATUS_ID"]),
            str(row["NAME"]),
            _MEANINGS.get(str(row.get("SEMANTICS") or ""), crm.Meaning.OPEN),
        )
        for row in rows
    )


def _person(profile: Any, user: str) -> crm.Person:
    given = profile if isinstance(profile, Mapping) else {}
    name = f"{given.get('NAME') or ''} {given.get('LAST_NAME') or ''}".strip()
    return crm.Person(str(given.get("ID") or user), name, given.get("ADMIN") in (True, "Y", "true"))


def _offset(server_time: Any) -> int:
    try:
        offset = datetime.datetime.fromisoformat(str(server_time)).utcoffset()
    except ValueError:
        offset = None
    return int(offset.total_seconds()) if offset is not None else 0


def _lasting(access: Any) -> bool | None:
    value = access.get("value") if isinstance(access, Mapping) else None
    return {"Y": True, "N": False}.get(str(value))
