"""What winning clients costs, and what the won ones have brought."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from economics.families.leads import BOOKED
from economics.families.rows import (
    CLIENT_BOOKINGS,
    CLIENTS,
    HANDLING,
    LEAD_COSTS,
    LEAD_MESSAGES,
    LEADS,
    SPEND,
)
from economics.metric import (
    CLIENT_TIME,
    MESSAGE_TIME,
    MIXED_TIME,
    SPEND_TIME,
    Family,
    Metric,
    Part,
    Shape,
    Unit,
    Words,
    one,
    total,
    under,
)

ADS = total(SPEND, "amount", "kind = 'ads'")
# Everything that was spent to win people; mailing to those who are clients already is not.
COST = total(SPEND, "amount", "kind <> 'retention'") + total(LEAD_COSTS, "cost")
_MINUS_COST = tuple(Part(rows=p.rows, where=p.where, num=p.num, den=p.num, sign=-1) for p in COST)
_NEW = under(one(CLIENTS))


def _sum(name: str, label: Words, about: Words, parts: tuple[Part, ...], when: Words) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.MONEY, unit=Unit.MONEY, event_time=when, parts=parts
    )


FAMILY = Family(
    name="acquisition",
    title=_("Winning clients"),
    metrics=(
        _sum(
            "spend_ads",
            _("Advertising"),
            _("Advertising of the period, split evenly over the days it was paid for."),
            ADS,
            SPEND_TIME,
        ),
        _sum(
            "spend_ads_unattributed",
            _("Advertising without a source"),
            _("Advertising that names no source."),
            total(SPEND, "amount", "kind = 'ads' AND source IS NULL"),
            SPEND_TIME,
        ),
        _sum(
            "spend_other",
            _("Other acquisition"),
            _("Photos, landing pages and the like."),
            total(SPEND, "amount", "kind = 'other'"),
            SPEND_TIME,
        ),
        _sum(
            "spend_retention",
            _("Retention"),
            _("Spent on those who are clients already; in no cost of a client."),
            total(SPEND, "amount", "kind = 'retention'"),
            SPEND_TIME,
        ),
        _sum(
            "cost_manager",
            _("Handling of leads"),
            _("Time spent on new people's leads, spam included, at your rate, and fixed pay for it."),
            total(SPEND, "amount", "kind = 'manager'") + total(HANDLING, "cost"),
            MIXED_TIME,
        ),
        _sum(
            "cost_lead_messages",
            _("Messages to leads"),
            _("Paid messages on new people's leads, before any booking."),
            total(LEAD_MESSAGES, "cost"),
            MESSAGE_TIME,
        ),
        _sum(
            "acquisition_cost",
            _("Cost of acquisition"),
            _("Advertising, other acquisition, handling of leads and messages to them."),
            COST,
            MIXED_TIME,
        ),
        Metric(
            name="clients_new",
            label=_("New clients"),
            about=_("People whose first visit ever was in the period."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=CLIENT_TIME,
            parts=one(CLIENTS),
            better=1,
        ),
        Metric(
            name="cac_ads",
            label=_("CAC, advertising"),
            about=_("Advertising divided by new clients."),
            shape=Shape.COST,
            unit=Unit.MONEY,
            event_time=MIXED_TIME,
            parts=ADS + _NEW,
            needs_spend=True,
            better=-1,
        ),
        Metric(
            name="cac",
            label=_("CAC, full"),
            about=_("The whole cost of acquisition divided by all new clients, those who walked in too."),
            shape=Shape.COST,
            unit=Unit.MONEY,
            event_time=MIXED_TIME,
            parts=COST + _NEW,
            needs_spend=True,
            better=-1,
        ),
        Metric(
            name="cac_paid",
            label=_("CAC, paid sources"),
            about=_("The same of sources with paid advertising alone: what the next bought client costs."),
            shape=Shape.COST,
            unit=Unit.MONEY,
            event_time=MIXED_TIME,
            better=-1,
            parts=tuple(
                Part(rows=p.rows, where=p.where, num=p.num, den=p.den, paid=True) for p in COST + _NEW
            ),
        ),
        Metric(
            name="cpl",
            label=_("Price of a lead"),
            about=_("Advertising divided by leads."),
            shape=Shape.MEAN,
            unit=Unit.MONEY,
            event_time=MIXED_TIME,
            parts=ADS + under(one(LEADS)),
            needs_spend=True,
            better=-1,
        ),
        Metric(
            name="cost_per_booked_lead",
            label=_("Price of a booking"),
            about=_("The cost of acquisition divided by booked leads of new people."),
            shape=Shape.MEAN,
            unit=Unit.MONEY,
            event_time=MIXED_TIME,
            needs_spend=True,
            better=-1,
            parts=COST + under(one(LEADS, f"{BOOKED} AND NOT was_client")),
        ),
        Metric(
            name="ltv",
            label=_("LTV to date"),
            about=_(
                "What the period's new clients have left after variable costs by now, per client. "
                "A fact, not a forecast: it grows with their age."
            ),
            shape=Shape.MEAN,
            unit=Unit.MONEY,
            event_time=CLIENT_TIME,
            better=1,
            parts=(Part(rows=CLIENTS, num="contribution", den="1"),),
        ),
        Metric(
            name="ltv_revenue",
            label=_("LTV to date, revenue"),
            about=_("The rubles kept from the period's new clients by now, per client."),
            shape=Shape.MEAN,
            unit=Unit.MONEY,
            event_time=CLIENT_TIME,
            better=1,
            parts=(Part(rows=CLIENTS, num="kept", den="1"),),
        ),
        Metric(
            name="contribution_new_to_date",
            label=_("Left by new clients to date"),
            about=_("Contribution of all visits to date of the period's new clients."),
            shape=Shape.MONEY,
            unit=Unit.MONEY,
            event_time=CLIENT_TIME,
            parts=total(CLIENT_BOOKINGS, "contribution"),
            listed=False,
        ),
        Metric(
            name="romi",
            label=_("ROMI"),
            about=_(
                "What new clients have left to date, less the cost of acquisition, divided by that cost. "
                "Of margin, not of revenue."
            ),
            shape=Shape.RATE,
            unit=Unit.RATIO,
            event_time=MIXED_TIME,
            needs_spend=True,
            better=1,
            parts=total(CLIENT_BOOKINGS, "contribution") + _MINUS_COST,
        ),
        Metric(
            name="ltv_to_cac",
            label=_("LTV / CAC"),
            about=_(
                "What new clients have left to date, divided by the cost of acquisition of the same period."
            ),
            shape=Shape.RATE,
            unit=Unit.RATIO,
            event_time=MIXED_TIME,
            needs_spend=True,
            better=1,
            parts=total(CLIENT_BOOKINGS, "contribution") + under(COST),
        ),
        Metric(
            name="payback_visits",
            label=_("Pays back at visit"),
            about=_("Visits until a new client has earned back the full CAC."),
            shape=Shape.STEPS,
            unit=Unit.COUNT,
            event_time=MIXED_TIME,
            needs_spend=True,
            better=-1,
            of=("cac", "contribution_per_visit"),
        ),
    ),
)
