"""Requests of people and what brought them; to-dos of colleagues."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models import Connection, InboundEvent
from conversations.models import Contact, Conversation, Message
from tenants import wall


class LeadStatus(models.TextChoices):
    """How far a request has come."""

    NEW = "new", _("New")
    CONTACTED = "contacted", _("Answered")
    QUALIFIED = "qualified", _("Qualified")
    BOOKED = "booked", _("Booked")
    VISITED = "visited", _("Visited")
    LOST = "lost", _("Lost")


OPEN_STATUSES = (LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED)


class Lead(wall.TenantModel):
    """A request by a person. The first word opens one when the contact has none open; later words join it."""

    # Without a contact: a raw lead, something came in that could not be read.
    contact = wall.TenantKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    conversation = wall.TenantKey(
        Conversation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    event = wall.TenantKey(InboundEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    channel_kind = models.CharField(max_length=20)
    # The last touch with a source before the lead; empty is «not known».
    source = models.CharField(max_length=100, blank=True, default="")
    medium = models.CharField(max_length=100, blank=True, default="")
    campaign = models.CharField(max_length=200, blank=True, default="")
    # The first one.
    first_source = models.CharField(max_length=100, blank=True, default="", db_default="")
    first_medium = models.CharField(max_length=100, blank=True, default="", db_default="")
    first_campaign = models.CharField(max_length=200, blank=True, default="", db_default="")
    status = models.CharField(max_length=10, choices=LeadStatus.choices, default=LeadStatus.NEW)
    lost_reason = models.CharField(max_length=200, blank=True, default="")
    # What the form or the first words asked for.
    request = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    handling_seconds = models.PositiveIntegerField(default=0)
    is_spam = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    is_suspicious = models.BooleanField(default=False)
    duplicate_of = wall.TenantKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    local_day = models.DateField()
    first_reply_at = models.DateTimeField(null=True, blank=True)
    first_human_reply_at = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="leads_lead_external",
            ),
            models.UniqueConstraint(
                fields=["tenant", "event"], condition=models.Q(event__isnull=False), name="leads_lead_event"
            ),
            # However many workers hear one person at once, one lead is open.
            models.UniqueConstraint(
                fields=["tenant", "contact"],
                condition=models.Q(status__in=["new", "contacted", "qualified"], external_id=""),
                name="leads_lead_one_open",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "local_day", "channel_kind"]),
            models.Index(fields=["tenant", "-created_at", "-id"]),
        ]


class Touch(wall.TenantModel):
    """One contact with something that may have brought the person: an ad, a deep link, a tagged page."""

    lead = wall.TenantKey(Lead, on_delete=models.CASCADE, related_name="touches")
    # The word it came with, where it came with one.
    message = wall.TenantKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    conversation = wall.TenantKey(
        Conversation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    link = wall.TenantKey(
        "leads.TrackedLink", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    source = models.CharField(max_length=100, blank=True, default="")
    medium = models.CharField(max_length=100, blank=True, default="")
    campaign = models.CharField(max_length=200, blank=True, default="")
    content = models.CharField(max_length=255, blank=True, default="")
    term = models.CharField(max_length=255, blank=True, default="")
    code = models.CharField(max_length=64, blank=True, default="")
    click_ids = models.JSONField(default=dict, blank=True)
    referrer = models.CharField(max_length=500, blank=True, default="")
    page_url = models.CharField(max_length=500, blank=True, default="")
    # The dialled number of a call, E.164.
    number = models.CharField(max_length=16, blank=True, default="", db_default="")
    # The advertisement's card as its system showed it: {"external_id", "title", "text", "url", "image_url", "price"}.
    ad = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))


class TrackedLink(wall.TenantModel):
    """A link, a QR code or a phone number that stands in one place, so that we know who came from there."""

    name = models.CharField(max_length=100)
    # What comes back with the person: the payload of a deep link, letters, digits, "_" and "-".
    code = models.CharField(max_length=64, blank=True, default="")
    # A number printed in this place alone, E.164: calls to it carry no code.
    number = models.CharField(max_length=16, blank=True, default="", db_default="")
    # Where it leads; empty: the booking page.
    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=100)
    medium = models.CharField(max_length=100, blank=True, default="")
    campaign = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "code"], condition=~models.Q(code=""), name="leads_link_code"
            ),
            models.UniqueConstraint(
                fields=["tenant", "number"],
                condition=~models.Q(number="") & models.Q(archived_at__isnull=True),
                name="leads_link_number",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LinkClick(wall.TenantModel):
    """Somebody followed a tracked link; its token travels on as the deep link's code and brings the tags back."""

    link = wall.TenantKey(TrackedLink, on_delete=models.CASCADE, related_name="clicks")
    token = models.CharField(max_length=20)
    at = models.DateTimeField()
    # Tags the ad system put on the link: {"utm_content": …}, {"yclid": …}.
    tags = models.JSONField(default=dict, blank=True)
    click_ids = models.JSONField(default=dict, blank=True)
    referrer = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "token"], name="leads_click_token"),
        ]


class Task(wall.TenantModel):
    """A to-do of a colleague."""

    text = models.CharField(max_length=500)
    due_at = models.DateTimeField()
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Why it was opened: handover, no_answer, unreachable, raw_lead, by_hand …
    reason = models.CharField(max_length=30, default="by_hand")
    # One open to-do per cause: "handover:conversation:17".
    key = models.CharField(max_length=100, blank=True, default="")
    lead = wall.TenantKey(Lead, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    contact = wall.TenantKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    conversation = wall.TenantKey(
        Conversation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Visits lie on a floor above, so this is their id; the same-tenant key is added by the bookings' migration.
    booking_id = models.BigIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=models.Q(done_at__isnull=True) & ~models.Q(key=""),
                name="leads_task_one_open",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "due_at"], condition=models.Q(done_at__isnull=True), name="leads_task_open"
            ),
        ]
