"""Calls as seven providers tell of them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from fakes import telephony as fake
from fakes.sms_twilio import TOKEN
from fakes.telephony_hook import FORM, Hook
from tests.conformance.kinds.sms import twilio_signed
from tests.conformance.kit import Kind, Letter, Person, fresh_number

SILENT = "nothing is sent by a phone line"
LACKS = {
    "say": "a call has no text",
    "send": SILENT,
    "press": SILENT,
    "edit": "a call has no text",
    "take_back": "a call has no text",
    "album": "a call has no pictures",
    "batch": "an event is a request of its own",
    "own_app": SILENT,
    "hear_us": SILENT,
    "sent": SILENT,
    "delivered": SILENT,
    "read": SILENT,
    "failed": SILENT,
    "block": SILENT,
    "unblock": SILENT,
    "storm": SILENT,
    "revoke": SILENT,
    "evidence": SILENT,
}
LINE = "74951112233"


class Caller(Person):
    """Somebody who calls."""

    def __init__(self, kind: _Telephony) -> None:
        self.kind = kind
        self.number = f"791{fresh_number()}"
        self.chat = f"+{self.number}"
        self.address = self.number

    def reach(self) -> None:
        """Calls, and is talked to for a minute."""
        for hook in self.kind.call(self.number):
            hook.post(self.kind.hook)

    def unknown(self) -> None:
        self.kind.strange(self.number).post(self.kind.hook)


class _Telephony(Kind):
    kind = "telephony"
    lacks = LACKS

    def start(self) -> dict[str, str]:
        self.server = fake.FakeTelephony().start()
        return dict(self.server.urls())

    def person(self) -> Person:
        return Caller(self)

    def call(self, number: str) -> list[Hook]:
        """The events of a call."""
        raise NotImplementedError

    def strange(self, number: str) -> Hook:
        """An event of a kind that nobody knows."""
        raise NotImplementedError


class Mango(_Telephony):
    """Mango Office."""

    provider = "mango"
    settings = {"provider": "mango", "vpbx_api_key": fake.MANGO_KEY, "vpbx_api_salt": fake.MANGO_SALT}

    def call(self, number: str) -> list[Hook]:
        return list(self.server.mango.call(number, LINE, talk=60))

    def strange(self, number: str) -> Hook:
        found: Hook = self.server.mango.event("events/brand_new", {"entry_id": number})
        return found

    def signed(self, letter: Letter) -> Letter:
        pairs = parse_qsl(letter.body.decode("utf-8", "replace"), keep_blank_values=True)
        text = dict(pairs).get("json", "")
        sign = hashlib.sha256(
            (fake.MANGO_KEY + text + fake.MANGO_SALT).encode("utf-8", "replace")
        ).hexdigest()
        fields = {"vpbx_api_key": fake.MANGO_KEY, "sign": sign}
        return dataclasses.replace(
            letter,
            body=urlencode(
                [*fields.items(), *(pair for pair in pairs if pair[0] not in fields)], errors="replace"
            ).encode(),
        )


ORDERS = {
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}


class Zadarma(_Telephony):
    """Zadarma."""

    provider = "zadarma"
    settings = {"provider": "zadarma", "api_key": fake.API_KEY, "api_secret": fake.API_SECRET}

    def call(self, number: str) -> list[Hook]:
        return list(self.server.zadarma.call(f"+{number}", f"+{LINE}", talk=60))

    def strange(self, number: str) -> Hook:
        order = ("caller_id", "called_did", "call_start")
        told = {"event": "NOTIFY_BRAND_NEW", "caller_id": number, "pbx_call_id": f"in_{number}"}
        found: Hook = self.server.zadarma.event(order, **told)
        return found

    def signed(self, letter: Letter) -> Letter:
        fields = dict(parse_qsl(letter.body.decode("utf-8", "replace"), keep_blank_values=True))
        order = ORDERS.get(fields.get("event", ""), ("caller_id", "called_did", "call_start"))
        told = "".join(fields.get(name, "") for name in order).encode("utf-8", "replace")
        digest = hmac.new(fake.API_SECRET.encode(), told, hashlib.sha1).hexdigest()
        proof = base64.b64encode(digest.encode()).decode()
        return dataclasses.replace(letter, headers={**letter.headers, "signature": proof})


class Novofon(Zadarma):
    """Novofon, which speaks as Zadarma does."""

    provider = "novofon"
    settings = {**Zadarma.settings, "provider": "novofon"}


class Uis(_Telephony):
    """UIS: the owner writes the templates of the events."""

    provider = "uis"
    settings = {"provider": "uis", "secret": "uis-own-secret"}

    def call(self, number: str) -> list[Hook]:
        session = fresh_number()
        steps = (
            {"event": "incoming_call"},
            {"event": "call_ended", "talk_time_duration": 62, "direction": "in"},
        )
        return [self._event(number, session, **step) for step in steps]

    def strange(self, number: str) -> Hook:
        return self._event(number, fresh_number(), event="brand_new")

    def _event(self, number: str, session: int, **told: object) -> Hook:
        known = {
            "secret": "uis-own-secret",
            "call_session_id": session,
            "virtual_phone_number": LINE,
            "contact_phone_number": number,
            "notification_timestamp": int(time.time()),
        }
        return JsonHook({"content-type": "application/json"}, {"json": json.dumps({**known, **told})})


class JsonHook(Hook):
    """An event whose body is JSON."""

    __slots__ = ()

    @property
    def body(self) -> bytes:
        """The body."""
        return self.fields["json"].encode()


class Sipuni(_Telephony):
    """Sipuni: events come by GET."""

    provider = "sipuni"
    settings = {"provider": "sipuni"}

    def call(self, number: str) -> list[Hook]:
        make: Callable[..., list[Hook]] = self.server.sipuni_call
        return make(number, LINE, talk=60)

    def strange(self, number: str) -> Hook:
        told = {"event": "9", "call_id": f"{number}.1", "src_num": number, "src_type": "1"}
        return Hook(FORM, told, method="GET")


class Megafon(_Telephony):
    """MegaFon's virtual PBX."""

    provider = "megafon"
    settings = {"provider": "megafon", "crm_token": fake.CRM_TOKEN}

    def call(self, number: str) -> list[Hook]:
        return list(self.server.megafon.call(number, LINE, talk=60))

    def strange(self, number: str) -> Hook:
        told = {"cmd": "brand_new", "crm_token": fake.CRM_TOKEN, "callid": number, "phone": number}
        return Hook(FORM, told)


class Twilio(_Telephony):
    """Twilio's numbers."""

    provider = "twilio"
    lacks = {**LACKS, "unknown": "every request about a call asks what to do with it: none is strange"}
    settings = {
        "provider": "twilio",
        "account_sid": "AC0123456789abcdef",
        "auth_token": TOKEN,
        "forward_to": "+79139999999",
    }

    def call(self, number: str) -> list[Hook]:
        sid = f"CA{fresh_number():032d}"
        return list(self.server.twilio_call(self.hook, f"+{number}", sid=sid, talk=60))

    def signed(self, letter: Letter) -> Letter:
        return twilio_signed(letter, self.hook)


KINDS = [Mango, Zadarma, Novofon, Uis, Sipuni, Megafon, Twilio]
