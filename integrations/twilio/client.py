"""Calls of Twilio's REST API and what its errors mean.

Wire format: `<base>/2010-04-01/Accounts/<sid>/<path>.json`, HTTP Basic with account SID and auth token, form-encoded;
a refusal is `{"code", "message", "more_info", "status"}`. There is no idempotency key.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from django import conf
from django.utils.translation import gettext_lazy as _

from integrations import errors
from kit import http

DEFAULT_URL = "https://api.twilio.com"
TIMEOUT = 20.0
_SID = re.compile(r"AC[0-9A-Za-z]{2,62}\Z")

# Code -> (our word, what the owner reads, what follows of it).
_BLOCKED, _CONTENT, _REVOKED, _PLAIN = "blocked", "content", "revoked", ""
CODES: Mapping[int, tuple[str, Any, str]] = {
    20003: ("revoked", _("Twilio does not accept the account's keys"), _REVOKED),
    20404: ("not_found", _("Twilio does not know this"), _PLAIN),
    21211: ("bad_number", _("this is not a phone number"), _BLOCKED),
    21212: ("bad_sender", _("messages cannot be sent from this sender"), _PLAIN),
    21408: ("region_off", _("this country is switched off in Twilio's geographic permissions"), _PLAIN),
    21606: ("bad_sender", _("messages cannot be sent from this sender"), _PLAIN),
    21610: ("stopped", _("this person answered STOP"), _BLOCKED),
    21612: ("no_route", _("Twilio has no way from this sender to this number"), _PLAIN),
    21614: ("not_mobile", _("this number does not take messages"), _BLOCKED),
    21617: ("too_long", _("the text is too long"), _CONTENT),
    30003: ("unreachable", _("the phone is off or out of reach"), _PLAIN),
    30004: ("forbidden_text", _("the message was blocked"), _PLAIN),
    30005: ("bad_number", _("the number does not exist or is switched off"), _BLOCKED),
    30006: ("not_mobile", _("this number does not take messages"), _BLOCKED),
    30007: ("spam", _("the operator took the message for spam"), _PLAIN),
    30008: ("undelivered", _("the operator did not say why"), _PLAIN),
    30034: ("unregistered", _("the sender is not registered with the operators"), _PLAIN),
}
_LATER = {20429, 21611, 30001}


def base_url() -> str:
    """Where the API answers (environment `TWILIO_API_URL`), without a slash at the end."""
    return str(conf.settings.PROVIDER_URLS.get("twilio") or DEFAULT_URL).rstrip("/")


def authorization(sid: str, token: str) -> dict[str, str]:
    """The header that shows who asks."""
    return {"Authorization": "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()}


def call(
    sid: str,
    token: str,
    path: str,
    *,
    method: str = "GET",
    form: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
) -> http.Call[dict[str, Any]]:
    """Calls `/Accounts/<sid>/<path>.json` ("" for the account itself); the result is the answer's object."""
    if not _SID.match(sid or "") or not token:
        raise errors.Rejected(str(CODES[20003][1]), code="revoked", revoked=True)
    place = f"{base_url()}/2010-04-01/Accounts/{sid}"
    response = yield http.Request(
        method,
        f"{place}/{path}.json" if path else f"{place}.json",
        form=form,
        query=query,
        headers=authorization(sid, token),
        timeout=TIMEOUT,
    )
    if response.status >= 500:
        raise errors.Uncertain(f"Twilio answered {response.status}")
    try:
        answer = response.json() if response.body else {}
    except errors.Uncertain:
        if 400 <= response.status < 500:
            raise refusal(response.status, {}) from None
        raise
    if not isinstance(answer, dict):
        answer = {}
    if response.status >= 400:
        raise refusal(response.status, answer, response.headers.get("retry-after", ""))
    if response.status >= 300 or not answer:
        raise errors.Uncertain("the answer is not Twilio's")
    return answer


def refusal(status: int, answer: Mapping[str, Any], retry_after: str = "") -> Exception:
    """The error that a 4xx answer stands for."""
    code = answer.get("code")
    number = code if isinstance(code, int) and not isinstance(code, bool) else 0
    text = str(answer.get("message") or f"refused with status {status}")[:300]
    if status == 429 or number in _LATER:
        after = float(retry_after) if retry_after.isdigit() and len(retry_after) < 6 else None
        return errors.Retry(after, text, whole_account=True)
    if number in CODES:
        word, said, follows = CODES[number]
        return errors.Rejected(
            str(said),
            code=word,
            blocked=follows == _BLOCKED,
            content=follows == _CONTENT,
            revoked=follows == _REVOKED,
        )
    if status == 401:
        return errors.Rejected(str(CODES[20003][1]), code="revoked", revoked=True)
    return errors.Rejected(text, code="not_found" if status == 404 else "rejected")


def reason(code: object) -> tuple[str, bool]:
    """(words for the owner, does the number take nothing any more) of an `ErrorCode` in a report."""
    text = str(code or "").strip()
    known = CODES.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else None
    if known is None:
        return (f"Twilio: {text[:20]}" if text else "", False)
    return str(known[1]), known[2] == _BLOCKED
