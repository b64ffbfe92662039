"""Leads and what became of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from economics.families.attendance import DONE, ENDED
from economics.families.rows import BOOKINGS, LEADS, MADE
from economics.metric import LEAD_TIME, MADE_TIME, VISIT_TIME, Family, Metric, Shape, Unit, Words, one, share

BOOKED = "state = 'booked'"


def _count(name: str, label: Words, about: Words, where: str = "", better: int = 0) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.COUNT, unit=Unit.COUNT, event_time=LEAD_TIME,
        parts=one(LEADS, where), better=better,
    )  # fmt: skip


def _share(name: str, label: Words, about: Words, hit: str, where: str = "", better: int = 1) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.SHARE, unit=Unit.SHARE, event_time=LEAD_TIME,
        parts=share(LEADS, hit, where), better=better,
    )  # fmt: skip


FAMILY = Family(
    name="leads",
    title=_("Leads and conversion"),
    metrics=(
        _count(
            "leads",
            pgettext_lazy("figure", "Leads"),
            _("Requests of people that came in the period, without spam, tests and duplicates."),
            better=1,
        ),
        _count(
            "leads_new",
            _("New people's leads"),
            _("Leads of people who had not been clients before."),
            "NOT was_client",
            1,
        ),
        _count(
            "leads_returning", _("Clients' leads"), _("Leads of people who had visited before."), "was_client"
        ),
        _count(
            "leads_booked",
            pgettext_lazy("figure", "Booked"),
            _("Leads with a booking, one that was cancelled later too: the client said yes."),
            BOOKED,
            1,
        ),
        _count(
            "leads_recovered",
            pgettext_lazy("figure of leads", "Came back"),
            _(
                "Leads without a booking whose person wrote or booked again soon: that later row carries the need."
            ),
            "state = 'recovered'",
        ),
        _count(
            "leads_lost",
            pgettext_lazy("figure", "Lost"),
            _("Leads closed by a person, or silent for longer than agreed."),
            "state = 'lost'",
            -1,
        ),
        _count(
            "leads_in_progress",
            pgettext_lazy("figure", "In progress"),
            _("Leads that may still end either way."),
            "state = 'in_progress'",
        ),
        _share(
            "conversion_lead_booking",
            _("Conversion to booking"),
            _("Booked leads of all leads of the period."),
            BOOKED,
        ),
        _share(
            "conversion_lead_booking_new",
            _("Conversion of new people"),
            _("Booked leads of the leads of new people: what advertising buys."),
            BOOKED,
            "NOT was_client",
        ),
        _share(
            "conversion_lead_visit",
            _("Conversion to visit"),
            _("Leads that came to a visit, of all leads."),
            "visited",
        ),
        _share(
            "ripe_share",
            _("Decided leads"),
            _("Leads that are no longer in progress, of all leads."),
            "state <> 'in_progress'",
            better=0,
        ),
        Metric(
            name="conversion_booking_visit",
            label=_("Came to the visit"),
            about=_(
                "Completed visits of all that were booked ahead and have ended, the cancelled ones included."
            ),
            shape=Shape.SHARE,
            unit=Unit.SHARE,
            event_time=VISIT_TIME,
            better=1,
            parts=share(BOOKINGS, f"planned AND {DONE}", ENDED),
        ),
        Metric(
            name="bookings_created",
            label=_("Bookings made"),
            about=_("Bookings made in the period, whenever the visit is."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=MADE_TIME,
            parts=one(MADE),
            better=1,
        ),
    ),
)
