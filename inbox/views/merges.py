"""Two contacts who may be one person: the questions of all, and the answers, each of which can be undone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import merging
from conversations.models import Contact, Merge, MergeSuggestion
from inbox import announce, merges
from inbox.views import parts
from tenants import clock
from tenants.models import Role
from tenants.roles import needs


@needs(Role.MANAGER)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Everybody who may be somebody else; read again by itself."""
    context = {"questions": merges.questions(), "now": clock.now()}
    return render(request, "inbox/merges.html", context | parts.shell(request, count=True))


@needs(Role.MANAGER)
@require_POST
def accept(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """One person."""
    suggestion = _suggestion_or_404(suggestion_id)
    try:
        done = merging.accept(suggestion, by=parts.person(request), now=clock.now())
    except merging.SamePerson:
        return _answer(request, parts.toast(_("They are one person already")))
    survivor = Contact.objects.get(pk=done.survivor_id)
    said = _("One person now: %(name)s") % {"name": survivor}
    return _answer(request, parts.toast(said, undo=parts.undo("merge-undo", done.pk)))


@needs(Role.MANAGER)
@require_POST
def dismiss(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Two people."""
    suggestion = _suggestion_or_404(suggestion_id)
    merging.dismiss(suggestion, by=parts.person(request), now=clock.now())
    said = _("Two people: you will not be asked again")
    return _answer(request, parts.toast(said, undo=parts.undo("merge-ask-again", suggestion.pk)))


@needs(Role.MANAGER)
@require_POST
def ask_again(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Takes "two people" back."""
    suggestion = get_object_or_404(MergeSuggestion.objects.select_for_update(of=("self",)), pk=suggestion_id)
    if suggestion.state == MergeSuggestion.State.DISMISSED:
        merging.ask_again(suggestion)
    return _answer(request, None)


@needs(Role.MANAGER)
@require_POST
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Makes two of one again."""
    done = get_object_or_404(Merge, pk=merge_id)
    try:
        merging.undo(done, by=parts.person(request), now=clock.now())
    except merging.AlreadyApart:
        return _answer(request, None)
    return _answer(request, parts.toast(_("Two people again")))


def _suggestion_or_404(suggestion_id: int) -> MergeSuggestion:
    return get_object_or_404(
        MergeSuggestion.objects.select_for_update(of=("self",)).select_related("contact", "other"),
        pk=suggestion_id,
        state=MergeSuggestion.State.OPEN,
    )


def _answer(request: HttpRequest, say: dict[str, str] | None) -> HttpResponse:
    """Cards and lists on the screen read themselves again; without htmx it is the way to the list."""
    announce.today()
    response = parts.gone_to(request, "inbox:merges", say)
    if response.status_code == 204:
        parts.triggers(response, toast=say, reread={}, inbox={}, card={}, live__reread={})
    return response
