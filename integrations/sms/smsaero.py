"""SMS Aero, API v2. Source: the provider's own library (smsaero-api-async) and public code that reads its callback.

`POST <gate>/<method>` with JSON and HTTP Basic (e-mail, API key); `{"success", "data", "message"}`, older failures as
`{"result", "reason"}`. The callback is not signed: the path's token stands alone, `poll` reads the same states anew.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import (
    Connected,
    Fact,
    Health,
    HookRequest,
    Ignored,
    Outgoing,
    Polled,
    Receipt,
    Sent,
    Settings,
)
from integrations.sms import guides, provider, segments, values
from integrations.sms.provider import Fields, Provider
from kit import http, safejson

_GATES = ("https://gate.smsaero.ru/v2", "https://gate.smsaero.org/v2", "https://gate.smsaero.net/v2")
_DEFAULT_SIGN = "SMS Aero"
_SHOWS_AFTER = 60.0
_NO_MONEY = 900.0
_STATES: Mapping[str, Literal["sent", "delivered", "failed"]] = {
    "1": "delivered",
    "2": "failed",
    "3": "sent",
    "6": "failed",
}
_REASONS: Mapping[str, Any] = {
    "2": _("the message was not delivered"),
    "6": _("the message was refused: check the sender name and the text"),
}


class SmsAero(Provider):
    """See `Provider`."""

    name = "smsaero"
    guide = guides.SMSAERO

    def matches(self, fields: Fields) -> bool:
        return "id" in fields and "status" in fields and "phone" not in fields

    def event_id(self, fields: Fields) -> str | None:
        return f"aero:{fields['id'][:64]}:{fields['status'][:16]}"

    def phone(self, fields: Fields) -> str:
        return fields.get("number", "")

    def facts(self, settings: Settings, request: HookRequest, fields: Fields) -> list[Fact]:
        ident, status = fields.get("id", ""), fields.get("status", "")
        if not ident or not status:
            raise errors.ParseError("a report without a message or without a state")
        state = _STATES.get(status)
        if state is None:
            return [Ignored(f"nothing has become of it yet ({status[:20]})")]
        return [
            Receipt(
                external_id=ident[:200],
                state=state,
                at=values.unix(fields.get("dateAnswer", "")),
                reason=str(_REASONS.get(status, "")),
                key=fields.get("key", "")[:200] or None,
                cost=_money(fields.get("cost")),
            )
        ]

    def send(self, settings: Settings, phone: str, text: str, outgoing: Outgoing) -> http.Call[Sent]:
        if len(text) < 2:
            raise errors.Rejected(str(_("the text is too short")), code="too_short", content=True)
        told: dict[str, Any] = {
            "number": int(phone[1:]),
            "text": text,
            "sign": settings.get("sender") or _DEFAULT_SIGN,
        }
        if settings.get("hook_url"):
            told["callbackUrl"] = provider.with_key(settings["hook_url"], outgoing.key)
        data = yield from _call(settings, "sms/send", told)
        row = data[0] if isinstance(data, list) and data else data
        if not isinstance(row, Mapping) or not _ident(row.get("id")):
            raise errors.Uncertain("the answer names no message")
        return _sent(row, text)

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        yield from _call(settings, "auth", {})
        sender = settings.get("sender") or _DEFAULT_SIGN
        return Connected(external_id=settings.get("login") or "", name=f"SMS Aero {sender}")

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        data = yield from _call(settings, "balance", {})
        balance = data.get("balance") if isinstance(data, Mapping) else None
        try:
            money = float(str(balance))
        except ValueError:
            raise errors.Uncertain("the answer names no balance") from None
        if money <= 0:
            return Health(ok=False, reason=_("the money at SMS Aero is over: top up the balance"))
        return Health(ok=True)

    def settle(
        self, settings: Settings, phone: str, text: str, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None]:
        rows = yield from _rows(settings, {"number": int(phone[1:]), "text": text})
        for row in rows:
            made = values.unix(str(row.get("dateCreate") or ""))
            same = str(row.get("text") or "") == text and values.e164(str(row.get("number") or "")) == phone
            if same and made and (made - since).total_seconds() > -60 and _ident(row.get("id")):
                return _sent(row, text)
        wait = provider.patience(since, _SHOWS_AFTER)
        if wait:
            raise errors.Retry(wait, "too early to tell")
        return None

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        now = datetime.now(UTC).isoformat()
        if not cursor:
            return Polled(cursor=now)
        rows = yield from _rows(settings, {})
        named = ("id", "status", "extendStatus", "dateAnswer", "cost", "number")
        requests = tuple(
            HookRequest(
                subpath=provider.POLLED,
                headers={"content-type": "application/json"},
                body=safejson.dumps({key: str(row[key]) for key in named if row.get(key) is not None}),
            )
            for row in rows
            if str(row.get("status")) in _STATES
        )
        return Polled(requests=requests, cursor=now)


def _call(settings: Settings, method: str, told: Mapping[str, Any]) -> http.Call[Any]:
    """What stands under "data". Raises the errors of `integrations.errors`."""
    login, password = settings.get("login") or "", settings.get("password") or ""
    if not login or not password:
        raise errors.Rejected(
            str(_("Fill in the e-mail as the login and the API key as the password.")),
            code="missing",
            content=True,
        )
    shown = base64.b64encode(f"{login}:{password}".encode()).decode()
    response = yield from provider.exchange(
        provider.bases("smsaero", *_GATES),
        f"/{method}",
        json=dict(told),
        headers={"Authorization": f"Basic {shown}", "Accept": "application/json"},
    )
    if response.status >= 500:
        raise errors.Uncertain(f"SMS Aero answered {response.status}")
    try:
        answer = response.json()
    except errors.Uncertain:
        answer = None
        if not 400 <= response.status < 500:
            raise
    answer = answer if isinstance(answer, dict) else {}
    if response.status == 200 and answer.get("success") is True:
        return answer.get("data")
    if response.status == 200 and "success" not in answer and "result" not in answer:
        raise errors.Uncertain("the answer is not SMS Aero's")
    raise _failure(response.status, answer)


def _failure(status: int, answer: Mapping[str, Any]) -> Exception:
    """The error that a refusal stands for; the texts are the provider's own."""
    parts = [str(answer.get(name) or "") for name in ("message", "reason", "result")]
    text = next(filter(None, parts), f"SMS Aero refused with status {status}")[:300]
    low = " ".join(parts).lower()
    if status == 401 or "invalid credentials" in low:
        return errors.Rejected(
            str(_("SMS Aero does not accept the login and the API key")), code="revoked", revoked=True
        )
    if status == 402 or "no credits" in low or "not enough money" in low:
        return errors.Retry(_NO_MONEY, str(_("the money at SMS Aero is over")), whole_account=True)
    if status == 429 or "too many" in low:
        return errors.Retry(5.0, text, whole_account=True)
    data = answer.get("data")
    wrong = sorted(str(key) for key in data) if isinstance(data, Mapping) else []
    if "number" in wrong or "numbers" in wrong:
        return errors.Rejected(str(_("this is not a phone number")), code="bad_number", blocked=True)
    if "sign" in wrong:
        return errors.Rejected(
            str(_("SMS Aero does not know this sender name")), code="bad_sender", content=True
        )
    if "text" in wrong:
        return errors.Rejected(str(_("SMS Aero does not take this text")), code="bad_text", content=True)
    return errors.Rejected(text, code="rejected")


def _rows(settings: Settings, told: Mapping[str, Any]) -> http.Call[list[Mapping[str, Any]]]:
    """The newest page of sms/list, in either of its shapes: a list, or an object of numbered rows beside links."""
    data = yield from _call(settings, "sms/list", told)
    items = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()
    return [row for row in items if isinstance(row, Mapping) and "id" in row]


def _sent(row: Mapping[str, Any], text: str) -> Sent:
    return Sent(
        _ident(row.get("id")),
        raw_state=str(row.get("extendStatus") or row.get("status") or "")[:40],
        cost=_money(row.get("cost")),
        parts=max(1, segments.parts(text)),
    )


def _ident(value: Any) -> str:
    return str(value)[:64] if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _money(value: Any) -> str:
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    return text if text.replace(".", "", 1).isdigit() and text.isascii() and len(text) < 12 else ""
