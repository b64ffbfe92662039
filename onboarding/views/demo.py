"""The demo's own pages: its clock and the letters that no mail server took. Only in a demo."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connections.addresses import public_address
from connections.models import Connection
from onboarding.models import StoredMail
from reminders.models import Reminder
from tenants import clock, wall
from tenants.models import Role
from tenants.roles import needs

STEPS = (1, 3, 24)
MOST_HOURS = 24 * 31


@needs(Role.MANAGER)
def walk(request: HttpRequest) -> HttpResponse:
    """Where the demo begins: the client's chat, the clock, what waits for it."""
    tenant = wall.entered_tenant()
    if not tenant.is_demo:
        raise Http404
    chat = Connection.objects.filter(kind="webchat").order_by("id").first()
    now = clock.now()
    waiting = Reminder.objects.filter(due_at__gt=now, state="waiting").select_related("booking__contact")
    context = {
        "chat": public_address(chat) if chat else "",
        "now": now,
        "moved": tenant.clock_offset,
        "hours": STEPS,
        "waiting": waiting.order_by("due_at")[:10],
        "tenant": tenant,
        "mailbox": _mailbox_is_ours(),
    }
    return render(request, "onboarding/demo.html", context)


@require_POST
@needs(Role.MANAGER)
def move_clock(request: HttpRequest) -> HttpResponse:
    """Moves the clock of the demo tenant forward by hours, or to the next planned reminder."""
    now = clock.now()
    if request.POST.get("to") == "reminder":
        due = Reminder.objects.filter(due_at__gt=now, state="waiting").order_by("due_at").first()
        step = due.due_at - now if due else dt.timedelta()
    else:
        try:
            hours = int(request.POST.get("hours", ""))
        except ValueError:
            hours = 0
        step = dt.timedelta(hours=max(0, min(hours, MOST_HOURS)))
    try:
        clock.move(step)
    except clock.NotDemo as error:
        raise Http404 from error
    messages.success(request, _("The clock was moved: what became due is on its way."))
    return redirect("onboarding:demo")


def _mailbox_is_ours() -> bool:
    return settings.EMAIL_BACKEND.endswith("MailboxBackend")


@needs(Role.OWNER)
def mailbox(request: HttpRequest) -> HttpResponse:
    """Letters of the demo installation, newest first."""
    if not (settings.DEMO and _mailbox_is_ours()):
        raise Http404
    return render(request, "onboarding/mailbox.html", {"letters": StoredMail.objects.order_by("-id")[:50]})
