"""What colleagues did with a thread, when they must be told of one, and where alerts reach them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

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
    """A thread that waits for a person: due when nobody has answered for the set number of minutes.

    Stage 0 tells the colleague whose thread it is; stage 1, as long later, tells everybody who answers.
    """

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    lead = wall.TenantKey(Lead, on_delete=models.SET_NULL, null=True, related_name="+")
    generation = models.PositiveIntegerField()
    stage = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "conversation", "generation", "stage"], name="inbox_escalation_once"
            ),
        ]


class Wakeup(DurableRow):
    """A snoozed thread comes back at this time."""

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)


class Step(wall.TenantModel):
    """One step in the story of a thread: who did what with it, and when."""

    class Kind(models.TextChoices):
        TAKEN = "taken", _("took the conversation")
        ASSIGNED = "assigned", _("gave the conversation to")
        RELEASED = "released", _("gave the conversation back to everybody")
        HANDED_OVER = "handed_over", _("The assistant asks for a person")
        HANDED_BACK = "handed_back", _("gave the conversation back to the assistant")
        CLOSED = "closed", _("closed the conversation")
        REOPENED = "reopened", _("opened the conversation again")
        SNOOZED = "snoozed", _("put the conversation off until")
        WOKEN = "woken", _("The conversation is back as planned")
        NOT_A_CLIENT = "not_a_client", _("marked: not a client")
        CLIENT_AGAIN = "client_again", _("marked: a client after all")
        LOST = "lost", _("closed the request as lost")
        NO_ANSWER = "no_answer", _("Nobody answered in time")
        MERGED = "merged", _("said that they are one person")
        MET = "met", _("Two cards of one person became one")
        PARTED = "parted", _("Two people again")
        PRIVATE = "private", _("marked: private")
        OPENED_UP = "opened_up", _("marked: this is a client")

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=15, choices=Kind.choices)
    # To whom, until when, why, or what the assistant told of the talk.
    text = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "conversation", "-at"])]


class StaffLink(wall.TenantModel):
    """A one-time deep link by which a colleague ties their own chat with the tenant's bot to their alerts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="inbox_stafflink_token"),
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
