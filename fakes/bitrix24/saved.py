"""The fake portal on disk, so that a demo started again finds the rows it made."""

import json
import os
import pathlib
from typing import Any

from fakes.bitrix24.portal import Portal

_TABLES = ("activities", "comments", "traces")


def keep(portal: Portal, path: pathlib.Path) -> None:
    """Read what is at `path` into the portal, and write it back after every call."""
    if path.exists():
        _load(portal, json.loads(path.read_text("utf-8")))
    portal.changed = lambda: _write(portal, path)


def _write(portal: Portal, path: pathlib.Path) -> None:
    data: dict[str, Any] = {name: getattr(portal, name) for name in _TABLES}
    data |= {"items": portal.items, "statuses": portal.statuses, "categories": portal.categories}
    data |= {"rows": [[letter, owner, rows] for (letter, owner), rows in portal.rows.items()]}
    data |= {"number": portal.number()}
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    os.replace(beside, path)


def _load(portal: Portal, data: dict[str, Any]) -> None:
    portal.statuses, portal.categories = data["statuses"], data["categories"]
    portal.items = {int(kind): _by_id(rows) for kind, rows in data["items"].items()}
    portal.rows = {(letter, owner): rows for letter, owner, rows in data["rows"]}
    for name in _TABLES:
        setattr(portal, name, _by_id(data[name]))
    portal.numbers_from(data["number"])


def _by_id(rows: dict[str, Any]) -> dict[int, Any]:
    return {int(key): row for key, row in rows.items()}
