"""What we send to Twilio for text messages and calls, and what is signed by our fake of it, beside its own library."""

import datetime as dt

import pytest

from fakes import sms_twilio
from fakes.server import FakeServer
from fakes.sms import FakeSms
from fakes.telephony import FakeTelephony
from integrations import registry
from integrations.protocols.channel import HookRequest, Outgoing
from kit import http
from tests.readers import reading

SMS, CALLS = registry.channel("sms"), registry.channel("telephony")
HOOK = "https://marzha.example/hooks/sms/0123456789abcdef/"
VOICE = "https://marzha.example/hooks/telephony/0123456789abcdef/"
ANNA, LINE, OWNER = "+79131234567", "+15017122661", "+79139999999"
TEXTS = {
    "provider": "twilio",
    "login": sms_twilio.SID,
    "password": sms_twilio.TOKEN,
    "sender": LINE,
    "hook_url": HOOK,
}
PHONES = {
    "provider": "twilio",
    "account_sid": sms_twilio.SID,
    "auth_token": sms_twilio.TOKEN,
    "number": LINE,
    "forward_to": OWNER,
}
SAID = Outgoing(chat=ANNA, text="Ждём вас завтра в 15:00", key="42", expires_in_seconds=7200)


def recorded(server: FakeServer) -> list[dict]:
    return [
        {
            "call": {
                "method": seen.method,
                "path": seen.path,
                "query": seen.query,
                "form": {key: value for key, value in seen.params().items() if key not in seen.query},
                "authorization": seen.headers["authorization"],
            },
            "sid": sms_twilio.SID,
            "token": sms_twilio.TOKEN,
        }
        for seen in server.calls()
    ]


def of_texts(sms: FakeSms) -> None:
    now = dt.datetime.now(dt.UTC)
    http.run(SMS.connect(TEXTS, HOOK))
    http.run(SMS.send(TEXTS, SAID))
    http.run(SMS.send({**TEXTS, "sender": "MG0123456789abcdef0123456789abcdef"}, SAID))
    http.run(SMS.settle(TEXTS, SAID, now))
    http.run(SMS.poll(TEXTS, now.isoformat()))
    http.run(SMS.health(TEXTS, HOOK))
    http.run(SMS.disconnect(TEXTS, HOOK))


def of_calls() -> None:
    http.run(CALLS.connect(PHONES, VOICE))
    http.run(CALLS.connect({**PHONES, "number": ""}, VOICE))
    http.run(CALLS.health(PHONES, VOICE))
    http.run(CALLS.disconnect(PHONES, VOICE))


def signed(channel, settings: dict, url: str, headers: dict, body: bytes) -> dict:
    """A hook, and whether the product takes it."""
    request = HookRequest(headers=headers, body=body, url=url)
    told = {"url": url, "body": body.decode(), "signature": headers["x-twilio-signature"]}
    return {"hook": {**told, "token": sms_twilio.TOKEN, "taken": channel.verify(settings, request)}}


def hooks(sms: FakeSms, phones: FakeTelephony) -> dict[str, dict]:
    made = []
    for fields in (
        sms.twilio.said(ANNA, "Да, буду"),
        sms.twilio.said(ANNA, "STOP"),
        sms.twilio.report(sms.twilio.messages[0]["sid"], "delivered"),
        sms.twilio.report(sms.twilio.messages[0]["sid"], "undelivered", "30005"),
    ):
        for url in (HOOK, f"{HOOK}?key=42", HOOK.replace("example/", "example:8443/")):
            made.append(signed(SMS, TEXTS, url, *sms_twilio.signed(url, fields)))
    for hook in phones.twilio_call(VOICE, ANNA, sid="CA1", talk=40):
        made.append(signed(CALLS, PHONES, VOICE + hook.path, hook.headers, hook.body))
    headers, body = sms_twilio.signed(HOOK, {"MessageSid": "SM1"})
    strange = [
        (f"{HOOK}?key=43", headers, body),
        (HOOK, headers, body + b"&Body=more"),
        (HOOK, {**headers, "x-twilio-signature": "AAAA"}, body),
    ]
    made += [signed(SMS, TEXTS, *one) for one in strange]
    return {f"hook {number}": case for number, case in enumerate(made)}


def twiml(phones: FakeTelephony) -> dict[str, dict]:
    ringing, ended, _done = phones.twilio_call(VOICE, ANNA, sid="CA1")
    answers = {
        "ring": (PHONES, ringing),
        "busy": ({**PHONES, "forward_to": ""}, ringing),
        "hang up": (PHONES, ended),
    }
    found = {}
    for what, (settings, hook) in answers.items():
        request = HookRequest(headers=hook.headers, body=hook.body, url=VOICE + hook.path, subpath=hook.path)
        reply = CALLS.acknowledge(settings, request)
        found[what] = {"twiml": reply.body.decode(), "meant": {"what": what, "phone": OWNER}}
    nothing = SMS.acknowledge(TEXTS, HookRequest(headers={}, body=b"MessageSid=SM1"))
    return {**found, "nothing": {"twiml": nothing.body.decode(), "meant": {"what": "nothing"}}}


def wrong(ours: dict[str, dict], told: dict[str, dict]) -> dict[str, tuple[str, dict]]:
    def message(change):
        case = next(case for case in ours.values() if "Body" in case.get("call", {}).get("form", ()))
        return reading.spoilt(case, lambda it: change(it["call"]))

    hook = next(iter(told.values()))
    return {
        "a field with a misspelt name": (
            "status_call_back",
            message(lambda it: it["form"].update(StatusCallBack=it["form"].pop("StatusCallback"))),
        ),
        "a place that there is not": ("path: ", message(lambda it: it.update(path=it["path"] + "l"))),
        "fields in the address": (
            "query",
            message(lambda it: it.update(query=it["form"], form={"To": ANNA})),
        ),
        "another's keys": ("authorization: ", message(lambda it: it.update(authorization="Basic AAAA"))),
        "a signature of another address": (
            "signature: the product says True",
            reading.spoilt(hook, lambda it: it["hook"].update(url=VOICE)),
        ),
        "a phone that rings for ever": (
            "timeout: ours '250'",
            reading.spoilt(ours["ring"], lambda it: it.update(twiml=it["twiml"].replace('"25"', '"250"'))),
        ),
    }


@pytest.fixture(scope="module")
def read():
    with FakeSms() as sms, FakeTelephony() as phones:
        with reading.served(**sms.urls()):
            of_texts(sms)
        with reading.served(**phones.urls()):
            of_calls()
        calls = recorded(sms) + recorded(phones)
        ours = {f"{number} {case['call']['method']}": case for number, case in enumerate(calls)}
        ours |= twiml(phones)
        told = hooks(sms, phones)
    return reading.Reading.of("twilio", ours, told, wrong(ours, told))


def test_twilios_library_makes_the_same_calls_and_answers(read):
    assert read.against_ours() == {}
    calls = [case["call"] for case in read.ours.values() if "call" in case]
    place = f"/2010-04-01/Accounts/{sms_twilio.SID}"
    assert {(call["method"], call["path"].removeprefix(place).split("/")[-1]) for call in calls} == {
        *(("GET", ".json"), ("GET", "Balance.json"), ("POST", "Messages.json"), ("GET", "Messages.json")),
        *(("GET", "IncomingPhoneNumbers.json"), ("POST", "PN1.json")),
    }


def test_twilios_library_takes_the_same_hooks(read):
    assert read.against_the_fake() == {}
    assert [case["hook"]["taken"] for case in read.told.values()] == [True] * 15 + [False] * 3


def test_twilios_library_refuses_what_is_wrong(read):
    assert read.let_pass() == {}
    assert read.idle == []
