"""One account: how it fares, its addresses and settings, switching it off and on, deleting it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections import accounts, addresses, catalogue, condition, errands, forms, kinds, silence, unread
from connections.models import Connection, ConnectionState, Errand, InboundEvent, Quarantined, Trouble
from connections.views import calls, connecting, parts
from tenants import audit
from tenants.models import Role, new_token
from tenants.roles import needs
from work.rows import State

# Secrets that the provider repeats or signs with; others of ours belong to nobody outside.
ROTATED = frozenset({"secret", "secret_token", "verify_token"})


@needs(Role.MANAGER)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One account; one that is still being connected shows how that goes."""
    connection = parts.channel_or_404(pk)
    if connection.state == ConnectionState.NEW:
        return connecting.unfinished(request, connection)
    errand = errands.latest(connection)
    provider = parts.provider(connection)
    asks = kinds.calls(connection.kind, connection.account)
    owner = parts.is_owner(request)
    context: dict[str, Any] = {
        "connection": connection,
        "condition": condition.of(connection),
        "provider": condition.provider_of(connection),
        "offer": catalogue.offer(connection.kind, provider),
        "asks": asks,
        "owner": owner,
        "health": _tiles(connection, asks=asks),
        "lines": parts.progress(connection, errand),
        "under_way": errands.under_way(errand),
        "failure": _failed_change(connection, errand),
        "events": InboundEvent.objects.filter(connection=connection).defer("raw").order_by("-id")[:10],
        "unread": unread.of(connection)[:10],
        "quarantined": Quarantined.objects.filter(connection=connection).count(),
        "snippet": addresses.snippet(connection),
        "by_hand": catalogue.by_hand(connection.kind, provider),
        **connecting.test_of(connection),
        **calls.context(request, connection),
    }
    if owner:
        context |= {
            "hook_url": addresses.hook_address(connection),
            "secrets": _secrets(connection),
            "steps": catalogue.steps(connection.kind, provider),
            "bodies": catalogue.bodies(connection.kind, provider),
            "name_form": forms.NameForm(initial={"name": connection.name}),
        }
    return render(request, "connections/detail.html", context)


def _tiles(connection: Connection, *, asks: bool) -> list[dict[str, Any]]:
    """Signs of life, each with its moment or with the reason why there is none."""
    found: list[dict[str, Any]] = [
        {
            "label": _("Last event"),
            "at": connection.last_event_at,
            "reason": "" if connection.last_event_at else _("nothing came in yet"),
        }
    ]
    off = connection.state == ConnectionState.OFF
    if asks and not off:
        dead = connection.state == ConnectionState.BROKEN or connection.trouble == Trouble.TOKEN
        lost = connection.trouble in (Trouble.HOOK, Trouble.TAKEN)
        told_by_hand = catalogue.by_hand(connection.kind, parts.provider(connection))
        unknown = connection.accepted_at is None
        found += [
            {
                "label": _("Key"),
                "value": _("not accepted") if dead else _("accepted"),
                "tone": "loss" if dead else "gain",
                "note_at": connection.trouble_at if dead else connection.accepted_at,
                "reason": _("not asked yet") if unknown and not dead else "",
            },
        ]
        if not told_by_hand:
            found.append(
                {
                    "label": _("Our address there"),
                    "value": _("not registered") if lost else _("registered"),
                    "tone": "loss" if lost else "gain",
                    "note_at": connection.checked_at,
                    "reason": _("not asked yet") if unknown else "",
                }
            )
        if connection.waiting is not None:
            found.append(
                {
                    "label": _("Waits at the provider"),
                    "number": connection.waiting,
                    "tone": "wait" if connection.waiting else "",
                }
            )
    if silence.matters(connection.kind) and not off:
        gap = connection.usual_gap
        found.append(
            {
                "label": _("Longest usual quiet"),
                "value": silence.in_words(dt.timedelta(seconds=gap)) if gap else "",
                "reason": "" if gap else _("learnt from the first weeks"),
            }
        )
    return found


def _failed_change(connection: Connection, errand: Errand | None) -> dict[str, Any] | None:
    """What became of the last thing a person asked for, when it did not work out."""
    said = parts.failure(errand)
    if said is None or errand is None or errand.job == Errand.Job.DISCONNECT:
        return None
    return {**said, "kept_former": errand.sealed_settings is not None}


def _secrets(connection: Connection) -> list[dict[str, str]]:
    """Secrets of our own making: what to carry to a provider that is told by hand, and what can be made anew."""
    values = accounts.own_settings(connection)
    shown = catalogue.by_hand(connection.kind, parts.provider(connection))
    return [
        {
            "name": field.name,
            "label": str(field.label),
            "value": values.get(field.name, "") if shown else "",
            "former": str(bool(values.get(f"{field.name}{accounts.FORMER}"))),
        }
        for field in _rotated(connection)
    ]


def _rotated(connection: Connection) -> list[Any]:
    fields = kinds.fields_for(connection.kind, parts.provider(connection))
    return [field for field in fields if field.generated and field.name in ROTATED]


@needs(Role.MANAGER)
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks the provider how the account is."""
    connection = parts.channel_or_404(pk)
    if connection.state in (ConnectionState.OFF, ConnectionState.NEW):
        raise Http404
    if not errands.under_way(errands.latest(connection)):
        errands.send(connection, Errand.Job.CHECK, by=parts.person(request))
    return redirect("connections:detail", pk)


@needs(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes settings: tried at the provider, and taken back when they do not work there."""
    connection = parts.channel_or_404(pk)
    if connection.state == ConnectionState.NEW:
        return redirect("connections:detail", pk)
    errand = errands.latest(connection)
    provider = parts.provider(connection)
    form = forms.of(
        connection.kind,
        provider,
        data=request.POST if request.method == "POST" else None,
        typed=_typed(connection, errand),
        kept=accounts.facts_of(connection),
    )
    if request.method == "POST" and form.is_valid():
        try:
            _change(request, connection, form)
        except ValidationError as error:
            form.take(error)
        else:
            audit.record("connection.changed", by=parts.person(request), subject=connection.kind)
            return redirect("connections:detail", pk)
    context = {
        "connection": connection,
        "offer": catalogue.offer(connection.kind, provider),
        "steps": catalogue.steps(connection.kind, provider),
        "form": form,
        "failure": _failed_change(connection, errand) if request.method == "GET" else None,
    }
    return render(
        request, "connections/settings.html", context, status=422 if request.method == "POST" else 200
    )


def _typed(connection: Connection, errand: Errand | None) -> dict[str, str]:
    """What was typed last and did not work, so that it need not be typed again."""
    if errand is None or errand.state != State.DEAD or errand.sealed_settings is None:
        return {}
    return accounts.open_settings(errand.sealed_settings, tenant_id=connection.tenant_id)


def _change(request: HttpRequest, connection: Connection, form: forms.AccountForm) -> None:
    who = parts.person(request)
    if kinds.calls(connection.kind, connection.account) and connection.state != ConnectionState.OFF:
        errands.change(connection, form.values(), clear=form.clear(), by=who)
    else:
        accounts.change_settings(connection, form.values(), clear=form.clear())
        messages.success(request, _("Kept"))


@needs(Role.OWNER)
@require_POST
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes new secrets; the former ones stay valid, so that nothing under way is refused."""
    connection = parts.channel_or_404(pk)
    fresh = {field.name: new_token(24) for field in _rotated(connection)}
    if not fresh or connection.state in (ConnectionState.OFF, ConnectionState.NEW):
        raise Http404
    who = parts.person(request)
    if kinds.calls(connection.kind, connection.account):
        errands.change(connection, fresh, by=who)
    else:
        accounts.change_settings(connection, fresh)
    audit.record("connection.secret", by=who, subject=connection.kind)
    messages.success(request, _("There is a new secret; the former one stays valid."))
    return redirect("connections:detail", pk)


@needs(Role.OWNER)
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives it another name."""
    connection = parts.channel_or_404(pk)
    form = forms.NameForm(request.POST)
    if form.is_valid():
        accounts.rename(connection, form.cleaned_data["name"])
        messages.success(request, _("Kept"))
    else:
        messages.error(request, _("A channel needs a name."))
    return redirect("connections:detail", pk)


@needs(Role.OWNER)
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switches an account off, or on again; either can be taken back from the toast."""
    connection = parts.channel_or_404(pk)
    if connection.state == ConnectionState.NEW:
        raise Http404
    off = connection.state != ConnectionState.OFF and request.GET.get("to") != "on"
    (errands.switch_off if off else errands.switch_on)(connection, by=parts.person(request))
    audit.record("connection.switched", by=parts.person(request), subject=connection.kind, off=off)
    said = _("Switched off: nothing comes in any more.") if off else _("Switched on.")
    if not request.headers.get("HX-Request"):
        messages.success(request, said)
        return redirect("connections:detail", pk)
    undo = {"undo": reverse("connections:switch", args=[pk]) + "?to=on"} if off else {}
    return parts.done(said, event="channel", **undo)


@needs(Role.OWNER)
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes it: its conversations stay, its keys go."""
    connection = parts.channel_or_404(pk)
    errands.delete(connection, by=parts.person(request))
    audit.record("connection.deleted", by=parts.person(request), subject=connection.kind)
    messages.success(request, _("“%(name)s” is deleted; its conversations stay.") % {"name": connection.name})
    return redirect("connections:index")
