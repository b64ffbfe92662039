"""The client's card: beside the thread, or a page of its own on a phone."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from conversations.models import Contact
from inbox import announce, card
from inbox.views import parts
from kit import phones
from tenants import clock
from tenants.models import Role
from tenants.roles import needs


class ContactForm(forms.Form):
    """What a colleague knows better than the channel."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "data-phone": True, "autocomplete": "off"}),
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("With commas between them: regular, allergy to dye"),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("For colleagues only."),
    )

    def clean_phone(self) -> str:
        """E.164, or nothing."""
        typed = self.cleaned_data["phone"].strip()
        phone = phones.normalise(typed) if typed else ""
        if phone is None:
            raise forms.ValidationError(_("This is not a phone number: +7 913 123-45-67"))
        return phone


@needs(Role.MANAGER)
@require_safe
def show(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The card; `?part=card` is its column alone."""
    head = parts.shown(request, parts.head_or_404(conversation_id))
    context = {
        "thread": head,
        "now": head.now,
        "card": card.of(head.id, head.contact_id, now=head.now),
        "pane": "card",
        "current": head.id,
    }
    if request.GET.get("part") == "card":
        return render(request, "inbox/_card.html", context)
    lines = parts.lines(request, head)
    return render(request, "inbox/inbox.html", lines | context | parts.shell(request))


@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The dialog that changes a client's name, phone, tags and note."""
    head = parts.shown(request, parts.head_or_404(conversation_id))
    contact = Contact.objects.select_for_update().get(pk=head.contact_id)
    if request.method != "POST":
        form = ContactForm(
            initial={
                "name": contact.name,
                "phone": contact.phone,
                "tags": ", ".join(contact.tags),
                "note": contact.note,
            }
        )
        return render(request, "inbox/_contact.html", {"form": form, "thread": head})
    form = ContactForm(request.POST)
    if not form.is_valid():
        return render(request, "inbox/_contact_form.html", {"form": form, "thread": head}, status=422)
    given = form.cleaned_data
    card.change(
        contact,
        name=given["name"],
        phone=given["phone"],
        tags=given["tags"].split(","),
        note=given["note"],
        now=clock.now(),
    )
    announce.thread(head.id)
    response = parts.answer(request, conversation_id, say=parts.toast(_("Kept")), card=True)
    return parts.closing_dialog(response)
