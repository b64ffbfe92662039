"""Every outside account of a tenant, and the raw events that came in through its one durable door."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants import wall
from tenants.constraints import ROLE_INGEST, RowLevelSecurity
from work.queue import DurableQueue
from work.rows import DurableRow


class ConnectionState(models.TextChoices):
    """Whether an outside account can be used."""

    OK = "ok", _("Works")
    BROKEN = "broken", _("Needs attention")
    OFF = "off", _("Switched off")


class Connection(wall.TenantModel):
    """An account at an outside system: a channel, a CRM, a payment provider.

    Secrets and settings lie sealed in `sealed_settings`; the hook's token is kept as a hash for look-up and sealed
    for showing the address again.
    """

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200, blank=True)
    sealed_settings = models.BinaryField()
    token_hash = models.BinaryField(max_length=32)
    sealed_token = models.BinaryField()
    state = models.CharField(max_length=10, choices=ConnectionState.choices, default=ConnectionState.OK)
    # What the provider told about the account (bot's name, portal's address); never secret.
    account = models.JSONField(default=dict, blank=True)
    last_event_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")
    last_error_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="connections_connection_token"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "kind"]),
            models.Index(fields=["token_hash"], name="connections_token_hash"),
        ]

    def __str__(self) -> str:
        return self.name or self.kind


class InboundEvent(DurableRow):
    """A request that came in from outside, stored raw before anything of it was read."""

    # A lead may be inside: after about a minute of failures it is shown raw.
    max_attempts = 5

    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=200)
    # No id of the provider's own: a hash of the body and the minute stands for it.
    weak_id = models.BooleanField(default=False)
    # Events of one thread are processed one after another.
    thread = models.CharField(max_length=200, blank=True, default="")
    method = models.CharField(max_length=10, default="POST")
    subpath = models.CharField(max_length=200, blank=True, default="")
    query = models.TextField(blank=True, default="")
    headers = models.JSONField(default=dict)
    # jsonb would refuse NUL and lone surrogates; bytes keep what came.
    raw = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue", ordered_by="thread"),
            RowLevelSecurity(name="%(app_label)s_%(class)s_wall", inserter=ROLE_INGEST),
            models.UniqueConstraint(
                fields=["tenant", "connection", "external_id"], name="connections_inboundevent_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-received_at"])]


class Quarantined(wall.TenantModel):
    """A request whose signature was wrong: kept sealed for a while, so that our own rotation error loses no lead."""

    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    reason = models.CharField(max_length=100)
    sealed_request = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            RowLevelSecurity(name="%(app_label)s_%(class)s_wall", inserter=ROLE_INGEST),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-received_at"])]
