"""Reads the fields of one row of a ledger file, each by its kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from economics.ledger.refusal import Refused
from kit.text import storable

MOST = Decimal(10) ** 9


class Fields:
    """One row: `list` and `id` for messages, and a reader for each kind of value."""

    def __init__(self, where: str, row: Any) -> None:
        if not isinstance(row, Mapping):
            raise Refused(where, "", _("a row is not an object"))
        self.where, self.row = where, row
        self.id = ""
        self.id = self.text("id", longest=100)

    def refuse(self, field: str, why: str) -> Refused:
        """An error that names this row and the field."""
        return Refused(self.where, self.id, f"{field}: {why}" if field else why)

    def has(self, name: str) -> bool:
        """Is the field there, with a value?"""
        return self.row.get(name) is not None

    def _required(self, name: str) -> Any:
        if not self.has(name):
            raise self.refuse(name, _("is missing"))
        return self.row[name]

    def text(self, name: str, *, longest: int = 200, default: str | None = None) -> str:
        """A string that the database can hold."""
        if default is not None and not self.has(name):
            return default
        value = self._required(name)
        if not isinstance(value, str) or len(value) > longest or storable(value) != value:
            raise self.refuse(name, _("is no text of up to %(longest)d characters") % {"longest": longest})
        if not value and default is None:
            raise self.refuse(name, _("is missing"))
        return value

    def choice(self, name: str, known: Collection[str], *, default: str | None = None) -> str:
        """One of a few words."""
        value = self.text(name, longest=50, default=default)
        if value not in known:
            raise self.refuse(name, _("is none of %(known)s") % {"known": ", ".join(known)})
        return value

    def flag(self, name: str) -> bool:
        """True or false; absent is false."""
        value = self.row.get(name, False)
        if value not in (True, False, None):
            raise self.refuse(name, _("is neither true nor false"))
        return bool(value)

    def whole(self, name: str, *, default: int | None = None, lowest: int = 0, highest: int = 10**7) -> int:
        """A whole number."""
        value = self.row.get(name)
        if value is None and default is not None:
            return default
        value = self._required(name)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise self.refuse(name, _("is no whole number from %(lowest)d on") % {"lowest": lowest})
        return value

    def money(self, name: str, *, default: str | None = None, negative: bool = False) -> Decimal:
        """Rubles in a string, at most two places."""
        value = self.row.get(name)
        if value is None and default is not None:
            value = default
        if isinstance(value, (bool, float)) or value is None:
            raise self.refuse(name, _('is no sum like "1500.00"'))
        try:
            amount = Decimal(str(value))
        except InvalidOperation as error:
            raise self.refuse(name, _('is no sum like "1500.00"')) from error
        if not amount.is_finite() or abs(amount) > MOST:
            raise self.refuse(name, _('is no sum like "1500.00"'))
        if amount != amount.quantize(Decimal("0.01")):
            raise self.refuse(name, _("has a fraction of a kopeck"))
        if amount < 0 and not negative:
            raise self.refuse(name, _("is negative"))
        return amount.quantize(Decimal("0.01"))

    def instant(self, name: str) -> dt.datetime:
        """A moment with its offset."""
        return self._moment(name, self._required(name))

    def instant_or_none(self, name: str) -> dt.datetime | None:
        """The same, or None."""
        return self._moment(name, self.row[name]) if self.has(name) else None

    def _moment(self, name: str, value: Any) -> dt.datetime:
        try:
            moment = dt.datetime.fromisoformat(value)
            if moment.tzinfo is None or not 2000 <= moment.year < 2100:
                raise ValueError
        except (TypeError, ValueError) as error:
            raise self.refuse(
                name, _("is no moment with an offset, like 2026-04-01T10:00:00+06:00")
            ) from error
        return moment

    def day(self, name: str) -> dt.date:
        """A local date."""
        try:
            day = dt.date.fromisoformat(self._required(name))
            if not 1900 <= day.year < 2100:
                raise ValueError
        except (TypeError, ValueError) as error:
            raise self.refuse(name, _("is no day like 2026-04-01")) from error
        return day

    def key(self, name: str, known: Collection[str], *, optional: bool = False) -> str | None:
        """The id of a row of another list."""
        if optional and not self.has(name):
            return None
        value = self.text(name, longest=100)
        if value not in known:
            raise self.refuse(name, _("there is no %(id)s") % {"id": value})
        return value

    def rows(self, name: str) -> list[Any]:
        """A list; absent is empty."""
        value = self.row.get(name) or []
        if not isinstance(value, list):
            raise self.refuse(name, _("is no list"))
        return value
