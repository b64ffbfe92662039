"""Writes the story of a thread: a row for each step."""

from __future__ import annotations

import datetime as dt

from conversations.models import Conversation
from inbox import announce, signals
from inbox.models import Step
from tenants.models import User


def note_step(
    conversation: Conversation, kind: str, *, by: User | None, at: dt.datetime, text: str = ""
) -> Step:
    """One step; pages and groups that show the thread are told."""
    announce.thread(conversation.pk)
    step = Step.objects.create(conversation=conversation, kind=kind, user=by, text=text[:2000], at=at)
    signals.step_noted.send(Step, step=step)
    return step
