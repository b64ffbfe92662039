"""What a client has chosen on the booking page so far, carried in the page's address: no script, no session.

`s` services, `a` add-ons, `m` a master or `any`, `at` the start, `ok` once add-ons and master were looked at. Marks of
advertising (`utm_…`, click ids) travel along, so that a visit knows what brought it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from bookings import slots
from bookings.models import Addon, Service, ServiceAddon, Staff
from integrations.protocols import attribution

ANY = "any"
_MOST = 10
_LONGEST_MARK = 300


@dataclasses.dataclass(frozen=True)
class Wish:
    """A request in the making; what was not chosen yet is empty."""

    services: list[Service]
    addons: list[Addon]
    staff: Staff | None
    staff_chosen: bool
    at: dt.datetime | None
    looked: bool
    marks: dict[str, str]

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return slots.need_of(self.services, self.addons).minutes

    @property
    def total(self) -> Decimal:
        """What it costs."""
        return sum((s.price for s in self.services), Decimal(0)) + sum(
            (a.price for a in self.addons), Decimal(0)
        )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The wish as fields of an address or a form."""
        made = [("s", str(s.pk)) for s in self.services] + [("a", str(a.pk)) for a in self.addons]
        if self.staff_chosen:
            made.append(("m", str(self.staff.pk) if self.staff else ANY))
        if self.looked:
            made.append(("ok", "1"))
        if self.at:
            made.append(("at", self.at.isoformat()))
        return made + list(self.marks.items())

    def query(self, *without: str, **more: str) -> str:
        """The address of this wish without some of it, or with more."""
        pairs = [pair for pair in self.pairs if pair[0] not in without and pair[0] not in more]
        return "?" + urlencode([*pairs, *more.items()])


def read(given: QueryDict) -> Wish:
    """The wish in an address; what is not (any more) in the price list is left out."""
    services = _rows(Service, given.getlist("s"))
    addons = []
    if services:
        fitting = {addon.pk for addon in offered(services)}
        addons = [addon for addon in _rows(Addon, given.getlist("a")) if addon.pk in fitting]
    master = given.get("m", "")
    staff = next(iter(_rows(Staff, [master])), None)
    if staff is not None and staff not in slots.masters(slots.need_of(services)):
        staff, master = None, ""
    return Wish(
        services=services,
        addons=addons,
        staff=staff,
        staff_chosen=staff is not None or master == ANY,
        at=moment(given.get("at")),
        looked="ok" in given,
        marks=_marks(given),
    )


def moment(text: str | None) -> dt.datetime | None:
    """An aware instant, None for what is none."""
    try:
        at = dt.datetime.fromisoformat((text or "").replace(" ", "+"))
        return at.astimezone(dt.UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def offered(services: list[Service]) -> list[Addon]:
    """Add-ons that fit any of the services, in their order."""
    links = ServiceAddon.objects.filter(service__in=services, addon__active=True).select_related("addon")
    return list({link.addon_id: link.addon for link in links.order_by("position", "id")}.values())


def _rows(model: type[Service] | type[Addon] | type[Staff], ids: list[str]) -> list[Any]:
    numbers = [int(one) for one in ids[:_MOST] if one.isascii() and one.isdigit() and len(one) < 19]
    rows = {row.pk: row for row in model.objects.filter(pk__in=numbers, active=True)}
    return [rows[one] for one in dict.fromkeys(numbers) if one in rows]


def _marks(given: Mapping[str, Any]) -> dict[str, str]:
    wanted = {*attribution.UTM, *attribution.CLICK_IDS, "ref"}
    return {
        key: str(value)[:_LONGEST_MARK] for key, value in given.items() if key.lower() in wanted and value
    }
