"""Durable rows: work that was promised, its states and the steps between them.

    waiting → pending → claimed → calling → done | in_doubt
                 ↑         |         |
                 └─────────┴─────────┘  retry, or the lease is over before the call

A row in `claimed` whose worker died is simply claimed again. A row in `calling` may have reached the outside:
it becomes `in_doubt` and is settled by evidence or by a person, never repeated blindly.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tenants import wall
from work.queue import DurableQueue

MAX_ATTEMPTS = 8
# Seconds before attempt 2, 3, … of a row whose failure was definite.
BACKOFF = (1, 3, 10, 30, 120, 600, 1800)
# How long a call may take before its worker counts as dead; longer than any call's own deadline.
CALL_LEASE = dt.timedelta(seconds=60)


class State(models.TextChoices):
    """Where a durable row stands."""

    WAITING = "waiting", _("Planned")
    PENDING = "pending", _("Due")
    CLAIMED = "claimed", _("Taken")
    CALLING = "calling", _("Under way")
    DONE = "done", _("Done")
    IGNORED = "ignored", _("Ignored")
    SKIPPED = "skipped", _("Skipped")
    IN_DOUBT = "in_doubt", _("Uncertain")
    EXPIRED = "expired", _("Too late")
    CANCELLED = "cancelled", _("Cancelled")
    DEAD = "dead", _("Failed")


OPEN_STATES = (State.WAITING, State.PENDING, State.CLAIMED, State.CALLING)


class AppNow(models.Func):
    """The present moment by the entered tenant's clock, as claims compare it with `due_at`."""

    function = "app_now"
    output_field = models.DateTimeField()


class LeaseLost(Exception):
    """Another worker holds the row now, or it has ended; nothing may be recorded on it."""


class DurableRow(wall.TenantModel):
    """Base of every table of work to do."""

    max_attempts = MAX_ATTEMPTS

    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        base_manager_name = "objects"
        constraints: ClassVar[list[Any]] = [DurableQueue(name="%(app_label)s_%(class)s_queue")]

    def _step(self, *, token: uuid.UUID | None, states: tuple[str, ...], **changes: Any) -> None:
        rows = type(self).objects.filter(pk=self.pk, state__in=states)
        if token is not None:
            rows = rows.filter(lease_token=token)
        if rows.update(**changes) != 1:
            raise LeaseLost(f"{self._meta.label} {self.pk}")
        for name, value in changes.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self, name, value)

    def begin_call(self, *, token: uuid.UUID) -> None:
        """Marks the row `calling`; commit it right before the outside call, which gets a lease of its own.

        Raises:
            LeaseLost: the row is no longer ours.
        """
        self._step(token=token, states=(State.CLAIMED,), state=State.CALLING, lease_until=Now() + CALL_LEASE)

    def finish(
        self, *, token: uuid.UUID | None, state: str = State.DONE, error: str = "", **changes: Any
    ) -> None:
        """Records the end of a row we hold (or, without a token, of one that was never taken).

        Raises:
            LeaseLost: the row is no longer ours.
        """
        changes |= {"state": state, "last_error": error[:2000], "lease_until": None, "lease_token": None}
        held = (State.CLAIMED, State.CALLING)
        self._step(
            token=token, states=held if token else (State.WAITING, State.PENDING, State.IN_DOUBT), **changes
        )

    def retry(self, *, token: uuid.UUID, error: str, after: dt.timedelta | None = None) -> None:
        """Puts the row back for later after a definite failure, or ends it `dead` after `max_attempts`.

        Raises:
            LeaseLost: the row is no longer ours.
        """
        if self.attempts >= self.max_attempts:
            self.finish(token=token, state=State.DEAD, error=error)
            return
        if after is None:
            after = dt.timedelta(seconds=BACKOFF[min(max(self.attempts, 1), len(BACKOFF)) - 1])
        self._step(
            token=token,
            states=(State.CLAIMED, State.CALLING),
            state=State.PENDING,
            due_at=AppNow() + after,
            lease_until=None,
            lease_token=None,
            last_error=error[:2000],
        )
