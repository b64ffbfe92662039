"""Revenue and what is left of it after the costs that each visit causes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from economics.families.attendance import DONE
from economics.families.rows import ACTIVE, BOOKINGS, VISITS
from economics.metric import VISIT_TIME, Family, Metric, Part, Shape, Unit, Words, one, share, total

ELIGIBLE = f"{DONE} AND eligible"


def _sum(name: str, label: Words, about: Words, measure: str, where: str = "", better: int = 0) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.MONEY, unit=Unit.MONEY, event_time=VISIT_TIME,
        parts=total(BOOKINGS, measure, where), better=better,
    )  # fmt: skip


def _rate(
    name: str, label: Words, about: Words, num: str, den: str, where: str = "", better: int = 0
) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.RATE, unit=Unit.SHARE, event_time=VISIT_TIME,
        parts=(Part(rows=BOOKINGS, where=where, num=num, den=den),), better=better,
    )  # fmt: skip


def _visits(name: str, label: Words, about: Words, measure: str) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.MEAN, unit=Unit.MONEY, event_time=VISIT_TIME,
        parts=(Part(rows=VISITS, num=measure, den="1"),), interval=True, better=1,
    )  # fmt: skip


FAMILY = Family(
    name="money",
    title=_("Money"),
    metrics=(
        Metric(
            name="visits",
            label=_("Visits"),
            about=_("Completed bookings of one person on one day count as one visit."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=VISIT_TIME,
            parts=one(VISITS),
            better=1,
        ),
        Metric(
            name="visits_anonymous",
            label=_("Visits without a contact"),
            about=_("Visits of people who left no name and no number."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=VISIT_TIME,
            parts=one(VISITS, "anonymous"),
        ),
        Metric(
            name="clients_active",
            label=_("Active clients"),
            about=_("People with a visit in the period."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=VISIT_TIME,
            parts=one(ACTIVE),
            better=1,
        ),
        _sum(
            "revenue",
            _("Revenue"),
            _(
                "Rubles of completed visits, VAT included, less discounts and refunds; a refund belongs to its visit."
            ),
            "revenue",
            DONE,
            1,
        ),
        _sum(
            "revenue_list",
            _("Revenue at list prices"),
            _("What completed visits cost by the price list of the day."),
            "listed",
            DONE,
            1,
        ),
        _sum("discounts", _("Discounts"), _("Discounts on completed visits."), "discount", DONE, -1),
        _sum(
            "refunds",
            _("Refunds"),
            _("Money given back for completed visits, whenever it was given."),
            "refunded",
            DONE,
            -1,
        ),
        _rate(
            "discount_share",
            _("Share of discounts"),
            _("Discounts of the list price."),
            "discount",
            "listed",
            DONE,
            -1,
        ),
        _rate(
            "refund_share", _("Share of refunds"), _("Refunds of what was due."), "refunded", "due", DONE, -1
        ),
        _sum("tips", _("Tips"), _("Tips, in no other figure."), "tips"),
        _sum(
            "forfeited_deposits",
            _("Kept deposits"),
            _("Paid and not given back for visits that did not take place."),
            "forfeited",
        ),
        _sum(
            "receivables",
            _("Unpaid"),
            _("Due for completed visits and not yet paid."),
            "receivable",
            DONE,
            -1,
        ),
        _visits("average_ticket", _("Average ticket"), _("Revenue divided by visits."), "revenue"),
        Metric(
            name="arpu",
            label=_("Revenue per active client"),
            about=_("Revenue of known clients divided by their number."),
            shape=Shape.MEAN,
            unit=Unit.MONEY,
            event_time=VISIT_TIME,
            parts=(Part(rows=ACTIVE, num="revenue", den="1"),),
            better=1,
        ),
        _sum("vat", _("VAT"), _("Value added tax inside the money that was kept."), "vat"),
        _sum("cost_materials", _("Materials"), _("Materials of completed visits."), "materials", DONE),
        _sum(
            "cost_staff_share",
            _("Masters' share"),
            _("The masters' share of completed visits."),
            "staff_share",
            DONE,
        ),
        _sum(
            "cost_acquiring",
            _("Acquiring fees"),
            _("What banks kept of payments for visits that have ended."),
            "ended_fees",
        ),
        _sum(
            "cost_messages",
            _("Messages about visits"),
            _("Paid reminders and notices of visits that have ended."),
            "ended_messages",
        ),
        _sum(
            "gross_margin",
            _("Gross margin"),
            _("Money kept, less VAT, materials and the masters' share."),
            "gross",
            better=1,
        ),
        _sum(
            "contribution",
            _("Contribution"),
            _("Gross margin less acquiring fees and messages: what visits leave for rent, wages and you."),
            "contribution",
            better=1,
        ),
        _visits(
            "contribution_per_visit",
            _("Contribution per visit"),
            _("Contribution of completed visits divided by their number."),
            "contribution",
        ),
        _rate(
            "contribution_ratio",
            _("Share of contribution"),
            _("Contribution of the money kept, without VAT."),
            "contribution",
            "net",
            better=1,
        ),
        Metric(
            name="addon_offer_rate",
            label=_("Add-on offered"),
            about=_("Completed bookings in which an add-on was offered, of those where one fits."),
            shape=Shape.SHARE,
            unit=Unit.SHARE,
            event_time=VISIT_TIME,
            parts=share(BOOKINGS, "offered", ELIGIBLE),
            better=1,
        ),
        Metric(
            name="addon_take_rate",
            label=_("Add-on taken"),
            about=_("Of those who were offered an add-on, who took one."),
            shape=Shape.SHARE,
            unit=Unit.SHARE,
            event_time=VISIT_TIME,
            parts=share(BOOKINGS, "taken", f"{ELIGIBLE} AND offered"),
            better=1,
        ),
        _sum(
            "addon_revenue",
            _("Add-ons sold"),
            _("Prices of add-ons in completed visits."),
            "addon_price",
            DONE,
            1,
        ),
    ),
)
