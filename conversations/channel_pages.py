"""What an owner sets for one account beside its connection: the text after a missed call, the people they know."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from connections.models import Connection
from conversations import known_lists, private, textback
from kit.text import storable
from tenants import audit, clock, wall
from tenants.models import Role
from tenants.roles import needs

LARGEST = 20_000_000


class TextBackForm(forms.Form):
    """Whether and how a missed call is answered by a text."""

    on = forms.BooleanField(label=gettext_lazy("Answer missed calls by a text at once"), required=False)
    text = forms.CharField(
        label=gettext_lazy("In a messenger, where the caller has written to us before"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("{business} becomes your name, {link} the address of your chat."),
    )
    sms_text = forms.CharField(
        label=gettext_lazy("By SMS, to everybody else"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A Russian SMS has 70 letters, a longer text is charged as several."),
    )


@needs(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def text_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The text that answers a missed call; a text left as ours follows our words when they change."""
    connection = get_object_or_404(Connection, pk=pk)
    if connection.kind != "telephony":
        raise Http404
    tenant = wall.entered_tenant()
    choice = textback.choice_of(tenant)
    with translation.override(tenant.language):
        ours = {"text": textback.own_text(), "sms_text": textback.own_sms()}
    initial = {"on": choice.on} | {name: getattr(choice, name) or own for name, own in ours.items()}
    form = TextBackForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = {name: storable(form.cleaned_data[name]).strip() for name in ours}
        texts = {name: "" if given[name] == own else given[name] for name, own in ours.items()}
        textback.choose(tenant, textback.Choice(on=form.cleaned_data["on"], **texts))
        messages.success(request, _("Kept"))
        return redirect("conversations:text-back", pk)
    context = {
        "connection": connection,
        "form": form,
        "has_sms": Connection.objects.filter(kind="sms").exists(),
        "night_from": textback.NIGHT_FROM,
        "night_to": textback.NIGHT_TO,
    }
    return render(
        request, "conversations/text_back.html", context, status=422 if request.method == "POST" else 200
    )


class KnownForm(forms.Form):
    """A file with people."""

    file = forms.FileField(
        label=gettext_lazy("File with your people"),
        help_text=gettext_lazy("result.json of Telegram Desktop, contacts as .vcf or .csv; up to 20 MB."),
    )


def _personal_or_404(pk: int) -> Connection:
    connection = get_object_or_404(Connection, pk=pk)
    if not private.may_be_personal(connection):
        raise Http404
    return connection


@needs(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def known_people(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of people whom the owner of a personal account knows; only keyed hashes of it are kept."""
    connection = _personal_or_404(pk)
    form = KnownForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        if file.size > LARGEST:
            form.add_error("file", _("This file is too large: export without messages and pictures."))
        else:
            try:
                found = known_lists.signs(file.name or "", file.read())
            except known_lists.Unreadable as error:
                form.add_error("file", str(error))
            else:
                new = private.keep(connection, found, now=clock.now())
                audit.record("known_people.kept", by=request.user, subject=connection.kind, new=new)  # type: ignore[arg-type]
                messages.success(
                    request, _("Kept: %(all)s found, %(new)s new") % {"all": len(found), "new": new}
                )
                return redirect("conversations:known-people", pk)
    context = {"connection": connection, "form": form, "known": private.count(connection)}
    return render(
        request, "conversations/known_people.html", context, status=422 if request.method == "POST" else 200
    )


@needs(Role.OWNER)
@require_POST
def forget_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Empties the list."""
    connection = _personal_or_404(pk)
    private.forget(connection)
    audit.record("known_people.forgotten", by=request.user, subject=connection.kind)  # type: ignore[arg-type]
    messages.success(request, _("The list is empty now."))
    return redirect("conversations:known-people", pk)
