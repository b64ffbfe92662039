"""The registry: every figure Marzha shows, by its name. Page, API, export and documentation all come from it."""

from __future__ import annotations

from economics.families import acquisition, answer, attendance, leads, loyalty, money
from economics.metric import Family, Metric

FAMILIES: tuple[Family, ...] = (
    leads.FAMILY,
    answer.FAMILY,
    acquisition.FAMILY,
    attendance.FAMILY,
    money.FAMILY,
    loyalty.FAMILY,
)
ALL: dict[str, Metric] = {metric.name: metric for family in FAMILIES for metric in family.metrics}
LISTED: tuple[str, ...] = tuple(name for name, metric in ALL.items() if metric.listed)

# What a row of a breakdown holds, in its order. `overspend` is counted from two of its neighbours.
ROWS: dict[str, tuple[str, ...]] = {
    "source": (
        "leads", "leads_booked", "conversion_lead_booking", "spend_ads", "acquisition_cost", "clients_new", "cac",
        "revenue", "contribution", "contribution_new_to_date", "romi", "overspend",
    ),
    "channel": (
        "leads", "leads_booked", "conversion_lead_booking", "answered_in_target_rate", "first_response_median_s",
    ),
    "staff": ("bookings", "bookings_completed", "no_show_rate", "revenue", "contribution"),
}  # fmt: skip
ROWS |= {"campaign": ROWS["source"], "service": ROWS["staff"]}


class UnknownMetric(KeyError):
    """There is no metric of this name."""


def get(name: str) -> Metric:
    """The metric of a name.

    Raises:
        UnknownMetric: see the class.
    """
    try:
        return ALL[name]
    except KeyError as error:
        raise UnknownMetric(name) from error


def columns(by: str | None) -> tuple[Metric, ...]:
    """The metrics in a row of a breakdown."""
    return tuple(ALL[name] for name in ROWS[by] if name in ALL) if by else ()


def counted(names: tuple[str, ...]) -> tuple[Metric, ...]:
    """Metrics that have to be counted to know `names`: those made of others bring the others in."""
    wanted = dict.fromkeys(names)
    for name in names:
        wanted |= dict.fromkeys(get(name).of)
    return tuple(get(name) for name in wanted)
