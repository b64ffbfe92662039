"""Our rows as a card of a CRM: the desired state, built afresh at each push."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from bookings.models import Booking, BookingStatus
from conversations.models import Contact
from integrations.protocols import crm
from leads.models import Lead, LeadStatus, Touch
from sync.models import Link
from tenants.models import Tenant

STEPS = {
    BookingStatus.HELD: crm.Step.BOOKED,
    BookingStatus.AWAITING_PAYMENT: crm.Step.BOOKED,
    BookingStatus.CONFIRMED: crm.Step.BOOKED,
    BookingStatus.ARRIVED: crm.Step.CONFIRMED,
    BookingStatus.COMPLETED: crm.Step.VISITED,
    BookingStatus.NO_SHOW: crm.Step.NO_SHOW,
    BookingStatus.CANCELLED: crm.Step.CANCELLED,
    BookingStatus.EXPIRED: crm.Step.TALK,
}
# A deal without a visit is expected to close within a week.
USUAL_DAYS = 7


def build(
    lead: Lead,
    *,
    tenant: Tenant,
    link: Link,
    known_contact: str | None,
    capabilities: crm.Capabilities,
    matching: crm.Matching,
) -> crm.Card:
    """What should stand in the CRM for a lead."""
    contact = lead.contact
    assert contact is not None
    booking = Booking.objects.filter(lead=lead).order_by("-id").first()
    step = step_of(lead, booking)
    person = _contact(contact, tenant, known_contact, matching, lead)
    title = _title(contact, booking)
    utm = _utm(lead)
    source = source_of(lead, matching)
    deal = crm.Deal(
        key=f"{tenant.pk}:lead:{lead.pk}",
        id=_id(link, "deal"),
        base=_base(link, "deal"),
        title=title,
        pipeline=matching.pipeline,
        stage=matching.stages[step],
        responsible=matching.responsible,
        opens=lead.local_day,
        closes=booking.local_day if booking else lead.local_day + dt.timedelta(days=USUAL_DAYS),
        source=source,
        source_note=_source_note(lead),
        utm=utm,
        amount=booking.total if booking else None,
        currency=tenant.currency,
    )
    enquiry = None
    if capabilities.leads == crm.LeadMode.CLASSIC and step in matching.lead_stages:
        enquiry = crm.Lead(
            key=f"{tenant.pk}:enquiry:{lead.pk}",
            id=_id(link, "lead"),
            base=_base(link, "lead"),
            title=title,
            name=person.name,
            stage=matching.lead_stages[step],
            responsible=matching.responsible,
            phones=person.phones,
            source=source,
            source_note=_source_note(lead),
            utm=utm,
        )
    return crm.Card(contact=person, lead=enquiry, deal=deal)


def step_of(lead: Lead, booking: Booking | None) -> crm.Step:
    """How far the enquiry has come, in the CRM's steps."""
    if booking is not None:
        if booking.status == BookingStatus.CONFIRMED and booking.client_confirmed_at:
            return crm.Step.CONFIRMED
        return STEPS[BookingStatus(booking.status)]
    if lead.status == LeadStatus.LOST:
        return crm.Step.LOST
    return crm.Step.NEW if lead.status == LeadStatus.NEW else crm.Step.TALK


def source_of(lead: Lead, matching: crm.Matching) -> str:
    """The portal's source: what brought the person, else the channel they wrote in."""
    return matching.sources.get(lead.source) or matching.sources.get(lead.channel_kind) or ""


def _contact(
    contact: Contact, tenant: Tenant, known: str | None, matching: crm.Matching, lead: Lead
) -> crm.Contact:
    identities = contact.identities.all()
    return crm.Contact(
        key=f"{tenant.pk}:contact:{contact.pk}",
        id=known,
        name=contact.name or contact.phone or str(_("Guest")),
        responsible=matching.responsible,
        phones=(contact.phone,) if contact.phone else (),
        emails=(contact.email,) if contact.email else (),
        messengers=tuple(crm.Messenger(i.channel_kind, i.username) for i in identities if i.username),
        source=source_of(lead, matching),
        source_note=_source_note(lead),
        utm=_utm(lead),
    )


def _title(contact: Contact, booking: Booking | None) -> str:
    name = contact.name or contact.phone or str(_("Guest"))
    if booking is None:
        return _("Request: %(name)s") % {"name": name}
    items = ", ".join(item.name for item in booking.items.order_by("position", "id"))
    return f"{items}: {name}"[:200]


def _source_note(lead: Lead) -> str:
    return " / ".join(part for part in (lead.channel_kind, lead.source, lead.campaign) if part)


def _utm(lead: Lead) -> crm.Utm:
    touch = Touch.objects.filter(lead=lead).order_by("-id").first()
    if touch is None:
        return crm.Utm()
    return crm.Utm(
        source=touch.source,
        medium=touch.medium,
        campaign=touch.campaign,
        content=touch.content,
        term=touch.term,
    )


def _id(link: Link, part: str) -> str | None:
    found = link.agreed.get(part, {}).get("id")
    return str(found) if found else None


def _base(link: Link, part: str) -> dict[str, object] | None:
    found: dict[str, object] | None = link.agreed.get(part, {}).get("state")
    return found
