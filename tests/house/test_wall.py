"""No tenant reads, counts, changes, deletes or links a row of another: every model and every table, by itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import Error, connection, models, transaction

from tenants import wall
from tests.conftest import Salon
from tests.house.planting import Garden

MODELS = [model for model in apps.get_models() if issubclass(model, wall.TenantModel)]
# Tables that belong to no tenant, each with the reason.
SHARED = {
    "auth_group": "Django's own",
    "auth_group_permissions": "Django's own",
    "auth_permission": "Django's own",
    "django_cache": "rate limits",
    "django_content_type": "Django's own",
    "django_migrations": "Django's own",
    "django_session": "sessions of people",
    "account_emailaddress": "addresses of people",
    "account_emailconfirmation": "addresses of people",
    "mfa_authenticator": "second factors of people",
    "tenants_user": "people; a membership ties them to a tenant",
    "tenants_user_groups": "Django's own",
    "tenants_user_user_permissions": "Django's own",
    "work_heartbeat": "signs of life of our own loops",
    "onboarding_storedmail": "letters of an installation without a mail server",
}

# TENANT_SETTING as PostgreSQL prints it back.
SETTING_AS_KEPT = "(NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint"


@pytest.fixture
def garden(db: None, other_salon: Salon) -> Garden:
    garden = Garden(other_salon)
    garden.plant_all()
    return garden


def test_with_the_orm_scope_switched_off(garden: Garden, salon: Salon) -> None:
    """Row-level security alone: an unscoped queryset of A finds, counts, changes and deletes nothing of B."""
    for model in MODELS:
        foreign = garden.rows[model._meta.label]
        everything = models.QuerySet(model)
        field = next(f for f in model._meta.concrete_fields if not f.primary_key and f.name != "tenant")
        with salon.work():
            assert not everything.filter(pk=foreign.pk).exists(), model
            assert everything.filter(tenant_id=garden.salon.id).count() == 0, model
            same = {field.attname: getattr(foreign, field.attname)}
            assert everything.filter(pk=foreign.pk).update(**same) == 0, model
            assert everything.filter(pk=foreign.pk)._raw_delete("default") == 0, model


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_with_row_level_security_switched_off(model: type[Any]) -> None:
    """The ORM scope alone: whatever a manager builds carries the literal filter, and nothing is built without one."""
    literal = f'"{model._meta.db_table}"."tenant_id" = 41'
    entered = wall._current.set(41)
    try:
        assert literal in str(model.objects.all().query)
        assert literal in str(model._base_manager.all().query)
        with pytest.raises(wall.CrossTenant):
            model(tenant_id=42).save()
    finally:
        wall._current.reset(entered)
    with pytest.raises(wall.NoTenant):
        model.objects.all()


def test_no_row_is_written_into_another_tenant(garden: Garden, salon: Salon) -> None:
    for model in MODELS:
        table = model._meta.db_table
        names = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields if not f.primary_key)
        foreign = garden.rows[model._meta.label].pk
        with garden.salon.work(), connection.cursor() as cursor:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t WHERE id = %s', [foreign])
            (row,) = cursor.fetchone()
        copy = (
            f'INSERT INTO "{table}" ({names}) SELECT {names} FROM json_populate_record(null::"{table}", %s)'
        )
        with salon.work(), connection.cursor() as cursor:
            with pytest.raises(Error, match="row-level security"), transaction.atomic():
                cursor.execute(copy, [row])


def test_no_key_leads_over_the_wall(garden: Garden, salon: Salon) -> None:
    """Every key to a tenant's row is refused when the row is another tenant's, though its id is known."""
    own = Garden(salon, user=garden.user)
    with salon.work():
        for model in MODELS:
            row = own.plant(model)
            for field in [f for f in model._meta.concrete_fields if isinstance(f, wall.TenantKey)]:
                foreign = garden.rows[field.related_model._meta.label].pk
                with pytest.raises(Error), transaction.atomic():  # the key, or a uniqueness that comes first
                    model.objects.filter(pk=row.pk).update(**{field.attname: foreign})
                    with connection.cursor() as cursor:
                        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def tables() -> list[tuple[str, bool, bool]]:
    """(name, row-level security, forced) of every table in the database itself, models or none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        return cursor.fetchall()


def test_every_table_is_walled_or_named_as_shared(db: None) -> None:
    unwalled = {name for name, secured, forced in tables() if not (secured and forced)}
    assert unwalled == SHARED.keys() & {name for name, *_ in tables()}


def test_every_policy_is_the_bare_one(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, policyname, cmd, roles::text, qual, with_check FROM pg_policies")
        policies = cursor.fetchall()
    for table, name, command, roles, using, check in policies:
        if name == "ingest":
            assert (command, roles, using, check) == ("INSERT", "{app_ingest}", None, "true"), table
            continue
        column = "id" if table == "tenants_tenant" else "tenant_id"
        bare = f"({column} = {SETTING_AS_KEPT})"
        assert (name, command, using, check) == ("tenant", "ALL", bare, bare), table


def test_every_key_between_walled_tables_carries_the_tenant(db: None) -> None:
    walled = {name for name, secured, _ in tables() if secured} - {"tenants_tenant"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, conrelid::regclass::text, confrelid::regclass::text, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f'"
        )
        for name, table, target, definition in cursor.fetchall():
            if target in walled:
                assert table in walled, f"{name}: a shared table points at a tenant's row"
                assert definition.startswith("FOREIGN KEY (tenant_id, "), name


def test_every_uniqueness_starts_with_the_tenant(db: None) -> None:
    walled = {name for name, secured, _ in tables() if secured} - {"tenants_tenant"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indrelid::regclass::text, indexrelid::regclass::text, indisprimary,"
            " (SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = indkey[0])"
            " FROM pg_index WHERE (indisunique OR indisexclusion) AND indrelid IN"
            " (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
        )
        for table, index, primary, first in cursor.fetchall():
            if table in walled and not primary:
                assert first == "tenant_id", index


def test_only_app_maint_looks_over_the_wall(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, rolname, proconfig::text FROM pg_proc JOIN pg_roles r ON r.oid = proowner"
            " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )
        for name, owner, configuration in cursor.fetchall():
            assert owner == "app_maint", name
            assert "search_path=pg_catalog, public" in (configuration or ""), name
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'app\\_%' AND (rolsuper OR (rolbypassrls AND rolcanlogin))"
        )
        assert cursor.fetchall() == []


def test_no_view_hides_a_table(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
            " AND NOT coalesce(reloptions::text LIKE '%security_invoker=true%', false)"
        )
        assert cursor.fetchall() == []
