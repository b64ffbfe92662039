"""What colleagues and clients fill in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core import validators
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import hours, wish
from bookings.models import Addon, DayOff, Service, Staff
from conversations.models import Contact
from kit import phones
from kit.templatetags import marzha

_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _phone_field(**kwargs: Any) -> forms.CharField:
    attrs = {"type": "tel", "data-phone": "", "autocomplete": "tel", "inputmode": "tel"}
    return forms.CharField(
        label=gettext_lazy("Phone"), max_length=40, widget=forms.TextInput(attrs=attrs), **kwargs
    )


def _clean_phone(text: str) -> str:
    if not text:
        return ""
    phone = phones.normalise(text)
    if phone is None:
        raise forms.ValidationError(_("This is no phone number: write it as +7 913 123-45-67."))
    return phone


def priced(row: Service | Addon) -> str:
    """A service or an add-on as one line: its name, time and price."""
    parts = [
        row.name,
        *([str(marzha.minutes(row.minutes))] if row.minutes else []),
        str(marzha.money(row.price)),
    ]
    return " · ".join(parts)


def _find_start(form: forms.Form) -> None:
    """Sets `starts_at`: a free time offered after a refusal (`alt`), else the day with the chosen or typed minute."""
    given = form.cleaned_data
    clock = given.get("other") or given.get("time")
    if offered := wish.moment(form.data.get("alt")):
        given["starts_at"] = offered
    elif clock and given.get("day"):
        given["starts_at"] = dt.datetime.combine(given["day"], clock, timezone.get_current_timezone())
    elif not clock and not form.errors.keys() & {"time", "other"}:
        form.add_error("time", _("Choose a time."))


class NewVisitForm(forms.Form):
    """A visit made at the desk."""

    services = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Services"), coerce=int, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one service.")},
    )  # fmt: skip
    addons = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Add-ons"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    staff = forms.TypedChoiceField(label=gettext_lazy("Master"), coerce=int, required=False, empty_value=None)
    day = forms.DateField(label=gettext_lazy("Day"), widget=_DATE)
    time = forms.TimeField(label=gettext_lazy("Time"), required=False)
    other = forms.TimeField(
        label=gettext_lazy("Another minute"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    contact = forms.IntegerField(required=False, widget=forms.HiddenInput)
    conversation = forms.IntegerField(required=False, widget=forms.HiddenInput)
    phone = _phone_field(required=False)
    name = forms.CharField(label=gettext_lazy("Client's name"), max_length=200, required=False)
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        *args: Any,
        services: list[Service],
        addons: list[Addon],
        staff: list[Staff],
        any_master: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._choices("services", [(s.pk, priced(s)) for s in services])
        self._choices("addons", [(a.pk, priced(a)) for a in addons])
        anybody = [("", _("Any who is free"))] if any_master else []
        self._choices("staff", [*anybody, *((s.pk, s.name) for s in staff)])

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField | forms.TypedMultipleChoiceField)
        field.choices = choices

    def clean_phone(self) -> str:
        """As E.164."""
        return _clean_phone(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        """A minute and a person must be given."""
        given = self.cleaned_data
        _find_start(self)
        if given.get("contact"):
            given["person"] = Contact.objects.filter(pk=given["contact"]).first()
            if given["person"] is None:
                self.add_error("phone", _("There is no such client any more."))
        elif not given.get("phone") and "phone" not in self.errors and given.get("name"):
            self.add_error(
                "phone", _("Without a phone nobody can be reminded: ask for it, or leave both empty.")
            )
        return given


class MoveForm(forms.Form):
    """Where a visit goes."""

    staff = forms.TypedChoiceField(label=gettext_lazy("Master"), coerce=int)
    day = forms.DateField(label=gettext_lazy("Day"), widget=_DATE)
    time = forms.TimeField(label=gettext_lazy("Time"), required=False)
    other = forms.TimeField(
        label=gettext_lazy("Another minute"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )

    def __init__(self, *args: Any, staff: list[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["staff"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(s.pk, s.name) for s in staff]

    def clean(self) -> dict[str, Any]:
        """A minute must be given."""
        _find_start(self)
        return self.cleaned_data


class ClientForm(forms.Form):
    """Who books on the public page."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    phone = _phone_field()
    # People do not see it; robots fill in everything.
    website = forms.CharField(
        label=gettext_lazy("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def clean_phone(self) -> str:
        """As E.164."""
        return _clean_phone(self.cleaned_data["phone"])

    def clean_website(self) -> str:
        """Empty."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("Leave this empty"))
        return ""


# ---------------------------------------------------------------- the catalogue
class _LinkedChoices(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return priced(obj) if isinstance(obj, Addon | Service) else str(obj)


class ServiceForm(forms.ModelForm):
    """A line of the price list."""

    synonyms = forms.CharField(
        label=gettext_lazy("Clients also say"), required=False, max_length=1000,
        help_text=gettext_lazy("Other words for it, separated by commas: the assistant will know them."),
    )  # fmt: skip
    staff = _LinkedChoices(
        label=gettext_lazy("Who does it"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )
    addons = _LinkedChoices(
        label=gettext_lazy("Add-ons offered with it"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Service
        fields = ("name", "category", "minutes", "buffer_minutes", "price", "cost")
        labels = {
            "name": gettext_lazy("What it is called"),
            "category": gettext_lazy("Group"),
            "minutes": gettext_lazy("Minutes"),
            "buffer_minutes": gettext_lazy("Minutes to tidy up afterwards"),
            "price": gettext_lazy("Price"),
            "cost": gettext_lazy("What one visit costs you in materials"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._links("staff", Staff.objects.filter(active=True).order_by("position", "name"), "staff_links")
        self._links("addons", Addon.objects.filter(active=True).order_by("name"), "addon_links")
        _bounded(self, minutes=(1, 1440), buffer_minutes=(0, 1440), price=(0, None), cost=(0, None))
        for name in ("buffer_minutes", "cost"):
            self.fields[name].required = False
        self.initial["synonyms"] = ", ".join(self.instance.synonyms)

    def _links(self, name: str, rows: Any, links: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = rows
        if self.instance.pk:
            self.initial[name] = list(
                getattr(self.instance, links).values_list(f"{name.removesuffix('s')}_id", flat=True)
            )
        elif name == "staff":
            self.initial[name] = [row.pk for row in rows]
        if not rows:
            del self.fields[name]

    def clean_buffer_minutes(self) -> int:
        """None is none."""
        return self.cleaned_data["buffer_minutes"] or 0

    def clean_cost(self) -> Any:
        """None is none."""
        return self.cleaned_data["cost"] or 0

    def clean_synonyms(self) -> list[str]:
        """Each word once."""
        words = [word.strip()[:100] for word in self.cleaned_data["synonyms"].split(",")]
        return list(dict.fromkeys(word for word in words if word))


class AddonForm(forms.ModelForm):
    """What is offered on top."""

    class Meta:
        model = Addon
        fields = ("name", "minutes", "price", "cost", "script")
        labels = {
            "name": gettext_lazy("What it is called"),
            "minutes": gettext_lazy("Minutes it adds"),
            "price": gettext_lazy("Price"),
            "cost": gettext_lazy("What it costs you in materials"),
            "script": gettext_lazy("Words to offer it with"),
        }
        widgets = {"script": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bounded(self, minutes=(0, 1440), price=(0, None), cost=(0, None))
        for name in ("minutes", "cost"):
            self.fields[name].required = False

    def clean_minutes(self) -> int:
        """None is none."""
        return self.cleaned_data["minutes"] or 0

    def clean_cost(self) -> Any:
        """None is none."""
        return self.cleaned_data["cost"] or 0


class StaffForm(forms.ModelForm):
    """A master with weekly hours: two shifts a day leave a break between them."""

    user = forms.TypedChoiceField(
        label=gettext_lazy("Signs in as"), coerce=int, required=False, empty_value=None,
        help_text=gettext_lazy("So that their own day comes first in the calendar."),
    )  # fmt: skip

    class Meta:
        model = Staff
        fields = ("name", "share_percent")
        labels = {
            "name": gettext_lazy("Name"),
            "share_percent": gettext_lazy("Share of the price, %"),
        }

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bounded(self, share_percent=(0, 100))
        self.fields["share_percent"].required = False
        user = self.fields["user"]
        assert isinstance(user, forms.TypedChoiceField)
        user.choices = [("", _("Does not sign in")), *people]
        self.initial["user"] = self.instance.user_id
        week = hours.format_week(self._shifts())
        self.shifts = max([2, *(len(times) // 2 for times in week.values())])
        for name in hours.WEEKDAYS:
            times = week.get(name, [])
            for place in range(self.shifts * 2):
                value = times[place] if place < len(times) else ""
                self.fields[f"{name}_{place}"] = forms.CharField(
                    required=False,
                    max_length=5,
                    initial="00:00" if value == "24:00" else value,
                    label=_("%(shift)d: to") % {"shift": place // 2 + 1}
                    if place % 2
                    else _("%(shift)d: from") % {"shift": place // 2 + 1},
                    widget=forms.TimeInput(attrs={"type": "time"}),
                )

    def clean_share_percent(self) -> Any:
        """None is none."""
        return self.cleaned_data["share_percent"] or 0

    def _shifts(self) -> Iterable[Any]:
        if self.instance.pk:
            return self.instance.hours.all()
        usual = [dt.time(10), dt.time(19)]
        return [hours.Shift(weekday, *usual) for weekday in range(1, 6)]

    def week(self) -> list[dict[str, Any]]:
        """Rows for the page: a weekday with its pairs of fields."""
        names = (
            _("Monday"),
            _("Tuesday"),
            _("Wednesday"),
            _("Thursday"),
            _("Friday"),
            _("Saturday"),
            _("Sunday"),
        )
        return [
            {
                "label": label,
                "fields": [self[f"{name}_{place}"] for place in range(self.shifts * 2)],
                "errors": self.errors.get(f"{name}_0"),
            }
            for name, label in zip(hours.WEEKDAYS, names, strict=True)
        ]

    def clean(self) -> dict[str, Any]:
        """Shifts, or what is wrong with a day's."""
        given = self.cleaned_data
        written: dict[str, list[str]] = {}
        for name in hours.WEEKDAYS:
            times = [given.get(f"{name}_{place}", "")[:5] for place in range(self.shifts * 2)]
            pairs = [pair for pair in zip(times[::2], times[1::2], strict=True) if any(pair)]
            if any(not all(pair) for pair in pairs):
                self.add_error(f"{name}_0", _("Give both times, or none."))
            written[name] = [time for pair in sorted(pairs) for time in pair]
        if not self.errors:
            try:
                given["shifts"] = hours.parse_week(written)
            except hours.BadHours as wrong:
                self.add_error(None, str(wrong))
        return given


class DayOffForm(forms.ModelForm):
    """Days without work, both included."""

    class Meta:
        model = DayOff
        fields = ("first_day", "last_day", "note")
        labels = {
            "first_day": gettext_lazy("First day"),
            "last_day": gettext_lazy("Last day"),
            "note": gettext_lazy("Note"),
        }
        widgets = {"first_day": _DATE, "last_day": _DATE}

    def clean(self) -> dict[str, Any]:
        """In order."""
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and not 0 <= (last - first).days <= 3660:
            self.add_error("last_day", _("The last day comes after the first."))
        return self.cleaned_data


def _bounded(form: forms.BaseForm, **bounds: tuple[int, int | None]) -> None:
    for name, (least, most) in bounds.items():
        field = form.fields[name]
        assert isinstance(field, forms.IntegerField | forms.DecimalField)
        field.min_value, field.max_value = least, most
        field.widget.attrs |= {"min": least} | ({"max": most} if most else {})
        field.validators.append(validators.MinValueValidator(least))
        if most:
            field.validators.append(validators.MaxValueValidator(most))
