"""What was spent to win clients, and the money events of visits; all else is counted from the rooms below."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from leads.models import Lead
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
    # Taken back: counted nowhere, and can be put back.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="economics_spend_order"
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="economics_spend_external",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "first_day"])]


class MoneyKind(models.TextChoices):
    """What a money event was."""

    DEPOSIT = "deposit", _("Deposit")
    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    TIP = "tip", _("Tip")
    GIFT_SALE = "gift_sale", _("Gift certificate sold")
    MESSAGE = "message", _("Paid message")


class MoneyEvent(wall.TenantModel):
    """Money that came, went back or was paid for a message, at its moment: of a visit, of a request, or of neither.

    A visit without such rows is taken at its word: what stands in `Booking.paid` was paid.
    """

    kind = models.CharField(max_length=10, choices=MoneyKind.choices)
    at = models.DateTimeField()
    booking = wall.TenantKey(Booking, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lead = wall.TenantKey(Lead, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    method = models.CharField(max_length=30, blank=True, default="")
    # Never negative: the kind tells the direction.
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    # What the acquirer kept; it is not given back with a refund.
    fee = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    external_id = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0, fee__gte=0), name="economics_money_positive"
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind", "external_id"],
                condition=~models.Q(external_id=""),
                name="economics_money_external",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "at"],
                condition=models.Q(kind="message", lead__isnull=False),
                name="economics_money_lead_cost",
            ),
        ]
