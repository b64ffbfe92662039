"""Raw leads: what came in and could not be read."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from conversations.models import Conversation
from inbox import announce, raw
from inbox.views import parts
from kit import phones
from leads.models import Lead, LeadStatus
from tenants import clock
from tenants.models import Role
from tenants.roles import needs

MOST = 100


class AdoptForm(forms.Form):
    """Who it was."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "data-phone": True, "autocomplete": "off"}),
    )

    def clean_phone(self) -> str:
        """E.164, or nothing."""
        typed = self.cleaned_data["phone"].strip()
        phone = phones.normalise(typed) if typed else ""
        if phone is None:
            raise forms.ValidationError(_("This is not a phone number: +7 913 123-45-67"))
        return phone

    def clean(self) -> None:
        """A person has a name or a phone."""
        if not self.errors and not (self.cleaned_data["name"].strip() or self.cleaned_data["phone"]):
            raise forms.ValidationError(_("Type a name or a phone."))


@needs(Role.MANAGER)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All that nobody has dealt with."""
    context = {"leads": list(raw.standing()[:MOST]), "now": clock.now()}
    return render(request, "inbox/raw.html", context | parts.shell(request, count=True))


@needs(Role.MANAGER)
@require_safe
def show(request: HttpRequest, lead_id: int) -> HttpResponse:
    """One of them, as readable as its bytes allow."""
    return _page(request, _raw_or_404(lead_id), None)


def _page(request: HttpRequest, lead: Lead, form: AdoptForm | None, status: int = 200) -> HttpResponse:
    context = {
        "lead": lead,
        "now": clock.now(),
        "event": raw.readable(lead.event) if lead.event else None,
        "can_replay": raw.can_replay(lead),
        "form": form or AdoptForm(initial=raw.guess(lead.event) if lead.event else None),
    }
    return render(request, "inbox/raw_lead.html", context | parts.shell(request, count=True), status=status)


def _raw_or_404(lead_id: int) -> Lead:
    found = Lead.objects.select_related("event", "connection").defer("connection__sealed_settings")
    return get_object_or_404(found, pk=lead_id, contact=None)


@needs(Role.MANAGER)
@require_POST
def replay(request: HttpRequest, lead_id: int) -> HttpResponse:
    """Has it read again."""
    lead = _raw_or_404(lead_id)
    if raw.replay(lead):
        messages.success(request, _("It is being read again. If it works, the client appears in the inbox."))
    else:
        messages.warning(request, _("It is being read already."))
    return redirect("inbox:raw")


@needs(Role.MANAGER)
@require_POST
def adopt(request: HttpRequest, lead_id: int) -> HttpResponse:
    """Makes a contact of it."""
    lead = _raw_or_404(lead_id)
    form = AdoptForm(request.POST)
    if not form.is_valid():
        return _page(request, lead, form, status=422)
    given = form.cleaned_data
    contact = raw.adopt(
        lead, phone=given["phone"], name=given["name"].strip(), by=parts.person(request), now=clock.now()
    )
    announce.event("inbox")
    announce.today()
    messages.success(request, _("%(name)s is in the base now") % {"name": contact})
    thread = Conversation.objects.filter(contact=contact).order_by("-last_message_at").first()
    return redirect("inbox:thread", thread.pk) if thread else redirect("inbox:raw")


@needs(Role.MANAGER)
@require_POST
def drop(request: HttpRequest, lead_id: int) -> HttpResponse:
    """Nothing of value."""
    lead = _raw_or_404(lead_id)
    raw.drop(lead, by=parts.person(request), now=clock.now())
    announce.today()
    said = parts.toast(_("Put away"), undo=parts.undo("restore-raw", lead.pk))
    return parts.gone_to(request, "inbox:raw", said)


@needs(Role.MANAGER)
@require_POST
def restore(request: HttpRequest, lead_id: int) -> HttpResponse:
    """Takes that back."""
    lead = _raw_or_404(lead_id)
    if lead.status == LeadStatus.LOST:
        raw.restore(lead, now=clock.now())
        announce.today()
    return parts.gone_to(request, "inbox:raw", parts.toast(_("It is back in the list")))
