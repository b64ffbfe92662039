"""Who came, who did not, who cancelled."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from economics.families.rows import BOOKINGS, MOVED
from economics.metric import VISIT_TIME, Family, Metric, Part, Shape, Unit, Words, one, share

NO_SHOW, LATE, DONE = "status = 'no_show'", "status = 'cancelled_late'", "status = 'completed'"
# Walk-ins cannot fail to come; cancelled visits are not expected; open ones are not known yet.
EXPECTED = f"planned AND ({NO_SHOW} OR {DONE}) OR {NO_SHOW}"
SLOTS = f"{EXPECTED} OR {LATE}"
ENDED = f"{SLOTS} OR status IN ('cancelled_in_time', 'cancelled_by_salon')"


def _count(name: str, label: Words, about: Words, where: str = "", better: int = 0) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.COUNT, unit=Unit.COUNT, event_time=VISIT_TIME,
        parts=one(BOOKINGS, where), better=better,
    )  # fmt: skip


def _share(name: str, label: Words, about: Words, hit: str, where: str) -> Metric:
    return Metric(
        name=name, label=label, about=about, shape=Shape.SHARE, unit=Unit.SHARE, event_time=VISIT_TIME,
        parts=share(BOOKINGS, hit, where), better=-1,
    )  # fmt: skip


FAMILY = Family(
    name="attendance",
    title=_("Attendance"),
    metrics=(
        _count("bookings", _("Bookings"), _("Bookings with their start in the period, however they ended.")),
        _count("bookings_completed", _("Completed bookings"), _("Bookings that took place."), DONE, 1),
        _count(
            "bookings_open",
            _("Without an outcome"),
            _("Bookings still to come, or over and not marked."),
            "status = 'open'",
        ),
        Metric(
            name="bookings_unmarked",
            label=_("Not marked"),
            about=_("Bookings that are over and have no outcome yet."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=VISIT_TIME,
            parts=one(BOOKINGS, "status = 'open' AND over"),
            better=-1,
            listed=False,
        ),
        Metric(
            name="bookings_moved",
            label=pgettext_lazy("figure", "Moved"),
            about=_("Bookings that were moved at least once."),
            shape=Shape.COUNT,
            unit=Unit.COUNT,
            event_time=VISIT_TIME,
            parts=one(MOVED),
        ),
        _count("walk_ins", _("Walk-ins"), _("Visits without an appointment."), "NOT planned"),
        _share(
            "no_show_rate",
            _("No-shows"),
            _(
                "Those who did not come, of all booked ahead who were expected: "
                "cancelled, unmarked and walk-ins are left out."
            ),
            NO_SHOW,
            EXPECTED,
        ),
        Metric(
            name="no_show_rate_money",
            label=_("No-shows, in rubles"),
            about=_("The same share of the rubles that were due."),
            shape=Shape.RATE,
            unit=Unit.SHARE,
            event_time=VISIT_TIME,
            better=-1,
            parts=(Part(rows=BOOKINGS, where=EXPECTED, num="due", hit=NO_SHOW, den="due"),),
        ),
        _share(
            "late_cancel_rate",
            _("Late cancellations"),
            _("Cancelled by the client with less notice than agreed, of those expected and these."),
            LATE,
            SLOTS,
        ),
        _share(
            "lost_slot_rate",
            _("Lost slots"),
            _("Late cancellations and no-shows together: what clients did to the chair."),
            f"{LATE} OR {NO_SHOW}",
            SLOTS,
        ),
        _share(
            "cancel_rate",
            _("Cancellations"),
            _("Cancelled by the client, of all that were booked ahead and have ended."),
            "status IN ('cancelled_late', 'cancelled_in_time')",
            ENDED,
        ),
    ),
)
