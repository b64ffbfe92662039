"""The first ten minutes: which steps a tenant has taken; mail of an installation without a mail server."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from tenants import wall


class StoredMail(models.Model):
    """A letter that no mail server was there to take."""

    to = models.CharField(max_length=500)
    subject = models.CharField(max_length=500)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)


class StepDone(wall.TenantModel):
    """A step of the first screen that somebody declared done; steps that rows prove need none."""

    step = models.CharField(max_length=30)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "step"], name="onboarding_stepdone_once"),
        ]
