"""Rows of several tables by one handwritten statement, as instances of their models.

The ORM takes longer to write a joined statement than the database to answer it. Where the same statement is run for
every handful of due rows, it is written here once, and the instances are those that `select_related` would make.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


class Joined(Generic[M]):
    """`SELECT <all columns> <rest>`, where `rest` begins with FROM.

    The root table's alias is `it`; a related row's alias is its path from there, with `__` between the steps, as
    `select_related` would name it. A path comes after the one it leads through. A related row without an id (of an
    outer join) is None.
    """

    def __init__(self, model: type[M], related: Mapping[str, type[models.Model]], rest: str) -> None:
        self._model, self._related, self._rest = model, dict(related), rest

    def fetch(self, values: Sequence[Any]) -> list[M]:
        """The rows, for the placeholders in `rest`."""
        sql, parts = self._made
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [self._row(record, parts) for record in cursor.fetchall()]

    @functools.cached_property
    def _made(self) -> tuple[str, list[_Part]]:
        columns: list[str] = []
        parts = []
        tables: dict[str, type[models.Model]] = {"it": self._model, **self._related}
        for path, model in tables.items():
            parts.append(_Part(path, model, len(columns)))
            columns += [f'{path}."{field.column}"' for field in model._meta.concrete_fields]
        return f"SELECT {', '.join(columns)} {self._rest}", parts

    def _row(self, record: tuple[Any, ...], parts: list[_Part]) -> M:
        made: dict[str, Any] = {}
        for part in parts:
            made[part.path] = row = part.instance(record)
            if part.path != "it":
                parent, _slash, name = part.path.rpartition("__")
                holder = made[parent or "it"]
                if holder is not None:
                    holder._meta.get_field(name).set_cached_value(holder, row)
        root: M = made["it"]
        return root


class _Part:
    """The columns of one of the tables."""

    def __init__(self, path: str, model: type[models.Model], start: int) -> None:
        fields: list[Any] = list(model._meta.concrete_fields)
        self.path, self._model, self._start = path, model, start
        self._end = start + len(fields)
        self._names = [field.attname for field in fields]
        self._key = start + next(at for at, field in enumerate(fields) if field.primary_key)
        self._converters: list[tuple[int, Callable[..., Any]]] = [
            (at, convert)
            for at, field in enumerate(fields)
            for convert in field.get_db_converters(connection)
        ]

    def instance(self, record: tuple[Any, ...]) -> models.Model | None:
        """The instance that these columns make."""
        if record[self._key] is None:
            return None
        values = list(record[self._start : self._end])
        for at, convert in self._converters:
            values[at] = convert(values[at], None, connection)
        return self._model.from_db(connection.alias, self._names, values)
