"""One thread: read, answered, noted, seen."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import outbox, uploads
from conversations.models import Conversation, MediaFile, Message, Note
from inbox import announce, closing, reading
from inbox import thread as threads
from inbox.views import parts
from kit.text import storable
from tenants import clock
from tenants.models import Role
from tenants.roles import needs

LONGEST_NOTE = 5000
MOST_FILES = 10


@needs(Role.MANAGER)
@require_safe
def thread(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The page of a thread; `?part=thread` is its column alone, for a list that stays where it is."""
    head = parts.head_or_404(conversation_id)
    context = parts.lines(request, head) | {"pane": "thread", "current": head.id}
    if request.GET.get("part") == "thread":
        return render(request, "inbox/_opened.html", context)
    return render(request, "inbox/inbox.html", context | parts.shell(request))


@needs(Role.MANAGER)
@require_safe
def lines(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The lines again from where the page begins (`since`), or a page of older ones (`before`)."""
    head = parts.head_or_404(conversation_id)
    before = threads.moment(request.GET.get("before", ""))
    if before is not None:
        return render(request, "inbox/_older.html", parts.lines(request, head, before=before))
    since = threads.moment(request.GET.get("since", ""))
    return render(request, "inbox/_renewed.html", parts.lines(request, head, since=since))


@needs(Role.MANAGER)
@require_POST
def reply(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Sends an answer. `client_key` is made by the page, so that a repeat is one message.

    `file` are tokens of files handed in before; `attached` the files themselves, from a page without scripts.
    """
    thread = parts.locked_or_404(conversation_id)
    text = storable(request.POST.get("text", "")).strip()
    key = storable(request.POST.get("client_key", "")).strip()[:80]
    now = clock.now()
    user = parts.person(request)
    try:
        attached = _attached(request, thread, now=now)
        if not text and not attached:
            return parts.refused(request, conversation_id, _("Write something first."))
        key = f"inbox:{user.pk}:{key or now.isoformat()}"
        outbox.reply(thread, text=text, by=user, key=key, now=now, files=attached)
    except (outbox.CannotWrite, uploads.CannotAttach, uploads.Gone) as reason:
        return parts.refused(request, conversation_id, str(reason))
    closing.reopen(thread, by=user, now=now)
    reading.drop_draft(thread)
    return parts.answer(request, conversation_id)


def _attached(request: HttpRequest, thread: Conversation, *, now: dt.datetime) -> list[MediaFile]:
    """The files that go with a reply, in their order.

    Raises:
        uploads.Gone, uploads.CannotAttach: see the classes.
    """
    owner = uploads.colleague(parts.person(request).pk)
    tokens = [token[:43] for token in request.POST.getlist("file") if token]
    if len(tokens) > MOST_FILES:
        raise uploads.CannotAttach(_("Send up to %(most)d files at once.") % {"most": MOST_FILES})
    found = uploads.handed_in(tokens, owner=owner) if tokens else []
    for upload in request.FILES.getlist("attached")[: MOST_FILES - len(found)]:
        found.append(
            uploads.hand_in(
                upload,
                tenant_id=thread.tenant_id,
                owner=owner,
                capabilities=uploads.capabilities_of(thread),
                now=now,
            )
        )
    return found


@needs(Role.MANAGER)
@require_POST
def send_again(request: HttpRequest, message_id: int) -> HttpResponse:
    """A new attempt at a message that failed or is uncertain."""
    message = get_object_or_404(Message.objects.select_related("conversation"), pk=message_id)
    try:
        outbox.send_again(message, now=clock.now())
    except outbox.NotFailed as reason:
        return parts.refused(request, message.conversation_id, str(reason))
    announce.today()
    return parts.answer(request, message.conversation_id)


@needs(Role.MANAGER)
@require_POST
def note(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """A note for colleagues beside the thread."""
    thread = parts.locked_or_404(conversation_id)
    text = storable(request.POST.get("text", "")).strip()[:LONGEST_NOTE]
    if not text:
        return parts.refused(request, conversation_id, _("Write something first."))
    kept = Note.objects.create(
        conversation=thread, user=parts.person(request), text=text, created_at=clock.now()
    )
    announce.thread(thread.pk)
    said = parts.toast(_("Noted. Clients do not see it."), undo=parts.undo("drop-note", kept.pk))
    return parts.answer(request, conversation_id, say=said)


@needs(Role.MANAGER)
@require_POST
def drop_note(request: HttpRequest, note_id: int) -> HttpResponse:
    """Takes one's own note back."""
    kept = get_object_or_404(Note, pk=note_id)
    if kept.user_id != parts.person(request).pk:
        raise Http404
    kept.delete()
    announce.thread(kept.conversation_id)
    return parts.answer(request, kept.conversation_id)


@needs(Role.MANAGER)
@require_POST
def draft(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Keeps what is being written."""
    thread = get_object_or_404(Conversation, pk=conversation_id)
    reading.keep_draft(thread, request.POST.get("text", ""), by=parts.person(request).pk)
    return HttpResponse(status=204)


@needs(Role.MANAGER)
@require_POST
def seen(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Somebody has the newest words on their screen."""
    thread = parts.locked_or_404(conversation_id)
    upto = request.POST.get("upto", "")
    if not (upto.isascii() and upto.isdigit() and len(upto) < 19):
        return parts.bad_request()
    changed = reading.seen(thread, upto=int(upto))
    response = HttpResponse(status=204)
    return parts.triggers(response, inbox={"data": conversation_id}) if changed else response
