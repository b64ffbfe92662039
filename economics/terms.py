"""What a salon agreed with itself: targets, windows and rates its figures are counted by."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tenants.models import Tenant

KEY = "economics"
"""Where they lie in `Tenant.settings`."""

SHARED = ("late_cancel_hours",)
"""What lower rooms go by too; it lies beside the others."""

# ISO weekday -> opening and closing time of the inbox.
_WORKDAYS = {str(day): ["10:00", "20:00"] for day in range(1, 7)}


class BadTerms(ValueError):
    """A setting that cannot be meant; the message names it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """The settings with their usual values; names and meanings are those of the ledger file."""

    manager_hour_rate: Decimal = Decimal("300.00")
    answer_target_s: int = 300
    lost_after_days: int = 7
    attribution_window_days: int = 90
    late_cancel_hours: int = 24
    recovered_days: int = 30
    rescue_days: int = 14
    repeat_window_days: int = 30
    overdue_days: int = 45
    reactivation_rate: Decimal = Decimal("0.10")
    min_reference_n: int = 20
    reference_window_days: int = 365
    target_conversion: Decimal | None = Decimal("0.30")
    vat_rate: Decimal = Decimal(0)
    inbox_hours: Mapping[str, list[str]] = dataclasses.field(default_factory=lambda: dict(_WORKDAYS))


_WHOLE = tuple(f.name for f in dataclasses.fields(Terms) if f.type == "int")
_EXACT = tuple(f.name for f in dataclasses.fields(Terms) if f.type.startswith("Decimal"))


def of(tenant: Tenant) -> Terms:
    """The terms of a tenant; what it never set has its usual value."""
    shared = {name: tenant.settings[name] for name in SHARED if name in tenant.settings}
    return read(shared | (tenant.settings.get(KEY) or {}))


def read(given: Mapping[str, Any]) -> Terms:
    """Terms from a file or a form; unknown names are ignored.

    Raises:
        BadTerms: see the class.
    """
    values: dict[str, Any] = {}
    for name in (*_WHOLE, *_EXACT):
        if name in given:
            values[name] = _number(name, given[name])
    if "inbox_hours" in given:
        values["inbox_hours"] = _hours(given["inbox_hours"])
    return Terms(**values)


def save(tenant: Tenant, given: Mapping[str, Any]) -> None:
    """Writes checked terms over those the tenant had.

    Raises:
        BadTerms: see the class.
    """
    read(given)
    known = {f.name for f in dataclasses.fields(Terms)}
    kept = dict(tenant.settings.get(KEY) or {}) | {k: v for k, v in given.items() if k in known}
    tenant.settings = {**tenant.settings, KEY: kept} | {name: kept[name] for name in SHARED if name in kept}
    tenant.save(update_fields=["settings"])


def _number(name: str, value: Any) -> int | Decimal | None:
    if value is None and name == "target_conversion":
        return None
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        number = Decimal(str(value))
        if not number.is_finite() or not 0 <= number < 10**9:
            raise ValueError
        if name in _EXACT:
            return number
        if number != int(number):
            raise ValueError
        return int(number)
    except (InvalidOperation, ValueError) as error:
        raise BadTerms(f"settings.{name}: {value!r}") from error


def _hours(value: Any) -> dict[str, list[str]]:
    hours: dict[str, list[str]] = {}
    try:
        for day, (opens, closes) in value.items():
            if str(day) not in "1234567" or dt.time.fromisoformat(opens) >= dt.time.fromisoformat(closes):
                raise ValueError
            hours[str(day)] = [opens, closes]
    except (AttributeError, TypeError, ValueError) as error:
        raise BadTerms(f"settings.inbox_hours: {value!r}") from error
    return hours


def zone(name: str) -> str:
    """The name of a time zone that exists.

    Raises:
        BadTerms: see the class.
    """
    if name not in zoneinfo.available_timezones():
        raise BadTerms(f"timezone: {name!r}")
    return name
