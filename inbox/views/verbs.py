"""What is done with a thread: whose it is, whether it is open, whether it is a client's at all."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import private
from inbox import closing, holding, losing, reading, snooze
from inbox.views import parts
from kit.templatetags import marzha
from kit.text import storable
from leads.models import Lead
from tenants import clock
from tenants.models import Role, User
from tenants.roles import needs


@needs(Role.MANAGER)
@require_safe
def people(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The menu of those a thread can be given to."""
    head = parts.head_or_404(conversation_id)
    return render(request, "inbox/_people.html", {"thread": head, "people": holding.colleagues()})


@needs(Role.MANAGER)
@require_POST
def assign(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Gives a thread to a colleague (`to`: an id), to oneself ("me") or to nobody ("")."""
    thread = parts.locked_or_404(conversation_id)
    before, by = thread.assignee_id, parts.person(request)
    wanted = request.POST.get("to", request.GET.get("to", ""))
    to: User | None = None
    if wanted == "me":
        to = by
    elif wanted:
        to = next((user for user in holding.colleagues() if str(user.pk) == wanted), None)
        if to is None:
            return parts.refused(request, conversation_id, _("There is no such colleague any more."))
    holding.assign(thread, to=to, by=by, now=clock.now())
    if to is None:
        said = _("Nobody's now: whoever is free takes it")
    elif to == by:
        said = _("Yours now")
    else:
        said = _("Given to %(name)s") % {"name": to.get_full_name()}
    undoing = "to" in request.GET
    back = parts.undo("assign", thread.pk, to=before or "")
    return parts.answer(request, conversation_id, say=None if undoing else parts.toast(said, undo=back))


@needs(Role.MANAGER)
@require_POST
def hand_back(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Lets the assistant speak here again."""
    thread = parts.locked_or_404(conversation_id)
    before = thread.assignee_id
    try:
        holding.hand_back(thread, by=parts.person(request), now=clock.now())
    except holding.AssistantOff:
        return parts.refused(
            request, conversation_id, _("The assistant is switched off: turn it on in the setup.")
        )
    back = parts.undo("assign", thread.pk, to=before or "me")
    return parts.answer(
        request, conversation_id, say=parts.toast(_("The assistant answers here again"), undo=back)
    )


@needs(Role.MANAGER)
@require_POST
def close(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Closes a thread."""
    thread = parts.locked_or_404(conversation_id)
    closing.close(thread, by=parts.person(request), now=clock.now())
    said = parts.toast(_("The conversation is closed"), undo=parts.undo("reopen", thread.pk))
    return parts.answer(request, conversation_id, say=said)


@needs(Role.MANAGER)
@require_POST
def reopen(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Opens a closed or snoozed thread; a client still unanswered waits again since their word."""
    thread = parts.locked_or_404(conversation_id)
    since = reading.unanswered_since(thread)
    closing.reopen(thread, by=parts.person(request), now=clock.now(), waiting_since=since)
    return parts.answer(request, conversation_id)


@needs(Role.MANAGER)
@require_safe
def snooze_choices(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The menu of times to put a thread off to."""
    head = parts.head_or_404(conversation_id)
    zone = timezone.get_current_timezone()
    context = {"thread": head, "choices": snooze.choices(head.now, zone), "now": head.now}
    return render(request, "inbox/_snooze.html", context)


@needs(Role.MANAGER)
@require_POST
def put_off(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Puts a thread off (`until`: a choice's name or a local time)."""
    thread = parts.locked_or_404(conversation_id)
    now = clock.now()
    until = snooze.parse(request.POST.get("until", ""), now, timezone.get_current_timezone())
    try:
        if until is None:
            raise closing.BadTime
        closing.snooze(thread, until=until, by=parts.person(request), now=now)
    except closing.BadTime:
        return parts.refused(request, conversation_id, _("Choose a moment ahead, within a year."))
    said = _("Put off: %(when)s") % {"when": marzha.when(until, now)}
    return parts.answer(request, conversation_id, say=parts.toast(said, undo=parts.undo("reopen", thread.pk)))


@needs(Role.MANAGER)
@require_POST
def silence(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Not a client."""
    thread = parts.locked_or_404(conversation_id)
    holding.silence(thread, by=parts.person(request), now=clock.now())
    said = parts.toast(
        _("Not a client: the assistant is silent here"), undo=parts.undo("unsilence", thread.pk)
    )
    return parts.answer(request, conversation_id, say=said)


@needs(Role.MANAGER)
@require_POST
def unsilence(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """A client after all."""
    thread = parts.locked_or_404(conversation_id)
    holding.unsilence(thread, by=parts.person(request), now=clock.now())
    return parts.answer(request, conversation_id)


@needs(Role.OWNER)
@require_POST
def open_up(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """A private chat is a client's after all."""
    thread = parts.locked_or_404(conversation_id)
    holding.open_up(thread, by=parts.person(request), now=clock.now())
    said = parts.toast(_("A client from now on"), undo=parts.undo("close-off", thread.pk))
    return parts.answer(request, conversation_id, say=said, card=True)


@needs(Role.OWNER)
@require_POST
def close_off(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """A chat of a personal account is private."""
    thread = parts.locked_or_404(conversation_id)
    if not private.is_personal(thread.connection.kind, thread.chat):
        return parts.refused(request, conversation_id, _("Only chats of a personal account can be private."))
    holding.close_off(thread, by=parts.person(request), now=clock.now())
    said = parts.toast(_("Private: only owners see this chat"), undo=parts.undo("open-up", thread.pk))
    return parts.answer(request, conversation_id, say=said, card=True)


@needs(Role.MANAGER)
@require_safe
def losing_dialog(request: HttpRequest, conversation_id: int, lead_id: int) -> HttpResponse:
    """Asks why a request came to nothing."""
    context = {"thread": parts.head_or_404(conversation_id), "lead_id": lead_id, "reasons": losing.REASONS}
    return render(request, "inbox/_lose.html", context)


@needs(Role.MANAGER)
@require_POST
def lose(request: HttpRequest, conversation_id: int, lead_id: int) -> HttpResponse:
    """Closes a request as lost, with a reason."""
    parts.locked_or_404(conversation_id)
    lead = get_object_or_404(Lead.objects.select_for_update(of=("self",)), pk=lead_id)
    reason = storable(request.POST.get("reason", "")).strip()[:200]
    if not reason:
        return parts.refused(
            request, conversation_id, _("Say in a word why: next month it shows where money is lost.")
        )
    before = lead.status
    try:
        losing.lose(lead, reason=reason, by=parts.person(request), now=clock.now())
    except losing.NotOpen:
        return parts.refused(request, conversation_id, _("This request is not open any more."))
    back = parts.undo("restore-lead", conversation_id, lead.pk, status=before)
    said = parts.toast(_("Lost: %(reason)s") % {"reason": reason}, undo=back)
    return parts.closing_dialog(parts.answer(request, conversation_id, say=said, card=True))


@needs(Role.MANAGER)
@require_POST
def restore_lead(request: HttpRequest, conversation_id: int, lead_id: int) -> HttpResponse:
    """Takes the loss back."""
    parts.locked_or_404(conversation_id)
    lead = get_object_or_404(Lead.objects.select_for_update(of=("self",)), pk=lead_id)
    try:
        losing.restore(lead, status=request.GET.get("status", ""), by=parts.person(request), now=clock.now())
    except losing.NotOpen:
        return parts.refused(request, conversation_id, _("This request is not lost."))
    except losing.HasAnother:
        return parts.refused(request, conversation_id, _("The client has a new request by now."))
    return parts.answer(request, conversation_id, card=True)
