"""What is asked: a salon, a period of local days, an instant it is seen at, a way to share clients among sources."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Any

from django.utils.translation import gettext as _

from economics import terms
from economics.terms import Terms
from kit import periods
from tenants.models import Tenant

BREAKDOWNS = ("source", "campaign", "channel", "staff", "service")
ATTRIBUTIONS = ("last", "first", "linear")
# Twenty years: more is a typing error, and would count for minutes.
LONGEST = dt.timedelta(days=7320)
_EARLIEST, _LATEST = dt.date(2000, 1, 1), dt.date(2100, 1, 1)


class BadQuestion(ValueError):
    """A question that cannot be answered: which parameter and why, in the reader's language."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """One report's question. `seen_at` None: as things stand, which is quicker than asking the past."""

    tenant: Tenant
    first: dt.date
    last: dt.date
    now: dt.datetime
    by: str | None = None
    attribution: str = "last"
    seen_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        for field, day in (("from", self.first), ("to", self.last)):
            if not _EARLIEST <= day < _LATEST:
                raise BadQuestion(field, _("This day is out of range."))
        if self.last < self.first:
            raise BadQuestion("to", _("The period ends before it begins."))
        if self.last - self.first > LONGEST:
            raise BadQuestion("to", _("A period is at most twenty years."))
        if self.by is not None and self.by not in BREAKDOWNS:
            raise BadQuestion("by", _("Choose one of: %(names)s.") % {"names": ", ".join(BREAKDOWNS)})
        if self.attribution not in ATTRIBUTIONS:
            names = ", ".join(ATTRIBUTIONS)
            raise BadQuestion("attribution", _("Choose one of: %(names)s.") % {"names": names})
        if self.seen_at is not None and self.seen_at.tzinfo is None:
            raise BadQuestion(
                "as_of", _("A moment needs its offset from UTC, like 2026-05-01T00:00:00+06:00.")
            )

    @functools.cached_property
    def terms(self) -> Terms:
        """The tenant's settings."""
        return terms.of(self.tenant)

    @functools.cached_property
    def period(self) -> periods.Period:
        """The instants from the first day's start up to the end of the last day."""
        return periods.days(self.first, self.last, self.tenant.zone)

    @property
    def past(self) -> bool:
        """Is it the past that is asked for, as it looked then?"""
        return self.seen_at is not None and self.seen_at < self.now

    @property
    def as_of(self) -> dt.datetime:
        """The instant after which nothing is known."""
        return self.seen_at or self.now

    @property
    def today(self) -> dt.date:
        """The local day of `as_of`."""
        return periods.local_date(self.as_of, self.tenant.zone)

    def over(self, first: dt.date, last: dt.date) -> Question:
        """The same question of another period."""
        return dataclasses.replace(self, first=first, last=last)

    def total(self) -> Question:
        """The same question without its breakdown."""
        return dataclasses.replace(self, by=None)

    def asked(self) -> dict[str, str]:
        """The question as the parameters of an address."""
        words = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        if self.attribution != "last":
            words["attribution"] = self.attribution
        if self.seen_at is not None:
            words["as_of"] = self.seen_at.isoformat()
        return words


def read(words: Any, *, tenant: Tenant, now: dt.datetime) -> Question:
    """The question in an address's parameters: from, to, by, attribution, as_of.

    Raises:
        BadQuestion: see the class.
    """
    return Question(
        tenant=tenant,
        first=_day(words, "from"),
        last=_day(words, "to"),
        by=words.get("by") or None,
        attribution=words.get("attribution") or "last",
        seen_at=_instant(words.get("as_of")),
        now=now,
    )


def _day(words: Any, name: str) -> dt.date:
    text = words.get(name)
    if not text:
        raise BadQuestion(name, _("This parameter is required: a day like 2026-04-30."))
    try:
        if len(text) != 10:
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadQuestion(name, _("Give a day like 2026-04-30.")) from error


def _instant(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    try:
        # In an address a plus means a space; people forget to write %2B.
        moment = dt.datetime.fromisoformat(
            text.strip().replace(" ", "+") if text.count(" ") == 1 and "T" in text else text
        )
        moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise BadQuestion("as_of", _("Give a moment like 2026-05-01T00:00:00+06:00.")) from error
    if not _EARLIEST.year <= moment.year < _LATEST.year:
        raise BadQuestion("as_of", _("This day is out of range."))
    return moment
