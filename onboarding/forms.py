"""What the first pages ask."""

from __future__ import annotations

import zoneinfo

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from onboarding import presets
from tenants.models import Role, User

# Russia's zones by their usual names; any other stands below them.
ZONES = (
    ("Europe/Kaliningrad", _("Kaliningrad")),
    ("Europe/Moscow", _("Moscow, Saint Petersburg")),
    ("Europe/Samara", _("Samara")),
    ("Asia/Yekaterinburg", _("Yekaterinburg")),
    ("Asia/Omsk", _("Omsk")),
    ("Asia/Novosibirsk", _("Novosibirsk")),
    ("Asia/Krasnoyarsk", _("Krasnoyarsk")),
    ("Asia/Irkutsk", _("Irkutsk")),
    ("Asia/Yakutsk", _("Yakutsk")),
    ("Asia/Vladivostok", _("Vladivostok")),
    ("Asia/Magadan", _("Magadan")),
    ("Asia/Kamchatka", _("Kamchatka")),
)


def zone_choices() -> list[tuple[str, object]]:
    """Russian zones first, then all others by name."""
    named = {name for name, _label in ZONES}
    return [*ZONES, *((zone, zone) for zone in sorted(zoneinfo.available_timezones() - named))]


class StartForm(forms.Form):
    """A new tenant."""

    name = forms.CharField(label=_("Name of the business"), max_length=200)
    industry = forms.ChoiceField(label=_("What you do"), widget=forms.RadioSelect)
    timezone = forms.ChoiceField(label=_("Time zone"), initial="Asia/Omsk")
    slug = forms.SlugField(
        label=_("Address of the booking page"),
        max_length=50,
        required=False,
        help_text=_("Latin letters, digits and hyphens. Left empty, we make one from the name."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        known = [(name, preset.title) for name, preset in presets.all_presets().items()]
        self.fields["industry"].choices = [*known, ("empty", _("Something else"))]  # type: ignore[attr-defined]
        self.fields["timezone"].choices = zone_choices()  # type: ignore[attr-defined]


class InviteForm(forms.Form):
    """A colleague to invite."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MANAGER)


class JoinForm(forms.Form):
    """A colleague who joins by a link, without e-mail if need be."""

    name = forms.CharField(label=_("Your name"), max_length=150)
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_(
            "With e-mail and password you log in from any device; without them, on this device only."
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str | None:
        """One account per address."""
        email = self.cleaned_data["email"].lower() or None
        if email and User.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("This address has an account: log in with it first, then open the link.")
            )
        return email

    def clean(self) -> dict[str, object]:
        """An e-mail needs a password that is one."""
        data: dict[str, object] = super().clean() or self.cleaned_data
        if data.get("email") and not self.errors:
            try:
                validate_password(str(data.get("password") or ""))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data
