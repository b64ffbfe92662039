"""The mirror in the tenant's CRM: the portal as a whole, and each of our rows with its twin there."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from connections.models import Connection
from tenants import wall
from work.rows import DurableRow


class Portal(DurableRow):
    """A connected CRM. Its row is due when the CRM does not say what we say; whoever claims it is its one writer."""

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    # What the last check found, and our words beside theirs (integrations.protocols.crm); empty until checked.
    capabilities = models.JSONField(default=dict, blank=True)
    matching = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    # Why nothing is pushed at present, in words for the owner.
    trouble = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection"], name="sync_portal_once"),
        ]


class Link(wall.TenantModel):
    """A lead or a contact of ours and its twin in a CRM. Dirty: the CRM does not say what we say."""

    class Kind(models.TextChoices):
        LEAD = "lead"
        CONTACT = "contact"

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    local_id = models.BigIntegerField()
    # The deal of a lead, or the contact.
    remote_id = models.CharField(max_length=50, blank=True, default="")
    # Part → {"id", "state"} as both sides had it at the last push: the base of the next one.
    agreed = models.JSONField(default=dict, blank=True)
    # Grows with every change of ours; a push that began before a newer change leaves the row dirty.
    version = models.PositiveIntegerField(default=1)
    pushed_version = models.PositiveIntegerField(default=0)
    dirty_since = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The CRM refuses this row for good until somebody changes it or asks again.
    parked = models.BooleanField(default=False)
    last_error = models.TextField(blank=True, default="")
    pushed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "kind", "local_id"], name="sync_link_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "connection", "due_at"],
                condition=models.Q(dirty_since__isnull=False, parked=False),
                name="sync_link_dirty",
            ),
        ]
