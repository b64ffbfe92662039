"""Threads, the messages in them and the attempts to deliver them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models import Connection, InboundEvent
from conversations.models.people import Contact
from tenants import wall
from work.queue import DurableQueue
from work.rows import DurableRow


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
    # When the client last wrote; some channels take free words for a day after it.
    last_heard_at = models.DateTimeField(null=True, blank=True)
    # A chat of the owner's own account that did not begin with a client: the assistant keeps out of it.
    is_private = models.BooleanField(default=False, db_default=False)
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


class Lookup(DurableRow):
    """A question to the provider who the person of a new thread is, and what advertisement they write about."""

    # A name is a courtesy: after a few tries the thread goes without.
    max_attempts = 4

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue"),
            models.UniqueConstraint(fields=["tenant", "conversation"], name="conversations_lookup_once"),
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
    # Facts of a shared contact, a place or an advertisement's card; files are rows of MediaFile.
    media = models.JSONField(default=list, blank=True)
    # A letter's.
    subject = models.CharField(max_length=255, blank=True, default="", db_default="")
    # The provider's id of the message this one answers.
    reply_to = models.CharField(max_length=200, blank=True, default="", db_default="")
    # Parts of an album share it.
    group_key = models.CharField(max_length=100, blank=True, default="", db_default="")
    # Why no machine answers it: a robot's letter, somebody's auto-reply.
    automatic = models.CharField(max_length=100, blank=True, default="", db_default="")
    # What the channel says instead of a content it withholds.
    hint = models.CharField(max_length=255, blank=True, default="", db_default="")
    # {"name", "language", "values"} of a text the provider approved before.
    template = models.JSONField(null=True, blank=True)
    # The provider's id once known; for incoming ones what makes a repeat the same message.
    external_id = models.CharField(max_length=200, blank=True, default="")
    # Our own key: a repeat of the same wish to send is the same message.
    key = models.CharField(max_length=200, blank=True, default="")
    event = wall.TenantKey(InboundEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=MessageState.choices)
    error = models.TextField(blank=True, default="")
    edited_at = models.DateTimeField(null=True, blank=True)
    # What it read before each edit, oldest first: {"text", "at"}.
    wordings = models.JSONField(default=list, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    # What the provider charged, in its own currency, and how many messages it counted.
    cost = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    parts = models.PositiveSmallIntegerField(default=1, db_default=1)

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
            models.Index(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="conversations_message_by_id",
            ),
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


class Inquiry(DurableRow):
    """A question to the provider whether an uncertain delivery arrived; asked a few times, since reports come late."""

    max_attempts = 6

    delivery = wall.TenantKey(Delivery, on_delete=models.CASCADE, related_name="+")
    # The call that broke off began then.
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue"),
            models.UniqueConstraint(fields=["tenant", "delivery"], name="conversations_inquiry_once"),
        ]


class EarlyChange(DurableRow):
    """An event with an edit or a deletion that came before its message; looked at again until the message is there."""

    event = wall.TenantKey(InboundEvent, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue"),
            models.UniqueConstraint(fields=["tenant", "event"], name="conversations_earlychange_once"),
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
