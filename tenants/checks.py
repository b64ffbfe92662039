"""System checks that keep the wall whole when a model is added."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core import checks
from django.db import models

from tenants import wall


@checks.register(checks.Tags.models)
def walled_models(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    """Keys to tenant rows are TenantKeys, uniqueness starts with the tenant, shared rows point at no tenant's row."""
    found: list[checks.CheckMessage] = []
    for model in apps.get_models():
        owned = issubclass(model, wall.TenantModel)
        for field in model._meta.local_fields:
            target = field.related_model if isinstance(field, models.ForeignKey) else None
            if (
                isinstance(target, type)
                and issubclass(target, wall.TenantModel)
                and (not owned or not isinstance(field, wall.TenantKey))
            ):
                found.append(
                    checks.Error(f"{field} must be a TenantKey of a tenant model", obj=model, id="wall.E001")
                )
            if owned and field.unique and not field.primary_key:
                found.append(
                    checks.Error(f"{field}: uniqueness must start with the tenant", obj=model, id="wall.E002")
                )
        if owned:
            for constraint in model._meta.constraints:
                if isinstance(constraint, models.UniqueConstraint) and constraint.fields[:1] != ("tenant",):
                    found.append(
                        checks.Error(
                            f"{constraint.name} must start with the tenant", obj=model, id="wall.E003"
                        )
                    )
                if isinstance(constraint, ExclusionConstraint) and constraint.expressions[0][0] != "tenant":
                    found.append(
                        checks.Error(
                            f"{constraint.name} must start with the tenant", obj=model, id="wall.E003"
                        )
                    )
            if model._meta.local_many_to_many:
                found.append(
                    checks.Error(
                        "write the link of a many-to-many as a tenant model", obj=model, id="wall.E004"
                    )
                )
    return found
