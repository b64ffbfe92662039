"""Calls of Avito's API and what its errors mean.

Wire format: `Authorization: Bearer <token>`, JSON both ways, errors as `{"error": {"code", "message"}}` or
`{"result": {"status": false, "message"}}`; `POST /token` (form) answers `{"access_token", "expires_in"}` or
`{"error": "invalid_client", "error_description"}`. There is no idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django import conf

from integrations import errors
from integrations.avito import tokens, values
from integrations.protocols.channel import Settings
from kit import http
from kit.text import storable

DEFAULT_URL = "https://api.avito.ru"
TIMEOUT = 10.0
UPLOAD_TIMEOUT = 60.0
# Limits are counted by the minute; without a word of Avito's a part of it is waited.
PAUSE = 20.0

_REFUSED = {
    400: "bad_request",
    404: "chat_not_found",
    405: "bad_request",
    409: "conflict",
    413: "too_big",
    415: "bad_file",
    422: "bad_request",
}
# Words of a refusal with 403 that speak of the person and not of the account.
_BLOCKED = ("blacklist", "black list", "blocked", "chat is closed")


def base_url() -> str:
    """Where the API answers, without a slash at the end (environment `AVITO_API_URL`)."""
    return str(conf.settings.PROVIDER_URLS.get("avito") or DEFAULT_URL).rstrip("/")


def account(settings: Settings) -> str:
    """The number of the seller's account; raises Rejected when it is none."""
    number = values.ident((settings.get("user_id") or "").strip())
    if not number:
        raise errors.Rejected("the profile number must be digits only", code="bad_user_id", revoked=True)
    return number


def chat_path(settings: Settings, chat: str, version: int = 1) -> str:
    """The path of a chat; raises Rejected for a key that can be none."""
    if not values.name(chat):
        raise errors.Rejected("no such chat", code="chat_not_found")
    return f"/messenger/v{version}/accounts/{account(settings)}/chats/{quote(chat, safe='')}"


def call(
    settings: Settings,
    method: str,
    path: str,
    *,
    json: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
) -> http.Call[Any]:
    """One call; gives the decoded answer. A refused token is fetched anew once: nothing was executed with it.

    Raises the errors of `integrations.errors`.
    """
    key = _key(settings)
    fresh = not tokens.shared.find(key)
    while True:
        token = yield from _token(settings)
        response = yield http.Request(
            method,
            base_url() + path,
            json=json,
            query=query,
            files=files,
            headers={"authorization": f"Bearer {token}"},
            timeout=UPLOAD_TIMEOUT if files else TIMEOUT,
        )
        if response.status not in (401, 403) or fresh:
            break
        tokens.shared.drop(key, token)
        fresh = True
    if 200 <= response.status < 300:
        return response.json() if response.body else None
    raise failure(response)


def failure(response: http.Response) -> Exception:
    """The error that a refusal stands for."""
    status = response.status
    if status >= 500 or status < 400:
        # A gateway in front may fail after the service behind it has executed the call.
        return errors.Uncertain(f"Avito answered {status}")
    reason = _reason(response) or f"refused with status {status}"
    low = reason.lower()
    if status == 429:
        return errors.Retry(_after(response), reason, whole_account=True)
    if status == 402:
        return errors.Rejected(f"the Avito plan has no messages: {reason}", code="tariff", revoked=True)
    if status == 403 and any(word in low for word in _BLOCKED):
        return errors.Rejected(reason, code="blocked", blocked=True)
    if status == 401:
        return errors.Rejected(f"the keys are refused: {reason}", code="revoked", revoked=True)
    if status == 403:
        return errors.Rejected(
            f"no access: the plan or the application lacks messages ({reason})",
            code="no_access",
            revoked=True,
        )
    code = _REFUSED.get(status, "rejected")
    return errors.Rejected(reason, code=code, content=status in (400, 413, 415, 422))


def _token(settings: Settings) -> http.Call[str]:
    """The access token, kept or fetched. Whatever fails here, the call it was for was not executed."""
    key = _key(settings)
    kept = tokens.shared.find(key)
    if kept:
        return kept
    try:
        response = yield http.Request(
            "POST",
            f"{base_url()}/token",
            form={
                "grant_type": "client_credentials",
                "client_id": settings.get("client_id") or "",
                "client_secret": settings.get("client_secret") or "",
            },
            timeout=TIMEOUT,
        )
        answer = response.json() if response.body else None
    except errors.Uncertain as lost:
        raise errors.Unreachable("Avito gave no token") from lost
    given = answer if isinstance(answer, dict) else {}
    token = given.get("access_token")
    if 200 <= response.status < 300 and isinstance(token, str) and values.name(token[:150]):
        life = given.get("expires_in")
        tokens.shared.keep(key, token, life if isinstance(life, int) and 0 < life < 10**7 else 3600)
        return token
    if response.status == 429:
        raise errors.Retry(_after(response), "too many tokens asked for", whole_account=True)
    if response.status >= 500:
        raise errors.Unreachable(f"Avito gave no token ({response.status})")
    if 400 <= response.status < 500 or given.get("error"):
        told = given.get("error_description") or given.get("error")
        reason = storable(told)[:200] if isinstance(told, str) else f"status {response.status}"
        raise errors.Rejected(f"the keys are refused: {reason}", code="bad_keys", revoked=True)
    raise errors.Unreachable("the answer holds no token")


def _key(settings: Settings) -> bytes:
    return tokens.key(base_url(), settings.get("client_id") or "", settings.get("client_secret") or "")


def _reason(response: http.Response) -> str:
    """Avito's own words, at most 300 characters."""
    try:
        answer = response.json()
    except errors.Uncertain:
        return ""
    for part in (values.child(answer, "error"), values.child(answer, "result"), answer):
        if isinstance(part, dict):
            found = values.text(part, "message", 300) or values.text(part, "error", 300)
            if found:
                return found
    return ""


def _after(response: http.Response) -> float:
    given = response.headers.get("retry-after", "")
    return float(given) if given.isdigit() and len(given) < 6 else PAUSE
