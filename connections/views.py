"""Channels and other accounts: what is connected and how it feels, connecting one in numbered steps."""

from __future__ import annotations

from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connections import accounts, connect
from connections.models import Connection, ConnectionState, InboundEvent, Quarantined
from integrations import registry
from integrations.errors import FAILURES
from tenants import audit, wall
from tenants.middleware import without_tenant
from tenants.models import Role
from tenants.roles import needs


def account_form(kind: str, data: Any = None) -> forms.Form:
    """The settings of a kind as a form; generated secrets are not asked."""
    asked: dict[str, forms.Field] = {}
    for field in registry.channel(kind).fields:
        if getattr(field, "generated", False):
            continue
        widget = forms.PasswordInput(render_value=True) if field.secret else forms.TextInput()
        widget.attrs["autocomplete"] = "off"
        asked[field.name] = forms.CharField(
            label=field.label, help_text=field.help, required=field.required, widget=widget, max_length=1000
        )
    return type("AccountForm", (forms.Form,), asked)(data)


@needs(Role.MANAGER)
def index(request: HttpRequest) -> HttpResponse:
    """What is connected, what can be."""
    channels = [
        c
        for c in Connection.objects.order_by("id")
        if c.kind in registry.channels and not c.account.get("history")
    ]
    offers = [(kind, wire.label, wire.guide) for kind, wire in registry.channels.items()]
    return render(request, "connections/index.html", {"channels": channels, "offers": offers})


@without_tenant
@needs(Role.OWNER)
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """Connects a channel: checks it at the provider and registers the hook, then shows it working."""
    if kind not in registry.channels:
        raise Http404
    wire = registry.channel(kind)
    form = account_form(kind, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        tenant_id = request.seat.tenant_id  # type: ignore[attr-defined]
        try:
            with wall.tenant_tx(tenant_id):
                made = accounts.create(kind, settings=form.cleaned_data)
                audit.record("connection.created", by=request.user, subject=kind)  # type: ignore[arg-type]
            connect.register(tenant_id, made.pk)
        except ValidationError as error:
            for field, texts in error.message_dict.items():
                form.add_error(field if field in form.fields else None, texts)
        except FAILURES as error:
            # Nothing works yet, so nothing is left behind.
            with wall.tenant_tx(tenant_id):
                Connection.objects.filter(pk=made.pk).delete()
            form.add_error(
                None, _("The provider says: %(reason)s") % {"reason": getattr(error, "reason", "") or error}
            )
        else:
            messages.success(request, _("Connected. Write to it as a client would."))
            return redirect("connections:detail", made.pk)
    status = 422 if request.method == "POST" else 200
    context = {"kind": kind, "label": wire.label, "guide": wire.guide, "form": form}
    return render(request, "connections/add.html", context, status=status)


@needs(Role.MANAGER)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: how it feels, its addresses, its last events."""
    connection = get_object_or_404(Connection, pk=pk)
    if connection.kind not in registry.channels:
        raise Http404
    context: dict[str, Any] = {
        "connection": connection,
        "label": registry.channel(connection.kind).label,
        "events": InboundEvent.objects.filter(connection=connection).defer("raw").order_by("-id")[:10],
        "quarantined": Quarantined.objects.filter(connection=connection).count(),
        "public": public_address(connection),
    }
    if request.seat.role == Role.OWNER:  # type: ignore[attr-defined]
        context["hook_url"] = settings.PUBLIC_URL + accounts.hook_path(connection)
    if context["public"]:
        context["qr"] = segno.make(context["public"]).svg_data_uri(scale=6, border=2)
        context["snippet"] = snippet(connection)
    return render(request, "connections/detail.html", context)


def public_address(connection: Connection) -> str:
    """Where clients find the channel, "" where there is no such address."""
    if connection.kind == "webchat":
        return f"{settings.PUBLIC_URL}/w/{accounts.token_of(connection)}/"
    return str(connection.account.get("link_base") or "") if connection.kind == "telegram" else ""


def snippet(connection: Connection) -> str:
    """The line for the owner's own site."""
    if connection.kind != "webchat":
        return ""
    return f'<script async src="{settings.PUBLIC_URL}/w/{accounts.token_of(connection)}.js"></script>'


@require_POST
@without_tenant
@needs(Role.MANAGER)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks the provider how the account is."""
    tenant_id = request.seat.tenant_id  # type: ignore[attr-defined]
    with wall.tenant_tx(tenant_id):
        get_object_or_404(Connection, pk=pk)
    try:
        health = connect.check(tenant_id, pk)
    except FAILURES as error:
        messages.error(request, _("The provider could not be asked: %(reason)s") % {"reason": error})
    else:
        if health.ok:
            messages.success(request, _("The channel is alive and reports to us."))
        else:
            messages.error(request, health.reason)
    return redirect("connections:detail", pk)


@require_POST
@needs(Role.OWNER)
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switches an account off, or on again."""
    connection = get_object_or_404(Connection, pk=pk)
    off = connection.state != ConnectionState.OFF
    connection.state = ConnectionState.OFF if off else ConnectionState.OK
    connection.save(update_fields=["state"])
    audit.record("connection.switched", by=request.user, subject=connection.kind, off=off)  # type: ignore[arg-type]
    messages.success(request, _("Switched off: nothing comes in any more.") if off else _("Switched on."))
    return redirect("connections:detail", pk)
