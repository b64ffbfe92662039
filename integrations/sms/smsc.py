"""SMSC.ru and its white labels. Sources: smsc.ru/api/http, and public code that reads its callbacks.

Everything is a POST form with `charset=utf-8&fmt=3`; errors come with status 200 and `error_code`. `id` is ours and no
idempotency key, but together with the phone it names the message in status.php, which settles a broken-off sending.
The callback is signed by md5 and sha1 of `id:phone:status:secret` (of `phone:mes:to:secret` for an inbound message).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import hookform
from integrations.protocols.channel import (
    Connected,
    Fact,
    Health,
    HookReply,
    HookRequest,
    Ignored,
    Outgoing,
    Polled,
    Receipt,
    Sent,
    Settings,
)
from integrations.sms import guides, provider, smsc_codes, values
from integrations.sms.provider import Fields, Provider
from kit import http, safejson

_BASE, _SPARE = "https://smsc.ru", "https://www2.smsc.ru"
_KEY = re.compile(r"[A-Za-z0-9._-]{1,39}\Z")
_SHOWS_AFTER = 180.0  # seconds until a message that was taken surely shows in status.php
_FORGETS_AFTER = timedelta(days=2)


class Smsc(Provider):
    """See `Provider`."""

    name = "smsc"
    guide = guides.SMSC

    def matches(self, fields: Fields) -> bool:
        return "phone" in fields and ("status" in fields or "mes" in fields or "waitcall" in fields)

    def event_id(self, fields: Fields) -> str | None:
        if "mes" in fields:
            return f"smsc:in:{_inbound_id(fields)}"
        if "waitcall" in fields:
            return None
        return f"smsc:{fields.get('id', '')[:64]}:{fields['phone'][:32]}:{fields['status'][:8]}"

    def phone(self, fields: Fields) -> str:
        return fields.get("phone", "")

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        raw = hookform.raw(request)
        secrets = [settings.get("callback_secret") or "", settings.get("callback_secret_previous") or ""]
        if not secrets[0]:
            return True
        names: tuple[str, ...]
        if "mes" in raw:
            names = ("phone", "mes", "to")
        elif "waitcall" in raw:
            names = ("phone", "ts")
        else:
            names = ("id", "phone", "status")
        matched = False
        for secret in secrets:
            text = b":".join([*(raw.get(name, b"") for name in names), secret.encode("utf-8", "replace")])
            for kind in ("md5", "sha1"):
                given = raw.get(kind, b"").lower()
                computed = hashlib.new(kind, text, usedforsecurity=False).hexdigest().encode()
                matched |= bool(secret) & hmac.compare_digest(computed, given)
        return matched

    def acknowledge(self) -> HookReply:
        return HookReply(headers={"Content-Type": "text/plain; charset=utf-8"}, body=b"OK")

    def facts(self, settings: Settings, request: HookRequest, fields: Fields) -> list[Fact]:
        if "mes" in fields:
            return provider.said(
                ident=_inbound_id(fields),
                phone=fields.get("phone", ""),
                text=fields["mes"],
                to=fields.get("to", ""),
                at=values.moscow(fields.get("time", "")) or values.unix(fields.get("ts", "")),
            )
        if "waitcall" in fields:
            return [Ignored("a check by a call")]
        ident, status = fields.get("id", ""), _number(fields.get("status"))
        if not ident or status is None:
            raise errors.ParseError("a report without a message or without a state")
        if fields.get("type", "0") not in ("0", "1"):
            return [Ignored(f"a report on another kind of message ({fields['type'][:10]})")]
        state = smsc_codes.STATES.get(status)
        if state is None:
            return [Ignored(f"nothing has become of it yet ({status})")]
        err = _number(fields.get("err")) or 0
        reason = smsc_codes.REASONS.get(err) or smsc_codes.STATUS_REASONS.get(status)
        failed = state == "failed"
        return [
            Receipt(
                external_id=ident[:200],
                state=state,
                at=values.unix(fields.get("ts", "")),
                reason=(str(reason) if reason else f"SMSC: {status}/{err}") if failed else "",
                key=ident[1:200] if ident.startswith("m") else None,
                blocked=failed and (status == 22 or err in smsc_codes.DEAD_NUMBERS),
                cost=_money(fields.get("cost")),
            )
        ]

    def send(self, settings: Settings, phone: str, text: str, outgoing: Outgoing) -> http.Call[Sent]:
        ident = our_id(outgoing.key)
        form: dict[str, Any] = {"phones": phone, "mes": text, "cost": "3", "op": "1"}
        if ident:
            form["id"] = ident
        if settings.get("sender"):
            form["sender"] = settings["sender"]
        if outgoing.expires_in_seconds is not None:
            form["valid"] = _life(outgoing.expires_in_seconds)
        answer = yield from _call(settings, "send", form)
        code = _number(answer.get("error_code"))
        if code == 9 and ident:
            # The same message within a minute: either the first of the two was taken, or there is a rush.
            taken = yield from _status(settings, phone, ident)
            if taken is not None:
                return taken
        if code is not None:
            raise smsc_codes.failure(code)
        given = answer.get("id")
        if not isinstance(given, int | str) or isinstance(given, bool) or not str(given):
            raise errors.Uncertain("the answer names no message")
        return Sent(
            str(given), cost=_money(answer.get("cost")), parts=max(1, _number(answer.get("cnt")) or 1)
        )

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        yield from _balance(settings)
        sender = settings.get("sender") or ""
        return Connected(
            external_id=settings.get("login") or "", name=f"SMSC {sender}".strip(), details={"sender": sender}
        )

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        balance = yield from _balance(settings)
        if balance <= 0:
            return Health(ok=False, reason=_("the money at SMSC is over: top up the balance"))
        return Health(ok=True)

    def settle(
        self, settings: Settings, phone: str, text: str, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None]:
        ident = our_id(outgoing.key)
        if not ident:
            raise errors.Uncertain("the message had no id of ours")
        found = yield from _status(settings, phone, ident)
        if found is not None:
            return found
        wait = provider.patience(since, _SHOWS_AFTER)
        if wait:
            raise errors.Retry(wait, "too early to tell")
        if datetime.now(UTC) - since > _FORGETS_AFTER:
            raise errors.Uncertain("too late to tell: the provider forgets messages")
        return None

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        """Reports of the last days and messages that came in, in the shape of the callback.

        Names of get.php's fields are those of status.php and of public readers of it.
        """
        now = datetime.now(UTC)
        if not cursor:
            return Polled(cursor=now.isoformat())
        since = datetime.fromisoformat(cursor)
        start = (since - timedelta(days=1)).astimezone(values.MOSCOW)
        sent = yield from _list(
            settings,
            {
                "get_messages": "1",
                "start": start.strftime("%d.%m.%Y"),
                "end": now.astimezone(values.MOSCOW).strftime("%d.%m.%Y"),
                "cnt": "1000",
            },
        )
        hours = min(168, int((now - since).total_seconds() // 3600) + 2)
        came = yield from _list(settings, {"get_answers": "1", "hour": str(hours)})
        requests = [
            _polled(
                {
                    "id": row.get("id") or row.get("int_id"),
                    "phone": row.get("phone"),
                    "status": row.get("status"),
                    "ts": row.get("last_timestamp"),
                    "err": row.get("err"),
                    "cost": row.get("cost"),
                }
            )
            for row in sent
            if _number(row.get("status")) in smsc_codes.STATES
        ]
        requests += [
            _polled(
                {
                    "sms_id": row.get("id"),
                    "phone": row.get("phone"),
                    "mes": row.get("message"),
                    "to": row.get("to_phone"),
                    "time": row.get("received"),
                }
            )
            for row in came
            if row.get("message")
        ]
        return Polled(requests=tuple(requests), cursor=now.isoformat())


def our_id(key: str) -> str:
    """Our key in the form of an `id`, "" when the message has none. A key with other letters in it is hashed."""
    if not key:
        return ""
    if _KEY.match(key):
        return f"m{key}"
    return "h" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:38]


def _life(seconds: int) -> str:
    """`valid`, hours and minutes: at least five minutes, at most a day."""
    minutes = min(24 * 60, max(5, seconds // 60))
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _inbound_id(fields: Fields) -> str:
    given = fields.get("sms_id", "")
    if given:
        return given[:100]
    told = "\n".join(fields.get(name, "") for name in ("phone", "to", "mes", "time", "ts"))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:40]


def _call(settings: Settings, script: str, form: Mapping[str, Any]) -> http.Call[Any]:
    """The JSON that /sys/<script>.php answers."""
    login, password = settings.get("login") or "", settings.get("password") or ""
    who = {"login": login, "psw": password} if login else {"apikey": password}
    response = yield from provider.exchange(
        provider.bases("smsc", _BASE, _SPARE),
        f"/sys/{script}.php",
        form={**who, **form, "charset": "utf-8", "fmt": "3"},
    )
    if response.status == 429:
        raise errors.Retry(60.0, "SMSC asks for a pause", whole_account=True)
    if 400 <= response.status < 500:
        raise errors.Rejected(f"SMSC refused with status {response.status}", code="refused")
    if response.status != 200:
        raise errors.Uncertain(f"SMSC answered {response.status}")
    answer = response.json()
    if not isinstance(answer, dict | list):
        raise errors.Uncertain("the answer is not SMSC's")
    return answer if script in ("get", "status") or isinstance(answer, dict) else {}


def _status(settings: Settings, phone: str, ident: str) -> http.Call[Sent | None]:
    answer = yield from _call(settings, "status", {"phone": phone, "id": ident, "all": "1"})
    if isinstance(answer, list):
        answer = answer[0] if answer and isinstance(answer[0], dict) else {}
    code = _number(answer.get("error_code"))
    if code is not None:
        raise smsc_codes.failure(code)
    status = _number(answer.get("status"))
    if status is None:
        raise errors.Uncertain("the answer names no state")
    if status == -3:
        return None
    return Sent(ident, raw_state=str(status), cost=_money(answer.get("cost")))


def _balance(settings: Settings) -> http.Call[float]:
    if not settings.get("password"):
        raise errors.Rejected(str(_("Fill in the password or the API key.")), code="missing", content=True)
    answer = yield from _call(settings, "balance", {"cur": "1"})
    code = _number(answer.get("error_code"))
    if code is not None:
        raise smsc_codes.failure(code)
    try:
        return float(str(answer["balance"])) + float(str(answer.get("credit") or 0))
    except (KeyError, ValueError):
        raise errors.Uncertain("the answer names no balance") from None


def _list(settings: Settings, form: Mapping[str, str]) -> http.Call[list[dict[str, Any]]]:
    answer = yield from _call(settings, "get", form)
    if isinstance(answer, dict):
        code = _number(answer.get("error_code"))
        if code is not None and code != 3:  # 3: no messages in this time
            raise smsc_codes.failure(code)
        return []
    return [row for row in answer if isinstance(row, dict)]


def _polled(told: Mapping[str, Any]) -> HookRequest:
    return HookRequest(
        subpath=provider.POLLED,
        headers={"content-type": "application/json"},
        body=safejson.dumps({key: str(value) for key, value in told.items() if value not in (None, "")}),
    )


def _number(value: Any) -> int | None:
    """A small whole number, also written as a string."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None


def _money(value: Any) -> str:
    text = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) else ""
