"""Phone calls as the telephony tells of them, event by event."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models import Connection
from conversations.models.people import Contact
from conversations.models.threads import Message
from tenants import wall


class Call(wall.TenantModel):
    """One call. Its line in the thread is `message`; a recording is a file of that message."""

    class State(models.TextChoices):
        RINGING = "ringing", _("Ringing")
        ANSWERED = "answered", _("Talking")
        ENDED = "ended", _("Answered")
        MISSED = "missed", _("Missed")

    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=200)
    # Nobody's while the number is hidden.
    contact = wall.TenantKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    message = wall.TenantKey(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    direction = models.CharField(max_length=3, choices=(("in", _("Incoming")), ("out", _("Outgoing"))))
    state = models.CharField(max_length=10, choices=State.choices)
    phone = models.CharField(max_length=16, blank=True, default="")  # E.164
    dialled = models.CharField(max_length=16, blank=True, default="")  # the account's own number
    answered_by = models.CharField(max_length=100, blank=True, default="")
    started_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(null=True, blank=True)
    waited = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "external_id"], name="conversations_call_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-started_at"])]
