"""A lead's way: opened by a first word, a form or a call; answered, booked, visited, or lost with a reason."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from connections.models import Connection, InboundEvent
from conversations.models import Contact, Conversation, Message
from integrations.protocols import channel
from kit.text import storable
from leads import signals, sources
from leads.models import OPEN_STATUSES, Lead, LeadStatus
from tenants import clock, wall

ORDER = (
    LeadStatus.NEW,
    LeadStatus.CONTACTED,
    LeadStatus.QUALIFIED,
    LeadStatus.BOOKED,
    LeadStatus.VISITED,
)


def open_of(contact: Contact | None) -> Lead | None:
    """The contact's open lead, if any."""
    if contact is None:
        return None
    return Lead.objects.filter(contact=contact, status__in=OPEN_STATUSES).order_by("-id").first()


def _booked(contact: Contact | None) -> Lead | None:
    """The contact's latest lead while its visit is still ahead: a word of thanks is no new request."""
    if contact is None:
        return None
    latest = Lead.objects.filter(contact=contact).order_by("-id").first()
    return latest if latest is not None and latest.status == LeadStatus.BOOKED else None


def open_lead(
    *,
    contact: Contact | None,
    now: dt.datetime,
    channel_kind: str,
    connection: Connection | None = None,
    conversation: Conversation | None = None,
    event: InboundEvent | None = None,
    request: str = "",
    touch: channel.Touch | None = None,
    message: Message | None = None,
    suspicious: bool = False,
) -> Lead:
    """The contact's open lead, or the booked one before its visit, or a new one; the touch is kept either way."""
    lead = open_of(contact) or _booked(contact)
    if lead is None:
        tenant = wall.entered_tenant()
        try:
            with transaction.atomic():
                lead = Lead.objects.create(
                    contact=contact,
                    connection=connection,
                    conversation=conversation,
                    event=event,
                    channel_kind=channel_kind,
                    source=sources.IMPLIED.get(channel_kind, ""),
                    request=storable(request)[:5000],
                    is_suspicious=suspicious,
                    created_at=now,
                    local_day=clock.local_day(now, tenant=tenant),
                    last_message_at=now,
                )
        except IntegrityError:
            lead = open_of(contact) or (Lead.objects.get(event=event) if event else None)
            if lead is None:
                raise
        else:
            sources.note(lead, touch, now=now, message=message, conversation=conversation)
            signals.lead_opened.send(Lead, lead=lead, now=now)
            return lead
    lead.last_message_at = now
    if lead.conversation_id is None and conversation is not None:
        lead.conversation = conversation
    lead.save(update_fields=["last_message_at", "conversation"])
    sources.note(lead, touch, now=now, message=message, conversation=conversation)
    return lead


def advance(lead: Lead, status: str, *, now: dt.datetime) -> None:
    """Moves a lead forward; never back, and not out of `lost` except by a booking."""
    if lead.status == LeadStatus.LOST and status not in (LeadStatus.BOOKED, LeadStatus.VISITED):
        return
    if lead.status != LeadStatus.LOST and ORDER.index(LeadStatus(lead.status)) >= ORDER.index(
        LeadStatus(status)
    ):
        return
    lead.status = status
    lead.lost_reason = ""
    lead.closed_at = None
    lead.save(update_fields=["status", "lost_reason", "closed_at"])
    signals.lead_changed.send(Lead, lead=lead, now=now)


def lose(lead: Lead, *, reason: str, now: dt.datetime) -> None:
    """Closes a lead that came to nothing."""
    lead.status = LeadStatus.LOST
    lead.lost_reason = storable(reason)[:200]
    lead.closed_at = now
    lead.save(update_fields=["status", "lost_reason", "closed_at"])
    signals.lead_changed.send(Lead, lead=lead, now=now)


def answered(lead: Lead, *, by_human: bool, now: dt.datetime) -> None:
    """Notes the first answer; automatic notices are none."""
    fields = []
    if lead.first_reply_at is None:
        lead.first_reply_at = now
        fields.append("first_reply_at")
    if by_human and lead.first_human_reply_at is None:
        lead.first_human_reply_at = now
        fields.append("first_human_reply_at")
    if fields:
        lead.save(update_fields=fields)
    advance(lead, LeadStatus.CONTACTED, now=now)
