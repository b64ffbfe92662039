"""Files of messages, fetched from the provider in the background and kept in our own storage."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from conversations.models.threads import Message
from tenants import wall
from work.queue import DurableQueue
from work.rows import DurableRow


class MediaFile(DurableRow):
    """A file of a message. `pending` until it is fetched, `done` once it lies in the storage under `key`.

    One that was handed in to be sent belongs to no message yet: it is `waiting`, and taken away when it falls due.
    """

    # The provider keeps it for an hour at least; after that there is nothing left to fetch.
    max_attempts = 8

    message = wall.TenantKey(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="files")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=15)
    # What the wire told of it (sealed: an address may hold the account's token), or who handed it in.
    sealed_source = models.BinaryField(default=bytes)
    name = models.CharField(max_length=200, blank=True, default="")
    mime = models.CharField(max_length=100, blank=True, default="")
    size = models.BigIntegerField(null=True, blank=True)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    # Where it lies in the storage; "" until then.
    key = models.CharField(max_length=200, blank=True, default="")
    # What a link for somebody without a login carries.
    token = models.CharField(max_length=43)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            DurableQueue(name="%(app_label)s_%(class)s_queue"),
            models.UniqueConstraint(
                fields=["tenant", "message", "position"], name="conversations_mediafile_place"
            ),
            models.UniqueConstraint(fields=["tenant", "token"], name="conversations_mediafile_token"),
        ]
