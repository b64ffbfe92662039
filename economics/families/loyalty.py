"""Who comes back, and how often."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from economics.families.rows import CLIENTS, GAPS
from economics.metric import CLIENT_TIME, VISIT_TIME, Family, Metric, Part, Shape, Unit, share

FAMILY = Family(
    name="loyalty",
    title=_("Loyalty"),
    metrics=(
        Metric(
            name="repeat_rate",
            label=pgettext_lazy("figure", "Came back"),
            about=_(
                "New clients who visited again within the agreed window, of those whose window has passed."
            ),
            shape=Shape.SHARE,
            unit=Unit.SHARE,
            event_time=CLIENT_TIME,
            parts=share(CLIENTS, "returned", "ripe"),
            better=1,
        ),
        Metric(
            name="visit_interval_median_days",
            label=_("Days between visits"),
            about=_("The median of days since the same client's visit before."),
            shape=Shape.PERCENTILE,
            unit=Unit.DAYS,
            event_time=VISIT_TIME,
            parts=(Part(rows=GAPS, den="1"),),
            column="gap",
            tenths=5,
        ),
    ),
)
