"""What is sold, who does it when, and the visits. The database itself refuses to sell a slot twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models import Contact, Conversation
from leads.models import Lead
from tenants import wall
from work.rows import DurableRow


class Staff(wall.TenantModel):
    """A master who is booked."""

    name = models.CharField(max_length=100)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    external_id = models.CharField(max_length=100, blank=True, default="")
    share_percent = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0))
    color = models.CharField(max_length=20, blank=True, default="")
    position = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="bookings_staff_external",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Service(wall.TenantModel):
    """A line of the price list."""

    name = models.CharField(max_length=200)
    category = models.CharField(max_length=100, blank=True, default="")
    minutes = models.PositiveIntegerField()
    # Time after the visit during which the master is not free: cleaning, a pause.
    buffer_minutes = models.PositiveIntegerField(default=0)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    cost = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    # Other words clients use for it.
    synonyms = models.JSONField(default=list, blank=True)
    external_id = models.CharField(max_length=100, blank=True, default="")
    position = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="bookings_service_external",
            ),
            models.CheckConstraint(condition=models.Q(minutes__gt=0), name="bookings_service_minutes"),
            models.CheckConstraint(
                condition=models.Q(price__gte=0, cost__gte=0), name="bookings_service_money"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Addon(wall.TenantModel):
    """Something offered on top of a service, with the words to offer it."""

    name = models.CharField(max_length=200)
    minutes = models.PositiveIntegerField(default=0)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    cost = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    script = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="bookings_addon_external",
            ),
            models.CheckConstraint(
                condition=models.Q(price__gte=0, cost__gte=0), name="bookings_addon_money"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceAddon(wall.TenantModel):
    """An add-on that fits a service."""

    service = wall.TenantKey(Service, on_delete=models.CASCADE, related_name="addon_links")
    addon = wall.TenantKey(Addon, on_delete=models.CASCADE, related_name="service_links")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "service", "addon"], name="bookings_serviceaddon_once"),
        ]


class ServiceStaff(wall.TenantModel):
    """A master who does a service."""

    service = wall.TenantKey(Service, on_delete=models.CASCADE, related_name="staff_links")
    staff = wall.TenantKey(Staff, on_delete=models.CASCADE, related_name="service_links")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "service", "staff"], name="bookings_servicestaff_once"),
        ]


class WorkingHours(wall.TenantModel):
    """Weekly hours of a master, local to the tenant; several rows a day make a break.

    An end at 00:00 is the end of the day. A shift over midnight is two rows, the second on the next weekday.
    """

    staff = wall.TenantKey(Staff, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField()  # ISO: Monday is 1
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(weekday__range=(1, 7)), name="bookings_hours_weekday"),
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")) | models.Q(ends=dt.time.min),
                name="bookings_hours_order",
            ),
        ]


class DayOff(wall.TenantModel):
    """Days on which a master does not work."""

    staff = wall.TenantKey(Staff, on_delete=models.CASCADE, related_name="days_off")
    first_day = models.DateField()
    last_day = models.DateField()
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="bookings_dayoff_order"
            ),
        ]


class BookingStatus(models.TextChoices):
    """Life of a visit."""

    HELD = "held", _("Held")
    AWAITING_PAYMENT = "awaiting_payment", _("Awaiting payment")
    CONFIRMED = "confirmed", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("Did not come")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Hold expired")


# States in which the visit takes the master's time.
OCCUPYING = ("held", "awaiting_payment", "confirmed", "arrived", "completed", "no_show")
# States from which a visit may still happen.
UPCOMING = ("held", "awaiting_payment", "confirmed")


class Booking(wall.TenantModel):
    """A visit of a client to a master."""

    contact = wall.TenantKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    attendee = wall.TenantKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lead = wall.TenantKey(Lead, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Where it was agreed; reminders go there first.
    conversation = wall.TenantKey(
        Conversation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    staff = wall.TenantKey(Staff, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=BookingStatus.choices, default=BookingStatus.CONFIRMED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # [starts_at, ends_at + buffer): the master's time that nobody else can have.
    during = DateTimeRangeField()
    local_day = models.DateField()
    # lead | desk | online | walk_in
    origin = models.CharField(max_length=10, default="desk")
    # Whence the lead was known to come when it was booked.
    source = models.CharField(max_length=100, blank=True, default="")
    medium = models.CharField(max_length=100, blank=True, default="", db_default="")
    campaign = models.CharField(max_length=200, blank=True, default="", db_default="")
    total = models.DecimalField(max_digits=12, decimal_places=2)
    discount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    discount_reason = models.CharField(max_length=200, blank=True, default="")
    paid = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    addons_offered = models.BooleanField(default=False)
    # The client said «I will come».
    client_confirmed_at = models.DateTimeField(null=True, blank=True)
    hold_until = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    is_test = models.BooleanField(default=False)
    # The public link that manages or attaches a messenger carries this, never the id.
    public_token = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            ExclusionConstraint(
                name="bookings_booking_one_slot_once",
                expressions=[
                    ("tenant", RangeOperators.EQUAL),
                    ("staff", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                condition=models.Q(status__in=OCCUPYING),
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="bookings_booking_external",
            ),
            models.UniqueConstraint(fields=["tenant", "public_token"], name="bookings_booking_public_token"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="bookings_booking_order"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "local_day"]),
            models.Index(fields=["tenant", "starts_at"]),
            models.Index(fields=["tenant", "-created_at", "-id"]),
            # The one look-up that starts without a tenant: a client opens the link of a visit.
            models.Index(fields=["public_token"], name="bookings_booking_by_link"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class BookingItem(wall.TenantModel):
    """A service or an add-on of a visit, at the price of the day it was booked."""

    booking = wall.TenantKey(Booking, on_delete=models.CASCADE, related_name="items")
    service = wall.TenantKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    addon = wall.TenantKey(Addon, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200)
    minutes = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=2)
    cost = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(service__isnull=False, addon__isnull=True)
                | models.Q(service__isnull=True, addon__isnull=False),
                name="bookings_item_service_or_addon",
            ),
        ]


class BookingChange(wall.TenantModel):
    """One step in the story of a visit: who did what when."""

    class Kind(models.TextChoices):
        HELD = "held", _("Time held")
        CREATED = "created", _("Booked")
        CLIENT_CONFIRMED = "client_confirmed", _("Client confirmed")
        MOVED = "moved", _("Moved")
        CANCELLED = "cancelled", _("Cancelled")
        ARRIVED = "arrived", _("Arrived")
        COMPLETED = "completed", _("Completed")
        NO_SHOW = "no_show", _("Did not come")
        EXPIRED = "expired", _("Hold expired")
        REOPENED = "reopened", _("Reopened")

    booking = wall.TenantKey(Booking, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Where the visit stood before; what an undo goes back to.
    status_before = models.CharField(max_length=20, blank=True, default="")
    # client | salon | assistant
    by = models.CharField(max_length=10, default="salon")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    late = models.BooleanField(default=False)
    starts_before = models.DateTimeField(null=True, blank=True)
    starts_after = models.DateTimeField(null=True, blank=True)
    staff_before = wall.TenantKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")


class HoldExpiry(DurableRow):
    """The promise to free a held time when nobody confirmed it."""

    booking = wall.TenantKey(Booking, on_delete=models.CASCADE, related_name="+")
