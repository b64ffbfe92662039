"""Spend by hand: added, changed, taken back and put back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Min, QuerySet
from django.utils.translation import gettext as _

from economics.models import Spend, SpendKind
from kit.text import storable
from leads.models import Lead
from tenants import audit
from tenants.models import User

# A channel may be named where a source is asked for; then people who write there without a better source are meant.
CHANNEL_KINDS = frozenset(
    {
        "webchat",
        "form",
        "telegram",
        "whatsapp",
        "instagram",
        "vk",
        "max",
        "avito",
        "telephony",
        "sms",
        "email",
    }
)
LONGEST = dt.timedelta(days=3653)
MOST = Decimal(10) ** 10
_FIELDS = ("kind", "source", "campaign", "first_day", "last_day", "amount", "note")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """What one spend says. `amount` in rubles; a negative one corrects an earlier row."""

    kind: str
    source: str
    campaign: str
    first_day: dt.date
    last_day: dt.date
    amount: Decimal
    note: str = ""


def standing() -> QuerySet[Spend]:
    """The rows that count."""
    found: QuerySet[Spend] = Spend.objects.filter(removed_at__isnull=True)
    return found


def add(entry: Entry, *, by: User | None, now: dt.datetime) -> Spend:
    """A new row.

    Raises:
        ValidationError: a field makes no sense.
    """
    checked = _checked(entry)
    row = Spend.objects.create(**checked, created_by=by, created_at=now)
    audit.record("spend.added", by=by, subject=str(row.pk), **_facts(checked))
    return row


def change(row: Spend, entry: Entry, *, by: User | None) -> Spend:
    """Other values for a row.

    Raises:
        ValidationError: a field makes no sense.
    """
    checked = _checked(entry)
    before = {name: getattr(row, name) for name in _FIELDS}
    if before != checked:
        for name, value in checked.items():
            setattr(row, name, value)
        row.save(update_fields=list(_FIELDS))
        audit.record(
            "spend.changed", by=by, subject=str(row.pk), before=_facts(before), after=_facts(checked)
        )
    return row


def remove(row: Spend, *, by: User | None, now: dt.datetime) -> None:
    """Takes a row back; it counts nowhere any more."""
    row.removed_at = now
    row.save(update_fields=["removed_at"])
    audit.record("spend.removed", by=by, subject=str(row.pk))


def restore(row: Spend, *, by: User | None) -> None:
    """Puts a row back that was taken back."""
    row.removed_at = None
    row.save(update_fields=["removed_at"])
    audit.record("spend.restored", by=by, subject=str(row.pk))


def known_sources() -> list[str]:
    """Sources that leads came from or that money was spent on, for a form's suggestions."""
    spent = standing().exclude(source="").values_list("source", flat=True).distinct()[:200]
    came = (
        Lead.objects.exclude(source="")
        .values("source")
        .annotate(first=Min("id"))
        .values_list("source", flat=True)
    )
    return sorted({*spent, *came[:200]})


def _checked(entry: Entry) -> dict[str, Any]:
    wrong: dict[str, list[str]] = {}
    if entry.kind not in SpendKind.values:
        wrong["kind"] = [_("Choose one of: %(names)s.") % {"names": ", ".join(SpendKind.values)}]
    if entry.last_day < entry.first_day:
        wrong["to"] = [_("The period ends before it begins.")]
    elif entry.last_day - entry.first_day > LONGEST:
        wrong["to"] = [_("One row covers at most ten years.")]
    if not dt.date(2000, 1, 1) <= entry.first_day or entry.last_day >= dt.date(2100, 1, 1):
        wrong["from"] = [_("This day is out of range.")]
    if not entry.amount.is_finite() or abs(entry.amount) >= MOST:
        wrong["amount"] = [_("This sum is out of range.")]
    elif entry.amount != entry.amount.quantize(Decimal("0.01")):
        wrong["amount"] = [_("A sum has at most two places after the point.")]
    if entry.campaign and not entry.source:
        wrong["source"] = [_("A campaign needs its source.")]
    if wrong:
        raise ValidationError(wrong)
    return {
        "kind": entry.kind,
        "source": storable(entry.source).strip()[:100],
        "campaign": storable(entry.campaign).strip()[:200],
        "first_day": entry.first_day,
        "last_day": entry.last_day,
        "amount": entry.amount.quantize(Decimal("0.01")),
        "note": storable(entry.note).strip()[:200],
    }


def _facts(values: dict[str, Any]) -> dict[str, str]:
    return {
        name: str(values[name]) for name in ("kind", "source", "campaign", "first_day", "last_day", "amount")
    }
