"""Text messages for the battery, each provider by itself."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl, urlencode

from integrations.protocols.channel import HookRequest, Outgoing
from tests.integrations.cases import Wire

FORM = {"content-type": "application/x-www-form-urlencoded"}
SECRET = "event-handler-secret"
TOKEN = "twilio-auth-token"
HOOK = "https://marzha.example/hooks/sms/0123456789abcdef/"
OUTGOING = Outgoing(chat="+79131234567", text="Ждём вас завтра в 15:00", key="42", expires_in_seconds=7200)


def smsc(body: bytes) -> HookRequest:
    return HookRequest(headers=FORM, body=body)


def smsc_signed(names: tuple[str, ...], **fields: str) -> HookRequest:
    told = ":".join([*(fields.get(name, "") for name in names), SECRET])
    return smsc(urlencode({**fields, "md5": hashlib.md5(told.encode()).hexdigest()}).encode())


def report(**fields: str) -> HookRequest:
    known = {"id": "m42", "phone": "79131234567", "ts": "1795428000", "type": "0"}
    return smsc_signed(("id", "phone", "status"), **{**known, **fields})


def aero(body: bytes) -> HookRequest:
    return HookRequest(headers=FORM, body=body)


def twilio(body: bytes, url: str = HOOK, token: str = TOKEN) -> HookRequest:
    """Signed as Twilio signs: the address, then every field by name with its values."""
    said = url.encode()
    several: dict[str, set[str]] = {}
    for key, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"):
        several.setdefault(key, set()).add(value)
    for key in sorted(several):
        for value in sorted(several[key]):
            said += key.encode() + value.encode("latin-1")
    sign = base64.b64encode(hmac.new(token.encode(), said, hashlib.sha1).digest()).decode()
    return HookRequest(headers={**FORM, "x-twilio-signature": sign}, body=body, url=url)


def twilio_form(**fields: str) -> HookRequest:
    known = {"AccountSid": "AC" + "0" * 32, "From": "+15017122661", "To": "+15558675310"}
    return twilio(urlencode({**known, **fields}).encode())


SMSC = Wire(
    kind="sms",
    settings={
        "provider": "smsc",
        "login": "salon-login",
        "password": "salon-password",
        "callback_secret": SECRET,
    },
    requests={
        "delivered": report(status="1"),
        "expired": report(status="3", err="6", id="m43"),
        "inbound": smsc_signed(
            ("phone", "mes", "to"), phone="79131234567", mes="Да, буду", to="79160000000", sms_id="55"
        ),
        "check call": smsc_signed(("phone", "ts"), phone="79131234567", waitcall="1", ts="1795428000"),
    },
    sign=smsc,
    forge=[],
    outgoing=OUTGOING,
)
SMSAERO = Wire(
    kind="sms",
    settings={"provider": "smsaero", "login": "olga@salon.example", "password": "aero-api-key-0123456789"},
    requests={
        "delivered": aero(b"id=12345&status=1&extendStatus=delivery&dateAnswer=1795428005"),
        "json": HookRequest(
            headers={"content-type": "application/json"},
            body=json.dumps({"id": 12346, "status": 2, "extendStatus": "fail"}).encode(),
        ),
    },
    sign=aero,
    forge=[],
    outgoing=OUTGOING,
)
TWILIO = Wire(
    kind="sms",
    settings={
        "provider": "twilio",
        "login": "AC0123456789abcdef0123456789abcdef",
        "password": TOKEN,
        "sender": "+15017122661",
    },
    requests={
        "delivered": twilio_form(MessageSid="SM" + "1" * 32, MessageStatus="delivered"),
        "undelivered": twilio_form(
            MessageSid="SM" + "2" * 32, MessageStatus="undelivered", ErrorCode="30005"
        ),
        "inbound": twilio_form(MessageSid="SM" + "3" * 32, SmsStatus="received", Body="Yes", NumMedia="0"),
        "stop": twilio_form(MessageSid="SM" + "4" * 32, Body="STOP", OptOutType="STOP"),
    },
    sign=twilio,
    forge=[
        {},
        {"x-twilio-signature": ""},
        {"x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"x-twilio-signature": "\udcff\u0442"},
        {"x-twilio-signature": "x", "x-twilio-webhooks-signature-settings": "key=a,algorithm=MD5"},
    ],
    outgoing=OUTGOING,
)
WIRES = [SMSC, SMSAERO, TWILIO]
