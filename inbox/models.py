"""Alerts that colleagues must see: a row each, so that none is lost when mail or a messenger is down."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models import Conversation
from leads.models import Lead
from tenants import wall
from work.rows import DurableRow


class Alert(DurableRow):
    """A word to one colleague by one way."""

    class Way(models.TextChoices):
        EMAIL = "email"
        TELEGRAM = "telegram"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    way = models.CharField(max_length=10, choices=Way.choices)
    # One alert per cause, person and way.
    key = models.CharField(max_length=150)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    path = models.CharField(max_length=200, blank=True, default="")
    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "key", "user", "way"], name="inbox_alert_once"),
        ]


class Escalation(DurableRow):
    """A thread that waits for a person: due when nobody has answered for the set number of minutes."""

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    lead = wall.TenantKey(Lead, on_delete=models.SET_NULL, null=True, related_name="+")
    generation = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "conversation", "generation"], name="inbox_escalation_once"),
        ]


class AlertAddress(wall.TenantModel):
    """A colleague's chat with one of the tenant's bots, where alerts reach them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "user"], name="inbox_alertaddress_once"),
        ]
