"""What the pages of a thread share: finding it, its context, and the answer that renews what is on the screen."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import uploads
from conversations.models import Conversation
from inbox import holding, live, queue, thread
from integrations import registry
from tenants.models import Role, User


def shell(request: HttpRequest, *, count: bool = False) -> dict[str, Any]:
    """What the frame needs for the live line of this tenant; with `count` the number of unread for its title."""
    seat = request.seat  # type: ignore[attr-defined]
    found: dict[str, Any] = {"live_url": f"{live.PATH}?tenant={seat.tenant_id}", "live_since": live.now_ms()}
    if count and answers(request):
        found["unread"] = queue.unread()
    return found


def answers(request: HttpRequest) -> bool:
    """Whether this person answers clients."""
    return bool(request.seat.role.rank >= Role.MANAGER.rank)  # type: ignore[attr-defined]


def is_owner(request: HttpRequest) -> bool:
    """Whether an owner looks: private chats of an owner's own account are shown to nobody else."""
    return bool(request.seat.role == Role.OWNER)  # type: ignore[attr-defined]


def shown(request: HttpRequest, head: thread.Head) -> thread.Head:
    """The same head, where this person may see it.

    Raises:
        Http404: it is a private chat, and this is no owner.
    """
    if head.is_private and not is_owner(request):
        raise Http404
    return head


def person(request: HttpRequest) -> User:
    """Who asks; pages here are guarded, so somebody does."""
    assert isinstance(request.user, User)
    return request.user


def head_or_404(conversation_id: int) -> thread.Head:
    """The head of a thread of this tenant."""
    found = thread.head(conversation_id)
    if found is None:
        raise Http404
    return found


def locked_or_404(conversation_id: int) -> Conversation:
    """The thread itself, locked."""
    try:
        return holding.locked(conversation_id)
    except Conversation.DoesNotExist:
        raise Http404 from None


def channel_takes(kind: str) -> bool:
    """Whether something can be sent in a channel of this kind at all."""
    return kind in registry.channels and not registry.channel(kind).capabilities.inbound_only


def lines(request: HttpRequest, head: thread.Head, **bounds: Any) -> dict[str, Any]:
    """The context of a thread's head and lines."""
    shown(request, head)
    return {
        "thread": head,
        "story": thread.story(head.id, unread=head.unread, zone=timezone.get_current_timezone(), **bounds),
        "now": head.now,
        "user": request.user,
        "can_send": channel_takes(head.kind),
        "attaching": uploads.attaching(registry.channel(head.kind).capabilities)
        if channel_takes(head.kind)
        else None,
    }


def toast(
    text: str, *, undo: str = "", tone: str = "gain", href: str = "", label: str = ""
) -> dict[str, str]:
    """A toast for `answer`."""
    said = {"text": text, "tone": tone, "undo": undo, "href": href, "label": label}
    return {key: value for key, value in said.items() if value}


def triggers(response: HttpResponse, **events: Any) -> HttpResponse:
    """Adds events for the page (`HX-Trigger`); empty ones are left out."""
    told = {name.replace("__", ":"): value for name, value in events.items() if value is not None}
    response["HX-Trigger"] = json.dumps(told)
    return response


def answer(
    request: HttpRequest, conversation_id: int, *, say: dict[str, str] | None = None, card: bool = False
) -> HttpResponse:
    """After a verb: the thread's head and lines anew, the list (and the card) told to read itself, and a toast.

    Without htmx it is the way back to the thread.
    """
    if not request.headers.get("HX-Request"):
        if say:
            messages.success(request, say["text"])
        return redirect("inbox:thread", conversation_id)
    head = head_or_404(conversation_id)
    since = thread.moment(request.POST.get("since", ""))
    response = render(request, "inbox/_renewed.html", lines(request, head, since=since))
    there = {"data": conversation_id}
    return triggers(response, toast=say, inbox=there, card=there if card else None)


def refused(request: HttpRequest, conversation_id: int, reason: str) -> HttpResponse:
    """A verb that could not be done: the reason stands above the composer."""
    if not request.headers.get("HX-Request"):
        messages.error(request, reason)
        return redirect("inbox:thread", conversation_id)
    return render(request, "inbox/_refused.html", {"reason": reason}, status=409)


def undo(name: str, *args: Any, **query: Any) -> str:
    """The address that takes a verb back."""
    return reverse(f"inbox:{name}", args=args, query=query or None)


def bad_request(text: str = "") -> HttpResponse:
    """What no page of ours sends."""
    return HttpResponse(
        text or _("This cannot be read."), status=400, content_type="text/plain; charset=utf-8"
    )


def gone_to(request: HttpRequest, name: str, say: dict[str, str] | None) -> HttpResponse:
    """Back to a page with a word; under htmx the toast comes first, with its undo, and the page reads itself."""
    if request.headers.get("HX-Request"):
        return triggers(HttpResponse(status=204), toast=say, reread={})
    if say:
        messages.success(request, say["text"])
    return redirect(name)


def closing_dialog(response: HttpResponse) -> HttpResponse:
    """Tells the dialog from which the request came to close itself."""
    if response.status_code == 200:
        told = json.loads(response.headers.get("HX-Trigger", "{}"))
        response["HX-Trigger"] = json.dumps(told | {"dialog:close": {}})
    return response
