"""How soon people were answered. A lead that nobody answered waits for ever: leaving it out would reward silence."""

from __future__ import annotations

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from economics.families.rows import INBOX_WAITS, LEADS, WAITS
from economics.metric import LEAD_TIME, Family, Metric, Part, RowSet, Shape, Unit, Words, one, share


def _pair(
    name: str, label: Words, about: Words, rows: RowSet, column: str, where: str = ""
) -> tuple[Metric, Metric]:
    """The median and the wait that nine of ten do not exceed; each is the wait of a real lead."""
    median, ninety = (
        Metric(
            name=f"{name}_{suffix}_s",
            label=format_lazy(text, what=label),
            about=about,
            shape=Shape.PERCENTILE,
            unit=Unit.SECONDS,
            event_time=LEAD_TIME,
            parts=(Part(rows=rows, where=where, den="1"),),
            column=column,
            tenths=tenths,
            better=-1,
        )
        for suffix, text, tenths in (("median", _("{what}, median"), 5), ("p90", _("{what}, nine of ten"), 9))
    )
    return median, ninety


FAMILY = Family(
    name="answer",
    title=_("Answer"),
    metrics=(
        Metric(
            name="leads_unanswered",
            label=_("Unanswered"),
            about=_("Leads that neither the assistant nor a person has answered."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=LEAD_TIME,
            parts=one(LEADS, "NOT answered"),
            better=-1,
        ),
        Metric(
            name="answered_rate",
            label=pgettext_lazy("figure", "Answered"),
            about=_("Answered leads of all leads."),
            shape=Shape.SHARE,
            unit=Unit.SHARE,
            event_time=LEAD_TIME,
            parts=share(LEADS, "answered"),
            better=1,
        ),
        Metric(
            name="answered_in_target_rate",
            label=_("Answered in time"),
            about=_("Leads answered within the time you promised yourself, of all leads."),
            shape=Shape.SHARE,
            unit=Unit.SHARE,
            event_time=LEAD_TIME,
            parts=share(LEADS, "in_target"),
            better=1,
        ),
        *_pair(
            "first_response",
            _("First answer"),
            _("Time from the lead to the first words of the assistant or a person, or to a booking."),
            WAITS,
            "wait",
        ),
        *_pair(
            "first_response_in_hours",
            _("First answer in opening hours"),
            _("The same for leads that came while the inbox was open."),
            INBOX_WAITS,
            "wait",
            "in_hours",
        ),
        *_pair(
            "first_response_off_hours",
            _("First answer outside opening hours"),
            _("The same for leads that came while the inbox was closed."),
            INBOX_WAITS,
            "wait",
            "NOT in_hours",
        ),
        *_pair(
            "first_response_working",
            _("First answer by opening hours"),
            _("The wait as the inbox's opening hours count it."),
            INBOX_WAITS,
            "working_wait",
        ),
        *_pair(
            "first_human_response",
            _("First answer by a person"),
            _("Time from the lead to the first words of a colleague."),
            WAITS,
            "human_wait",
        ),
    ),
)
