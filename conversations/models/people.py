"""People and how the channels know them; two entries of one person are merged, and the merge can be undone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models import Connection
from tenants import wall


class Contact(wall.TenantModel):
    """A person: a client or somebody who may become one."""

    name = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=16, blank=True, default="")  # E.164
    phone_verified = models.BooleanField(default=False)
    email = models.CharField(max_length=254, blank=True, default="")
    email_verified = models.BooleanField(default=False)
    language = models.CharField(max_length=5, blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    # A client since before the history starts; never counted as new.
    client_since = models.DateField(null=True, blank=True)
    merged_into = wall.TenantKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    is_test = models.BooleanField(default=False)
    # Wants no advertising; answers and reminders of visits go on.
    marketing_stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="conversations_contact_external",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "phone"], condition=~models.Q(phone=""), name="conversations_contact_phone"
            ),
            models.Index(
                fields=["tenant", "email"], condition=~models.Q(email=""), name="conversations_contact_email"
            ),
            models.Index(fields=["tenant", "-created_at"]),
        ]

    def __str__(self) -> str:
        return self.name or self.phone or self.email or str(_("Guest"))


class Identity(wall.TenantModel):
    """How a contact is known in a kind of channel."""

    contact = wall.TenantKey(Contact, on_delete=models.CASCADE, related_name="identities")
    channel_kind = models.CharField(max_length=20)
    external_id = models.CharField(max_length=200)
    username = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "channel_kind", "external_id"], name="conversations_identity_once"
            ),
        ]


class Merge(wall.TenantModel):
    """Two contacts became one. `moved` names the rows that changed hands, so that it can be taken back."""

    survivor = wall.TenantKey(Contact, on_delete=models.PROTECT, related_name="+")
    absorbed = wall.TenantKey(Contact, on_delete=models.PROTECT, related_name="+")
    # What told that they are one person: "phone", "email", "hand" …
    reason = models.CharField(max_length=20)
    # Written by `conversations.merging`: {"rows": {"app.Model.field": [ids]}, "before", "after": the survivor's fields,
    # "told": what other rooms want to hear again when it is taken back}.
    moved = models.JSONField(default=dict)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "survivor"])]


class MergeSuggestion(wall.TenantModel):
    """Two contacts who are likely one person; only a colleague decides."""

    class State(models.TextChoices):
        OPEN = "open", _("To decide")
        MERGED = "merged", _("Merged")
        DISMISSED = "dismissed", _("Two people")

    # The one with the lower id.
    contact = wall.TenantKey(Contact, on_delete=models.CASCADE, related_name="+")
    other = wall.TenantKey(Contact, on_delete=models.CASCADE, related_name="+")
    # Why it is likely: "phone_typed", "email_typed", "alias", "card".
    reason = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            # Once dismissed it is not asked again.
            models.UniqueConstraint(
                fields=["tenant", "contact", "other"], name="conversations_merge_suggested_once"
            ),
        ]


class KnownPerson(wall.TenantModel):
    """Somebody whom the owner of a personal account knows: a keyed hash of a number, an id or a user name, no more."""

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "digest"], name="conversations_known_once"
            ),
        ]
