"""The price list as a file: services, add-ons and masters come in under their own ids and go out the same way.

The shape is the public one: `{"staff": [{"id", "name", "hours"}], "services": [{"id", "name", "category", "minutes",
"buffer_minutes", "price", "cost", "staff", "synonyms", "addons"}], "addons": [{"id", "name", "minutes", "price",
"script"}]}`. Unknown keys are ignored; rows that a later file leaves out stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from bookings import hours
from bookings.models import Addon, Service, ServiceAddon, ServiceStaff, Staff, WorkingHours
from kit.text import storable

LONGEST_MINUTES = 24 * 60
_MOST_MONEY = Decimal("9999999999.99")


class BadCatalogue(ValueError):
    """The file says something that cannot be taken; the message names list, id and field."""


class _Row:
    """One row of a list, read field by field."""

    def __init__(self, listed: str, row: Any, number: int) -> None:
        self.listed = listed
        self.where = f"{listed} #{number + 1}"
        if not isinstance(row, Mapping):
            raise self.bad("", _("must be an object"))
        self.row = row
        self.id = self.identifier("id", row.get("id"))
        self.where = f"{listed} {self.id}"

    def bad(self, field: str, reason: str) -> BadCatalogue:
        return BadCatalogue(": ".join(part for part in (self.where, field, reason) if part))

    def identifier(self, field: str, value: Any) -> str:
        if (
            isinstance(value, bool)
            or not isinstance(value, str | int)
            or not 1 <= len(str(value)[:101]) <= 100
        ):
            raise self.bad(field, _("must be a short text or a number"))
        return storable(str(value))

    def text(self, field: str, *, most: int, needed: bool = False) -> str:
        value = self.row.get(field)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or (needed and not value.strip()):
            raise self.bad(field, _("must be a text"))
        if len(value) > most:
            raise self.bad(field, _("must not be longer than %(most)d characters") % {"most": most})
        return storable(value).strip()

    def minutes(self, field: str, *, least: int, default: int | None = None) -> int:
        value = self.row.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LONGEST_MINUTES:
            raise self.bad(
                field,
                _("must be whole minutes from %(least)d to %(most)d")
                % {"least": least, "most": LONGEST_MINUTES},
            )
        return value

    def money(self, field: str, *, default: str | None = None) -> Decimal:
        value = self.row.get(field, default)
        try:
            if (
                isinstance(value, bool)
                or not isinstance(value, str | int | float)
                or len(str(value)[:40]) > 30
            ):
                raise InvalidOperation
            amount = Decimal(str(value))
            if not amount.is_finite() or not 0 <= amount <= _MOST_MONEY or amount != round(amount, 2):
                raise InvalidOperation
        except (InvalidOperation, ValueError):
            raise self.bad(field, _("must be an amount of money with at most two decimals")) from None
        return amount

    def texts(self, field: str) -> list[str]:
        value = self.row.get(field) or []
        if not isinstance(value, list) or not all(
            isinstance(text, str) and len(text) <= 100 for text in value
        ):
            raise self.bad(field, _("must be a list of short texts"))
        return [storable(text).strip() for text in value if text.strip()]

    def references(self, field: str, known: Mapping[str, Any], target: str) -> list[Any] | None:
        """Rows this one points to; None when the field is absent."""
        value = self.row.get(field)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.bad(field, _("must be a list of ids"))
        ids = list(dict.fromkeys(self.identifier(field, one) for one in value))
        for one in ids:
            if one not in known:
                raise self.bad(field, _("there is no “%(id)s” in %(list)s") % {"id": one, "list": target})
        return [known[one] for one in ids]


def import_catalogue(data: Any) -> dict[str, int]:
    """Takes a catalogue file, all of it or nothing; the same file again changes nothing.

    Returns how many services, add-ons and masters it holds.

    Raises:
        BadCatalogue: the message names list, id and field.
    """
    if not isinstance(data, Mapping):
        raise BadCatalogue(_("The file must be an object with services, addons and staff."))
    read = {listed: _rows(data, listed) for listed in ("staff", "addons", "services")}
    with transaction.atomic():
        masters = _known(Staff) | {row.id: _staff(row, at) for at, row in enumerate(read["staff"])}
        addons = _known(Addon) | {row.id: _addon(row) for row in read["addons"]}
        for at, row in enumerate(read["services"]):
            _service(row, at, masters, addons, everybody=[masters[s.id] for s in read["staff"]])
    return {listed: len(read[listed]) for listed in ("services", "addons", "staff")}


def _rows(data: Mapping[str, Any], listed: str) -> list[_Row]:
    rows = data.get(listed) or []
    if not isinstance(rows, list):
        raise BadCatalogue(f"{listed}: {_('must be a list')}")
    found = [_Row(listed, row, number) for number, row in enumerate(rows)]
    seen: set[str] = set()
    for row in found:
        if row.id in seen:
            raise row.bad("id", _("stands in the list twice"))
        seen.add(row.id)
    return found


def _known(model: type[Staff] | type[Addon]) -> dict[str, Any]:
    return {row.external_id: row for row in model.objects.exclude(external_id="")}


def _staff(row: _Row, position: int) -> Staff:
    name = row.text("name", most=100, needed=True)
    staff, _made = Staff.objects.update_or_create(
        external_id=row.id, defaults={"name": name, "position": position}
    )
    if "hours" in row.row:
        try:
            hours.set_week(staff, hours.parse_week(row.row["hours"]))
        except hours.BadHours as wrong:
            raise row.bad("hours", str(wrong)) from None
    return staff


def _addon(row: _Row) -> Addon:
    fields = {
        "name": row.text("name", most=200, needed=True),
        "minutes": row.minutes("minutes", least=0, default=0),
        "price": row.money("price"),
        "cost": row.money("cost", default="0"),
        "script": row.text("script", most=2000),
    }
    return Addon.objects.update_or_create(external_id=row.id, defaults=fields)[0]


def _service(
    row: _Row,
    position: int,
    masters: Mapping[str, Staff],
    addons: Mapping[str, Addon],
    *,
    everybody: list[Staff],
) -> Service:
    fields = {
        "name": row.text("name", most=200, needed=True),
        "category": row.text("category", most=100),
        "minutes": row.minutes("minutes", least=1),
        "buffer_minutes": row.minutes("buffer_minutes", least=0, default=0),
        "price": row.money("price"),
        "cost": row.money("cost", default="0"),
        "synonyms": row.texts("synonyms"),
        "position": position,
    }
    done_by = row.references("staff", masters, "staff")
    offered = row.references("addons", addons, "addons")
    service, made = Service.objects.update_or_create(external_id=row.id, defaults=fields)
    if done_by is not None or made:
        # A file that does not say who does it means everybody it names.
        set_masters(service, everybody if done_by is None else done_by)
    if offered is not None:
        set_addons(service, offered)
    return service


# ---------------------------------------------------------------- links
def set_masters(service: Service, masters: Iterable[Staff]) -> None:
    """Says who does a service, and nobody else does."""
    wanted = {staff.pk: staff for staff in masters}
    links = ServiceStaff.objects.filter(service=service)
    links.exclude(staff_id__in=wanted).delete()
    have = set(links.values_list("staff_id", flat=True))
    ServiceStaff.objects.bulk_create(
        ServiceStaff(service=service, staff=staff) for pk, staff in wanted.items() if pk not in have
    )


def set_addons(service: Service, addons: Iterable[Addon]) -> None:
    """Says which add-ons are offered with a service, in this order."""
    ServiceAddon.objects.filter(service=service).delete()
    unique = {addon.pk: addon for addon in addons}
    ServiceAddon.objects.bulk_create(
        ServiceAddon(service=service, addon=addon, position=at) for at, addon in enumerate(unique.values())
    )


# ---------------------------------------------------------------- out
def export_catalogue() -> dict[str, list[dict[str, Any]]]:
    """The tenant's active catalogue as a file that `import_catalogue` takes; rows made here get our ids."""
    masters = {staff.pk: staff for staff in Staff.objects.filter(active=True).order_by("position", "id")}
    addons = {addon.pk: addon for addon in Addon.objects.filter(active=True).order_by("id")}
    weeks: dict[int, list[WorkingHours]] = {pk: [] for pk in masters}
    for shift in WorkingHours.objects.filter(staff_id__in=masters):
        weeks[shift.staff_id].append(shift)
    done_by = _linked(ServiceStaff.objects.order_by("id").values_list("service_id", "staff_id"), masters)
    offered = _linked(ServiceAddon.objects.order_by("position").values_list("service_id", "addon_id"), addons)
    return {
        "staff": [
            {"id": _file_id(staff), "name": staff.name, "hours": hours.format_week(weeks[pk])}
            for pk, staff in masters.items()
        ],
        "services": [
            {
                "id": _file_id(service),
                "name": service.name,
                "category": service.category,
                "minutes": service.minutes,
                "buffer_minutes": service.buffer_minutes,
                "price": f"{service.price:.2f}",
                "cost": f"{service.cost:.2f}",
                "staff": done_by.get(service.pk, []),
                "synonyms": service.synonyms,
                "addons": offered.get(service.pk, []),
            }
            for service in Service.objects.filter(active=True).order_by("position", "id")
        ],
        "addons": [
            {
                "id": _file_id(addon),
                "name": addon.name,
                "minutes": addon.minutes,
                "price": f"{addon.price:.2f}",
                "cost": f"{addon.cost:.2f}",
                "script": addon.script,
            }
            for addon in addons.values()
        ],
    }


def _file_id(row: Staff | Service | Addon) -> str:
    return row.external_id or str(row.pk)


def _linked(pairs: Iterable[tuple[int, int]], targets: Mapping[int, Any]) -> dict[int, list[str]]:
    linked: dict[int, list[str]] = {}
    for service_id, target_id in pairs:
        if target_id in targets:
            linked.setdefault(service_id, []).append(_file_id(targets[target_id]))
    return linked
