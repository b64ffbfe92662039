"""Telephony with an ordinary mobile number: what to dial so that missed calls come here, and a call to try it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from connections import testcall
from connections.models import Connection
from connections.views import parts
from integrations.telephony import forwarding
from kit import phones
from tenants import clock
from tenants.models import Role
from tenants.roles import needs

KIND = "telephony"


def _phone(label: Any, help_text: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "tel", "data-phone": True, "autocomplete": "tel"})
    return forms.CharField(label=label, help_text=help_text, max_length=30, widget=widget)


class ForwardingForm(forms.Form):
    """Whose phone forwards, and to which number."""

    to = _phone(gettext_lazy("Your number at the provider"), gettext_lazy("Missed calls go there."))
    operator = forms.ChoiceField(
        label=gettext_lazy("Operator of your mobile phone"),
        choices=[(key, operator.name) for key, operator in forwarding.OPERATORS.items()],
    )

    def clean_to(self) -> str:
        """The number in full."""
        number = phones.normalise(self.cleaned_data["to"], "RU")
        if number is None:
            raise forms.ValidationError(_("This is no phone number."))
        return number


class TestCallForm(forms.Form):
    """From which phone the owner will call."""

    phone = _phone(
        gettext_lazy("From which phone will you call?"),
        gettext_lazy("Any phone but the forwarded one: call your own number and do not pick up."),
    )


def context(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    """What the account's page shows of calls; nothing for other kinds and for colleagues who are no owners."""
    if connection.kind != KIND or not parts.is_owner(request):
        return {}
    asked = "to" in request.GET
    form = ForwardingForm(request.GET if asked else None, initial={"operator": "mts"})
    found: dict[str, Any] = {
        "forwarding": form,
        "test_call_form": TestCallForm(),
        "test_call": testcall.standing(connection, now=clock.now()),
    }
    if asked and form.is_valid():
        operator = forwarding.OPERATORS[form.cleaned_data["operator"]]
        codes = forwarding.codes(form.cleaned_data["to"])
        found |= {
            "operator": operator,
            "codes": [(code, forwarding.dial_link(code.on)) for code in codes],
            "cancel": forwarding.cancel(),
            "cancel_link": forwarding.dial_link(forwarding.cancel()),
        }
    return found


@needs(Role.OWNER)
@require_POST
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Waits for a test call."""
    connection = _telephony_or_404(pk)
    form = TestCallForm(request.POST)
    if form.is_valid() and testcall.begin(connection, form.cleaned_data["phone"], now=clock.now()):
        return redirect("connections:detail", pk)
    if form.is_valid():
        form.add_error("phone", _("This is no phone number."))
    standing = testcall.standing(connection, now=clock.now())
    found = {"connection": connection, "test_call_form": form, "test_call": standing}
    return render(request, "connections/_test_call.html", found, status=422)


@needs(Role.OWNER)
@require_safe
def waiting(request: HttpRequest, pk: int) -> HttpResponse:
    """The part that waits for the call and turns green."""
    connection = _telephony_or_404(pk)
    found = {
        "connection": connection,
        "test_call_form": TestCallForm(),
        "test_call": testcall.standing(connection, now=clock.now()),
    }
    return render(request, "connections/_test_call.html", found)


def _telephony_or_404(pk: int) -> Connection:
    connection = parts.channel_or_404(pk)
    if connection.kind != KIND:
        raise Http404
    return connection
