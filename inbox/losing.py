"""A request that comes to nothing is closed with a reason, and opened again when that was a mistake."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from inbox import story
from inbox.models import Step
from leads import pipeline, signals
from leads.models import OPEN_STATUSES, Lead, LeadStatus
from tenants.models import User

# What one tap offers; the words are kept as they stand, so that a report reads them.
REASONS = (
    _("Too expensive"),
    _("No suitable time"),
    _("Stopped answering"),
    _("Chose another place"),
    _("We do not do this"),
    _("Asked out of curiosity"),
)


class NotOpen(Exception):
    """Only an open request is lost."""


class HasAnother(Exception):
    """The client has another open request by now."""


def lose(lead: Lead, *, reason: str, by: User, now: dt.datetime) -> None:
    """Closes an open request.

    Raises:
        NotOpen: see the class.
    """
    if lead.status not in OPEN_STATUSES:
        raise NotOpen
    pipeline.lose(lead, reason=reason, now=now)
    if lead.conversation is not None:
        story.note_step(lead.conversation, Step.Kind.LOST, by=by, at=now, text=reason)


def restore(lead: Lead, *, status: str, by: User, now: dt.datetime) -> None:
    """Undoes `lose`: the request stands where it stood.

    Raises:
        NotOpen: it is not lost, or `status` is none of an open request.
        HasAnother: see the class.
    """
    if lead.status != LeadStatus.LOST or status not in OPEN_STATUSES:
        raise NotOpen
    lead.status, lead.lost_reason, lead.closed_at = status, "", None
    try:
        with transaction.atomic():
            lead.save(update_fields=["status", "lost_reason", "closed_at"])
    except IntegrityError as error:
        raise HasAnother from error
    signals.lead_changed.send(Lead, lead=lead, now=now)
