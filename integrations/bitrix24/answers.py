"""What an answer of a portal means: a result, or one of the four failures.

The body decides, not the status: HTTP 200 may carry an `error`, and a 5xx with a readable `error` of the
limiter was certainly not executed. Source: _includes/system-errors.md, limits.md and the error tables of the
method pages; which of them leave the outcome open is our reading of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.bitrix24 import address, language
from kit import http

# The code of the portal → our code. All of these say that nothing was executed.
_REFUSED: Mapping[str, str] = {
    "NO_AUTH_FOUND": "revoked",
    "INVALID_TOKEN": "revoked",
    "EXPIRED_TOKEN": "revoked",
    "ERROR_OAUTH": "revoked",
    "APPLICATION_NOT_FOUND": "revoked",
    "NOT_INSTALLED": "revoked",
    "AUTHORIZATION_ERROR": "revoked",
    "PAYMENT_REQUIRED": "plan",
    "INSUFFICIENT_SCOPE": "scope",
    "INVALID_CREDENTIALS": "rights",
    "USER_ACCESS_ERROR": "rights",
    "WRONG_AUTH_TYPE": "context",
    "METHOD_CONFIRM_WAITING": "confirm",
    "METHOD_CONFIRM_DENIED": "confirm",
    "PORTAL_DELETED": "deleted",
    "INVALID_REQUEST": "https",
    "ERROR_METHOD_NOT_FOUND": "method",
    "NOT_FOUND": "gone",
    "CRM_FIELD_ERROR_REQUIRED": "required",
    "CRM_FIELD_ERROR_VALUE_NOT_VALID": "field",
    "INVALID_ARG_VALUE": "field",
    "ERROR_CORE": "field",
    "100": "arguments",
    "ERROR_BATCH_LENGTH_EXCEEDED": "arguments",
    "ERROR_BATCH_METHOD_NOT_ALLOWED": "arguments",
}
_UNKNOWN = {"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"}
# These need no right of their own: refused, they speak of the whole portal and not of a row.
_OPEN_TO_ALL = {"batch", "profile", "server.time", "scope", "method.get"}

RATE_PAUSE = 5.0
MINUTE = 60.0
OVERLOAD_PAUSE = 3 * 3600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A result with the numbers beside it. `spent` is the `time` block, empty when there was none."""

    value: Any
    total: int | None
    spent: Mapping[str, Any]


class OutcomeUnknown(Exception):
    """The portal failed in the middle: executed or not, it does not say. The caller knows what that means.

    `page` is True when a page came with a good status: some other site, or a portal that is closed.
    """

    def __init__(self, reason: str, *, page: bool = False) -> None:
        super().__init__(reason)
        self.page = page


def failure(code: str, text: str, *, status: int | None, method: str) -> Exception:
    """The failure that a portal's error stands for; `status` is None inside a batch.

    Returns a `Retry`, a `Rejected` or `OutcomeUnknown`, for the caller to raise.
    """
    word = code.upper()
    if word == "QUERY_LIMIT_EXCEEDED":
        return errors.Retry(RATE_PAUSE, "rate", whole_account=True)
    if word == "OPERATION_TIME_LIMIT":
        return errors.Retry(MINUTE, "operating")
    if word == "OVERLOAD_LIMIT":
        return errors.Retry(OVERLOAD_PAUSE, "overload", whole_account=True)
    if word in _UNKNOWN:
        return OutcomeUnknown(text or code)
    if word == "ACCESS_DENIED":
        return _denied(text, status=status, method=method)
    ours = _REFUSED.get(word)
    if ours is None:
        if status is not None and status >= 500:
            return OutcomeUnknown(text or code or f"status {status}")
        ours = {401: "revoked", 402: "plan", 403: "rights", 404: "gone"}.get(status or 0, "other")
    shown = text or code or "refused without a word"
    return errors.Rejected(
        shown, code=ours, revoked=ours == "revoked", content=ours in ("required", "field", "arguments")
    )


def _denied(text: str, *, status: int | None, method: str) -> errors.Rejected:
    if language.speaks_of_plan(text) or (status == 403 and method in _OPEN_TO_ALL):
        return errors.Rejected(text or "REST is refused", code="plan")
    return errors.Rejected(text or "access denied", code="rights" if status == 403 else "forbidden")


def read(
    response: http.Response,
    *,
    method: str,
    where: address.Address,
    trusted: frozenset[str] = frozenset(),
) -> Answer:
    """The answer in a response; raises `Retry`, `Rejected` or `OutcomeUnknown`."""
    status = response.status
    if 300 <= status < 400:
        raise _redirected(response, where=where, trusted=trusted)
    try:
        body = response.json()
    except http.BadAnswer:
        body = None
    if not isinstance(body, Mapping):
        raise _wordless(status)
    if "error" in body:
        error = body["error"]
        if isinstance(error, Mapping):  # REST 3.0 keeps an object there
            code, text = str(error.get("code") or ""), str(error.get("message") or "")
        else:
            code, text = str(error or ""), str(body.get("error_description") or "")
        raise failure(code, text, status=status if status >= 400 else None, method=method)
    if status >= 500:
        raise OutcomeUnknown(f"status {status}")
    if status >= 400 or "result" not in body:
        raise errors.Rejected(f"status {status} without a result", code="not_portal")
    total, spent = body.get("total"), body.get("time")
    return Answer(
        body["result"],
        total if isinstance(total, int) else None,
        spent if isinstance(spent, Mapping) else {},
    )


def _wordless(status: int) -> Exception:
    if status >= 500 or status < 300:
        return OutcomeUnknown(f"status {status} with a page instead of an answer", page=status < 300)
    if status == 401:
        return errors.Rejected("status 401", code="revoked", revoked=True)
    return errors.Rejected(f"status {status} with a page instead of an answer", code="not_portal")


def _redirected(
    response: http.Response, *, where: address.Address, trusted: frozenset[str]
) -> errors.Rejected:
    """A redirect is told, never followed: a POST would lose its body, and its path is our secret."""
    target = address.moved(where, response.headers.get("location", ""), trusted=trusted)
    if target is None:
        return errors.Rejected("the portal sends its callers elsewhere", code="elsewhere")
    return errors.Rejected(f"the portal is now {target.netloc}", code="renamed", moved_to=target.url)
