"""The mirror in the tenant's CRM: what stands there of ours, and what it still owes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from connections.models import Connection
from tenants import wall
from work.rows import DurableRow


class Link(DurableRow):
    """One of our rows and its twin in a CRM. `pending` means the CRM does not say what we say yet."""

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    # contact | lead (a deal or a lead in the portal, as it is set up)
    kind = models.CharField(max_length=10)
    local_id = models.BigIntegerField()
    remote_kind = models.CharField(max_length=10, blank=True, default="")
    remote_id = models.CharField(max_length=50, blank=True, default="")
    # What both sides said when they last agreed.
    agreed = models.JSONField(default=dict, blank=True)
    # Grows with every change of ours; a push that began before a newer change leaves the row due.
    version = models.PositiveIntegerField(default=1)
    pushed_version = models.PositiveIntegerField(default=0)
    pushed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "kind", "local_id"], name="sync_link_once"),
        ]
