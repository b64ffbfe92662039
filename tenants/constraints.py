"""Constraints that `makemigrations` writes for tenant-owned tables: the policy and the same-tenant key.

Both are subclasses of Django's BaseConstraint without a Python-side validation. Inside CREATE TABLE a constraint
would be inlined; what these emit are statements of their own, so `constraint_sql` defers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLE_RW, ROLE_RO, ROLE_INGEST, ROLE_MAINT = "app_rw", "app_ro", "app_ingest", "app_maint"
# The bare form: a sub-select would hide the value from the planner.
TENANT_SETTING = "nullif(current_setting('app.tenant_id', true), '')::bigint"


class StatementConstraint(models.BaseConstraint):
    """A constraint made of SQL statements that run after the table exists."""

    def statements(self, model: type[models.Model]) -> list[str]:
        """Statements that make it."""
        raise NotImplementedError

    def undo(self, model: type[models.Model]) -> list[str]:
        """Statements that remove it."""
        raise NotImplementedError

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Called for CREATE TABLE: nothing inline, the statements are deferred."""
        assert model is not None
        assert schema_editor is not None
        schema_editor.deferred_sql.extend(self.statements(model))
        return None

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Called for ADD CONSTRAINT: deferred too, since fields it names may come later in the same migration."""
        return self.constraint_sql(model, schema_editor)

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Called for REMOVE CONSTRAINT."""
        assert model is not None
        return ";\n".join(self.undo(model))

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database decides; nothing is asked before."""

    def __eq__(self, other: object) -> bool:
        # Without it every makemigrations would find a change.
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    __hash__ = models.BaseConstraint.__hash__


class RowLevelSecurity(StatementConstraint):
    """Rows are seen and written by their own tenant only, the table's owner included.

    `column` holds the tenant's id; `inserter` names a role that may insert for any tenant and read nothing.
    """

    def __init__(self, *, name: str, column: str = "tenant_id", inserter: str = "") -> None:
        super().__init__(name=name)
        self.column = column
        self.inserter = inserter

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """As Django's, with our arguments."""
        path, args, kwargs = super().deconstruct()
        if self.column != "tenant_id":
            kwargs["column"] = self.column
        if self.inserter:
            kwargs["inserter"] = self.inserter
        return path, args, kwargs

    def statements(self, model: type[models.Model]) -> list[str]:
        """See the base class."""
        table = model._meta.db_table
        own = f"{self.column} = {TENANT_SETTING}"
        made = [
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY tenant ON "{table}" USING ({own}) WITH CHECK ({own})',
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {ROLE_RW}, {ROLE_MAINT}',
            f'GRANT SELECT ON "{table}" TO {ROLE_RO}',
        ]
        if self.inserter:
            made += [
                f'CREATE POLICY ingest ON "{table}" FOR INSERT TO {self.inserter} WITH CHECK (true)',
                f'GRANT INSERT ON "{table}" TO {self.inserter}',
            ]
        return made

    def undo(self, model: type[models.Model]) -> list[str]:
        """See the base class."""
        table = model._meta.db_table
        gone = [f'DROP POLICY tenant ON "{table}"', f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY']
        return ([f'DROP POLICY ingest ON "{table}"'] if self.inserter else []) + gone


class SameTenant(StatementConstraint):
    """A key that carries the tenant: `(tenant_id, x_id)` must stand in the target as `(tenant_id, id)`."""

    def __init__(self, *, name: str, field: str) -> None:
        super().__init__(name=name)
        self.field = field

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """As Django's, with our arguments."""
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"field": self.field}

    def statements(self, model: type[models.Model]) -> list[str]:
        """See the base class."""
        field = model._meta.get_field(self.field)
        target = field.related_model._meta.db_table  # type: ignore[union-attr]
        made = (
            f'ALTER TABLE "{model._meta.db_table}" ADD CONSTRAINT "{self.name}" '
            f'FOREIGN KEY (tenant_id, "{field.column}") REFERENCES "{target}" (tenant_id, id) '  # type: ignore[union-attr]
            "DEFERRABLE INITIALLY DEFERRED"
        )
        return [made]

    def undo(self, model: type[models.Model]) -> list[str]:
        """See the base class."""
        return [f'ALTER TABLE "{model._meta.db_table}" DROP CONSTRAINT "{self.name}"']
