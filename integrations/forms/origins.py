"""Which sites may post from a browser (CORS), and where a plain form may be sent afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from integrations.protocols.channel import Settings

_ODD = re.compile(r"[\x00-\x20\x7f\\]")


def allowed(settings: Settings, origin: str) -> bool:
    """May this Origin post? An empty list allows every site; calls from servers carry no Origin at all."""
    patterns = _patterns(settings)
    return not patterns or any(_fits(pattern, origin) for pattern in patterns)


def headers(settings: Settings, request_headers: Mapping[str, str]) -> dict[str, str]:
    """CORS headers of an answer to a browser, {} for others."""
    origin = request_headers.get("origin", "")
    if not origin or not _shaped(origin) or not allowed(settings, origin):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def redirect(settings: Settings, url: str) -> str | None:
    """`url` when it leads to one of the allowed sites. No list, no redirect: we are nobody's springboard."""
    patterns = _patterns(settings)
    if not patterns or _ODD.search(url) or len(url) > 2000:
        return None
    try:
        parts = urlsplit(url)
        host = parts.netloc
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in host:
        return None
    return url if any(_fits(pattern, f"{parts.scheme}://{host}") for pattern in patterns) else None


def _patterns(settings: Settings) -> list[str]:
    """Entries of `allowed_origins`, separated by blanks, commas or semicolons."""
    listed = re.split(r"[\s,;]+", (settings.get("allowed_origins") or "").lower())
    return [entry.rstrip("/") for entry in listed if entry]


def _fits(pattern: str, origin: str) -> bool:
    """`https://salon.example` is that origin alone, `salon.example` any scheme, `*.salon.example` its subdomains."""
    origin = origin.lower()
    if pattern == "*":
        return True
    if "://" in pattern:
        return origin == pattern
    host = origin.partition("://")[2]
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _shaped(origin: str) -> bool:
    return len(origin) < 300 and not _ODD.search(origin) and origin.isascii()
