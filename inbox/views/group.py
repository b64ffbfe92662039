"""The group of colleagues in an account's messenger: connected in three steps, looked at, taken off again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connections.models import Connection, ConnectionState
from inbox.group import attaching, doubts, plan
from inbox.group.models import StaffGroup
from inbox.views import parts
from integrations import registry
from tenants import clock
from tenants.models import Role
from tenants.roles import needs


@needs(Role.MANAGER)
@require_safe
def page(request: HttpRequest, connection_id: int) -> HttpResponse:
    """The whole page."""
    return _page(request, _account_or_404(connection_id))


@needs(Role.OWNER)
@require_POST
def code(request: HttpRequest, connection_id: int) -> HttpResponse:
    """A one-time code, and the link that says it by itself."""
    account = _account_or_404(connection_id)
    invitation = attaching.invite(account, by=parts.person(request), now=clock.now())
    return _page(request, account, invitation=invitation)


@needs(Role.OWNER)
@require_POST
def look(request: HttpRequest, group_id: int) -> HttpResponse:
    """Asks the messenger anew how the group is."""
    group = _group_or_404(group_id)
    plan.hello(group, greet=False, now=clock.now())
    messages.success(request, _("Looking: the answer appears here in a moment."))
    return redirect("inbox:group", group.connection_id)


@needs(Role.OWNER)
@require_POST
def detach(request: HttpRequest, group_id: int) -> HttpResponse:
    """Takes the group off."""
    group = _group_or_404(group_id)
    attaching.detach(group, by=parts.person(request), now=clock.now())
    said = parts.toast(
        _("The group is detached: nothing more is shown there."),
        undo=reverse("inbox:group-restore", args=[group.pk]),
    )
    return _done(request, group, said)


@needs(Role.OWNER)
@require_POST
def restore(request: HttpRequest, group_id: int) -> HttpResponse:
    """Takes that back."""
    group = _group_or_404(group_id)
    if attaching.restore(group, by=parts.person(request), now=clock.now()):
        return _done(request, group, parts.toast(_("The group is connected again")))
    return _done(request, group, parts.toast(_("There is another group by now."), tone="loss"))


@needs(Role.MANAGER)
@require_POST
def again(request: HttpRequest, group_id: int) -> HttpResponse:
    """Shows once more what may be missing in the group."""
    group = _group_or_404(group_id)
    count = doubts.again(group, now=clock.now())
    return _done(request, group, parts.toast(_("Shown once more: %(count)d") % {"count": count}))


def _account_or_404(connection_id: int) -> Connection:
    account = get_object_or_404(Connection, pk=connection_id, deleted_at=None)
    if account.kind not in registry.groups or account.state == ConnectionState.NEW:
        raise Http404
    return account


def _group_or_404(group_id: int) -> StaffGroup:
    found = StaffGroup.objects.select_for_update(of=("self",), no_key=True).select_related("connection")
    return get_object_or_404(found, pk=group_id)


def _page(
    request: HttpRequest, account: Connection, *, invitation: attaching.Invitation | None = None
) -> HttpResponse:
    group = attaching.of(account)
    context: dict[str, Any] = {
        "connection": account,
        "group": group,
        "steps": registry.groups[account.kind].steps,
        "topics": registry.groups[account.kind].capabilities.topics,
        "invitation": invitation,
        "owner": parts.is_owner(request),
        "doubts": doubts.count(group) if group else 0,
        "threads": doubts.threads(group) if group else 0,
        "works": account.state == ConnectionState.OK,
    }
    return render(request, "inbox/group.html", context | parts.shell(request, count=True))


def _done(request: HttpRequest, group: StaffGroup, said: dict[str, str]) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        messages.success(request, said["text"])
        return redirect("inbox:group", group.connection_id)
    return parts.triggers(HttpResponse(status=204), toast=said, group={"data": group.connection_id})
