"""Inserts rows of one model by one statement, as `bulk_create` does, at a fraction of its own time."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection

from tenants import wall

M = TypeVar("M", bound=wall.TenantModel)


def rows(made: Sequence[M]) -> Sequence[M]:
    """Writes new rows of the entered tenant; each gets its id.

    Plain values only: no expressions, no conflicts to ignore.
    """
    if not made:
        return made
    fields, before, marks = _shape(type(made[0]))
    values: list[Any] = []
    for row in made:
        row.take_tenant()
        values += [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"{before}{', '.join([marks] * len(made))} RETURNING id", values)
        for row, (pk,) in zip(made, cursor.fetchall(), strict=True):
            row.pk, row._state.adding, row._state.db = pk, False, connection.alias
    return made


@functools.cache
def _shape(model: type[wall.TenantModel]) -> tuple[list[Any], str, str]:
    """The fields that are written, the statement up to its values, the places of one row's values."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key and not field.generated]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    before = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES "
    return fields, before, f"({', '.join(['%s'] * len(fields))})"
