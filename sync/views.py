"""The CRM's page: connect Bitrix24 by a webhook's address, see what was understood, what was pushed, what is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from connections import accounts
from connections.models import Connection, ConnectionState
from integrations import registry
from integrations.protocols import crm
from leads.models import OPEN_STATUSES, Lead
from sync import dirty, push
from sync.models import Link, Portal
from tenants import audit, clock, wall
from tenants.middleware import without_tenant
from tenants.models import Role
from tenants.roles import needs

KIND = "bitrix24"
LABELS = {
    crm.Step.NEW: gettext_lazy("New request"),
    crm.Step.TALK: gettext_lazy("In talk"),
    crm.Step.BOOKED: gettext_lazy("Booked"),
    crm.Step.CONFIRMED: gettext_lazy("Visit confirmed"),
    crm.Step.VISITED: gettext_lazy("Visited"),
    crm.Step.NO_SHOW: gettext_lazy("Did not come"),
    crm.Step.CANCELLED: gettext_lazy("Cancelled"),
    crm.Step.LOST: gettext_lazy("Lost"),
}


class PortalForm(forms.Form):
    """The address of an inbound webhook."""

    webhook_url = forms.CharField(
        label=gettext_lazy("Address of the inbound webhook"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url"}),
    )


@needs(Role.MANAGER)
def index(request: HttpRequest) -> HttpResponse:
    """The connected portal, or how to connect one."""
    connection = _connection()
    if connection is None:
        return render(request, "sync/connect.html", {"form": PortalForm()})
    portal = Portal.objects.filter(connection=connection).first()
    links = Link.objects.filter(connection=connection, kind=Link.Kind.LEAD)
    context: dict[str, Any] = {
        "connection": connection,
        "portal": portal,
        "waiting": links.filter(dirty_since__isnull=False, parked=False).count(),
        "parked": links.filter(parked=True).order_by("-id")[:20],
        "pushed": links.filter(pushed_at__isnull=False).count(),
        "last": links.filter(pushed_at__isnull=False).order_by("-pushed_at")[:10],
        "open_leads": Lead.objects.filter(status__in=OPEN_STATUSES, contact__isnull=False).count(),
    }
    if portal and portal.capabilities:
        context |= _understood(portal)
    return render(request, "sync/portal.html", context)


def _understood(portal: Portal) -> dict[str, Any]:
    capabilities = crm.Capabilities.from_dict(portal.capabilities)
    matching = crm.Matching.from_dict(portal.matching)
    pipeline = next((p for p in capabilities.pipelines if p.id == matching.pipeline), None)
    names = {stage.id: stage.name for stage in pipeline.stages} if pipeline else {}
    return {
        "capabilities": capabilities,
        "pipeline": pipeline,
        "stages": [
            (LABELS[step], names.get(stage, stage), step in matching.weak)
            for step, stage in matching.stages.items()
        ],
        "pipelines": capabilities.pipelines,
        "classic": capabilities.leads == crm.LeadMode.CLASSIC,
    }


def _connection() -> Connection | None:
    return Connection.objects.filter(kind=KIND).exclude(state=ConnectionState.OFF).order_by("-id").first()


@require_POST
@without_tenant
@needs(Role.OWNER)
def connect(request: HttpRequest) -> HttpResponse:
    """Checks the webhook at the portal and keeps it; what the portal says is told in words."""
    form = PortalForm(request.POST)
    tenant_id = request.seat.tenant_id  # type: ignore[attr-defined]
    if form.is_valid():
        with wall.tenant_tx(tenant_id):
            try:
                connection = _connection() or accounts.create(KIND, settings=form.cleaned_data)
            except ValidationError as error:
                messages.error(request, "; ".join(error.messages))
                return redirect("sync:index")
            accounts.change_settings(connection, form.cleaned_data)
            audit.record("connection.created", by=request.user, subject=KIND)  # type: ignore[arg-type]
        if push.check(tenant_id, connection.pk) is None:
            messages.success(request, _("Bitrix24 is connected. Below is what we understood of the portal."))
        return redirect("sync:index")
    return render(request, "sync/connect.html", {"form": form}, status=422)


@require_POST
@without_tenant
@needs(Role.MANAGER)
def check(request: HttpRequest) -> HttpResponse:
    """Asks the portal again and lets what waits go out."""
    tenant_id = request.seat.tenant_id  # type: ignore[attr-defined]
    with wall.tenant_tx(tenant_id):
        connection = _connection()
    if connection is not None and push.check(tenant_id, connection.pk) is None:
        with wall.tenant_tx(tenant_id):
            dirty.wake(connection, now=clock.now())
        messages.success(request, _("The portal answers; what waits goes out now."))
    return redirect("sync:index")


@require_POST
@needs(Role.OWNER)
def pipeline(request: HttpRequest) -> HttpResponse:
    """Takes another pipeline of the portal; its stages are guessed anew."""
    connection = _connection()
    portal = get_object_or_404(Portal, connection=connection)
    capabilities = crm.Capabilities.from_dict(portal.capabilities)
    wanted = request.POST.get("pipeline", "")
    chosen = [p for p in capabilities.pipelines if p.id == wanted]
    if chosen:
        # The guess takes the only pipeline it is shown.
        narrowed = crm.Capabilities.from_dict(
            capabilities.to_dict()
            | {"pipelines": [p for p in capabilities.to_dict()["pipelines"] if p["id"] == wanted]}
        )
        portal.matching = registry.crm(KIND).guess(narrowed).to_dict()
        portal.save(update_fields=["matching"])
        messages.success(request, _("New deals go to this pipeline; those that stand stay where they are."))
    return redirect("sync:index")


@require_POST
@needs(Role.OWNER)
def export(request: HttpRequest) -> HttpResponse:
    """Marks every open lead, so that the portal gets those from before the connection too."""
    now = clock.now()
    for lead in Lead.objects.select_related("contact").filter(
        status__in=OPEN_STATUSES, contact__isnull=False
    ):
        dirty.touch(lead, now=now)
    messages.success(request, _("Open requests go to Bitrix24 one after another."))
    return redirect("sync:index")


@require_POST
@needs(Role.MANAGER)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Tries a row once more that the portal refused."""
    link = get_object_or_404(Link, pk=pk, kind=Link.Kind.LEAD)
    dirty.touch(get_object_or_404(Lead.objects.select_related("contact"), pk=link.local_id), now=clock.now())
    return redirect("sync:index")


@require_POST
@needs(Role.OWNER)
def disconnect(request: HttpRequest) -> HttpResponse:
    """Ends the connection; links stay, so that connecting the same portal again makes no doubles."""
    connection = _connection()
    if connection is not None:
        connection.state = ConnectionState.OFF
        connection.save(update_fields=["state"])
        audit.record("connection.switched", by=request.user, subject=KIND, off=True)  # type: ignore[arg-type]
        messages.success(request, _("Bitrix24 is disconnected. Marzha stays the CRM, nothing is lost."))
    return redirect("sync:index")
