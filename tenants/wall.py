"""The wall between tenants: the ORM scope and the row-level security that stands behind it.

Each of the two layers holds alone:

* `TenantManager` refuses a query made outside `tenant_tx` and adds the literal filter inside it, which also
  keeps query plans fast;
* every tenant-owned table has FORCE ROW LEVEL SECURITY and keys that carry the tenant, written by
  `makemigrations` from the constraints that `TenantModelBase` adds to each model (`tenants/constraints.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.apps import apps
from django.db import connections, models, transaction
from django.db.models.base import ModelBase

from tenants.constraints import RowLevelSecurity, SameTenant, StatementConstraint

if TYPE_CHECKING:
    from tenants.models import Tenant

_T = TypeVar("_T", bound="TenantModel")
_current: ContextVar[int | None] = ContextVar("tenant_id", default=None)


class NoTenant(RuntimeError):
    """A tenant-owned table was touched outside `tenant_tx`."""


class CrossTenant(RuntimeError):
    """Code that works for one tenant tried to enter or write another one."""


def current_tenant_id() -> int:
    """The tenant this code works for.

    Raises:
        NoTenant: outside `tenant_tx`.
    """
    tenant_id = _current.get()
    if tenant_id is None:
        raise NoTenant("no tenant is chosen: enter wall.tenant_tx(tenant_id) first")
    return tenant_id


def entered() -> bool:
    """Whether a tenant is chosen."""
    return _current.get() is not None


@contextlib.contextmanager
def tenant_tx(tenant_id: int, *, using: str = "default") -> Iterator[None]:
    """A transaction that works for one tenant: the only place that sets `app.tenant_id`.

    The setting is local to the transaction, so a pooler in transaction mode is safe. Entering the same tenant
    again makes a savepoint. `SET LOCAL` outlives a released savepoint, so the value is put back on the way out.

    Raises:
        CrossTenant: when another tenant is entered already.
    """
    held = _current.get()
    if held is not None and held != tenant_id:
        raise CrossTenant(f"tenant {held} is entered, refusing tenant {tenant_id}")
    connection = connections[using]
    inside = connection.in_atomic_block
    with transaction.atomic(using=using):
        if held is None or not inside:
            _set_local(using, str(int(tenant_id)))
        token = _current.set(tenant_id)
        try:
            yield
        finally:
            _current.reset(token)
        # A savepoint that is rolled back puts the value back by itself.
        if held is None and inside and not connection.needs_rollback:
            _set_local(using, "")


def _set_local(using: str, value: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SET LOCAL app.tenant_id = '{value}'")


class TenantQuerySet(models.QuerySet[_T]):
    """Rows of one tenant; those that are created take the tenant that is entered."""

    def bulk_create(self, objs: Iterable[_T], *args: Any, **kwargs: Any) -> list[_T]:
        """As Django's, with the tenant filled in."""
        rows = list(objs)
        for row in rows:
            row.take_tenant()
        return super().bulk_create(rows, *args, **kwargs)


class TenantManager(models.Manager[_T]):
    """Refuses a query without a tenant and adds the literal filter with one."""

    _queryset_class = TenantQuerySet

    def get_queryset(self) -> models.QuerySet[_T]:
        """All rows of the tenant that is entered."""
        return super().get_queryset().filter(tenant_id=current_tenant_id())


class TenantKey(models.ForeignKey):
    """A key to a row of the same tenant.

    The database constraint is the composite one that `SameTenant` writes, `(tenant_id, x_id) → (tenant_id, id)`,
    instead of Django's own over `x_id` alone, which row-level security does not see.
    """

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)


class TenantModelBase(ModelBase):
    """Adds to each tenant-owned model what it must not forget: policy, keys and their indexes."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        meta = attrs.get("Meta")
        abstract = bool(getattr(meta, "abstract", False)) if "Meta" in attrs else False
        if not abstract and any(isinstance(base, TenantModelBase) for base in bases):
            attrs["Meta"] = _walled(meta, _keys(bases, attrs), bases)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


def _keys(bases: tuple[type, ...], attrs: dict[str, Any]) -> list[str]:
    """Names of the TenantKey fields of a model, inherited ones first."""
    inherited = [
        field.name
        for base in bases
        if isinstance(base, TenantModelBase)
        for field in base._meta.local_fields  # type: ignore[attr-defined]
        if isinstance(field, TenantKey)
    ]
    return inherited + [name for name, value in attrs.items() if isinstance(value, TenantKey)]


def _walled(meta: type | None, keys: list[str], bases: tuple[type, ...]) -> type:
    options: dict[str, Any] = {}
    for base in (b for b in bases if isinstance(b, TenantModelBase) and hasattr(b, "Meta")):
        options |= {k: v for k, v in vars(base.Meta).items() if not k.startswith("_")}
    options.pop("abstract", None)
    options |= {k: v for k, v in vars(meta).items() if not k.startswith("_")} if meta else {}
    own = list(vars(meta).get("constraints", [])) if meta else []
    kinds = {type(c) for c in own if isinstance(c, StatementConstraint)}
    constraints = own + [
        c
        for base in bases
        if isinstance(base, TenantModelBase) and hasattr(base, "Meta")
        for c in getattr(base.Meta, "constraints", [])
        if type(c) not in kinds
    ]
    indexes = list(options.get("indexes", []))
    led = {
        tuple(c.fields[:2]) for c in constraints if isinstance(c, models.UniqueConstraint) and not c.condition
    }
    led |= {tuple(f.lstrip("-") for f in i.fields[:2]) for i in indexes if not i.condition}
    options["indexes"] = indexes + [
        models.Index(fields=["tenant", key]) for key in keys if ("tenant", key) not in led
    ]
    policy = (
        []
        if any(isinstance(c, RowLevelSecurity) for c in constraints)
        else [RowLevelSecurity(name="%(app_label)s_%(class)s_wall")]
    )
    options["constraints"] = [
        models.UniqueConstraint(fields=["tenant", "id"], name="%(app_label)s_%(class)s_tenant_id"),
        *policy,
        *(SameTenant(field=key, name=f"%(app_label)s_%(class)s_{key}_same_tenant") for key in keys),
        *constraints,
    ]
    options["base_manager_name"] = "objects"
    return type("Meta", (), options)


class TenantModel(models.Model, metaclass=TenantModelBase):
    """Base of every table whose rows belong to a tenant."""

    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.DO_NOTHING,  # tenants are purged by a maintenance function, never by a cascade
        related_name="+",
        editable=False,
        db_index=False,
    )
    tenant_id: int

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, with the tenant filled in and checked."""
        self.take_tenant()
        super().save(*args, **kwargs)

    def take_tenant(self) -> None:
        """Fills in the tenant that is entered.

        Raises:
            NoTenant: outside `tenant_tx`.
            CrossTenant: when the row belongs to another tenant.
        """
        tenant_id = current_tenant_id()
        held: int | None = self.tenant_id  # none in a row that was never saved
        if held is None:
            self.tenant_id = tenant_id
        elif held != tenant_id:
            raise CrossTenant(f"row of tenant {self.tenant_id}, but tenant {tenant_id} is entered")


def tenant_models() -> list[type[TenantModel]]:
    """Every tenant-owned model of the installed rooms."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def entered_tenant() -> Tenant:
    """The row of the tenant that is entered."""
    # By name: the table of tenants stands on this module, not the other way round.
    tenants: Any = apps.get_model("tenants", "Tenant")
    row: Tenant = tenants.objects.get(pk=current_tenant_id())
    return row
