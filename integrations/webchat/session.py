"""A visitor's session token: who writes, provable without a table.

`<visitor>.<mac>`: a random visitor id and its HMAC under the connection's `session_key`. The page hands it out, the
widget keeps it and shows it with every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode

from django.utils.crypto import salted_hmac

from integrations.protocols.channel import Settings

_TOKEN = re.compile(r"([A-Za-z0-9_-]{16,64})\.([A-Za-z0-9_-]{32})\Z")


def issue(settings: Settings, visitor: str | None = None) -> str:
    """A token for a new visitor, or for a known one (16–64 of `A-Za-z0-9_-`)."""
    visitor = visitor or secrets.token_urlsafe(16)
    token = f"{visitor}.{_mac(settings.get('session_key') or '', visitor)}"
    if not _TOKEN.match(token):
        raise ValueError("not a visitor's id")
    return token


def visitor_of(settings: Settings, token: object) -> str | None:
    """The visitor whose token this is, None when it is forged or of another connection. Constant time."""
    match = _TOKEN.match(token) if isinstance(token, str) and len(token) < 128 else None
    if not match:
        return None
    visitor, given = match[1], match[2]
    genuine = False
    for key in (settings.get("session_key") or "", settings.get("session_key_previous")):
        if key is not None:
            genuine |= hmac.compare_digest(given, _mac(key, visitor))
    return visitor if genuine else None


def _mac(key: str, visitor: str) -> str:
    if key:
        digest = hmac.new(key.encode(), visitor.encode(), hashlib.sha256).digest()
    else:
        # A connection made before it had a key of its own.
        digest = salted_hmac("integrations.webchat.session", visitor, algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:24]).decode()
