"""Forms of this room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connections.models import Connection
from leads.links import Entry


class LinkForm(forms.Form):
    """A link, a QR code or a number for one place."""

    name = forms.CharField(
        label=_("Where it stands"), max_length=100, help_text=_("A flyer, the shop window, a post, an ad.")
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=100,
        help_text=_("As in your spend: vk, yandex, avito, 2gis, flyer."),
        widget=forms.TextInput(attrs={"list": "known-sources", "autocomplete": "off"}),
    )
    campaign = forms.CharField(label=_("Campaign"), max_length=200, required=False)
    target = forms.ChoiceField(label=_("Leads to"), required=False)
    number = forms.CharField(
        label=_("or a phone number printed only there"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, channels: list[Connection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._channels = {str(channel.pk): channel for channel in channels}
        target = self.fields["target"]
        assert isinstance(target, forms.ChoiceField)
        target.choices = [("", _("the booking page")), *((pk, str(c)) for pk, c in self._channels.items())]

    def entry(self) -> Entry:
        """What was filled in, once the form is valid."""
        given = self.cleaned_data
        return Entry(
            name=given["name"],
            source=given["source"],
            campaign=given["campaign"],
            connection=self._channels.get(given["target"]),
            number=given["number"],
        )
