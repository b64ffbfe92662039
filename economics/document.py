"""docs/metrics.md, written from the registry: what every figure is, what it is made of, when a row counts."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from economics import listing, metrics
from economics.metric import Family, Metric, Part, Shape

_SHAPES = {
    Shape.COUNT: "rows, counted",
    Shape.MONEY: "amounts, summed",
    Shape.SHARE: "rows that fit ÷ rows",
    Shape.RATE: "amount ÷ amount",
    Shape.MEAN: "amount ÷ rows",
    Shape.COST: "amount ÷ new clients",
    Shape.PERCENTILE: "the value of a real row",
    Shape.STEPS: "a cost per head ÷ what a visit leaves, rounded up",
}
_RULES = """
Every figure is counted from rows, and every figure opens these very rows: `economics/metrics.py` holds one
entry a figure, `economics/rowsets/` the SQL of the rows, and page, API, export and this file all read from
there. This file is written by `manage.py metrics_document`; a test fails when it is out of date.

## Rules that hold for all

**Time.** A period is two local days, both included; the salon's zone decides, and 00:00:00 belongs to the new
day. Each figure has one event time, and a row is in the period of its event time. Figures of adjoining periods
add up wherever adding makes sense. `as_of` asks the past: what was recorded later does not exist, so April as
of 1 May is April as it looked then. A look from now reads the columns of a visit; a look from the past reads
its story (`BookingChange`).

**Money.** Decimal rubles with two places. An amount that hangs on a row (a master's share, VAT, the handling of
a lead, one day of a spend, one touch's part of it) is rounded half up on the row; totals are sums of rounded
rows. A ratio is rounded once, at the end. When an amount is split, the kopecks left over go to the earliest
parts.

**What never counts.** Test contacts, leads and visits, with all that hangs on them. Spam leads (the time they
took stays a cost). Holds that ran out. Duplicate leads fold into the earlier one, merged contacts read as the
one that survives. A gift certificate sold is no revenue; tips stand alone.

**What stands instead of a number.** `no_data`: nothing to divide by. `no_spend`: no advertising entered for the
period; unknown is not zero, and a row of 0 is zero. `unanswered`: the wait asked for falls on a lead nobody
answered. `never`: a visit leaves nothing. Below 5 rows a share is shown as "2 of 4", below 30 with a warning.

**Intervals (95 %).** Shares: Wilson. Means over visits: Student's t, from 5 visits on. Costs per new client:
Byar's interval of the number of clients. A change against the period before is shown only when it is more than
chance would make of it (Newcombe, Welch, or a comparison of two Poisson rates).

**Attribution.** `source` is what brought a person, `channel` where they write. The path to a lead, or to the
booking of a client's first visit, is made of the touches of all leads of the person: not later, not older than
the window, and after the last visit. `last` takes the last touch, `first` the first, `linear` all in equal
parts. An empty path is the row "not known", never spread over others. Old clients and anonymous visits are in
that row too. Rows add up to the total in every model. A visit with several services belongs to the first of
them.

**What is read from where.** A visit's money is its items less its discount; what was paid, given back, tipped
or kept by a bank comes from money events (`economics.MoneyEvent`), and from `Booking.paid` where there are
none. The first answer, its human part and the last word come from the lead. The figures see what the rooms
below wrote, in the same moment.
"""


def markdown() -> str:
    """The whole file."""
    with translation.override("en"):
        chapters = ["# Figures", _RULES.strip(), *("\n".join(_family(family)) for family in metrics.FAMILIES)]
    return "\n\n".join(chapters) + "\n"


def _family(family: Family) -> Iterator[str]:
    yield f"## {family.title}\n"
    yield "| name | what it is | made of | rows | event time | rounding | interval | least rows |"
    yield "|---|---|---|---|---|---|---|---|"
    for metric in family.metrics:
        if metric.listed:
            yield _row(metric)


def _row(metric: Metric) -> str:
    cells = [
        f"`{metric.name}`",
        f"**{metric.label}.** {metric.about}",
        _SHAPES[metric.shape],
        "; ".join(dict.fromkeys(_part(part) for part in listing.parts_of(metric))),
        str(metric.event_time),
        metric.rounding,
        metric.interval_name or "–",
        str(metric.minimum) if metric.minimum else "–",
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _part(part: Part) -> str:
    where = " and ".join(condition for condition in (part.rows.where, part.where) if condition)
    text = f"{part.rows.name}: {where}" if where else part.rows.name
    if part.hit:
        text = f"{part.hit} of {text}"
    return f"{text} (paid sources)" if part.paid else text
