"""Calls of the Bot API and what its errors mean.

Wire format: `POST <base>/bot<token>/<method>` with JSON; `{"ok": true, "result": …}` or `{"ok": false, "error_code",
"description", "parameters": {"retry_after", "migrate_to_chat_id"}}`. The Bot API has no idempotency key and no
look-up of what was sent: an outcome that is not known stays not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import conf

from integrations import errors
from kit import http, safejson

DEFAULT_URL = "https://api.telegram.org"
TIMEOUT = 10.0
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,128}\Z")
_AFTER = re.compile(r"retry after (\d+)")

# Parts of descriptions (lower case) → code; the texts are those of Telegram's own Bot API server.
_BLOCKED = (
    ("bot was blocked by the user", "blocked"),
    ("user is deactivated", "deactivated"),
    ("bot can't initiate conversation", "never_started"),
    ("chat not found", "chat_not_found"),
    ("bot was kicked", "kicked"),
    ("bot is not a member", "kicked"),
    ("group chat was deleted", "kicked"),
    ("user not found", "chat_not_found"),
    ("peer_id_invalid", "chat_not_found"),
    ("business_peer_invalid", "chat_not_found"),
)
_CONTENT = (
    ("message text is empty", "empty_text"),
    ("message is too long", "too_long"),
    ("can't parse entities", "bad_markup"),
    ("button_data_invalid", "bad_buttons"),
    ("reply markup", "bad_buttons"),
    ("wrong file identifier", "bad_file"),
    ("wrong type of the web page content", "bad_file"),
    ("failed to get http url content", "bad_file"),
    ("file is too big", "too_big"),
    ("request entity too large", "too_big"),
    ("photo_invalid_dimensions", "bad_picture"),
    ("image_process_failed", "bad_picture"),
    ("photo_save_file_invalid", "bad_picture"),
    ("photo_ext_invalid", "bad_picture"),
    ("caption is too long", "too_long"),
    ("voice_messages_forbidden", "no_voice"),
)
_SOFT = (
    ("query is too old", "too_old"),
    ("query id is invalid", "too_old"),
    ("message is not modified", "not_modified"),
    ("message to be replied not found", "no_such_message"),
    ("message to edit not found", "no_such_message"),
    ("message can't be", "no_such_message"),
)
_ACCOUNT = (
    ("business_connection_invalid", "business_disconnected"),
    ("business connection not found", "business_disconnected"),
    ("not enough rights", "no_rights"),
    ("need administrator rights", "no_rights"),
)


def base_url() -> str:
    """Where the Bot API answers, without a slash at the end (environment `TELEGRAM_API_URL`)."""
    return str(conf.settings.PROVIDER_URLS.get("telegram") or DEFAULT_URL).rstrip("/")


def call(
    token: str,
    method: str,
    params: Mapping[str, Any] | None = None,
    *,
    timeout: float = TIMEOUT,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
) -> http.Call[Any]:
    """Calls `method`; the result is what stands under "result". Raises the errors of `integrations.errors`.

    With `files` (field → name, bytes, MIME type) it goes as a form, in which objects are written as JSON.
    """
    url = f"{base_url()}/bot{checked(token)}/{method}"
    if files is None:
        response = yield http.Request("POST", url, json=dict(params or {}), timeout=timeout)
    else:
        form = {name: _plain(value) for name, value in (params or {}).items()}
        response = yield http.Request("POST", url, form=form, files=files, timeout=timeout)
    if response.status >= 500:
        # A gateway in front may fail after the server behind it has executed the call.
        raise errors.Uncertain(f"Telegram answered {response.status}")
    answer = response.json() if response.body else None
    if not isinstance(answer, dict) or "ok" not in answer:
        if 400 <= response.status < 500:
            raise errors.Rejected(f"refused with status {response.status}", code="refused")
        raise errors.Uncertain("the answer is not of the Bot API")
    if answer["ok"] is True and response.status < 300:
        return answer.get("result")
    raise failure(response.status, answer)


def checked(token: str) -> str:
    """The token itself; raises Rejected for one that would reach another path of the server."""
    if not _TOKEN.match(token or ""):
        raise errors.Rejected("the bot token is malformed", code="revoked", revoked=True)
    return token


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else safejson.dumps(value).decode()


def failure(status: int, answer: Mapping[str, Any]) -> Exception:
    """The error that an `{"ok": false}` answer stands for."""
    description = str(answer.get("description") or f"error {status}")[:500]
    low = description.lower()
    given = answer.get("parameters")
    parameters: Mapping[str, Any] = given if isinstance(given, dict) else {}
    code = answer.get("error_code") if isinstance(answer.get("error_code"), int) else status
    if code == 429:
        return errors.Retry(_retry_after(parameters, low), description, whole_account=True)
    if isinstance(code, int) and code >= 500:
        return errors.Uncertain(description)
    moved = parameters.get("migrate_to_chat_id")
    if isinstance(moved, int) and not isinstance(moved, bool):
        return errors.Rejected(description, code="moved", moved_to=str(moved))
    # 404 is Telegram's answer to a token that does not exist at all.
    if code in (401, 404):
        return errors.Rejected(description, code="revoked", revoked=True)
    if code == 409:
        return errors.Rejected(description, code="conflict")
    for part, word in _BLOCKED:
        if part in low:
            return errors.Rejected(description, code=word, blocked=True)
    for part, word in _CONTENT:
        if part in low:
            return errors.Rejected(description, code=word, content=True)
    for part, word in (*_SOFT, *_ACCOUNT):
        if part in low:
            return errors.Rejected(description, code=word)
    return errors.Rejected(description, code="forbidden" if code == 403 else "rejected", blocked=code == 403)


def _retry_after(parameters: Mapping[str, Any], description: str) -> float:
    given = parameters.get("retry_after")
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 10**7:
        return float(given)
    match = _AFTER.search(description)
    return float(match[1][:7]) if match else 1.0
