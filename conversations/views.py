"""Pages of the site chat: the hosted page (with JavaScript and without), its parts, and the script for any site."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import re
import uuid
from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from connections import hooks
from conversations import serving, uploads, visitors, webchat
from integrations import registry
from kit import limits
from kit.text import storable
from tenants import clock, wall
from tenants.middleware import without_tenant

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_LONGEST = 8000  # characters of a message, as the wire keeps
_MOST_FILES = 10
_SCRIPT_SECONDS = 300


def _account(token: str) -> hooks.Account:
    account = visitors.account_of(token)
    if account is None:
        raise Http404
    return account


def _number(text: str | None) -> int:
    """An id from an address, 0 for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


# ---------------------------------------------------------------- the hosted page
@require_http_methods(["GET", "HEAD", "POST"])
@without_tenant
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]  # any site may show it: see visitors.remember
@never_cache
def chat(request: HttpRequest, token: str) -> HttpResponse:
    """The chat of one business for one browser. POST is the way of a browser without JavaScript."""
    account = _account(token)
    visitor = visitors.recognise(account, request) or visitors.welcome(account)
    path = reverse("conversations:chat", args=[token])
    if request.method == "POST":
        response: HttpResponse = _by_form(request, visitor, path)
    else:
        response = _page(request, visitor, token)
    visitors.remember(request, response, visitor, path=path)
    # A site that isolates itself (COEP) must be told that it may show this.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _page(request: HttpRequest, visitor: visitors.Visitor, token: str) -> HttpResponse:
    with wall.tenant_tx(visitor.account.tenant_id):
        tenant = wall.entered_tenant()
        story = webchat.story(
            visitor,
            token=token,
            zone=tenant.zone,
            business=tenant.name,
            before=_number(request.GET.get("before")),
        )
        with timezone.override(tenant.zone):
            context = {
                "business": tenant.name,
                "phone": tenant.phone,
                "zone": tenant.timezone,
                "currency": tenant.currency,
                "story": story,
                "now": clock.now(),
                "earlier": _number(request.GET.get("before")),
                "session": visitor.session,
                "token": token,
                "live_url": f"/live/chat/{token}/",
                "files_url": reverse("conversations:chat-files", args=[token]),
                "go_on_url": reverse("conversations:chat-go-on", args=[token]),
                "hook_url": f"/hooks/{visitors.KIND}/{token}/",
                "starts": (_("I would like to book a visit"), _("How much does it cost?")),
                "start": request.GET.get("start", "")[:64],
                "ask_phone": "phone" in request.GET,
                "attaching": uploads.attaching(registry.channel(visitors.KIND).capabilities),
                "refused": "refused" in request.GET,
                "client_key": uuid.uuid4().hex,
                "page_url": request.build_absolute_uri()[:2000],
                "referrer": request.headers.get("Referer", "")[:2000],
            }
            return render(request, "conversations/chat.html", context)


def _by_form(request: HttpRequest, visitor: visitors.Visitor, path: str) -> HttpResponse:
    """Stores what the plain form says and shows the thread again."""
    try:
        told = _told(request, visitor)
        if told is not None:
            webchat.keep(visitor, told, now=timezone.now())
    except webchat.Unreadable:
        told = None
    except uploads.CannotAttach:
        return HttpResponseRedirect(f"{path}?refused=1#write", status=303)
    query = "" if told else "?" + urlencode({"phone": 1}) if "contact" in request.POST else ""
    return HttpResponseRedirect(f"{path}{query}#write", status=303)


def _told(request: HttpRequest, visitor: visitors.Visitor) -> dict[str, Any] | None:
    """The form as an event of the wire; None when nothing was said.

    Raises:
        uploads.CannotAttach: a file was too large, or could not be kept.
    """
    form = request.POST
    key = form.get("client_key", "")
    told: dict[str, Any] = {
        "id": key if _KEY.match(key) else uuid.uuid4().hex,
        "language": translation.get_language() or "",
        "page_url": form.get("page_url", "")[:2000],
        "referrer": form.get("referrer", "")[:2000],
    }
    if "press" in form:
        message, _bar, value = form["press"].partition("|")
        return {**told, "kind": "button", "value": value, "message": message} if value else None
    if "start" in form:
        return {**told, "kind": "start"}
    if "contact" in form:
        phone, email, name = (form.get(part, "").strip() for part in ("phone", "email", "name"))
        given = {"phone": phone, "email": email, "name": name, "text": " ".join(filter(None, (phone, email)))}
        return {**told, "kind": "contact", **given} if phone or email else None
    text = (form.get("say") or form.get("text", "")).strip()
    files = [_handed_in(visitor, upload) for upload in request.FILES.getlist("attached")[:_MOST_FILES]]
    if not text and not files:
        return None
    return {**told, "kind": "message", "text": storable(text)[:_LONGEST], "files": files}


def _handed_in(visitor: visitors.Visitor, upload: UploadedFile) -> dict[str, Any]:
    """A file as an event names it."""
    file = webchat.hand_in(visitor, upload, now=_now(visitor))
    return {"file": file.token, "kind": file.kind, "name": file.name}


def _now(visitor: visitors.Visitor) -> dt.datetime:
    with wall.tenant_tx(visitor.account.tenant_id):
        return clock.now()


# ---------------------------------------------------------------- its parts
def _shown_by(request: HttpRequest, token: str) -> visitors.Visitor | None:
    return visitors.recognise(_account(token), request)


@require_GET
@without_tenant
@never_cache
def messages(request: HttpRequest, token: str) -> HttpResponse:
    """The visitor's thread as a part of the page: the newest lines, `?after=` a message or `?before=` one."""
    visitor = _shown_by(request, token)
    if visitor is None:
        return HttpResponse(status=403)
    with wall.tenant_tx(visitor.account.tenant_id):
        tenant = wall.entered_tenant()
        story = webchat.story(
            visitor,
            token=token,
            zone=tenant.zone,
            business=tenant.name,
            after=_number(request.GET.get("after")),
            before=_number(request.GET.get("before")),
        )
        with timezone.override(tenant.zone):
            context = {"story": story, "business": tenant.name, "part": True, "now": clock.now()}
            return render(request, "conversations/_thread.html", context)


@require_POST
@without_tenant
@csrf_exempt  # proved by a header that no other site can send
@never_cache
def seen(request: HttpRequest, token: str) -> HttpResponse:
    """The visitor's screen showed our words up to the message `upto`."""
    account = _account(token)
    visitor = visitors.by_session(account, request.headers.get(visitors.HEADER))
    if visitor is None:
        return HttpResponse(status=403)
    upto = _number(request.POST.get("upto"))
    if not upto:
        return JsonResponse({"code": "invalid", "message": _("Which message was seen?")}, status=400)
    with wall.tenant_tx(account.tenant_id):
        webchat.seen(visitor, upto=upto, now=clock.now())
    return HttpResponse(status=204)


@require_POST
@without_tenant
@csrf_exempt  # proved by a header that no other site can send
@never_cache
def hand_in(request: HttpRequest, token: str) -> HttpResponse:
    """Takes one file (`file`) of a visitor's; the message that goes to the hook names it by the `token` told here."""
    visitor = visitors.by_session(_account(token), request.headers.get(visitors.HEADER))
    if visitor is None:
        return HttpResponse(status=403)
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        return JsonResponse({"code": "invalid", "message": _("Choose a file first.")}, status=400)
    if _too_many(visitor):
        often = _("So many files at once: wait a minute and try again.")
        return JsonResponse({"code": "often", "message": often}, status=429)
    try:
        file = _handed_in(visitor, upload)
    except uploads.CannotAttach as reason:
        return JsonResponse({"code": "refused", "message": str(reason)}, status=409)
    return JsonResponse(
        {"token": file["file"], "kind": file["kind"], "name": file["name"], "size": upload.size}
    )


def _too_many(visitor: visitors.Visitor) -> bool:
    """Anybody may be a visitor, as often as they like: a browser, and all of a chat, hand in only so much."""
    place = f"chat-files:{visitor.account.connection_id}"
    return bool(
        limits.take(f"{place}:{visitor.ident}", rate=0.2, burst=20) or limits.take(place, rate=2, burst=100)
    )


@require_safe
@without_tenant
def file(request: HttpRequest, token: str, file: str) -> Any:
    """A file of the visitor's thread, by the address that their page was given (`?p=`)."""
    account = _account(token)
    with wall.tenant_tx(account.tenant_id):
        found = webchat.file_of(account, file, request.GET.get("p", ""))
    if found is None:
        raise Http404
    return serving.answer(request, found)


# ---------------------------------------------------------------- the script for any site
@functools.cache
def _widget_code() -> str:
    """The built script; it speaks of `MARZHA`, which each chat's own copy gives it."""
    with staticfiles_storage.open("widget.js") as file:
        code: bytes = file.read()
    return code.decode()


def _script(token: str) -> str:
    account = _account(token)
    with wall.tenant_tx(account.tenant_id):
        business = wall.entered_tenant().name
    told = {
        "base": settings.PUBLIC_URL + reverse("conversations:chat", args=[token]),
        "name": business,
        "words": {language: _words(language) for language, _name in settings.LANGUAGES},
    }
    facts = json.dumps(told, ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
    return f"(function(MARZHA){{{_widget_code()}}})({facts});\n"


def _words(language: str) -> dict[str, str]:
    """What the button says; which language, the page around it decides."""
    with translation.override(language):
        return {
            "open": _("Write to us"),
            "close": _("Close the chat"),
            "title": _("Chat"),
            "unread": _("New messages"),
            "apart": _("Open the chat in a new window"),
        }


@require_GET
@without_tenant
def widget(request: HttpRequest, token: str) -> HttpResponse:
    """The line a business puts on its site: a button, and this chat in a frame behind it."""
    script = _script(token)
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={_SCRIPT_SECONDS}, stale-while-revalidate=86400"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["ETag"] = f'"{hashlib.sha256(script.encode()).hexdigest()[:24]}"'
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
