"""The settings of a kind as a form: what must be told first, the rest under "More"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections import kinds, mailboxes
from integrations.protocols.channel import Field

LONGEST = 2000
# Optional for the wire, and yet what most owners are asked for: it stands in the open.
_IN_THE_OPEN = frozenset(
    {
        "sms.login",
        "sms.sender",
        "sms.callback_secret",
        "telephony.vpbx_api_key",
        "telephony.vpbx_api_salt",
        "telephony.api_key",
        "telephony.api_secret",
        "telephony.crm_token",
        "telephony.vats_domain",
        "telephony.token",
        "telephony.account_sid",
        "telephony.auth_token",
        "telephony.forward_to",
        "form.allowed_origins",
        "whatsapp.business_account_id",
    }
)
_CLEAR = "clear-"


class AccountForm(forms.Form):
    """Made for a kind by `of`. `more` are the names that stand under "More"."""

    kind = ""
    provider = ""
    more: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()  # secrets that stand already: left empty they stay

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        return [self[name] for name in self.fields if name not in self.more]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """What few need."""
        return [self[name] for name in self.fields if name in self.more]

    @property
    def more_is_open(self) -> bool:
        """Whether something under "More" is wrong or filled in, and must be seen."""
        return any(
            field.errors or (field.value() and field.name not in self.kept) for field in self.more_fields
        )

    def clean(self) -> dict[str, Any]:
        """What a mailbox's address and password stand for."""
        found = super().clean() or {}
        password = found.pop(mailboxes.PASSWORD, "")
        if self.kind == "email" and password:
            made = mailboxes.servers(found.get(mailboxes.ADDRESS, ""), password)
            if made:
                found |= {name: found.get(name) or value for name, value in made.items()}
            elif not found.get("imap_url"):
                self.add_error(
                    mailboxes.ADDRESS,
                    _("We do not know the servers of this mail service: give its addresses under “More”."),
                )
        return found

    def values(self) -> dict[str, str]:
        """The settings as they were typed."""
        told = {
            name: str(value).strip()
            for name, value in self.cleaned_data.items()
            if not name.startswith(_CLEAR)
        }
        return told | ({kinds.PROVIDER: self.provider} if self.provider else {})

    def clear(self) -> list[str]:
        """Settings that are to have no value any more: plain ones that were emptied, secrets that were ticked."""
        emptied = [
            name
            for name in self.fields
            if not name.startswith(_CLEAR) and name not in self.kept and not self.cleaned_data.get(name)
        ]
        ticked = [
            name.removeprefix(_CLEAR)
            for name, value in self.cleaned_data.items()
            if name.startswith(_CLEAR) and value
        ]
        return emptied + ticked

    def take(self, error: ValidationError) -> None:
        """Shows what `accounts` found wrong at its field."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, texts in error.message_dict.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


def of(
    kind: str,
    provider: str = "",
    *,
    data: Any = None,
    typed: Mapping[str, str] | None = None,
    kept: Mapping[str, Any] | None = None,
) -> AccountForm:
    """A form. `typed` are values to show again, secrets too: nothing that was typed is lost. `kept` are settings that
    stand (`accounts.facts_of`): plain ones are shown, secret ones may be left empty."""
    standing = kept or {}
    made: dict[str, forms.Field] = {}
    more: set[str] = set()
    secret = set()
    for field in kinds.asked(kind, provider):
        stands = field.secret and field.name in standing
        made[field.name] = _field(field, provider, required=field.required and not stands, stands=stands)
        if stands:
            secret.add(field.name)
            if not field.required:
                made[f"{_CLEAR}{field.name}"] = forms.BooleanField(
                    label=_("%(name)s: remove it") % {"name": field.label}, required=False
                )
                more |= {f"{_CLEAR}{field.name}"}
        if not field.required and f"{kind}.{field.name}" not in _IN_THE_OPEN:
            more.add(field.name)
        if kind == "email" and field.name == mailboxes.ADDRESS and not kept:
            made[mailboxes.PASSWORD] = _mail_password()
    initial = {name: value for name, value in {**standing, **(typed or {})}.items() if value is not True}
    names = {"kind": kind, "provider": provider, "more": frozenset(more), "kept": frozenset(secret)}
    form: AccountForm = type("Account", (AccountForm,), {**made, **names})(data, initial=initial)
    return form


def _field(field: Field, provider: str, *, required: bool, stands: bool) -> forms.Field:
    help_text = field.help
    if stands:
        help_text = gettext_lazy("Kept as it is when left empty.")
    choices = [
        (value, label) for value, label in field.choices if not provider or field.name != kinds.PROVIDER
    ]
    if choices:
        return forms.ChoiceField(label=field.label, help_text=help_text, required=required, choices=choices)
    # In the open, secret or not: whoever pastes a key must see that it is whole. A key that stands is not shown.
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"})
    return forms.CharField(
        label=field.label, help_text=help_text, required=required, widget=widget, max_length=LONGEST
    )


def _mail_password() -> forms.Field:
    widget = forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=gettext_lazy("App password of the mailbox"),
        help_text=gettext_lazy(
            "For Yandex, Mail.ru, Gmail, Rambler and iCloud this is all. For other services give the addresses under"
            " “More” instead."
        ),
        required=False,
        widget=widget,
        max_length=200,
    )


class NameForm(forms.Form):
    """What an account is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
