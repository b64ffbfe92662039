"""Plants a row of every tenant-owned table in a tenant, with a marker in every text that can hold one.

A new model is planted by itself; only what its constraints ask beyond types needs a line in `HINTS`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.utils import timezone
from psycopg2.extras import DateTimeTZRange

from tenants import wall
from tenants.models import User
from tests.conftest import Salon

MARKER = "TENANTB-3f7c"
_numbers = itertools.count(1)

# What a model's own constraints ask for beyond the types of its fields.
HINTS: dict[str, dict[str, Any]] = {
    "bookings.WorkingHours": {"weekday": 1, "starts": dt.time(10), "ends": dt.time(20)},
    "bookings.BookingItem": {"addon": None},
    "bookings.Booking": {"status": "confirmed", "origin": "desk"},
    "connections.Connection": {"kind": "telegram"},
    "leads.Lead": {"status": "lost"},
}


class Garden:
    """The planted rows of one tenant, by model label."""

    def __init__(self, salon: Salon, *, user: User | None = None) -> None:
        self.salon = salon
        self.rows: dict[str, models.Model] = {}
        self.user = user or User.objects.create_user(
            f"{MARKER.lower()}@example.com", None, name=f"{MARKER} person"
        )

    def plant_all(self) -> None:
        """One row of every tenant-owned model."""
        with self.salon.work():
            for model in wall.tenant_models():
                self.plant(model)

    def plant(self, model: type[models.Model]) -> models.Model:
        """The row of a model, made with all it points at."""
        label = model._meta.label
        if label not in self.rows:
            hints = HINTS.get(label, {})
            values = {
                field.name: hints[field.name] if field.name in hints else self._value(field, model)
                for field in model._meta.concrete_fields
                if field.name not in ("id", "tenant")
            }
            values = {name: value for name, value in values.items() if value is not _DEFAULT}
            self.rows[label] = model(**values)
            self.rows[label].save(force_insert=True)
        return self.rows[label]

    def _value(self, field: Any, model: type[models.Model]) -> Any:
        if isinstance(field, models.ForeignKey):
            target = field.related_model
            if target is model:
                return None
            return self.plant(target) if issubclass(target, wall.TenantModel) else self.user
        if field.choices:
            return field.get_default() if field.has_default() else field.choices[0][0]
        for kind, make in _VALUES:
            if isinstance(field, kind):
                return make(field)
        raise AssertionError(
            f"no example for {model._meta.label}.{field.name}: add one to tests/house/planting.py"
        )


_DEFAULT = object()


def _text(field: Any) -> str:
    return f"{MARKER} {next(_numbers)}"[: field.max_length or 200]


def _start() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=3)


_VALUES: list[tuple[type[Any], Callable[[Any], Any]]] = [
    (models.JSONField, lambda field: [MARKER] if field.default is list else {"text": MARKER}),
    (models.CharField, _text),
    (models.TextField, _text),
    (models.BinaryField, lambda field: f"{MARKER} {next(_numbers)}".encode()[: field.max_length or 200]),
    (models.UUIDField, lambda field: uuid.uuid4()),
    (models.BooleanField, lambda field: field.get_default()),
    (models.DurationField, lambda field: field.get_default()),
    (
        models.DateTimeField,
        lambda field: _start() + dt.timedelta(hours=1) if field.name.startswith("ends") else _start(),
    ),
    (models.DateField, lambda field: dt.date(2026, 12, 1)),
    (models.TimeField, lambda field: dt.time(10)),
    (DateTimeRangeField, lambda field: DateTimeTZRange(_start(), _start() + dt.timedelta(hours=1))),
    (models.DecimalField, lambda field: Decimal("77.00")),
    (models.BigIntegerField, lambda field: None if field.null else next(_numbers)),
    (models.IntegerField, lambda field: None if field.null else 7),
]
