"""Telephony for the battery, each provider by itself."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlencode

from integrations import registry
from integrations.protocols.channel import CallHappened, HookRequest, Ignored, Outgoing
from tests.integrations.cases import JSON, Wire
from tests.integrations.wires.sms import twilio as twilio_signed

FORM = {"content-type": "application/x-www-form-urlencoded"}
OUTGOING = Outgoing(chat="+79131234567", text="Мы вам перезвоним")
MANGO_KEY, MANGO_SALT = "mango-unique-code", "mango-signature-salt"
API_SECRET = "zadarma-api-secret"
CRM_TOKEN = "a-long-key-for-the-crm"
AUTH_TOKEN = "twilio-auth-token"
VOICE = "https://marzha.example/hooks/telephony/0123456789abcdef/"


def form(fields: dict[str, str], **more) -> HookRequest:
    return HookRequest(headers=FORM, body=urlencode(fields).encode(), **more)


# Mango: the proof is a field, so the bare body is wrapped as the provider wraps it ------------------------------------


def mango(told: dict, path: str = "events/summary") -> HookRequest:
    text = json.dumps(told)
    sign = hashlib.sha256(f"{MANGO_KEY}{text}{MANGO_SALT}".encode()).hexdigest()
    return form({"vpbx_api_key": MANGO_KEY, "sign": sign, "json": text}, subpath=path)


def mango_sign(body: bytes) -> HookRequest:
    if body.startswith(b"vpbx_api_key="):
        return HookRequest(headers=FORM, body=body, subpath="events/summary")
    text = body.decode("latin-1")
    sign = hashlib.sha256(MANGO_KEY.encode() + body + MANGO_SALT.encode()).hexdigest()
    told = urlencode({"vpbx_api_key": MANGO_KEY, "sign": sign, "json": text}, encoding="latin-1").encode()
    return HookRequest(headers=FORM, body=told, subpath="events/call")


MANGO_CALL = {
    "entry_id": "e7",
    "call_id": "leg1",
    "timestamp": 1795400000,
    "seq": 1,
    "call_state": "Appeared",
    "location": "abonent",
    "from": {"number": "79131234567"},
    "to": {"extension": "101", "number": "sip:olga@salon.mangosip.ru", "line_number": "74951112233"},
}
MANGO_SUMMARY = {
    "entry_id": "e7",
    "call_direction": 1,
    "from": {"number": "79131234567"},
    "to": {"extension": "101"},
    "line_number": "74951112233",
    "create_time": 1795400000,
    "forward_time": 1795400002,
    "talk_time": 1795400010,
    "end_time": 1795400070,
    "entry_result": 1,
    "disconnect_reason": 1110,
}


# Zadarma and Novofon -------------------------------------------------------------------------------------------------

ORDER = {
    "NOTIFY_START": ("caller_id", "called_did", "call_start"),
    "NOTIFY_INTERNAL": ("caller_id", "called_did", "call_start"),
    "NOTIFY_END": ("caller_id", "called_did", "call_start"),
    "NOTIFY_IVR": ("caller_id", "called_did", "call_start"),
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}
CALL = {
    "call_start": "2026-11-23 12:00:00",
    "pbx_call_id": "in_0a1b2c",
    "caller_id": "+79131234567",
    "called_did": "+74951112233",
}


def zadarma(fields: dict[str, str], *, raw: bool = False) -> HookRequest:
    told = "".join(fields.get(name, "") for name in ORDER.get(fields.get("event", ""), ()))
    digest = hmac.new(API_SECRET.encode(), told.encode("utf-8", "replace"), hashlib.sha1)
    proof = base64.b64encode(digest.digest() if raw else digest.hexdigest().encode()).decode()
    body = urlencode(fields, errors="replace").encode()
    return HookRequest(headers={**FORM, "signature": proof}, body=body)


def zadarma_sign(body: bytes) -> HookRequest:
    fields = {key: found[0] for key, found in parse_qs(body.decode("utf-8", "replace")).items()}
    return HookRequest(headers=zadarma(fields).headers, body=body)


ZADARMA_REQUESTS = {
    "start": zadarma({"event": "NOTIFY_START", **CALL}),
    "answer": zadarma({"event": "NOTIFY_ANSWER", **CALL, "destination": "101", "internal": "101"}, raw=True),
    "end": zadarma({"event": "NOTIFY_END", **CALL, "duration": "60", "disposition": "answered"}),
    "record": zadarma({"event": "NOTIFY_RECORD", "pbx_call_id": "in_0a1b2c", "call_id_with_rec": "17.5"}),
}
ZADARMA_FORGE = [
    {},
    {"signature": ""},
    {"signature": "wrong"},
    {"signature": "\udcff\u0442"},
    {"signature": base64.b64encode(hmac.new(b"", b"", hashlib.sha1).digest()).decode()},
]


# The others ----------------------------------------------------------------------------------------------------------


def twilio(fields: dict[str, str], path: str = "") -> HookRequest:
    known = {"AccountSid": "AC1", "From": "+79131234567", "To": "+74951112233", "Direction": "inbound"}
    signed = twilio_signed(urlencode({**known, **fields}).encode(), VOICE + path, AUTH_TOKEN)
    return HookRequest(headers=signed.headers, body=signed.body, url=signed.url, subpath=path)


def megafon(**fields: str) -> HookRequest:
    return form({"crm_token": CRM_TOKEN, "callid": "43294397431", "phone": "89131234567", **fields})


def sipuni(**fields: str) -> HookRequest:
    known = {
        "call_id": "1795400000.12345",
        "src_num": "79131234567",
        "src_type": "1",
        "dst_num": "74951112233",
        "dst_type": "1",
        "timestamp": "1795400000",
    }
    return HookRequest(method="GET", headers=FORM, query={**known, **fields})


def uis(told: dict) -> HookRequest:
    known = {
        "secret": "uis-own-secret",
        "call_session_id": 4501234567,
        "virtual_phone_number": "74951112233",
        "contact_phone_number": "79131234567",
        "notification_timestamp": 1795400000,
    }
    return HookRequest(headers=JSON, body=json.dumps({**known, **told}).encode())


def plain(body: bytes) -> HookRequest:
    return HookRequest(headers=FORM, body=body)


def wire(provider: str, settings: dict, requests: dict, sign, forge=()) -> Wire:
    return Wire(
        kind="telephony",
        settings={"provider": provider, **settings},
        requests=requests,
        sign=sign,
        forge=list(forge),
        outgoing=OUTGOING,
        sends=False,
    )


ZADARMA_SETTINGS = {"api_key": "zadarma-api-key", "api_secret": API_SECRET}
WIRES = [
    wire(
        "mango",
        {"vpbx_api_key": MANGO_KEY, "vpbx_api_salt": MANGO_SALT},
        {
            "ringing": mango(MANGO_CALL, "events/call"),
            "connected": mango({**MANGO_CALL, "seq": 2, "call_state": "Connected"}, "/events/call"),
            "summary": mango(MANGO_SUMMARY),
            "record": mango({"entry_id": "e7", "recording_id": "cmVj"}, "events/record/added"),
            "key pressed": mango({"seq": 1, "dtmf": "1", "entry_id": "e7"}, "events/dtmf"),
        },
        mango_sign,
    ),
    wire("zadarma", ZADARMA_SETTINGS, ZADARMA_REQUESTS, zadarma_sign, ZADARMA_FORGE),
    wire("novofon", ZADARMA_SETTINGS, ZADARMA_REQUESTS, zadarma_sign, ZADARMA_FORGE),
    wire(
        "uis",
        {"secret": "uis-own-secret"},
        {
            "ringing": uis({"event": "incoming_call"}),
            "lost": uis({"event": "lost_call", "wait_time_duration": 24}),
            "ended": uis({"event": "call_ended", "talk_time_duration": 62, "direction": "in"}),
            "record": uis({"event": "record", "file_link": "https://app.uiscom.ru/a.mp3"}),
        },
        plain,
    ),
    wire(
        "sipuni",
        {},
        {
            "ringing": sipuni(event="1"),
            "missed": sipuni(event="2", status="NOANSWER", call_start_timestamp="1795399975"),
            "posted": form({**sipuni(event="2").query, "call_id": "7.7", "status": "ANSWER"}),
        },
        plain,
    ),
    wire(
        "megafon",
        {"crm_token": CRM_TOKEN},
        {
            "ringing": megafon(cmd="event", type="INCOMING", ext="101"),
            "taken": megafon(cmd="event", type="ACCEPTED", ext="101"),
            "history": megafon(cmd="history", type="in", status="Success", start="20261123T101500Z"),
            "rating": megafon(cmd="rating", rating="5"),
        },
        plain,
    ),
    wire(
        "twilio",
        {"account_sid": "AC0123456789abcdef", "auth_token": AUTH_TOKEN, "forward_to": "+79139999999"},
        {
            "voice": twilio({"CallSid": "CA1", "CallStatus": "ringing"}),
            "not taken": twilio({"CallSid": "CA1", "DialCallStatus": "no-answer"}, "dial"),
            "given up": twilio({"CallSid": "CA2", "CallStatus": "no-answer"}, "status"),
        },
        lambda body: twilio_signed(body, VOICE, AUTH_TOKEN),
        [{}, {"x-twilio-signature": "AAAA"}, {"x-twilio-signature": "\udcff"}],
    ),
]


# For the tests of what events say -------------------------------------------------------------------------------------

TELEPHONY = registry.channel("telephony")
SETTINGS = {wire.settings["provider"]: wire.settings for wire in WIRES}
CLIENT, LINE = "+79131234567", "+74951112233"


def call(provider: str, request: HookRequest, **more: str) -> CallHappened:
    """The one fact of an event."""
    (one,) = TELEPHONY.parse({**SETTINGS[provider], **more}, request)
    assert isinstance(one, CallHappened), one
    return one


def ignored(provider: str, request: HookRequest) -> str:
    """Why an event is nothing of ours."""
    (one,) = TELEPHONY.parse(SETTINGS[provider], request)
    assert isinstance(one, Ignored), one
    return one.reason


def verified(provider: str, request: HookRequest, **more: str) -> bool:
    """Is it let in?"""
    return TELEPHONY.verify({**SETTINGS[provider], **more}, request)
