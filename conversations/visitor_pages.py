"""What stands beside the chat itself: that the visitor types, and the way to go on in another browser."""

from __future__ import annotations

from typing import Any

import segno
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections import hooks
from conversations import returning, signals, visitors, webchat
from conversations.models import Conversation
from kit import limits
from tenants import wall
from tenants.middleware import without_tenant


def _account(token: str) -> hooks.Account:
    account = visitors.account_of(token)
    if account is None:
        raise Http404
    return account


@require_POST
@without_tenant
@csrf_exempt  # proved by a header that no other site can send
@never_cache
def typing(request: HttpRequest, token: str) -> HttpResponse:
    """The visitor is writing: colleagues who have the thread open see that, and none of the words."""
    visitor = visitors.by_session(_account(token), request.headers.get(visitors.HEADER))
    if visitor is None:
        return HttpResponse(status=403)
    place = f"chat-typing:{visitor.account.connection_id}"
    if limits.take(f"{place}:{visitor.ident}", rate=0.5, burst=3) or limits.take(place, rate=20, burst=100):
        return HttpResponse(status=204)  # a hint may get lost
    with wall.tenant_tx(visitor.account.tenant_id):
        thread = webchat.thread_of(visitor)
        if thread is not None:
            signals.visitor_typing.send(Conversation, conversation=thread)
    return HttpResponse(status=204)


@require_safe
@without_tenant
@never_cache
def go_on(request: HttpRequest, token: str) -> HttpResponse:
    """The link by which the visitor goes on elsewhere, as a page, or as a part of the chat's for its script."""
    visitor = visitors.recognise(_account(token), request)
    if visitor is None:
        return HttpResponseRedirect(reverse("conversations:chat", args=[token]))
    with wall.tenant_tx(visitor.account.tenant_id):
        if webchat.thread_of(visitor) is None:
            return HttpResponseRedirect(reverse("conversations:chat", args=[token]))
        url = returning.link(visitor, token)
        context = _around(token) | {
            "url": url,
            "qr": segno.make(url).svg_data_uri(scale=6, border=2),
            "days": returning.DAYS,
        }
    part = visitors.HEADER in request.headers
    response = render(request, "conversations/_go_on.html" if part else "conversations/go_on.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@without_tenant
@never_cache
def back(request: HttpRequest, token: str, proof: str) -> HttpResponse:
    """Somebody came by such a link; at the press of the button this browser goes on as that visitor."""
    account = _account(token)
    visitor = returning.visitor_of(account, proof)
    path = reverse("conversations:chat", args=[token])
    if visitor is not None and request.method == "POST":
        response: HttpResponse = HttpResponseRedirect(f"{path}?back=1", status=303)
        visitors.remember(request, response, visitor, path=path)
    else:
        with wall.tenant_tx(account.tenant_id):
            context = _around(token) | {"good": visitor is not None}
        response = render(request, "conversations/back.html", context, status=200 if visitor else 410)
    # Not "no-referrer": browsers would then hide where the button was pressed, and the press be refused as foreign.
    response["Referrer-Policy"] = "same-origin"
    return response


def _around(token: str) -> dict[str, Any]:
    tenant = wall.entered_tenant()
    return {
        "business": tenant.name,
        "zone": tenant.timezone,
        "currency": tenant.currency,
        "chat_url": reverse("conversations:chat", args=[token]),
    }
