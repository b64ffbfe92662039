"""Does a posted letter come from the tenant's mail service? Mailgun signs; for others the address holds a password.

Mailgun: `signature` = HMAC-SHA256 of timestamp + token with the signing key, hexadecimal (field names from its page
"Securing webhooks"). A signature is good for a quarter of an hour; that a token is used once is seen by the event's id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from integrations.mail import services
from integrations.protocols.channel import HookRequest, Settings, secret_matches

FRESH = 900.0
MAILGUN = "mailgun_signing_key"
PASSWORD = "hook_password"


def verify(settings: Settings, request: HookRequest) -> bool:
    """Never raises. Without a key or a password in the settings the secret address alone is the proof."""
    signed = _signed(request)
    if signed is not None and settings.get(MAILGUN):
        return _mailgun(settings, signed)
    if settings.get(PASSWORD):
        return secret_matches(settings, PASSWORD, _basic(request.headers.get("authorization", "")))
    # Who gave Mailgun's key expects nothing unsigned.
    return not settings.get(MAILGUN)


def _signed(request: HookRequest) -> Mapping[str, str] | None:
    """Timestamp, token and signature of a request of Mailgun's, None for others."""
    form = services.form_of(request)
    if form is not None:
        if {"timestamp", "token", "signature"} <= form.fields.keys():
            return {name: form.text(name)[:200] for name in ("timestamp", "token", "signature")}
        return None
    tree = services.tree_of(request)
    told = tree.get("signature") if tree is not None and "event-data" in tree else None
    if not isinstance(told, dict):
        return None
    return {name: str(told.get(name) or "")[:200] for name in ("timestamp", "token", "signature")}


def _mailgun(settings: Settings, told: Mapping[str, str]) -> bool:
    stamp = told["timestamp"]
    if not (stamp.isascii() and stamp.isdigit() and abs(time.time() - int(stamp[:12])) <= FRESH):
        return False
    message = (stamp + told["token"]).encode("utf-8", "replace")
    matched = False
    for name in (MAILGUN, f"{MAILGUN}_previous"):
        key = settings.get(name) or ""
        expected = hmac.new(key.encode("utf-8", "replace"), message, hashlib.sha256).hexdigest()
        given = told["signature"].encode("utf-8", "replace")
        matched |= bool(key) & hmac.compare_digest(expected.encode(), given)
    return matched


def _basic(header: str) -> bytes | None:
    """The password of HTTP Basic; the user's name may be any."""
    way, _, coded = header.partition(" ")
    if way.lower() != "basic":
        return None
    try:
        return base64.b64decode(coded.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return None
