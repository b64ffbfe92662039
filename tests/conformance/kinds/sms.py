"""Text messages through three providers."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
from urllib.parse import parse_qsl, urlencode

from fakes import sms as fake
from fakes.server import Answer
from fakes.sms_twilio import SID, TOKEN, refusal, signed
from tests.conformance.kit import Arrived, HttpKind, Letter, Person, fresh_number

COMMON = {
    "press": "there are no buttons",
    "edit": "a text message that was sent stays as it is",
    "take_back": "a text message that was sent stays",
    "album": "a text message has no pictures",
    "batch": "a report is a request of its own",
    "own_app": "nobody writes from the provider's number by hand",
    "hear_us": "our own messages come back as reports alone",
    "read": "nobody knows whether a text message was read",
    "block": "nobody tells of a block",
    "unblock": "nobody tells of a block",
}


class _Phone(Person):
    """Somebody with a phone."""

    def __init__(self, kind: _Sms) -> None:
        self.kind = kind
        self.number = f"791{fresh_number()}"
        self.chat, self.address = f"+{self.number}", self.number

    def _post(self, headers: dict[str, str], body: bytes) -> None:
        self.kind.server.post(self.kind.hook, headers, body)


class _Sms(HttpKind):
    kind = "sms"

    def start(self) -> dict[str, str]:
        self.server = fake.FakeSms().start()
        self.server.smsc.balance = self.server.aero.balance = 100_000.0
        return dict(self.server.urls())


class SmscPhone(_Phone):
    """At SMSC."""

    def say(self, text: str) -> None:
        self._post(*self.kind.server.smsc.said(self.number, text))

    def report(self, arrived: Arrived, state: str) -> None:
        status = {"sent": 0, "delivered": 1, "failed": 20}[state]
        self._post(*self.kind.server.smsc.report(str(arrived.raw["id"]), status))

    def unknown(self) -> None:
        fields = {"phone": self.number, "ts": "1795428005", "waitcall": "1"}
        self._post(fake.FORM, fake.smsc_signed(fields, ("phone", "ts")))

    def got(self) -> list[Arrived]:
        rows = self.kind.server.smsc.messages
        return [Arrived(row["mes"], row) for row in rows if row["phone"] == self.number]


class Smsc(_Sms):
    """SMSC.ru."""

    provider = "smsc"
    sending = "send"
    settings = {
        "provider": "smsc",
        "login": fake.LOGIN,
        "password": fake.PASSWORD,
        "callback_secret": fake.CALLBACK_SECRET,
    }
    lacks = COMMON

    def person(self) -> Person:
        return SmscPhone(self)

    def signed(self, letter: Letter) -> Letter:
        fields = dict(parse_qsl(letter.body.decode("utf-8", "replace"), keep_blank_values=True))
        names: tuple[str, ...] = ("id", "phone", "status")
        if "status" not in fields:
            names = ("phone", "mes", "to") if "mes" in fields else ("phone", "ts")
        kept = [
            pair
            for pair in parse_qsl(letter.body.decode("utf-8", "replace"), keep_blank_values=True)
            if pair[0] not in ("md5", "sha1")
        ]
        told = ":".join([*(fields.get(name, "") for name in names), fake.CALLBACK_SECRET]).encode()
        body = urlencode([*kept, ("md5", hashlib.md5(told).hexdigest())], errors="replace").encode()
        return dataclasses.replace(letter, body=body)

    def too_many(self, after: int | None) -> Answer:
        if after is not None:
            return Answer(429, "", {"Retry-After": str(after)})
        return fake.smsc_error(9, "too many requests")

    def revoke(self) -> None:
        self.server.when("send", fake.smsc_error(2, "authorise error"))


class AeroPhone(_Phone):
    """At SMS Aero."""

    def report(self, arrived: Arrived, state: str) -> None:
        status = {"sent": 3, "delivered": 1, "failed": 2}[state]
        self._post(*self.kind.server.aero.report(arrived.raw["id"], status))

    def got(self) -> list[Arrived]:
        rows = self.kind.server.aero.messages
        return [Arrived(row["text"], row) for row in rows if row["number"] == self.number]


class SmsAero(_Sms):
    """SMS Aero."""

    provider = "smsaero"
    sending = "sms/send"
    settings = {"provider": "smsaero", "login": fake.AERO_LOGIN, "password": fake.AERO_KEY, "sender": "SALON"}
    lacks = {
        **COMMON,
        "reach": "SMS Aero brings no messages of clients",
        "say": "SMS Aero brings no messages of clients",
        "unknown": "its callback knows reports alone",
    }

    def person(self) -> Person:
        return AeroPhone(self)

    def too_many(self, after: int | None) -> Answer:
        headers = {} if after is None else {"Retry-After": str(after)}
        return Answer(429, {"success": False, "message": "Too Many Requests."}, headers)

    def revoke(self) -> None:
        self.server.when("sms/send", fake.aero_error(401, "invalid credentials"))


class TwilioPhone(_Phone):
    """At Twilio."""

    def _tell(self, fields: dict[str, str]) -> None:
        self._post(*signed(self.kind.hook, fields))

    def say(self, text: str) -> None:
        self._tell(self.kind.server.twilio.said(self.chat, text))

    def report(self, arrived: Arrived, state: str) -> None:
        status = {"failed": "undelivered"}.get(state, state)
        self._tell(self.kind.server.twilio.report(arrived.raw["sid"], status))

    def unknown(self) -> None:
        self._tell(
            {"AccountSid": SID, "MessageSid": f"SM{fresh_number():032d}", "MessageStatus": "brand_new"}
        )

    def got(self) -> list[Arrived]:
        rows = self.kind.server.twilio.messages
        return [
            Arrived(row["body"], row)
            for row in rows
            if row["to"] == self.chat and row["direction"] == "outbound-api"
        ]


class Twilio(_Sms):
    """Twilio."""

    provider = "twilio"
    sending = "POST Messages"
    settings = {"provider": "twilio", "login": SID, "password": TOKEN, "sender": "+15017122661"}
    lacks = COMMON

    def person(self) -> Person:
        return TwilioPhone(self)

    def signed(self, letter: Letter) -> Letter:
        return twilio_signed(letter, self.hook)

    def too_many(self, after: int | None) -> Answer:
        answer = refusal(429, 20429, "Too Many Requests")
        return answer if after is None else dataclasses.replace(answer, headers={"Retry-After": str(after)})

    def revoke(self) -> None:
        self.server.when("POST Messages", refusal(401, 20003, "Authenticate"))


def twilio_signed(letter: Letter, hook: str, token: str = TOKEN) -> Letter:
    """A letter to Twilio's hook with its signature made anew."""
    root = hook.split("/hooks/")[0]
    several: dict[str, set[str]] = {}
    text = letter.body.decode("latin-1")
    for key, value in parse_qsl(text, keep_blank_values=True, encoding="latin-1"):
        several.setdefault(key, set()).add(value)
    said = (root + letter.path).encode()
    for key in sorted(several):
        for value in sorted(several[key]):
            said += key.encode("latin-1") + value.encode("latin-1")
    proof = base64.b64encode(hmac.new(token.encode(), said, hashlib.sha1).digest()).decode()
    headers = {**letter.headers, "x-twilio-signature": proof}
    return dataclasses.replace(letter, headers=headers)


KINDS = [Smsc, SmsAero, Twilio]
