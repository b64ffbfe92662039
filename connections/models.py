"""Every outside account of a tenant, and the raw events that came in through its one durable door."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants import wall
from tenants.constraints import ROLE_INGEST, RowLevelSecurity
from work.queue import DurableQueue
from work.rows import AppNow, DurableRow, State


class ConnectionState(models.TextChoices):
    """Whether an outside account can be used."""

    NEW = "new", _("Being connected")
    OK = "ok", _("Works")
    BROKEN = "broken", _("Needs attention")
    OFF = "off", _("Switched off")


class Trouble(models.TextChoices):
    """What the last look at the provider found wrong, beside the state."""

    TOKEN = "token", _("The key is no longer accepted")
    RIGHTS = "rights", _("Rights are missing")
    HOOK = "hook", _("Our address is not registered")
    TAKEN = "taken", _("Another service receives the messages")
    DELIVERY = "delivery", _("Messages do not reach us")
    OTHER = "other", _("The provider reports a problem")


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

    # What the last look at the provider found; `accepted_at` is when it last took our key.
    checked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=10, choices=Trouble.choices, blank=True, default="")
    trouble_at = models.DateTimeField(null=True, blank=True)
    # Our server and the provider do not meet: since when, and when the owner was told.
    unreachable_since = models.DateTimeField(null=True, blank=True)
    unreachable_told_at = models.DateTimeField(null=True, blank=True)
    # Events that wait at the provider; None where it does not say.
    waiting = models.PositiveIntegerField(null=True, blank=True)
    # When we last registered our address again by ourselves.
    restored_at = models.DateTimeField(null=True, blank=True)
    # How long it is quiet at most as a rule, in seconds of its opening hours; None while too little is known.
    usual_gap = models.PositiveIntegerField(null=True, blank=True)
    silence_told_at = models.DateTimeField(null=True, blank=True)
    # Where the next look for missed events begins.
    cursor = models.TextField(blank=True, default="")
    # Kept for its threads, without its secrets.
    deleted_at = models.DateTimeField(null=True, blank=True)

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


class Upkeep(DurableRow):
    """A look at a connection that comes again and again: one row a connection and job, planned anew after each."""

    class Job(models.TextChoices):
        HEALTH = "health", _("Is the account alive, does it report to us?")
        POLL = "poll", _("What has the hook not told us?")
        SILENCE = "silence", _("Has it been quiet for too long?")

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    job = models.CharField(max_length=10, choices=Job.choices)
    # Failures in a row; they lengthen the pause.
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "job"], name="connections_upkeep_once"),
        ]

    def plan_again(self, *, token: uuid.UUID, after: dt.timedelta, failures: int) -> None:
        """Puts the row we hold off until the next look.

        Raises:
            work.rows.LeaseLost: the row is no longer ours.
        """
        self._step(
            token=token,
            states=(State.CLAIMED,),
            state=State.WAITING,
            due_at=AppNow() + after,
            attempts=0,
            failures=failures,
            lease_until=None,
            lease_token=None,
        )


class Errand(DurableRow):
    """What a person asked for at a provider and waits for: their page follows it step by step."""

    class Job(models.TextChoices):
        CONNECT = "connect", _("Connecting")
        CHECK = "check", _("Checking")
        DISCONNECT = "disconnect", _("Disconnecting")

    class Step(models.TextChoices):
        ASK = "ask"
        HOOK = "hook"
        CHECK = "check"

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    job = models.CharField(max_length=10, choices=Job.choices)
    # How far it has come; with the state `dead`, where it stopped.
    step = models.CharField(max_length=10, choices=Step.choices, default=Step.ASK)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # While it is tried: the settings to return to. After it failed: what was typed, to be shown again.
    sealed_settings = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
