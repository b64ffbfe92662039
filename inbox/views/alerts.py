"""How a colleague is told that a client waits: browser, e-mail, Telegram; and after how many minutes."""

from __future__ import annotations

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from inbox import alerts as words
from inbox import attach, escalation
from inbox.models import AlertAddress
from inbox.views import parts
from tenants import audit, clock, wall
from tenants.models import Role
from tenants.roles import needs


class WaitForm(forms.Form):
    """The tenant's patience."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes without an answer"),
        min_value=0,
        max_value=24 * 60,
        help_text=gettext_lazy("Then somebody is told. 0 switches it off."),
    )


@needs(Role.MANAGER)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return _page(request)


def _page(request: HttpRequest, *, form: WaitForm | None = None, status: int = 200) -> HttpResponse:
    user = parts.person(request)
    tenant = wall.entered_tenant()
    context = {
        "form": form or WaitForm(initial={"minutes": escalation.minutes_of(tenant)}),
        "may_set": request.seat.role == Role.OWNER,  # type: ignore[attr-defined]
        "minutes": escalation.minutes_of(tenant),
        "by_mail": words.wants_mail(user),
        "address": AlertAddress.objects.filter(user=user).first(),
        "bots": attach.bots(),
    }
    return render(request, "inbox/alerts.html", context | parts.shell(request, count=True), status=status)


@needs(Role.MANAGER)
@require_POST
def by_mail(request: HttpRequest) -> HttpResponse:
    """Switches one's own letters on or off."""
    user = parts.person(request)
    user.settings = user.settings | {words.BY_MAIL: request.POST.get("on") == "1"}
    user.save(update_fields=["settings"])
    messages.success(request, _("Letters are on") if words.wants_mail(user) else _("Letters are off"))
    return redirect("inbox:alerts")


@needs(Role.OWNER)
@require_POST
def patience(request: HttpRequest) -> HttpResponse:
    """After how many minutes somebody is told."""
    form = WaitForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    tenant = wall.entered_tenant()
    tenant.settings = tenant.settings | {escalation.SETTING: form.cleaned_data["minutes"]}
    tenant.save(update_fields=["settings"])
    audit.record("inbox.patience", by=parts.person(request), minutes=form.cleaned_data["minutes"])
    messages.success(request, _("Kept"))
    return redirect("inbox:alerts")


@needs(Role.MANAGER)
@require_POST
def telegram(request: HttpRequest, connection_id: int) -> HttpResponse:
    """A one-time link, and its code for a phone's camera, that ties one's own Telegram."""
    bot = get_object_or_404(attach.bots_query(), pk=connection_id)
    invitation = attach.invite(parts.person(request), bot, now=clock.now())
    if invitation is None:
        messages.error(request, _("This bot has no link yet: check the channel first."))
        return redirect("inbox:alerts")
    picture = segno.make(invitation.url).svg_data_uri(scale=8, border=2)
    context = {"invitation": invitation, "qr": picture}
    return render(request, "inbox/alerts_telegram.html", context | parts.shell(request, count=True))


@needs(Role.MANAGER)
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Alerts no longer go to one's Telegram."""
    attach.detach(parts.person(request))
    messages.success(request, _("Your Telegram is untied"))
    return redirect("inbox:alerts")
