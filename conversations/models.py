"""People, the threads they write in, messages and the attempts to deliver them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models import Connection, InboundEvent
from tenants import wall
from work.queue import DurableQueue
from work.rows import DurableRow


class Contact(wall.TenantModel):
    """A person: a client or somebody who may become one."""

    name = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=16, blank=True, default="")  # E.164
    phone_verified = models.BooleanField(default=False)
    email = models.CharField(max_length=254, blank=True, default="")
    language = models.CharField(max_length=5, blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    # A client since before the history starts; never counted as new.
    client_since = models.DateField(null=True, blank=True)
    merged_into = wall.TenantKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    is_test = models.BooleanField(default=False)
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


class Holder(models.TextChoices):
    """Who speaks with the client."""

    ASSISTANT = "assistant", _("Assistant")
    PERSON = "person", _("Colleague")
    NONE = "none", _("Nobody")


class Conversation(wall.TenantModel):
    """A thread: one person in one channel account. Leads stand on top of it."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SNOOZED = "snoozed", _("Snoozed")
        CLOSED = "closed", _("Closed")

    contact = wall.TenantKey(Contact, on_delete=models.PROTECT, related_name="conversations")
    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, related_name="+")
    # The provider's name of the chat; what `send` is addressed to.
    chat = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    holder = models.CharField(max_length=10, choices=Holder.choices, default=Holder.ASSISTANT)
    # Grows with every word of the client or a colleague; an answer made for an older number is never sent.
    generation = models.PositiveIntegerField(default=0)
    waiting_since = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_text = models.CharField(max_length=200, blank=True, default="")
    unread = models.PositiveIntegerField(default=0)
    draft = models.TextField(blank=True, default="")
    blocked_at = models.DateTimeField(null=True, blank=True)
    # «not a client»: the assistant never speaks here again.
    not_a_client = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "chat"], name="conversations_conversation_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-last_message_at"]),
            models.Index(
                fields=["tenant", "waiting_since"],
                condition=models.Q(waiting_since__isnull=False),
                name="conversations_waiting",
            ),
        ]


class Direction(models.TextChoices):
    """Which way a message went."""

    IN = "in", _("Incoming")
    OUT = "out", _("Outgoing")


class Author(models.TextChoices):
    """Who wrote a message."""

    CLIENT = "client", _("Client")
    ASSISTANT = "assistant", _("Assistant")
    MANAGER = "manager", _("Manager")
    SYSTEM = "system", _("Notice")


class MessageState(models.TextChoices):
    """What is known of a message's way to the client."""

    RECEIVED = "received", _("Received")
    PENDING = "pending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Not sent")
    IN_DOUBT = "in_doubt", _("Uncertain")
    CANCELLED = "cancelled", _("Cancelled")


class Message(wall.TenantModel):
    """One message of a thread, as a person sees it."""

    conversation = wall.TenantKey(Conversation, on_delete=models.PROTECT, related_name="messages")
    contact = wall.TenantKey(Contact, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    author = models.CharField(max_length=10, choices=Author.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=15, default="text")
    text = models.TextField(blank=True, default="")
    # Rows of {"label", "value"}; what was offered under the message.
    buttons = models.JSONField(default=list, blank=True)
    # Facts of a medium (kind, file ids, size) or of a shared contact or place; never a provider's token.
    media = models.JSONField(default=list, blank=True)
    # The provider's id once known; for incoming ones what makes a repeat the same message.
    external_id = models.CharField(max_length=200, blank=True, default="")
    # Our own key: a repeat of the same wish to send is the same message.
    key = models.CharField(max_length=200, blank=True, default="")
    event = wall.TenantKey(InboundEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=MessageState.choices)
    error = models.TextField(blank=True, default="")
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["tenant", "conversation", "direction", "external_id"],
                condition=~models.Q(external_id=""),
                name="conversations_message_external",
            ),
            models.UniqueConstraint(
                fields=["tenant", "key"], condition=~models.Q(key=""), name="conversations_message_key"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "conversation", "created_at", "id"]),
            models.Index(fields=["tenant", "contact", "created_at", "id"]),
            models.Index(fields=["tenant", "-created_at", "-id"]),
        ]


class Delivery(DurableRow):
    """An attempt to bring a message to the client; "send again" is a new one."""

    message = wall.TenantKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, related_name="+")
    # The conversation: its messages go out one after another, as they were said.
    thread = models.CharField(max_length=20)
    # Kept for ever: the same promise is never made twice.
    dedup_key = models.CharField(max_length=200)
    # Set for the assistant's answers: not sent when the thread has moved on since.
    generation = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    called_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue", ordered_by="thread", strict=True),
            models.UniqueConstraint(fields=["tenant", "dedup_key"], name="conversations_delivery_once"),
        ]


class ButtonAction(wall.TenantModel):
    """What pressing a button means. The button carries only the token, which cannot be guessed or forged."""

    token = models.CharField(max_length=24)
    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    # The room that understands the action: assistant, reminders, bookings.
    owner = models.CharField(max_length=20)
    action = models.CharField(max_length=30)
    payload = models.JSONField(default=dict)
    label = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "token"], name="conversations_button_token"),
        ]


class Note(wall.TenantModel):
    """A colleague's note beside a thread; clients never see it."""

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
