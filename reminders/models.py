"""Reminders of visits: planned as rows, checked afresh and said in time, or not at all."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from conversations.models import Message
from tenants import wall
from work.rows import DurableRow

OFFSETS = (48 * 60, 24 * 60, 2 * 60)


class Reason(models.TextChoices):
    """Why a reminder did not simply go out."""

    PAST = "past", _("Its time had passed when the visit was booked")
    NEARER = "nearer", _("A later reminder was due as well")
    SWITCHED_OFF = "switched_off", _("This reminder is switched off")
    CALLED = "called", _("The client was called")
    MOVED = "moved", _("The visit was moved")
    CANCELLED = "cancelled", _("The visit was cancelled")
    OVER = "over", _("The visit has begun or is over")
    LATE = "late", _("It was too late to send it")
    NO_CHAT = "no_chat", _("The client never wrote to us in a messenger")
    BLOCKED = "blocked", _("The client has blocked our chat")
    CHANNEL_DOWN = "channel_down", _("The channel does not work at the moment")
    WINDOW = "window", _("The messenger takes free words only for a while after the client's last one")
    UNDELIVERED = "undelivered", _("The messenger did not take it")
    UNCERTAIN = "uncertain", _("It is not known whether it arrived")
    BROKEN = "broken", _("An error on our side")


class ReminderText(wall.TenantModel):
    """The tenant's own words for the reminder at an offset."""

    offset_minutes = models.PositiveIntegerField()
    text = models.TextField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "offset_minutes"], name="reminders_text_once"),
        ]


class Reminder(DurableRow):
    """One reminder of one visit at its present start; a moved visit gets new ones."""

    booking = wall.TenantKey(Booking, on_delete=models.PROTECT, related_name="reminders")
    starts_at = models.DateTimeField()
    offset_minutes = models.PositiveIntegerField()
    channel_kind = models.CharField(max_length=20, blank=True, default="")
    message = wall.TenantKey(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # A `Reason`, empty while there is none.
    reason = models.CharField(max_length=200, blank=True, default="")
    # Nobody could be reached in a chat: it stands in the call list until somebody called.
    to_call = models.BooleanField(default=False)
    called_at = models.DateTimeField(null=True, blank=True)
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "booking", "starts_at", "offset_minutes"], name="reminders_reminder_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "due_at"],
                condition=models.Q(to_call=True, called_at__isnull=True),
                name="reminders_to_call",
            ),
        ]

    def get_reason_display(self) -> str:
        """Why, in words."""
        return str(Reason(self.reason).label) if self.reason in Reason.values else self.reason
