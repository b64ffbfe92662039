"""Groups of colleagues, the clients' topics in them, and what is still to be shown there."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from connections.models import Connection
from conversations.models import Conversation, MediaFile, Message
from tenants import wall
from work.queue import DurableQueue
from work.rows import DurableRow


class GroupState(models.TextChoices):
    """How a group fares."""

    OK = "ok"
    LACKS = "lacks"  # something is to be done there; it is tried again by itself
    GONE = "gone"  # deleted, or the account was put out
    OFF = "off"  # detached by the owner


class StaffGroup(wall.TenantModel):
    """A group of colleagues, in a messenger of one of the tenant's accounts."""

    connection = wall.TenantKey(Connection, on_delete=models.PROTECT, related_name="+")
    # The provider's name of the group.
    chat = models.CharField(max_length=200)
    title = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=5, choices=GroupState.choices, default=GroupState.OK)
    # What is to be done there, in the owner's words.
    problem = models.TextField(blank=True, default="")
    state_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "connection", "chat"], name="inbox_staffgroup_chat"),
            models.UniqueConstraint(
                fields=["tenant", "connection"],
                condition=~models.Q(state="off"),
                name="inbox_staffgroup_one",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.chat


class GroupCode(wall.TenantModel):
    """A one-time code: said in a group, it makes the group the tenant's."""

    connection = wall.TenantKey(Connection, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "code_hash"], name="inbox_groupcode_once"),
        ]


class Topic(wall.TenantModel):
    """A thread's place in a group. Where the messenger has no topics it is a place in our books alone."""

    group = wall.TenantKey(StaffGroup, on_delete=models.CASCADE, related_name="+")
    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    # The provider's number of the topic; "" until it is made, and where there are none.
    number = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    is_closed = models.BooleanField(default=False)
    # The client's card: the provider's name of the message, and a digest of what it shows.
    card = models.CharField(max_length=200, blank=True, default="")
    card_digest = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "group", "conversation"], name="inbox_topic_once"),
            models.UniqueConstraint(
                fields=["tenant", "group", "number"],
                condition=~models.Q(number=""),
                name="inbox_topic_number",
            ),
        ]


class Mirror(DurableRow):
    """Something of a thread, or of the group itself, that is still to be shown in the group."""

    class Kind(models.TextChoices):
        HELLO = "hello"  # look whether we may work there, and say so
        SAY = "say"  # words
        FILE = "file"  # a file, with the words above it
        CARD = "card"  # the client's card as it now stands
        RENAME = "rename"
        CLOSE = "close"
        REOPEN = "reopen"

    group = wall.TenantKey(StaffGroup, on_delete=models.CASCADE, related_name="+")
    topic = wall.TenantKey(Topic, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    # Its topic, the topic's card, or the group: one after another, as it came.
    thread = models.CharField(max_length=30)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    # The same key is shown once in a topic.
    key = models.CharField(max_length=150, blank=True, default="")
    text = models.TextField(blank=True, default="")
    # Rows of [label, value].
    buttons = models.JSONField(default=list, blank=True)
    # What a button under it refers to.
    payload = models.JSONField(default=dict, blank=True)
    message = wall.TenantKey(Message, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    file = wall.TenantKey(MediaFile, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    # The provider's id of a colleague's message that it answers.
    reply_to = models.CharField(max_length=200, blank=True, default="")
    # The provider's id once it is shown; an answer to it is for its client.
    external_id = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue", ordered_by="thread", strict=True),
            models.UniqueConstraint(
                fields=["tenant", "topic", "key"], condition=~models.Q(key=""), name="inbox_mirror_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "group", "external_id"],
                condition=~models.Q(external_id=""),
                name="inbox_mirror_by_id",
            ),
        ]


class StaffFile(DurableRow):
    """A file that a colleague put into a topic, on its way to the client."""

    # The provider keeps it for an hour at least.
    max_attempts = 6

    topic = wall.TenantKey(Topic, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Who sent it, where it is nobody we know.
    name = models.CharField(max_length=150, blank=True, default="")
    # The provider's id of the message it came with, and its place there.
    external_id = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)
    # What the wire told of it; an address may hold the account's token.
    sealed_source = models.BinaryField(default=bytes)
    text = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue"),
            models.UniqueConstraint(
                fields=["tenant", "topic", "external_id", "position"], name="inbox_stafffile_once"
            ),
        ]
