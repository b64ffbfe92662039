"""Calls of the Graph API and what its errors mean.

Wire format: `<base>/v25.0/<path>` with `Authorization: Bearer <token>`; JSON answers, or `{"error": {"message",
"type", "code", "error_subcode", "error_data": {"details"}, "error_user_msg"}}`. There is no idempotency key.
A version of the API lives about two years.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import conf
from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.meta import meanings, signature
from kit import http, safejson
from kit.text import storable

VERSION = "v25.0"
TIMEOUT = 10.0
UPLOAD_TIMEOUT = 60.0

FACEBOOK_URL = "https://graph.facebook.com"
INSTAGRAM_URL = "https://graph.instagram.com"

_TOKEN = re.compile(r"[\x21-\x7e]{1,2000}\Z")
_ID = re.compile(r"[0-9]{1,30}\Z")
# Meta quotes a malformed token in its refusal.
_TOKEN_IN_TEXT = re.compile(r"\b(?:EAA|IG)[A-Za-z0-9_-]{8,}")
# Where files of messages lie; the token is shown to nobody else.
_FILE_HOSTS = ("fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net", "cdninstagram.com")
_LONGEST_REASON = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """An account's way to the Graph API. `table` tells what error numbers mean; `app_secret` may be empty."""

    base: str
    token: str = dataclasses.field(repr=False)
    table: meanings.Table = dataclasses.field(repr=False)
    app_secret: str = dataclasses.field(default="", repr=False)

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        timeout: float = TIMEOUT,
    ) -> http.Call[Mapping[str, Any]]:
        """Calls `path` ("<id>/messages"); the result is the answer's object. Raises `integrations.errors`."""
        if not _TOKEN.match(self.token):
            raise errors.Rejected(str(meanings.GRAPH[190].text), code="revoked", revoked=True)
        asked = dict(query or {})
        if self.app_secret:
            asked["appsecret_proof"] = signature.proof(self.app_secret, self.token)
        response = yield http.Request(
            method,
            f"{self.base}/{VERSION}/{path}",
            json=json,
            form=form,
            files=files,
            query=asked,
            headers={"authorization": f"Bearer {self.token}"},
            timeout=timeout,
        )
        return self._read(response)

    def _read(self, response: http.Response) -> Mapping[str, Any]:
        answer = _object(response.body)
        if answer is not None and isinstance(answer.get("error"), dict):
            raise failure(answer["error"], response, self.table, self.token)
        if response.status >= 500:
            # A gateway in front may fail after the server behind it has executed the call.
            raise errors.Uncertain(f"Meta answered {response.status}")
        if response.status == 429:
            raise errors.Retry(_pause(response) or 60.0, "too many calls", whole_account=True)
        if 400 <= response.status < 500:
            raise errors.Rejected(f"refused with status {response.status}", code="refused")
        if answer is None or response.status >= 300:
            raise errors.Uncertain("the answer is not of the Graph API")
        return answer


def facebook_url() -> str:
    """Where the Graph API answers, without a slash at the end (environment `META_GRAPH_URL`)."""
    return str(conf.settings.PROVIDER_URLS.get("meta") or FACEBOOK_URL).rstrip("/")


def instagram_url(token: str) -> str:
    """Where a token of this account is accepted: those of Instagram's own login begin with IG and have a host apart.

    An own address in `META_GRAPH_URL` (a proxy, a fake) stands for both hosts.
    """
    base = facebook_url()
    return INSTAGRAM_URL if base == FACEBOOK_URL and own_login(token) else base


def own_login(token: str) -> bool:
    """Is it a token of Instagram's own login? Others were given by Facebook to a page."""
    return token.startswith("IG")


def object_id(value: str, what: str) -> str:
    """`value` as a part of a path; raises Rejected for what is no id, so that it reaches no other path."""
    found = (value or "").strip()
    if not _ID.match(found):
        raise errors.Rejected(f"the {what} consists of digits", code="bad_settings")
    return found


def file_request(url: str, token: str) -> http.Request:
    """The request for a file of a message, with the token where Meta itself keeps it."""
    host = (urlsplit(url).hostname or "").lower()
    own = urlsplit(facebook_url()).hostname
    trusted = host == own or any(host == name or host.endswith(f".{name}") for name in _FILE_HOSTS)
    return http.Request("GET", url, headers={"authorization": f"Bearer {token}"} if trusted else {})


def failure(
    error: Mapping[str, Any], response: http.Response, table: meanings.Table, token: str = ""
) -> Exception:
    """The error that an answer `{"error": …}` stands for."""
    code, subcode = _int(error.get("code")), _int(error.get("error_subcode"))
    told = _told(error, token)
    if code == 100 and "appsecret_proof" in told:
        return errors.Rejected(
            str(_("The app secret does not belong to the app of this access token.")), code="bad_app_secret"
        )
    meaning = None if code is None else meanings.find(table, code, subcode or 0)
    if meaning is None:
        if response.status == 429:
            return errors.Retry(_pause(response) or 60.0, told, whole_account=True)
        if response.status >= 500 or error.get("is_transient") is True:
            return errors.Uncertain(told)
        return errors.Rejected(told, code="rejected")
    reason = f"{meaning.text} ({told})" if meaning.detailed and told else str(meaning.text)
    reason = reason[:_LONGEST_REASON]
    if meaning.kind == "uncertain":
        return errors.Uncertain(told)
    if meaning.kind == "later":
        after = _pause(response) if meaning.whole_account else None
        return errors.Retry(after or meaning.after, reason, whole_account=meaning.whole_account)
    return errors.Rejected(
        reason,
        code=meaning.word,
        blocked=meaning.blocked,
        revoked=meaning.revoked,
        content=meaning.content,
    )


def _told(error: Mapping[str, Any], token: str) -> str:
    """The provider's own words, the most telling ones, without the token."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    for said in (details, error.get("error_user_msg"), error.get("message")):
        if isinstance(said, str) and said.strip():
            clean = storable(said).replace(token, "…") if token else storable(said)
            return _TOKEN_IN_TEXT.sub("…", clean)[:_LONGEST_REASON]
    return f"error {_int(error.get('code')) or ''}".strip()


def _pause(response: http.Response) -> float | None:
    """Seconds until the account may call again, as far as the answer says.

    `X-Business-Use-Case-Usage` is `{"<id>": [{"estimated_time_to_regain_access": <minutes>}]}`.
    """
    usage = _object((response.headers.get("x-business-use-case-usage") or "").encode("utf-8", "replace"))
    minutes = [
        row["estimated_time_to_regain_access"]
        for rows in (usage or {}).values()
        if isinstance(rows, list)
        for row in rows
        if isinstance(row, dict) and _int(row.get("estimated_time_to_regain_access"))
    ]
    if minutes:
        return min(float(max(minutes)) * 60, 24 * 3600.0)
    after = response.headers.get("retry-after") or ""
    return float(after) if re.fullmatch(r"[1-9][0-9]{0,4}", after) else None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = safejson.loads(body)
    except safejson.Malformed:
        return None
    return value if isinstance(value, dict) else None


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
