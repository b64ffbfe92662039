"""How spend, figures and their rows look in the API, and what it takes."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from economics import spending
from economics.models import Spend, SpendKind
from economics.spending import Entry

_SOURCE = "What brought people: yandex_direct, avito, 2gis … Empty: not tied to a source"
_CHANNEL = "A channel in place of a source"


class SpendSerializer(serializers.Serializer[Spend]):
    """Money spent on a day, or spread over the days from–to."""

    id = serializers.IntegerField(read_only=True)
    date = serializers.DateField(required=False, help_text="The one day; in place of from and to")
    channel_kind = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=20, help_text=_CHANNEL
    )
    campaign = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=200)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, help_text="Negative: a correction")
    kind = serializers.ChoiceField(choices=SpendKind.choices, required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Adds from and to, which are words of Python, and source, which is one of DRF."""
        fields = super().get_fields()
        fields["source"] = serializers.CharField(
            required=False, allow_null=True, allow_blank=True, max_length=100, help_text=_SOURCE
        )
        fields["from"] = serializers.DateField(required=False, help_text="First local day")
        fields["to"] = serializers.DateField(required=False, help_text="Last local day, inclusive")
        return fields

    def to_representation(self, row: Spend) -> dict[str, Any]:
        """The row; `date` is its first day."""
        return {
            "id": row.pk,
            "date": row.first_day.isoformat(),
            "from": row.first_day.isoformat(),
            "to": row.last_day.isoformat(),
            "channel_kind": row.source if row.source in spending.CHANNEL_KINDS else None,
            "source": row.source or None,
            "campaign": row.campaign or None,
            "amount": str(row.amount),
            "kind": row.kind,
            "note": row.note,
        }

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """One way to say the days, one way to say the source."""
        if "date" in data and ("from" in data or "to" in data):
            raise serializers.ValidationError({"date": [_("Give either date, or from and to.")]})
        if self.instance is None and "date" not in data:
            for name in ("from", "to"):
                if name not in data:
                    raise serializers.ValidationError({name: [_("Give date, or from and to.")]})
        channel = data.get("channel_kind")
        if channel and channel not in spending.CHANNEL_KINDS:
            names = ", ".join(sorted(spending.CHANNEL_KINDS))
            raise serializers.ValidationError(
                {"channel_kind": [_("Choose one of: %(names)s.") % {"names": names}]}
            )
        if channel and data.get("source") not in (None, "", channel):
            raise serializers.ValidationError({"source": [_("Give either channel_kind or source.")]})
        return data

    def entry(self) -> Entry:
        """What the request says, over what the row says."""
        given, row = self.validated_data, self.instance
        first: dt.date = given.get("date") or given.get("from") or row.first_day  # type: ignore[union-attr]
        last: dt.date = given.get("date") or given.get("to") or row.last_day  # type: ignore[union-attr]
        source = row.source if row else ""
        if "source" in given or "channel_kind" in given:
            source = given.get("channel_kind") or given.get("source") or ""
        return Entry(
            kind=given.get("kind", row.kind if row else SpendKind.ADS),
            source=source,
            campaign=given.get("campaign", row.campaign if row else "") or "",
            first_day=first,
            last_day=last,
            amount=given.get("amount", row.amount if row else None),
            note=given.get("note", row.note if row else ""),
        )


@functools.cache
def _metric() -> serializers.Serializer[Any]:
    return inline_serializer(
        "Metric",
        {
            "value": serializers.JSONField(
                allow_null=True, help_text="Whole number, decimal string, or null"
            ),
            "numerator": serializers.JSONField(required=False),
            "denominator": serializers.JSONField(required=False),
            "ci_low": serializers.FloatField(required=False, allow_null=True, help_text="95 % interval"),
            "ci_high": serializers.FloatField(required=False, allow_null=True),
            "confidence": serializers.ChoiceField(
                choices=["none", "too_few", "few", "enough"], required=False
            ),
            "reason": serializers.ChoiceField(
                choices=["no_data", "no_spend", "unanswered", "never"], required=False
            ),
            "rows_url": serializers.CharField(help_text="The rows behind the figure"),
        },
    )


def report_schema() -> serializers.Serializer[Any]:
    """The report, for OpenAPI."""
    return inline_serializer(
        "EconomicsReport",
        {
            "from": serializers.DateField(),
            "to": serializers.DateField(),
            "by": serializers.CharField(allow_null=True),
            "attribution": serializers.CharField(),
            "as_of": serializers.DateTimeField(),
            "timezone": serializers.CharField(),
            "currency": serializers.CharField(),
            "metrics": serializers.DictField(child=_metric(), help_text="Name → figure"),
            "rows": serializers.ListField(
                child=serializers.DictField(), help_text="One object a key, null last"
            ),
        },
    )


def rows_schema() -> serializers.Serializer[Any]:
    """A page of rows, for OpenAPI."""
    row = inline_serializer(
        "FigureRow",
        {
            "kind": serializers.ChoiceField(
                choices=["lead", "booking", "visit", "client", "spend", "message"]
            ),
            "id": serializers.IntegerField(),
            "at": serializers.DateTimeField(help_text="The moment that decides the period"),
            "contact": serializers.IntegerField(allow_null=True),
            "title": serializers.CharField(),
            "detail": serializers.CharField(),
            "numerator": serializers.JSONField(help_text="What the row adds to the figure's numerator"),
            "denominator": serializers.JSONField(),
            "value": serializers.IntegerField(
                allow_null=True, help_text="Of a percentile: the row's own value"
            ),
        },
        many=True,
    )
    return inline_serializer(
        "FigureRows",
        {
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
            "metric": _metric(),
            "results": row,
        },
    )
