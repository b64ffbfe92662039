"""Files of a thread: looked at, fetched once more, handed in to be sent; and people whose cards came in."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import contacts, media, serving, uploads
from conversations.models import Conversation, MediaFile, Message
from inbox import announce
from inbox.views import parts
from kit import phones
from kit.text import storable
from tenants import clock, wall
from tenants.middleware import without_tenant
from tenants.models import Role
from tenants.roles import needs


def _thread_or_404(request: HttpRequest, found: Conversation) -> Conversation:
    """The same thread, where this person may see it."""
    if found.is_private and not parts.is_owner(request):
        raise Http404
    return found


def _file_or_404(request: HttpRequest, file_id: int) -> MediaFile:
    rows = MediaFile.objects.select_related("message__conversation").exclude(message=None)
    file: MediaFile = get_object_or_404(rows, pk=file_id)
    assert file.message is not None
    _thread_or_404(request, file.message.conversation)
    return file


@needs(Role.MANAGER)
@require_safe
@without_tenant  # a slow reader must not hold a transaction open
def show(request: HttpRequest, file_id: int) -> Any:
    """A file to look at, to play or, with `?save`, to save."""
    with wall.tenant_tx(_tenant_id(request)):
        file = _file_or_404(request, file_id)
    return serving.answer(request, file)


@needs(Role.MANAGER)
@require_POST
def again(request: HttpRequest, file_id: int) -> HttpResponse:
    """Tries once more to fetch a file."""
    file = _file_or_404(request, file_id)
    assert file.message is not None
    thread_id = file.message.conversation_id
    if not media.again(file, now=clock.now()):
        return parts.refused(request, thread_id, _("This file is being fetched, or is there already."))
    announce.thread(thread_id)
    return parts.answer(request, thread_id)


@needs(Role.MANAGER)
@require_POST
@without_tenant  # storing may take long
def hand_in(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Takes one file (`file`) that is to be sent in this thread; its `token` goes with the reply."""
    upload = request.FILES.get("file")
    with wall.tenant_tx(_tenant_id(request)):
        threads = Conversation.objects.select_related("connection")
        thread = _thread_or_404(request, get_object_or_404(threads, pk=conversation_id))
        now, capabilities = clock.now(), uploads.capabilities_of(thread)
    if not isinstance(upload, UploadedFile):
        return JsonResponse({"message": _("Choose a file first.")}, status=400)
    try:
        file = uploads.hand_in(
            upload,
            tenant_id=_tenant_id(request),
            owner=uploads.colleague(parts.person(request).pk),
            capabilities=capabilities,
            now=now,
        )
    except uploads.CannotAttach as reason:
        return JsonResponse({"message": str(reason)}, status=409)
    return JsonResponse({"token": file.token, "kind": file.kind, "name": file.name, "size": file.size})


def _tenant_id(request: HttpRequest) -> int:
    return int(request.seat.tenant_id)  # type: ignore[attr-defined]


@needs(Role.MANAGER)
@require_POST
def keep_contact(request: HttpRequest, message_id: int) -> HttpResponse:
    """Makes a contact of a card that a client shared; one with that phone is found again."""
    rows = Message.objects.select_related("conversation")
    message = get_object_or_404(rows, pk=message_id)
    thread = _thread_or_404(request, message.conversation)
    card = next((fact for fact in message.media if fact.get("kind") == "contact"), None)
    typed = str((card or {}).get("phone") or (card or {}).get("phone_typed") or "")
    phone = phones.normalise(typed)
    if card is None or phone is None:
        return parts.refused(request, thread.pk, _("There is no phone number in this card."))
    contact = contacts.by_phone(phone, name=storable(str(card.get("name") or "")), now=clock.now())
    said = parts.toast(
        _("%(name)s is among your clients") % {"name": contact},
        href=f"{reverse('bookings:new')}?contact={contact.pk}",
        label=_("Book a visit"),
    )
    return parts.answer(request, thread.pk, say=said)
