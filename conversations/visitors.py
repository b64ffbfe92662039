"""Visitors of the site chat: whose chat an address is, and who is looking.

A visitor is nothing but a signed token (`integrations/webchat/session.py`), so somebody who only looks leaves no row.
The browser shows it in a cookie of this chat's path, or in a header that the page's script sends. It never stands in
an address, and no page around a frame learns it. Inside a frame on another site the visitor is somebody else: the
cookie there is one that browsers keep apart for each site around it, and so is the storage of the script.
"""

from __future__ import annotations

import dataclasses
import hmac
import time
from base64 import urlsafe_b64encode
from http.cookies import Morsel

from django.conf import settings as django_settings
from django.db import connection as database
from django.http import HttpRequest, HttpResponse

from connections import hooks
from integrations.webchat import session
from tenants.models import digest

KIND = "webchat"
COOKIE, FRAMED_COOKIE = "chat", "chat_framed"
HEADER = "X-Chat-Session"
# The longest that browsers keep a cookie; every visit begins it anew.
COOKIE_SECONDS = 400 * 24 * 3600

# An attribute that Python's cookies know from 3.14 on.
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]


@dataclasses.dataclass(frozen=True)
class Visitor:
    """One browser in one chat. `ident` is the `chat` of their thread, `session` what proves them at the hook."""

    account: hooks.Account
    ident: str
    session: str


def account_of(token: str) -> hooks.Account | None:
    """The site chat behind the token of its address; None when it is unknown, switched off or of another kind.

    Asks one function that looks over the wall, so no tenant need be entered.
    """
    account = hooks.resolve(database, digest(token))
    return account if account is not None and account.kind == KIND else None


def by_session(account: hooks.Account, shown: str | None) -> Visitor | None:
    """The visitor who shows this token, None when it is forged, of another chat, or missing."""
    ident = session.visitor_of(account.settings, shown)
    return Visitor(account, ident, session.issue(account.settings, ident)) if ident else None


def recognise(account: hooks.Account, request: HttpRequest) -> Visitor | None:
    """The visitor behind a request: the header where the script sends one, else the cookie."""
    cookie = FRAMED_COOKIE if framed(request) else COOKIE
    return by_session(account, request.headers.get(HEADER) or request.COOKIES.get(cookie))


def file_proof(visitor: Visitor, token: str, *, day: int | None = None) -> str:
    """What lets a visitor's own browser see a file of their thread, today and tomorrow, where no cookie comes along.

    It is made of their session, so it opens nobody else's files; `day` is counted from 1970, today when not given.
    """
    day = int(time.time() // 86400) if day is None else day
    said = f"file:{token}:{day}".encode()
    return urlsafe_b64encode(hmac.new(visitor.session.encode(), said, "sha256").digest()[:18]).decode()


def may_see_file(account: hooks.Account, ident: str, token: str, shown: str) -> bool:
    """Whether `shown` is the proof of the visitor whose thread has the file."""
    visitor = Visitor(account, ident, session.issue(account.settings, ident))
    today = int(time.time() // 86400)
    return any(
        hmac.compare_digest(file_proof(visitor, token, day=day).encode(), shown.encode("utf-8", "replace"))
        for day in (today, today - 1)
    )


def framed(request: HttpRequest) -> bool:
    """Whether the page is asked for by a frame on another site."""
    said = request.headers
    return said.get("Sec-Fetch-Dest") == "iframe" and said.get("Sec-Fetch-Site") == "cross-site"


def welcome(account: hooks.Account) -> Visitor:
    """Somebody who was never here."""
    token = session.issue(account.settings)
    ident = session.visitor_of(account.settings, token)
    assert ident is not None
    return Visitor(account, ident, token)


def remember(request: HttpRequest, response: HttpResponse, visitor: Visitor, *, path: str) -> None:
    """Lets the browser come back as the same visitor, to this chat's `path` alone.

    `Lax` keeps the cookie out of frames on other sites, so that nobody can be led there to press buttons in a thread
    of their own. A frame gets one of its own instead, which browsers let through to that site alone.
    """
    there = framed(request)
    name = FRAMED_COOKIE if there else COOKIE
    response.set_cookie(
        name,
        visitor.session,
        max_age=COOKIE_SECONDS,
        path=path,
        httponly=True,
        secure=there or django_settings.HTTPS,
        samesite="None" if there else "Lax",
    )
    if there:
        response.cookies[name]["partitioned"] = True
