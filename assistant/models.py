"""The scenario assistant: what it knows of a dialogue, and the answers it owes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from conversations.models import Conversation
from tenants import wall
from work.rows import DurableRow


class Dialogue(wall.TenantModel):
    """What the assistant understood in a thread so far."""

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    # See `assistant/memory.py`.
    memory = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["tenant", "conversation"], name="assistant_dialogue_once"),
        ]


class Answer(DurableRow):
    """An answer the assistant owes a thread; a burst of words owes one."""

    # A person waits: after the third failure a colleague is called.
    max_attempts = 3

    conversation = wall.TenantKey(Conversation, on_delete=models.CASCADE, related_name="+")
    generation = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    # The client is to be greeted first, before it is known whether they go on typing.
    hello = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            # A word answered is answered once. One pending row a thread would not do: a row whose worker died
            # becomes pending again beside the one of the client's next word.
            models.UniqueConstraint(
                fields=["tenant", "conversation", "generation"], name="assistant_answer_once"
            ),
        ]
