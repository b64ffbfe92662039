"""Forms of this room."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from economics.models import Spend, SpendKind
from economics.spending import Entry


class SpendForm(forms.Form):
    """Money spent in a month, or between two days."""

    kind = forms.ChoiceField(label=gettext_lazy("What for"), choices=SpendKind.choices, initial=SpendKind.ADS)
    source = forms.CharField(
        label=gettext_lazy("Source"),
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "What brought people: avito, yandex_direct, 2gis. Empty: for everything at once."
        ),
        widget=forms.TextInput(attrs={"list": "known-sources", "autocomplete": "off"}),
    )
    campaign = forms.CharField(label=gettext_lazy("Campaign"), required=False, max_length=200)
    amount = forms.DecimalField(
        label=gettext_lazy("Sum"),
        max_digits=12,
        decimal_places=2,
        help_text=gettext_lazy("0 is an answer too: nothing was spent."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "mz-num", "autocomplete": "off"}),
    )
    month = forms.CharField(
        label=gettext_lazy("Month"),
        required=False,
        widget=forms.TextInput(attrs={"type": "month"}),
        max_length=7,
    )
    first_day = forms.DateField(
        label=gettext_lazy("or from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last_day = forms.DateField(
        label=gettext_lazy("to"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)

    @classmethod
    def of(cls, row: Spend) -> SpendForm:
        """The form of a row that is there."""
        first, last = row.first_day, row.last_day
        whole = first.day == 1 and last == _last_of_month(first)
        initial = {name: getattr(row, name) for name in ("kind", "source", "campaign", "amount", "note")}
        if whole:
            initial["month"] = first.strftime("%Y-%m")
        else:
            initial |= {"first_day": first, "last_day": last}
        return cls(initial=initial)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = args[0] if args else kwargs.get("data")
        if given is not None and given.get("amount"):
            # People type a comma, and spaces between thousands.
            given = given.copy()
            given["amount"] = "".join(given["amount"].split()).replace("\u2212", "-").replace(",", ".")
            args = (given, *args[1:]) if args else args
            kwargs = kwargs if args else kwargs | {"data": given}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Either a month or two days."""
        found = super().clean() or {}
        if found.get("month"):
            try:
                first = dt.datetime.strptime(found["month"], "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
            except ValueError:
                raise ValidationError({"month": _("Give a month like 2026-04.")}) from None
            found["first_day"], found["last_day"] = first, _last_of_month(first)
        elif not (found.get("first_day") and found.get("last_day")) and not {"first_day", "last_day"} & set(
            self.errors
        ):
            raise ValidationError({"month": _("Say when: a month, or two days.")})
        return found

    def entry(self) -> Entry:
        """What was typed."""
        given = self.cleaned_data
        return Entry(
            kind=given["kind"], source=given["source"], campaign=given["campaign"], first_day=given["first_day"],
            last_day=given["last_day"], amount=given["amount"], note=given["note"],
        )  # fmt: skip

    def refuse(self, error: ValidationError) -> None:
        """Puts the domain's words beside the fields they are about."""
        names = {"from": "first_day", "to": "last_day"}
        for field, words in error.message_dict.items():
            name = names.get(field, field)
            for text in words:
                self.add_error(name if name in self.fields else None, text)


def _last_of_month(first: dt.date) -> dt.date:
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
