"""Messages through Twilio, for accounts outside Russia. Source: Twilio's documentation and library.

`login` is the account's SID, `password` its auth token, `sender` a number, a name or a messaging service (`MG…`). The
reports and what people write come to our address with a signature; their order is not kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import (
    Connected,
    Fact,
    Health,
    HookReply,
    HookRequest,
    Ignored,
    Media,
    MessageKind,
    MessageReceived,
    Outgoing,
    Polled,
    Receipt,
    Sent,
    Settings,
)
from integrations.sms import guides, provider, segments, values
from integrations.sms.provider import Fields, Provider
from integrations.twilio import client, signature
from kit import http, safejson

_SHOWS_AFTER = 60.0
_LONGEST_LIFE = 36_000
_STATES: Mapping[str, Literal["sent", "delivered", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "partially_delivered": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
_EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


class Twilio(Provider):
    """See `Provider`."""

    name = "twilio"
    guide = guides.TWILIO

    def matches(self, fields: Fields) -> bool:
        return bool(fields.get("MessageSid") or fields.get("SmsSid"))

    def event_id(self, fields: Fields) -> str | None:
        status = _report(fields)
        return f"{_sid(fields)}:{status}" if status else _sid(fields)

    def phone(self, fields: Fields) -> str:
        return fields.get("To" if _report(fields) else "From", "")

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        return signature.valid(settings, request, token="password")

    def acknowledge(self) -> HookReply:
        return HookReply(headers={"Content-Type": "text/xml"}, body=_EMPTY)

    def facts(self, settings: Settings, request: HookRequest, fields: Fields) -> list[Fact]:
        status = _report(fields)
        if not status:
            return _said(fields)
        state = _STATES.get(status)
        if state is None:
            return [Ignored(f"nothing has become of it yet ({status[:20]})")]
        reason, dead = client.reason(fields.get("ErrorCode"))
        failed = state == "failed"
        return [
            Receipt(
                external_id=_sid(fields),
                state=state,
                at=_done_at(fields.get("RawDlrDoneDate", "")),
                reason=(reason or status[:40]) if failed else "",
                key=fields.get("key", "")[:200] or None,
                blocked=failed and dead,
                cost=fields.get("Price", "").lstrip("-")[:12],
            )
        ]

    def send(self, settings: Settings, phone: str, text: str, outgoing: Outgoing) -> http.Call[Sent]:
        sender = settings.get("sender") or ""
        form: dict[str, Any] = {"To": phone, "Body": text}
        form["MessagingServiceSid" if sender.startswith("MG") else "From"] = sender
        if settings.get("hook_url"):
            form["StatusCallback"] = provider.with_key(settings["hook_url"], outgoing.key)
        if outgoing.expires_in_seconds is not None:
            form["ValidityPeriod"] = str(min(_LONGEST_LIFE, max(300, outgoing.expires_in_seconds)))
        answer = yield from _call(settings, "Messages", method="POST", form=form)
        return _sent(answer, text)

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        if not settings.get("sender"):
            raise errors.Rejected(
                str(_("Fill in the sender: Twilio sends from nothing else.")), code="missing", content=True
            )
        account = yield from _call(settings, "")
        number = yield from _number_of(settings)
        if number is not None and number.get("sms_url") != hook_url:
            path = f"IncomingPhoneNumbers/{number['sid']}"
            yield from _call(settings, path, method="POST", form={"SmsUrl": hook_url, "SmsMethod": "POST"})
        return Connected(
            external_id=settings.get("login") or "",
            name=f"{str(account.get('friendly_name') or 'Twilio')[:80]} {settings['sender']}",
        )

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        account = yield from _call(settings, "")
        if account.get("status") not in (None, "active"):
            return Health(ok=False, reason=_("Twilio has suspended the account"))
        balance = yield from _call(settings, "Balance")
        try:
            money = float(str(balance.get("balance")))
        except ValueError:
            money = 1.0  # accounts billed afterwards have none
        if money <= 0:
            return Health(ok=False, reason=_("the money at Twilio is over: top up the balance"))
        number = yield from _number_of(settings)
        if number is not None and number.get("sms_url") != hook_url:
            return Health(ok=False, reason=_("answers to this number go to another service"))
        return Health(ok=True)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        number = yield from _number_of(settings)
        if number is not None and number.get("sms_url") == hook_url:
            path = f"IncomingPhoneNumbers/{number['sid']}"
            yield from _call(settings, path, method="POST", form={"SmsUrl": ""})

    def settle(
        self, settings: Settings, phone: str, text: str, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None]:
        day = (since - timedelta(minutes=1)).astimezone(UTC).date().isoformat()
        answer = yield from _call(
            settings, "Messages", query={"To": phone, "DateSent>": day, "PageSize": "200"}
        )
        for row in _listed(answer):
            made = values.rfc2822(str(row.get("date_created") or ""))
            if row.get("body") == text and made and (made - since).total_seconds() > -60:
                return _sent(row, text)
        wait = provider.patience(since, _SHOWS_AFTER)
        if wait:
            raise errors.Retry(wait, "too early to tell")
        return None

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        now = datetime.now(UTC)
        if not cursor:
            return Polled(cursor=now.isoformat())
        day = (datetime.fromisoformat(cursor) - timedelta(hours=1)).astimezone(UTC).date().isoformat()
        answer = yield from _call(settings, "Messages", query={"DateSent>": day, "PageSize": "1000"})
        requests = tuple(_polled(row) for row in _listed(answer) if _tells(row))
        return Polled(requests=requests, cursor=now.isoformat())


def _said(fields: Fields) -> list[Fact]:
    """What a person wrote. Twilio acts on STOP and START by itself and says so in `OptOutType`."""
    if not fields.get("From"):
        raise errors.ParseError("a message without a sender")
    opted = fields.get("OptOutType", "").upper()
    facts = provider.said(
        ident=_sid(fields),
        phone=fields["From"],
        text=fields.get("Body", ""),
        to=fields.get("To", ""),
        at=values.rfc2822(fields.get("DateSent", "")),
        blocks={"STOP": "stop", "START": "start"}.get(opted, ""),
    )
    media = tuple(
        Media(kind=_kind(mime), url=url[:2000], mime=mime[:100])
        for number in range(10)
        if (url := fields.get(f"MediaUrl{number}", "")).startswith("https://")
        for mime in [fields.get(f"MediaContentType{number}", "")]
    )
    first = facts[0]
    if media and isinstance(first, MessageReceived):
        facts[0] = dataclasses.replace(first, media=media, kind=_kind(media[0].mime))
    return facts


def _kind(mime: str) -> MessageKind:
    kinds: Mapping[str, MessageKind] = {"image": "image", "audio": "audio", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")


def _report(fields: Fields) -> str:
    """The state a report tells, "" for a message that came in (its state is "received")."""
    status = (fields.get("MessageStatus") or "").lower()
    return "" if status in ("received", "receiving") else status


def _sid(fields: Fields) -> str:
    return (fields.get("MessageSid") or fields.get("SmsSid") or "")[:64]


def _done_at(text: str) -> datetime | None:
    """`RawDlrDoneDate`, yyMMddHHmm."""
    try:
        return datetime.strptime(text, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def _call(settings: Settings, path: str, **more: Any) -> http.Call[dict[str, Any]]:
    return (yield from client.call(settings.get("login") or "", settings.get("password") or "", path, **more))


def _number_of(settings: Settings) -> http.Call[Mapping[str, Any] | None]:
    """The sender's own entry among the account's numbers; None for a name and for a messaging service."""
    phone = values.e164(settings.get("sender") or "")
    if phone is None:
        return None
    answer = yield from _call(settings, "IncomingPhoneNumbers", query={"PhoneNumber": phone})
    rows = answer.get("incoming_phone_numbers")
    return next(
        (row for row in rows if isinstance(row, dict) and row.get("sid") and row.get("phone_number") == phone)
        if isinstance(rows, list)
        else iter(()),
        None,
    )


def _listed(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = answer.get("messages")
    return [row for row in rows if isinstance(row, dict) and row.get("sid")] if isinstance(rows, list) else []


def _tells(row: Mapping[str, Any]) -> bool:
    return str(row.get("direction")) == "inbound" or str(row.get("status")) in _STATES


def _polled(row: Mapping[str, Any]) -> HookRequest:
    inbound = str(row.get("direction")) == "inbound"
    told = {
        "MessageSid": row.get("sid"),
        "MessageStatus": None if inbound else row.get("status"),
        "From": row.get("from"),
        "To": row.get("to"),
        "Body": row.get("body") if inbound else None,
        "ErrorCode": row.get("error_code"),
        "Price": row.get("price"),
        "DateSent": row.get("date_sent"),
    }
    return HookRequest(
        subpath=provider.POLLED,
        headers={"content-type": "application/json"},
        body=safejson.dumps({key: str(value) for key, value in told.items() if value not in (None, "")}),
    )


def _sent(row: Mapping[str, Any], text: str) -> Sent:
    sid = row.get("sid")
    if not isinstance(sid, str) or not sid:
        raise errors.Uncertain("the answer names no message")
    given = str(row.get("num_segments") or "")
    return Sent(
        sid[:64],
        raw_state=str(row.get("status") or "")[:40],
        cost=str(row.get("price") or "").lstrip("-")[:12],
        parts=int(given) if given.isdigit() and int(given[:3]) > 0 else max(1, segments.parts(text)),
    )
