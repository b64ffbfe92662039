"""Our mark in the Message-ID of what we send: `m.<key>.<signature>@<domain>`.

It comes back in answers and bounces, and the signature proves that we wrote it: nobody can speak of a message of ours
by guessing its number.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

from integrations.protocols.channel import Settings

SECRET = "thread_secret"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_MARK = re.compile(r"m\.(~?[A-Za-z0-9_-]{1,200})\.([a-z2-7]{16})@[^\s<>@]{1,190}\Z")
_IN_TEXT = re.compile(r"<(m\.~?[A-Za-z0-9_-]{1,200}\.[a-z2-7]{16}@[^\s<>@]{1,190})>")


def message_id(settings: Settings, key: str, domain: str) -> str:
    """The Message-ID (without brackets) of the message `key` of ours."""
    told = key if _PLAIN_KEY.match(key) else "~" + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    return f"m.{told}.{_signature(settings.get(SECRET) or '', told)}@{domain}"


def key_of(settings: Settings, ident: str) -> str | None:
    """The key in a Message-ID of ours, None when we did not write it."""
    match = _MARK.match(ident)
    if not match:
        return None
    genuine = False
    for name in (SECRET, f"{SECRET}_previous"):
        secret = settings.get(name) or ""
        genuine |= bool(secret) & hmac.compare_digest(_signature(secret, match[1]), match[2])
    if not genuine:
        return None
    told = match[1]
    if not told.startswith("~"):
        return told
    try:
        return base64.urlsafe_b64decode(told[1:] + "=" * (-len(told[1:]) % 4)).decode()
    except ValueError:
        return None


def first_of_ours(settings: Settings, idents: Iterable[str]) -> tuple[str, str] | None:
    """The first (Message-ID, key) of ours among `idents`."""
    for ident in idents:
        key = key_of(settings, ident)
        if key is not None:
            return ident, key
    return None


def in_text(settings: Settings, text: str) -> tuple[str, str] | None:
    """The first (Message-ID, key) of ours in running text, such as a bounce without a report."""
    return first_of_ours(settings, _IN_TEXT.findall(text[:100_000]))


def _signature(secret: str, told: str) -> str:
    digest = hmac.new(secret.encode("utf-8", "replace"), told.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()
