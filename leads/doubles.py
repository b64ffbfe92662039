"""Requests of two contacts who turn out to be one person: the older open one stays, the newer is its double."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from conversations.models import Contact
from leads import pipeline, signals
from leads.models import OPEN_STATUSES, Lead, LeadStatus


def fold(survivor: Contact, absorbed: Contact, *, now: dt.datetime) -> dict[str, Any] | None:
    """Closes the newer of two open requests as a double; what `unfold` needs, None when there was nothing to do."""
    both = Lead.objects.filter(
        contact__in=(survivor, absorbed), status__in=OPEN_STATUSES, external_id=""
    ).order_by("created_at", "id")
    found = list(both.select_for_update(of=("self",)))
    if len(found) < 2:
        return None
    older, newer = found
    told = {"lead": {"double": newer.pk, "status": newer.status}}
    newer.duplicate_of = older
    newer.save(update_fields=["duplicate_of"])
    pipeline.lose(newer, reason=_("The same person asked before"), now=now)
    return told


def unfold(told: dict[str, Any], *, now: dt.datetime) -> None:
    """Opens the double again as a request of its own; one whose contact has another open by now stays closed."""
    kept = told.get("lead")
    if not kept:
        return
    lead = Lead.objects.select_for_update(of=("self",)).filter(pk=kept["double"]).first()
    if lead is None or lead.duplicate_of_id is None or lead.status != LeadStatus.LOST:
        return
    lead.duplicate_of = None
    lead.save(update_fields=["duplicate_of"])
    lead.status, lead.lost_reason, lead.closed_at = kept["status"], "", None
    try:
        with transaction.atomic():
            lead.save(update_fields=["status", "lost_reason", "closed_at"])
    except IntegrityError:
        return
    signals.lead_changed.send(Lead, lead=lead, now=now)


def disown(contact: Contact, *, now: dt.datetime) -> None:
    """The person is no client: their open request is closed and counts nowhere."""
    lead = pipeline.open_of(contact)
    if lead is None:
        return
    # Told to the CRM as lost first: what is marked as spam is not told any more.
    pipeline.lose(lead, reason=_("Not a client"), now=now)
    lead.is_spam = True
    lead.save(update_fields=["is_spam"])


def own_again(contact: Contact, *, now: dt.datetime) -> None:
    """Undoes `disown`, unless the person has another open request by now."""
    lead = (
        Lead.objects.filter(contact=contact, is_spam=True, status=LeadStatus.LOST)
        .order_by("-closed_at", "-id")
        .first()
    )
    if lead is None:
        return
    lead.status = LeadStatus.CONTACTED if lead.first_reply_at else LeadStatus.NEW
    lead.lost_reason, lead.closed_at, lead.is_spam = "", None, False
    try:
        with transaction.atomic():
            lead.save(update_fields=["status", "lost_reason", "closed_at", "is_spam"])
    except IntegrityError:
        return
    signals.lead_changed.send(Lead, lead=lead, now=now)
