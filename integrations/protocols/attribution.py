"""Reading where somebody came from: UTM tags, click ids, counter cookies, deep-link codes. Shared by the wires.

Only what stands there is read; which touch counts and what it is worth is decided far above.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from integrations.protocols.channel import Touch
from kit.text import storable

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")

# Parameters that ad systems add to a link. Values are strings always: yclid has more digits than a float keeps.
CLICK_IDS = frozenset(
    (
        *("yclid", "ysclid", "ymclid", "gclid", "gbraid", "wbraid", "dclid", "gad_source", "fbclid"),
        *("rb_clickid", "vkclid", "vk_ref", "ttclid", "twclid", "msclkid", "li_fat_id", "roistat"),
        *("erid", "utm_id", "utm_referrer"),
    )
)
# Cookies of counters; everything else in a cookie string may be a key to the site and is dropped unread.
COOKIES = frozenset(
    ("_ym_uid", "_ym_d", "_ga", "_fbp", "_fbc", "tmr_lvid", "roistat_visit", "_ct", "calltouch_session_id")
)

# A click id says who was paid even where tags are missing. Meta adds fbclid to unpaid links too: no medium.
_PAID = (
    ("yclid", "yandex", "cpc"),
    ("rb_clickid", "vk", "cpc"),
    ("gclid", "google", "cpc"),
    ("gbraid", "google", "cpc"),
    ("wbraid", "google", "cpc"),
    ("ttclid", "tiktok", "cpc"),
    ("msclkid", "bing", "cpc"),
    ("ysclid", "yandex", "organic"),
    ("fbclid", "meta", ""),
)

_LONGEST = 255
# {campaign_id}, {{campaign_id}}, %7Bcampaign_id%7D: the ad system did not fill its own template in.
_MACRO = re.compile(r"\{\{?[^{}]*\}?\}|%7[bB]")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def value(raw: object) -> str:
    """One parameter's value: trimmed, storable, at most 255 characters; "" for an unresolved macro."""
    if raw is None or isinstance(raw, bool | dict | list):
        return ""
    text = storable(str(raw)).strip()[:_LONGEST]
    return "" if _MACRO.search(text) else text


def of_code(code: str) -> Touch | None:
    """The touch in a deep-link code: `vk_autumn` is source vk, campaign autumn; without `_` the campaign alone.

    None for what cannot be a code. A code registered above replaces source and campaign; here it is only text.
    """
    if not _CODE.match(code):
        return None
    source, underscore, campaign = code.partition("_")
    if underscore and source and campaign:
        return Touch(code=code, source=source.lower(), campaign=campaign)
    return Touch(code=code, campaign=code.strip("_"))


def of_parameters(
    parameters: Mapping[str, object],
    *,
    page_url: str = "",
    referrer: str = "",
    cookies: Mapping[str, str] | None = None,
) -> Touch | None:
    """The touch told by `parameters` (keys `utm_*` and click ids), the address of the page and whitelisted cookies.

    What `parameters` say wins over the page's address. None when nothing tells anything.
    """
    own = {key.lower(): text for key, raw in parameters.items() if (text := value(raw))}
    told = {key.lower(): value(raw) for key, raw in query_of(page_url).items()}
    if own.get("utm_source"):
        # Tags are told by one side or the other: half of each would name a visit that never was.
        told = {key: text for key, text in told.items() if key not in UTM}
    told.update(own)
    clicks = {key: told[key] for key in sorted(CLICK_IDS & told.keys()) if told[key]}
    clicks.update({key: value(raw) for key, raw in (cookies or {}).items() if key in COOKIES and value(raw)})
    source, medium, campaign, content, term = (told.get(key, "") for key in UTM)
    if not source:
        source, medium, campaign = _openstat(told.get("_openstat", ""), medium, campaign)
    if not source:
        for key, paid_source, paid_medium in _PAID:
            if key in clicks:
                source, medium = paid_source, medium or paid_medium
                break
    page, referrer = address(page_url), address(referrer)
    if not (source or medium or campaign or content or term or clicks or page or referrer):
        return None
    return Touch(
        source=source.lower(),
        medium=medium.lower(),
        campaign=campaign,
        content=content,
        term=term,
        click_ids=clicks,
        referrer=referrer,
        page_url=page,
    )


def query_of(url: str) -> dict[str, str]:
    """The query of an address, decoded once, the first value of a key; {} for anything odd."""
    try:
        pairs = parse_qsl(urlsplit(url[:4096]).query, max_num_fields=200)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for key, text in pairs:
        found.setdefault(key, text)
    return found


def address(raw: object) -> str:
    """A web address as text of at most 2,000 characters, "" when it is none."""
    text = storable(raw).strip()[:2000] if isinstance(raw, str) else ""
    return text if text.lower().startswith(("http://", "https://")) else ""


def cookies_of(header: str) -> dict[str, str]:
    """A cookie string `k=v; k2=v2` as a dictionary, values decoded once."""
    found: dict[str, str] = {}
    for pair in header[:16_384].split(";"):
        key, equals, text = pair.strip().partition("=")
        if equals and key:
            found.setdefault(key, unquote(text))
    return found


def utm_pairs(text: str, separators: str = "&") -> dict[str, str]:
    """`utm_source=a&utm_medium=b` (or cut by another of `separators`) as a dictionary, unknown keys left out."""
    found: dict[str, str] = {}
    for pair in re.split("|".join(re.escape(s) for s in separators.split()) or "&", text[:4096]):
        # HTML-escaped separators leave "amp;" in front of a key.
        key, equals, raw = pair.strip().removeprefix("amp;").partition("=")
        if equals and (key.lower() in UTM or key.lower() in CLICK_IDS):
            found.setdefault(key.lower(), unquote_plus(raw))
    return found


def first(*texts: Iterable[str]) -> str:
    """The first text that is not empty."""
    return next((str(text) for text in texts if text), "")


def _openstat(raw: str, medium: str, campaign: str) -> tuple[str, str, str]:
    """Old Yandex tag: base64 of `service;campaign;ad;source`."""
    if not raw:
        return "", medium, campaign
    try:
        text = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_").decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        text = raw
    parts = [value(part) for part in text.split(";")]
    if len(parts) < 2:
        return "", medium, campaign
    service = parts[0]
    return ("yandex" if "yandex" in service else service), medium, campaign or parts[1]
