"""Industry templates: what a new tenant starts with, so that the assistant can sell from the first minute."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from typing import Any

from django.conf import settings

from bookings import catalogue
from reminders import texts
from tenants.models import Tenant


@dataclasses.dataclass(frozen=True)
class Preset:
    """One file of `presets/`."""

    industry: str
    title: str
    first_master: str
    hours: dict[str, list[str]]
    services: list[dict[str, Any]]
    addons: list[dict[str, Any]]
    reminders: list[dict[str, Any]]


@functools.cache
def all_presets() -> dict[str, Preset]:
    """Every industry template by its name."""
    found = {}
    for path in sorted((settings.ROOT / "presets").glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = Preset(
            path.stem,
            data["title"],
            data["first_master"],
            data["hours"],
            data["services"],
            data["addons"],
            data["reminders"],
        )
    return found


def apply(tenant: Tenant, *, master: str = "") -> dict[str, int]:
    """Fills the entered tenant with its industry's price list, hours and reminder texts; returns what was made.

    An industry without a template ("empty") stays empty.
    """
    preset = all_presets().get(tenant.industry)
    if preset is None:
        return {"services": 0, "addons": 0, "staff": 0}
    staff = [{"id": "first", "name": master or preset.first_master, "hours": preset.hours}]
    services = [service | {"staff": ["first"]} for service in preset.services]
    made = catalogue.import_catalogue({"staff": staff, "addons": preset.addons, "services": services})
    for reminder in preset.reminders:
        texts.save(reminder["offset_minutes"], text=reminder["text"])
    return made
