"""Calls of VK's API.

Wire format: `POST <base>/method/<name>`, form-encoded, the key as a Bearer token, `v` the version; the answer is
`{"response": …}` or `{"error": {…}}`, both with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import conf

from integrations import errors
from integrations.protocols.channel import Settings
from integrations.vk import failures
from kit import http

DEFAULT_URL = "https://api.vk.com"
VERSION = "5.199"
TIMEOUT = 10.0

_KEY = re.compile(r"[\x21-\x7e]{1,1024}\Z")
_GROUP = re.compile(
    r"(?:https?://)?(?:www\.)?(?:vk\.(?:com|ru|me)/)?(?:club|public|event|-)?([0-9]{1,18})/?\Z"
)


def base_url() -> str:
    """Where the API answers, without a slash at the end (environment `VK_API_URL`)."""
    return str(conf.settings.PROVIDER_URLS.get("vk") or DEFAULT_URL).rstrip("/")


def group_of(settings: Settings) -> str:
    """The community's number, "" when the setting names none; an address like vk.com/club123 will do."""
    match = _GROUP.match((settings.get("group_id") or "").strip().lower())
    return match[1].lstrip("0") if match else ""


def call(
    settings: Settings, method: str, params: Mapping[str, Any] | None = None, *, timeout: float = TIMEOUT
) -> http.Call[Any]:
    """Calls `method`; the result is what stands under "response". Raises the errors of `integrations.errors`."""
    key = settings.get("access_token") or ""
    if not _KEY.match(key):
        raise errors.Rejected("the access key is malformed", code="revoked", revoked=True)
    response = yield http.Request(
        "POST",
        f"{base_url()}/method/{method}",
        form={**(params or {}), "v": VERSION},
        headers={"Authorization": f"Bearer {key}"},
        timeout=timeout,
    )
    if response.status == 429:
        raise errors.Retry(1.0, "VK answered 429", whole_account=True)
    if response.status >= 500:
        # A gateway in front may fail after the server behind it has executed the call.
        raise errors.Uncertain(f"VK answered {response.status}")
    refused = 300 <= response.status < 500
    try:
        answer = response.json() if response.body else None
    except http.BadAnswer:
        if not refused:
            raise
        answer = None  # a gateway's page, but its status says that nothing was executed
    if isinstance(answer, dict) and "error" in answer:
        raise failures.of(answer["error"])
    if isinstance(answer, dict) and "response" in answer and response.status < 300:
        return answer["response"]
    if refused:
        raise errors.Rejected(f"refused with status {response.status}", code="refused")
    raise errors.Uncertain("the answer is not of VK's API")
