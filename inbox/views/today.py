"""The page "Today": what is asked of whoever looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from bookings import lifecycle
from bookings.models import Booking
from bookings.reserve import Refused
from inbox import announce, holding, queue, today
from inbox.views import parts
from leads import tasks
from leads.models import Task
from tenants import clock
from tenants.models import Role
from tenants.roles import needs

MARKS: dict[str, tuple[Callable[..., Booking], Any]] = {
    "arrive": (lifecycle.arrive, gettext_lazy("Arrived")),
    "complete": (lifecycle.complete, gettext_lazy("The visit took place")),
    "no-show": (lifecycle.no_show, gettext_lazy("Did not come")),
}


class TaskForm(forms.Form):
    """A to-do typed by hand."""

    text = forms.CharField(label=gettext_lazy("What is to be done"), max_length=500)
    due = forms.DateTimeField(
        label=gettext_lazy("When"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    to = forms.ChoiceField(label=gettext_lazy("For whom"), required=False)

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Anybody")), *people]


def _people() -> list[tuple[str, str]]:
    return [(str(user.pk), user.get_full_name()) for user in holding.colleagues()]


def _context(request: HttpRequest) -> dict[str, Any]:
    seat = request.seat  # type: ignore[attr-defined]
    now = clock.now()
    day = today.of(parts.person(request), seat.role, now=now, zone=timezone.get_current_timezone())
    return {"day": day, "now": now, "manager": parts.answers(request)}


@needs(Role.MASTER)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The whole page; `?part=day` is its inside."""
    context = _context(request)
    if request.GET.get("part") == "day":
        unread = {"data": queue.unread()} if parts.answers(request) else None
        return parts.triggers(render(request, "inbox/_today.html", context), unread=unread)
    return render(request, "inbox/today.html", context | parts.shell(request, count=True))


def _renewed(request: HttpRequest, say: dict[str, str] | None) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return parts.gone_to(request, "inbox:today", say)
    response = render(request, "inbox/_today_renewed.html", _context(request))
    return parts.triggers(response, toast=say)


def _task_or_404(request: HttpRequest, task_id: int) -> Task:
    seat = request.seat  # type: ignore[attr-defined]
    return get_object_or_404(today.tasks_of(parts.person(request), seat.role), pk=task_id)


@needs(Role.MANAGER)
def new_task(request: HttpRequest) -> HttpResponse:
    """The dialog for a to-do by hand, and its keeping."""
    now = clock.now()
    if request.method != "POST":
        soon = timezone.localtime(now).replace(minute=0, second=0) + dt.timedelta(hours=1)
        form = TaskForm(people=_people(), initial={"due": soon.replace(tzinfo=None)})
        return render(request, "inbox/_task.html", {"form": form})
    form = TaskForm(request.POST, people=_people())
    if not form.is_valid():
        return render(request, "inbox/_task_form.html", {"form": form}, status=422)
    given = form.cleaned_data
    tasks.open_task(
        given["text"].strip(),
        due_at=given["due"] or now,
        now=now,
        assignee=next((user for user in holding.colleagues() if str(user.pk) == given["to"]), None),
        by=parts.person(request),
    )
    response = _renewed(request, parts.toast(_("Added")))
    return parts.closing_dialog(response)


@needs(Role.MASTER)
@require_POST
def done(request: HttpRequest, task_id: int) -> HttpResponse:
    """Marks a to-do done."""
    task = _task_or_404(request, task_id)
    tasks.close(task, by=parts.person(request), now=clock.now())
    announce.today()
    return _renewed(request, parts.toast(_("Done"), undo=parts.undo("task-reopen", task.pk)))


@needs(Role.MASTER)
@require_POST
def reopen_task(request: HttpRequest, task_id: int) -> HttpResponse:
    """Takes that back, unless the same cause has a newer to-do."""
    task = _task_or_404(request, task_id)
    same = Task.objects.filter(key=task.key, done_at=None).exclude(pk=task.pk)
    if task.done_at is not None and not (task.key and same.exists()):
        tasks.reopen(task)
        announce.today()
    return _renewed(request, None)


@needs(Role.MANAGER)
@require_POST
def give_task(request: HttpRequest, task_id: int) -> HttpResponse:
    """Gives a to-do to a colleague ("" is anybody)."""
    task = _task_or_404(request, task_id)
    before = task.assignee_id
    wanted = request.POST.get("to", request.GET.get("to", ""))
    to = next((user for user in holding.colleagues() if str(user.pk) == wanted), None)
    if wanted == "me":
        to = parts.person(request)
    elif wanted and to is None:
        raise Http404
    task.assignee = to
    task.save(update_fields=["assignee"])
    announce.today()
    said = _("Given to %(name)s") % {"name": to.get_full_name()} if to else _("Anybody's now")
    if "to" in request.GET:  # an undo needs no undo of its own
        return _renewed(request, None)
    return _renewed(request, parts.toast(said, undo=parts.undo("task-give", task.pk, to=before or "")))


@needs(Role.MASTER)
@require_POST
def mark_visit(request: HttpRequest, booking_id: int, mark: str) -> HttpResponse:
    """Marks how a visit went, in one tap."""
    seat = request.seat  # type: ignore[attr-defined]
    user = parts.person(request)
    booking = get_object_or_404(today.visits_of(user, seat.role), pk=booking_id)
    step, word = MARKS[mark]
    try:
        step(booking, now=clock.now(), user=user)
    except Refused as reason:
        return _renewed(request, parts.toast(str(reason), tone="loss"))
    name = booking.attendee or booking.contact or _("Guest")
    said = f"{name}: {word}"
    return _renewed(request, parts.toast(said, undo=parts.undo("unmark-visit", booking.pk)))


@needs(Role.MASTER)
@require_POST
def unmark_visit(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Takes the last mark back."""
    seat = request.seat  # type: ignore[attr-defined]
    user = parts.person(request)
    booking = get_object_or_404(today.visits_of(user, seat.role), pk=booking_id)
    try:
        lifecycle.reopen(booking, now=clock.now(), user=user)
    except Refused as reason:
        return _renewed(request, parts.toast(str(reason), tone="loss"))
    return _renewed(request, None)
