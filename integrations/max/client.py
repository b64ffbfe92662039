"""Calls of MAX's Bot API and what its errors mean.

Wire format: `<method> <base>/<path>`, JSON, the token as it is in `Authorization` (no "Bearer"); errors are
`{"code", "message"}` with a status, and some refusals `{"success": false, "message"}` with 200. There is no
idempotency key. The host's certificate is of the Russian national authority, see `kit.trust`.
Sources: dev.max.ru/docs-api, `schema.yaml` 0.0.30 of max-messenger/max-bot-api-client-go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import conf

from integrations import errors
from integrations.protocols import values
from integrations.protocols.channel import Settings
from kit import http

DEFAULT_URL = "https://platform-api2.max.ru"
TRUST = "russian"
TIMEOUT = 10.0

_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}\Z")


class NotReady(errors.Retry):
    """An uploaded file is still being processed: nothing was sent, the same request will do in a moment."""

    def __init__(self) -> None:
        super().__init__(5.0, "MAX is still processing the file")


def base_url() -> str:
    """Where the Bot API answers, without a slash at the end (environment `MAX_API_URL`)."""
    return str(conf.settings.PROVIDER_URLS.get("max") or DEFAULT_URL).rstrip("/")


def call(
    settings: Settings,
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    json: Any = None,
    timeout: float = TIMEOUT,
) -> http.Call[Mapping[str, Any]]:
    """One call; the result is the answer's object. Raises the errors of `integrations.errors`."""
    token = settings.get("bot_token") or ""
    if not _TOKEN.match(token):
        raise errors.Rejected("the bot token is malformed", code="revoked", revoked=True)
    response = yield http.Request(
        method,
        f"{base_url()}{path}",
        query=query,
        json=json,
        headers={"Authorization": token},
        timeout=timeout,
        trust=TRUST,
    )
    if response.status >= 500:
        # It does not say whether the message went out before something behind the gateway failed.
        raise errors.Uncertain(f"MAX answered {response.status}")
    try:
        answer = response.json() if response.body else None
    except http.BadAnswer:
        if response.status < 300:
            raise
        answer = None  # a gateway's page, but its status says that nothing was executed
    if response.status >= 300:
        raise failure(response.status, answer, response.headers)
    if not isinstance(answer, dict):
        raise errors.Uncertain("the answer is not of MAX's API")
    if answer.get("success") is False:
        raise errors.Rejected(values.text(answer, "message", 300) or "MAX refused", code="refused")
    return answer


def failure(status: int, answer: Any, headers: Mapping[str, str]) -> Exception:
    """The error that a refusal stands for."""
    told = answer if isinstance(answer, dict) else {}
    code = values.text(told, "code", 100)
    said = values.text(told, "message", 300) or code or f"refused with status {status}"
    if code == "attachment.not.ready":
        return NotReady()
    if status == 429:
        return errors.Retry(_after(headers), said, whole_account=True)
    if status == 401:
        return errors.Rejected(said, code="revoked", revoked=True)
    if status == 403:
        # "chat.denied", error.dialog.suspended: the person stopped the bot.
        blocked = code == "chat.denied" or "suspended" in said
        return errors.Rejected(said, code="blocked" if blocked else "forbidden", blocked=blocked)
    if status == 404:
        gone = code in ("chat.not.found", "dialog.not.found", "user.not.found") or "dialog" in said
        return errors.Rejected(said, code="chat_not_found" if gone else "not_found", blocked=gone)
    if status == 413:
        return errors.Rejected("the file is too large for MAX", code="bad_file", content=True)
    if status == 400:
        return errors.Rejected(said, code="bad_request", content=True)
    return errors.Rejected(said, code="refused")


def _after(headers: Mapping[str, str]) -> float:
    told = headers.get("retry-after", "")
    return float(told) if re.fullmatch(r"[0-9]{1,5}", told) else 1.0
