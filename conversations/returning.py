"""The way back into a visitor's thread: a link by which another browser goes on as the same visitor.

It is made of the visitor's own session, so nobody else's thread can be asked for, and it dies when the business renews
its keys. It is good for a month and opens nothing by itself: whoever follows it presses a button first, so that
nobody can be put into a stranger's thread by a link, and a preview of it does nothing.
"""

from __future__ import annotations

import hmac
import re
import time
from base64 import urlsafe_b64encode

from django.conf import settings
from django.urls import reverse

from connections import hooks
from conversations import visitors
from integrations.webchat import session

DAYS = 30
_PROOF = re.compile(r"([A-Za-z0-9_-]{16,64})\.([0-9]{1,6})\.([A-Za-z0-9_-]{32})\Z")


def link(visitor: visitors.Visitor, token: str) -> str:
    """The whole address, under our public name; `token` is the chat's."""
    return settings.PUBLIC_URL + reverse("conversations:chat-back", args=[token, proof(visitor)])


def proof(visitor: visitors.Visitor, *, day: int | None = None) -> str:
    """`<visitor>.<day>.<mac>`; `day` is counted from 1970, today when not given."""
    day = int(time.time() // 86400) if day is None else day
    said = hmac.new(visitor.session.encode(), f"back:{day}".encode(), "sha256").digest()[:24]
    return f"{visitor.ident}.{day}.{urlsafe_b64encode(said).decode()}"


def visitor_of(account: hooks.Account, shown: str) -> visitors.Visitor | None:
    """The visitor of a proof; None when it is forged, of another chat, or too old."""
    match = _PROOF.match(shown)
    if match is None:
        return None
    ident, day = match[1], int(match[2])
    if not 0 <= int(time.time() // 86400) - day <= DAYS:
        return None
    visitor = visitors.Visitor(account, ident, session.issue(account.settings, ident))
    return visitor if hmac.compare_digest(proof(visitor, day=day), shown) else None
