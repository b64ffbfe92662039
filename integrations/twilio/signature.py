"""Twilio's signature over a hook: HMAC of the address and the sorted form, in `X-Twilio-Signature`.

Source: Twilio's own library (request_validator.py). The address is the one Twilio called, query included. A JSON body
is bound by `bodySHA256` in the address instead of its fields. With the header `X-Twilio-Webhooks-Signature-Settings`
a shared key signs by SHA-256; without it the account's auth token by SHA-1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit, urlunsplit

from integrations.protocols import hookform
from integrations.protocols.channel import HookRequest, Settings

HEADER = "x-twilio-signature"
_SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"
_HASHES = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}


def valid(settings: Settings, request: HookRequest, *, token: str, shared_key: str = "shared_key") -> bool:
    """Is the signature that of the setting `token` (or, where Twilio says so, `shared_key`), or of its former value?

    In constant time; never raises.
    """
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    algorithm = _algorithm(request.headers.get(_SETTINGS_HEADER, ""))
    if not given or not request.url or algorithm not in _HASHES:
        return False
    name = token if algorithm == "HMAC_SHA1" else shared_key
    matched = False
    for secret in (settings.get(name) or "", settings.get(f"{name}_previous") or ""):
        if secret:
            for url in _spellings(request.url):
                computed = compute(secret, url, request, algorithm).encode()
                matched |= hmac.compare_digest(computed, given)
    return matched and _body_fits(request)


def compute(secret: str, url: str, request: HookRequest, algorithm: str = "HMAC_SHA1") -> str:
    """The signature of a request under `secret`."""
    said = url.encode("utf-8", "replace")
    if "bodySHA256" not in parse_qs(_query(url)):
        several: dict[str, set[bytes]] = {}
        for key, value in hookform.pairs(request):
            several.setdefault(key, set()).add(value)
        for key in sorted(several):
            for value in sorted(several[key]):
                said += key.encode("utf-8", "replace") + value
    digest = hmac.new(secret.encode("utf-8", "replace"), said, _HASHES[algorithm]).digest()
    return base64.b64encode(digest).decode()


def _body_fits(request: HookRequest) -> bool:
    hashed = parse_qs(_query(request.url)).get("bodySHA256")
    if not hashed:
        return True
    return hmac.compare_digest(
        hashlib.sha256(request.body).hexdigest().encode(), hashed[0].encode("utf-8", "replace")
    )


def _algorithm(header: str) -> str:
    for part in header.split(","):
        name, equals, value = part.partition("=")
        if equals and name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""


def _spellings(url: str) -> list[str]:
    """The address with and without its port: Twilio signs now the one, now the other."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return [url]
    if port:
        return [url, urlunsplit(parts._replace(netloc=host.rpartition(":")[0]))]
    standard = 443 if parts.scheme == "https" else 80
    return [url, urlunsplit(parts._replace(netloc=f"{host}:{standard}"))]
