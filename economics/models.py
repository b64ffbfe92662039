"""What was spent to win clients; everything else is counted from the rows of the rooms below."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants import wall


class SpendKind(models.TextChoices):
    """What the money was for."""

    ADS = "ads", _("Advertising")
    MANAGER = "manager", _("Manager's time")
    OTHER = "other", _("Other acquisition")
    RETENTION = "retention", _("Retention")


class Spend(wall.TenantModel):
    """Money spent over local days, inclusive; spread over them day by day."""

    kind = models.CharField(max_length=10, choices=SpendKind.choices, default=SpendKind.ADS)
    # What it brought people from; empty: not tied to a source.
    source = models.CharField(max_length=100, blank=True, default="")
    campaign = models.CharField(max_length=200, blank=True, default="")
    first_day = models.DateField()
    last_day = models.DateField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    note = models.CharField(max_length=200, blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="economics_spend_order"
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"], condition=~models.Q(external_id=""), name="economics_spend_external"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "first_day"])]


