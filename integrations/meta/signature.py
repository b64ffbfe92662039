"""What proves that a request is Meta's: the handshake of an address and the signature of an event.

Source: developers.facebook.com/docs/graph-api/webhooks/getting-started – `hub.mode`, `hub.verify_token`,
`hub.challenge` in a GET; `X-Hub-Signature-256: sha256=<hex HMAC-SHA256(app secret, raw body)>` over a POST.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from integrations.protocols.channel import HookReply, HookRequest, Settings, secret_matches

_HEADER = "x-hub-signature-256"
_LONGEST_CHALLENGE = 1000


def handshake(settings: Settings, request: HookRequest) -> HookReply | None:
    """The answer to Meta's question whether this address is ours; None for what is no question."""
    if request.method != "GET":
        return None
    token = request.query.get("hub.verify_token")
    challenge = request.query.get("hub.challenge") or ""
    asked = request.query.get("hub.mode") == "subscribe" and len(challenge) <= _LONGEST_CHALLENGE
    if not secret_matches(settings, "verify_token", token) or not asked:
        return HookReply(403)
    # Plain text that no browser guesses about: the challenge is whatever the caller wrote.
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return HookReply(200, headers, challenge.encode("utf-8", "replace"))


def verify(settings: Settings, request: HookRequest, secrets: Sequence[str] = ("app_secret",)) -> bool:
    """Is the body signed with the app's secret? `secrets` names the settings that may be the key."""
    given = (request.headers.get(_HEADER) or "").encode("utf-8", "surrogatepass")
    matched = False
    for name in secrets:
        for key in (name, f"{name}_previous"):
            secret = (settings.get(key) or "").encode("utf-8", "surrogatepass")
            signed = hmac.new(secret, request.body, hashlib.sha256).hexdigest()
            # No early exit: the time must not tell which secret was right.
            matched |= bool(secret) & hmac.compare_digest(given, f"sha256={signed}".encode())
    return matched


def event_id(body: bytes) -> str:
    """An id of the whole event. A delivery has none of its own, but its items carry ids and times, so that equal
    bytes are one delivery told again."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def proof(app_secret: str, token: str) -> str:
    """`appsecret_proof`: that the caller owns the app. Apps may demand it of every call."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
