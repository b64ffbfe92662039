"""Who sent this form? The first recogniser that knows the shape reads it.

To teach the wire another sender: a module with `matches`, `event_id`, `facts`, and a place in `SENDERS` (before the
generic one, which takes everything).
"""

from __future__ import annotations

from typing import Protocol

from integrations.forms import generic, googleads, googleforms, jivo, marquiz, tilda, vkads, yandex
from integrations.forms.body import Submission
from integrations.protocols.channel import Fact, Settings


class Sender(Protocol):
    """What a sender's module offers."""

    def matches(self, submission: Submission) -> bool:
        """Is this its shape?"""
        ...

    def event_id(self, submission: Submission) -> str | None:
        """Its key of this submission (the same in a repeat), None when it has none."""
        ...

    def facts(self, submission: Submission, settings: Settings) -> list[Fact]:
        """What it says; may raise ParseError."""
        ...


SENDERS: tuple[Sender, ...] = (yandex, vkads, googleads, googleforms, jivo, marquiz, tilda, generic)


def sender(submission: Submission) -> Sender:
    """The module that reads this submission."""
    return next(module for module in SENDERS if module.matches(submission))
