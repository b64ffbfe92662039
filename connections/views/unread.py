"""One event that could not be read: what came, and another try."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connections import payload, unread
from connections.models import InboundEvent
from connections.views import parts
from tenants.models import Role
from tenants.roles import needs


@needs(Role.MANAGER)
@require_safe
def show(request: HttpRequest, pk: int, event_id: int) -> HttpResponse:
    """What came, as readable as its bytes allow."""
    connection = parts.channel_or_404(pk)
    event = get_object_or_404(unread.of(connection), pk=event_id)
    context = {"connection": connection, "event": event, "came": payload.readable(event)}
    return render(request, "connections/unread.html", context)


@needs(Role.MANAGER)
@require_POST
def again(request: HttpRequest, pk: int, event_id: int) -> HttpResponse:
    """Has it read once more."""
    connection = parts.channel_or_404(pk)
    event = get_object_or_404(InboundEvent.objects.filter(connection=connection).defer("raw"), pk=event_id)
    if unread.again(event):
        messages.success(request, _("It is being read again. If it works, the client appears in the inbox."))
    else:
        messages.warning(request, _("It is being read, or was read already."))
    return redirect("connections:detail", connection.pk)
