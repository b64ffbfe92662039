"""The catalogue, connecting an account, and following how it goes."""

from __future__ import annotations

from typing import Any

import segno
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections import accounts, addresses, catalogue, condition, errands, forms, kinds
from connections.models import Connection, ConnectionState, Errand
from connections.views import parts
from integrations import registry
from tenants import audit, clock
from tenants.models import Role
from tenants.roles import needs


@needs(Role.MANAGER)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is connected and how it fares, what can be."""
    channels = [
        {"connection": each, "condition": condition.of(each), "provider": condition.provider_of(each)}
        for each in Connection.objects.filter(deleted_at=None).order_by("id")
        if each.kind in registry.channels and not each.account.get("history")
    ]
    context = {"channels": channels, "offers": catalogue.offers(), "owner": parts.is_owner(request)}
    return render(request, "connections/index.html", context)


@needs(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """The page of a kind: numbered steps, and what is pasted at their end."""
    if kind not in registry.channels:
        raise Http404
    choices = kinds.providers(kind)
    provider = request.GET.get(kinds.PROVIDER, "")
    if choices and provider not in dict(choices):
        found = [catalogue.offer(kind, value) for value, _label in choices]
        pairs = list(zip([value for value, _label in choices], found, strict=True))
        return render(
            request, "connections/provider.html", {"offer": catalogue.offer(kind), "providers": pairs}
        )
    provider = provider if choices else ""
    form = forms.of(kind, provider, data=request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        calls = kinds.guide(kind, provider).asks_provider
        try:
            made = accounts.create(
                kind, settings=form.values(), state=ConnectionState.NEW if calls else ConnectionState.OK
            )
        except ValidationError as error:
            form.take(error)
        else:
            audit.record("connection.created", by=parts.person(request), subject=kind)
            if calls:
                errands.send(made, Errand.Job.CONNECT, by=parts.person(request))
            return redirect("connections:detail", made.pk)
    return render(
        request,
        "connections/add.html",
        _connecting(kind, provider, form),
        status=422 if request.method == "POST" else 200,
    )


def _connecting(kind: str, provider: str, form: forms.AccountForm) -> dict[str, Any]:
    return {
        "offer": catalogue.offer(kind, provider),
        "steps": catalogue.steps(kind, provider),
        "form": form,
        "provider": provider,
        "ours": bool(kinds.platform(kind)),
        "unreachable": catalogue.wants_address(kind, provider) and not addresses.reachable(),
    }


def unfinished(
    request: HttpRequest, connection: Connection, *, form: forms.AccountForm | None = None
) -> HttpResponse:
    """The page of an account that is still being connected: its progress, or what went wrong and the form again."""
    errand = errands.latest(connection)
    provider = parts.provider(connection)
    owner = parts.is_owner(request)
    if form is None:
        form = forms.of(connection.kind, provider, typed=accounts.own_settings(connection) if owner else {})
    context = {
        **_connecting(connection.kind, provider, form),
        "connection": connection,
        "lines": parts.progress(connection, errand),
        "under_way": errands.under_way(errand),
        "failure": parts.failure(errand),
        "owner": owner,
    }
    status = 422 if form.is_bound else 200
    return render(request, "connections/connecting.html", context, status=status)


@needs(Role.OWNER)
@require_POST
def connect(request: HttpRequest, pk: int) -> HttpResponse:
    """Tries again: an unfinished account with what was typed now, a standing one with what it has."""
    connection = parts.channel_or_404(pk)
    if errands.under_way(errands.latest(connection)):
        return redirect("connections:detail", pk)
    if connection.state == ConnectionState.NEW:
        provider = parts.provider(connection)
        form = forms.of(connection.kind, provider, data=request.POST)
        if not form.is_valid():
            return unfinished(request, connection, form=form)
        try:
            accounts.change_settings(connection, form.values(), clear=form.clear())
        except ValidationError as error:
            form.take(error)
            return unfinished(request, connection, form=form)
    elif connection.state == ConnectionState.OFF:
        raise Http404
    errands.send(connection, Errand.Job.CONNECT, by=parts.person(request))
    return redirect("connections:detail", pk)


@needs(Role.MANAGER)
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress as a part of its page, which asks for it while somebody is at it."""
    connection = parts.channel_or_404(pk)
    errand = errands.latest(connection)
    if not errands.under_way(errand):
        return parts.again(reverse("connections:detail", args=[pk]))
    slow = errand is not None and (clock.now() - errand.created_at).total_seconds() > 20
    context = {
        "connection": connection,
        "lines": parts.progress(connection, errand),
        "under_way": True,
        "slow": slow,
    }
    return render(request, "connections/_progress.html", context)


@needs(Role.MANAGER)
@require_safe
def heard(request: HttpRequest, pk: int) -> HttpResponse:
    """The test step, which turns green by itself with the first event."""
    connection = parts.channel_or_404(pk)
    if connection.last_event_at is not None:
        return parts.again(reverse("connections:detail", args=[pk]))
    return render(request, "connections/_test.html", {"connection": connection, **test_of(connection)})


def test_of(connection: Connection) -> dict[str, Any]:
    """What a test by hand needs: where to write, as a link and as a code for a phone's camera."""
    public = addresses.public_address(connection)
    found: dict[str, Any] = {"public": public}
    if public:
        found["qr"] = segno.make(public).svg_data_uri(scale=6, border=2)
    return found
