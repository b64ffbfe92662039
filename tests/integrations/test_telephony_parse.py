"""Events of calls, each provider's, read as facts."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import CallHappened, HookRequest, Ignored
from integrations.telephony import uis as uis_wire
from tests.integrations.wires import telephony as wires
from tests.integrations.wires.telephony import (
    CALL,
    MANGO_CALL,
    MANGO_SUMMARY,
    mango,
    megafon,
    sipuni,
    twilio,
    uis,
    zadarma,
)

TELEPHONY = registry.channel("telephony")
SETTINGS = {wire.settings["provider"]: wire.settings for wire in wires.WIRES}
CLIENT, LINE = "+79131234567", "+74951112233"


def call(provider, request, **more):
    (one,) = TELEPHONY.parse({**SETTINGS[provider], **more}, request)
    assert isinstance(one, CallHappened), one
    return one


def ignored(provider, request):
    (one,) = TELEPHONY.parse(SETTINGS[provider], request)
    assert isinstance(one, Ignored)
    return one.reason


def verified(provider, request, **more):
    return TELEPHONY.verify({**SETTINGS[provider], **more}, request)


# Mango ---------------------------------------------------------------------------------------------------------------


def test_mango_tells_the_whole_call_in_its_summary():
    one = call("mango", mango(MANGO_SUMMARY))
    assert (one.external_id, one.state, one.direction) == ("e7", "ended", "in")
    assert (one.phone, one.dialled, one.touch.number) == (CLIENT, LINE, LINE)
    assert (one.seconds, one.waited, one.answered_by) == (60, 10, "101")
    assert one.at == datetime(2026, 11, 23, 2, 13, 20, tzinfo=UTC)


def test_a_call_without_talk_is_missed():
    one = call("mango", mango({**MANGO_SUMMARY, "talk_time": 0, "entry_result": 0, "end_time": 1795400024}))
    assert (one.state, one.seconds, one.waited, one.answered_by) == ("missed", 0, 24, "")


def test_a_call_out_and_one_between_colleagues():
    told = {
        **MANGO_SUMMARY,
        "call_direction": 2,
        "from": {"extension": "101", "number": "sip:olga@salon"},
        "to": {"number": "79131234567"},
    }
    one = call("mango", mango(told))
    assert (one.direction, one.phone, one.touch, one.answered_by) == ("out", CLIENT, None, "101")
    assert "colleagues" in ignored("mango", mango({**MANGO_SUMMARY, "call_direction": 0}))


def test_legs_of_a_call_in_any_order():
    first = call("mango", mango(MANGO_CALL, "events/call"))
    assert (first.state, first.external_id, first.answered_by) == ("ringing", "e7", "")
    taken = call("mango", mango({**MANGO_CALL, "seq": 2, "call_state": "Connected"}, "/events/call"))
    assert (taken.state, taken.external_id, taken.answered_by) == ("answered", "e7", "101")
    # A voice menu that takes the call has answered nobody.
    menu = {**MANGO_CALL, "call_state": "Connected", "location": "ivr"}
    assert call("mango", mango(menu, "events/call")).state == "ringing"
    ignored("mango", mango({**MANGO_CALL, "call_state": "Disconnected"}, "events/call"))


def test_the_number_of_call_tracking_is_the_one_that_was_seen():
    one = call("mango", mango({**MANGO_CALL, "dct": {"number": "74957776655", "type": 1}}, "events/call"))
    assert (one.dialled, one.touch.number) == (LINE, "+74957776655")


def test_each_event_of_mango_has_its_own_id_and_all_share_the_thread():
    ringing, again = mango(MANGO_CALL, "events/call"), mango(MANGO_CALL, "//events/call/")
    connected = mango({**MANGO_CALL, "seq": 2}, "events/call")
    record = mango({"entry_id": "e7", "recording_id": "cmVj"}, "events/record/added")
    events = [TELEPHONY.event_id(each) for each in (ringing, connected, mango(MANGO_SUMMARY), record)]
    assert len(set(events)) == 4
    assert TELEPHONY.event_id(again) == events[0]
    assert {TELEPHONY.thread_key(each) for each in (ringing, connected, record)} == {"e7"}


def test_a_recording_of_mango_is_known_by_its_name():
    one = call("mango", mango({"entry_id": "e7", "recording_id": "cmVj"}, "events/record/added"))
    assert (one.state, one.recording.ref, one.recording.kind) == ("recorded", "cmVj", "audio")


def test_the_signature_of_mango():
    good = mango(MANGO_SUMMARY)
    assert verified("mango", good)
    assert not verified(
        "mango", HookRequest(body=good.body.replace(b"sign=", b"sign=0"), subpath="events/summary")
    )
    assert not verified("mango", HookRequest(body=good.body.replace(b"e7", b"e8"), subpath="events/summary"))
    assert not verified("mango", HookRequest(body=b"json=%7B%7D"))
    assert not verified("mango", good, vpbx_api_key="another")
    assert not verified("mango", good, vpbx_api_salt="")
    assert verified("mango", good, vpbx_api_salt="new", vpbx_api_salt_previous=wires.MANGO_SALT)


def test_the_button_that_checks_the_address():
    for probe in (HookRequest(method="GET"), HookRequest(body=b"")):
        assert TELEPHONY.handshake(SETTINGS["mango"], probe).status == 200
    assert TELEPHONY.handshake(SETTINGS["mango"], mango(MANGO_SUMMARY)) is None


@pytest.mark.parametrize("number", ["", "anonymous", "Anonymous", "sip:1@a.example", "unknown", "101"])
def test_a_hidden_number_is_no_phone_but_a_call_all_the_same(number):
    one = call("mango", mango({**MANGO_SUMMARY, "from": {"number": number}}))
    assert (one.phone, one.phone_typed, one.state) == ("", number, "ended")


# Zadarma and Novofon -------------------------------------------------------------------------------------------------

END = {"event": "NOTIFY_END", **CALL}


@pytest.mark.parametrize("provider", ["zadarma", "novofon"])
def test_zadarma_from_the_ring_to_the_end(provider):
    rings = call(provider, zadarma({"event": "NOTIFY_START", **CALL}))
    assert (rings.state, rings.phone, rings.dialled, rings.touch.number) == ("ringing", CLIENT, LINE, LINE)
    assert rings.at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    taken = call(
        provider, zadarma({"event": "NOTIFY_ANSWER", **CALL, "destination": "101", "internal": "101"})
    )
    assert (taken.state, taken.answered_by) == ("answered", "101")
    ended = call(provider, zadarma({**END, "duration": "75", "disposition": "answered", "internal": "101"}))
    assert (ended.state, ended.seconds, ended.recording) == ("ended", 75, None)
    assert {rings.external_id, taken.external_id, ended.external_id} == {"in_0a1b2c"}


@pytest.mark.parametrize("word", ["busy", "cancel", "no answer", "failed", "no money", "line limit", ""])
def test_every_other_end_is_a_missed_call(word):
    one = call("zadarma", zadarma({**END, "duration": "0", "disposition": word}))
    assert (one.state, one.seconds) == ("missed", 0)


def test_the_accounts_own_time_zone():
    one = call("zadarma", zadarma({"event": "NOTIFY_START", **CALL}), timezone="Asia/Omsk")
    assert one.at == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    odd = call("zadarma", zadarma({"event": "NOTIFY_START", **CALL}), timezone="../etc/passwd")
    assert odd.at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_a_call_out_at_zadarma():
    told = {
        "call_start": "2026-11-23 12:00:00",
        "pbx_call_id": "out_77",
        "internal": "101",
        "destination": "+79131234567",
        "caller_id": "+74951112233",
    }
    one = call("zadarma", zadarma({"event": "NOTIFY_OUT_START", **told}))
    assert (one.direction, one.state, one.phone, one.dialled, one.touch) == (
        "out",
        "ringing",
        CLIENT,
        LINE,
        None,
    )
    end = {"event": "NOTIFY_OUT_END", **told, "duration": "30", "disposition": "answered"}
    assert call("zadarma", zadarma(end)).seconds == 30
    assert "colleagues" in ignored("zadarma", zadarma({"event": "NOTIFY_START", **CALL, "caller_id": "102"}))


def test_a_recording_comes_with_the_end_or_alone():
    more = {"duration": "75", "disposition": "answered", "is_recorded": "1", "call_id_with_rec": "17.5"}
    ended = call("zadarma", zadarma({**END, **more}))
    alone = call(
        "zadarma", zadarma({"event": "NOTIFY_RECORD", "pbx_call_id": "in_0a1b2c", "call_id_with_rec": "17.5"})
    )
    assert ended.recording == alone.recording
    assert (alone.state, alone.recording.ref) == ("recorded", "in_0a1b2c|17.5")


def test_both_ways_of_signing_hold_and_nothing_else():
    fields = {"event": "NOTIFY_START", **CALL}
    assert verified("zadarma", zadarma(fields))
    assert verified("novofon", zadarma(fields, raw=True))
    good = zadarma(fields)
    forged = HookRequest(
        headers=good.headers, body=urlencode({**fields, "caller_id": "+79990000000"}).encode()
    )
    assert not verified("zadarma", forged)
    assert not verified("zadarma", good, api_secret="other")
    assert not verified("zadarma", good, api_secret="")
    assert verified("zadarma", good, api_secret="new", api_secret_previous=wires.API_SECRET)


def test_zadarma_sees_its_word_again():
    reply = TELEPHONY.handshake(SETTINGS["zadarma"], HookRequest(method="GET", query={"zd_echo": "ping123"}))
    assert (reply.status, reply.body) == (200, b"ping123")
    assert reply.headers["Content-Type"].startswith("text/plain")


def test_an_unknown_event_is_taken_lest_the_provider_switches_us_off():
    request = HookRequest(body=b"event=NOTIFY_INTERNAL_END&pbx_call_id=x")
    assert verified("novofon", request)
    ignored("novofon", request)
    assert TELEPHONY.acknowledge(SETTINGS["novofon"], request).status == 200


# UIS -----------------------------------------------------------------------------------------------------------------


def test_uis_a_lost_call_and_its_end_are_one_call():
    lost = call("uis", uis({"event": "lost_call", "wait_time_duration": 24}))
    end = call("uis", uis({"event": "call_ended", "talk_time_duration": 0, "direction": "in"}))
    assert (lost.state, lost.waited, lost.phone, lost.dialled) == ("missed", 24, CLIENT, LINE)
    assert (end.external_id, end.state) == (lost.external_id, "missed")
    assert lost.at == datetime(2026, 11, 23, 2, 13, 20, tzinfo=UTC)


def test_uis_a_talk():
    started = call("uis", uis({"event": "talk_started", "employee_full_name": "Ольга"}))
    assert (started.state, started.answered_by) == ("answered", "Ольга")
    ended = call("uis", uis({"event": "call_ended", "talk_time_duration": "62", "direction": "out"}))
    assert (ended.state, ended.seconds, ended.direction, ended.touch) == ("ended", 62, "out", None)
    record = call(
        "uis", uis({"event": "record", "file_link": "https://app.uiscom.ru/a.mp3", "file_duration": 62})
    )
    assert (record.state, record.recording.url, record.recording.seconds) == (
        "recorded", "https://app.uiscom.ru/a.mp3", 62,
    )  # fmt: skip


def test_the_name_that_uis_gives_an_event_serves_too():
    assert call("uis", uis({"notification_mnemonic": "lost_call"})).state == "missed"
    ignored("uis", uis({"notification_mnemonic": "chat_started"}))


def broken(text):
    return HookRequest(headers={"content-type": "application/json"}, body=text.encode())


def test_a_template_that_was_never_filled_in_is_told_in_words():
    body = '{"event":"call_ended","call_session_id":"call_session_id","contact_phone_number":"contact_phone_number"}'
    with pytest.raises(ParseError) as failure:
        TELEPHONY.parse(SETTINGS["uis"], broken(body))
    assert "UIS" in failure.value.reason
    assert TELEPHONY.event_id(broken(body)) is None
    assert TELEPHONY.thread_key(broken(body)) is None


def test_a_single_field_without_a_value_costs_no_call():
    one = call(
        "uis",
        uis({"event": "lost_call", "employee_full_name": "employee_full_name", "virtual_phone_number": None}),
    )
    assert (one.state, one.phone, one.dialled, one.answered_by) == ("missed", CLIENT, "", "")


def test_what_is_not_quite_json_is_read_all_the_same():
    body = (
        '{"event":"lost_call","call_session_id":77,"contact_phone_number":79131234567,'
        '"contact_full_name":,"scenario_name":Основной}'
    )
    one = call("uis", broken(body))
    assert (one.external_id, one.state, one.phone) == ("77", "missed", CLIENT)
    assert TELEPHONY.event_id(broken(body)) == "lost_call:77"


def test_our_template_filled_in_by_uis_is_read():
    body = uis_wire.TEMPLATE % {"event": "call_ended"}
    for name, value in {
        "call_session_id": 5,
        "virtual_phone_number": '"74951112233"',
        "contact_phone_number": '"79131234567"',
        "direction": '"in"',
        "talk_time_duration": 40,
        "notification_timestamp": 1795400000,
    }.items():
        body = body.replace("{{" + name + "}}", str(value))
    for name in ("employee_full_name", "is_internal", "wait_time_duration", "start_time", "file_link"):
        body = body.replace("{{" + name + "}}", "null")
    assert json.loads(body)
    one = call("uis", broken(body))
    assert (one.state, one.seconds, one.phone, one.dialled) == ("ended", 40, CLIENT, LINE)


def test_the_secret_of_uis_stands_in_the_body_or_in_the_address():
    assert verified("uis", uis({"event": "lost_call"}))
    assert not verified("uis", uis({"event": "lost_call", "secret": "other"}))
    assert not verified("uis", uis({"event": "lost_call", "secret": None}))
    bare = HookRequest(body=b'{"call_session_id":1}', query={"secret": "uis-own-secret"})
    assert verified("uis", bare)
    assert verified("uis", HookRequest(body=b'{"call_session_id":1}'), secret="")


# Sipuni --------------------------------------------------------------------------------------------------------------


def test_sipuni_by_get_and_by_post():
    rings = call("sipuni", sipuni(event="1"))
    assert (rings.state, rings.phone, rings.dialled, rings.external_id) == (
        "ringing", CLIENT, LINE, "1795400000.12345",
    )  # fmt: skip
    fields = {**sipuni(event="2").query, "status": "ANSWER", "timestamp": "1795400190", "short_dst_num": "201",
              "call_start_timestamp": "1795400100", "call_answer_timestamp": "1795400110",
              "call_record_link": "https://sipuni.com/api/crm/record?id=demo"}  # fmt: skip
    ended = call("sipuni", HookRequest(body=urlencode(fields).encode()))
    assert (ended.state, ended.seconds, ended.waited, ended.answered_by) == ("ended", 80, 10, "201")
    assert ended.recording.url == "https://sipuni.com/api/crm/record?id=demo"


@pytest.mark.parametrize("status", ["NOANSWER", "BUSY", "CANCEL", "CONGESTION", "CHANUNAVAIL", ""])
def test_sipuni_missed(status):
    told = sipuni(event="2", status=status, call_start_timestamp="1795399975", call_answer_timestamp="0")
    one = call("sipuni", told)
    assert (one.state, one.seconds, one.waited) == ("missed", 0, 25)


def test_sipuni_out_and_inside():
    out = sipuni(event="3", src_type="2", src_num="201", dst_num="79131234567", pbxdstnum="74951112233")
    one = call("sipuni", out)
    assert (one.direction, one.state, one.phone, one.dialled) == ("out", "answered", CLIENT, LINE)
    assert "colleagues" in ignored("sipuni", sipuni(event="1", src_type="2", dst_type="2"))
    ignored("sipuni", sipuni(event="4"))


def test_sipuni_wants_to_hear_that_it_went_well():
    for request in (HookRequest(method="GET"), HookRequest(body=b"")):
        assert TELEPHONY.handshake(SETTINGS["sipuni"], request).body == b'{"success":true}'
    reply = TELEPHONY.acknowledge(SETTINGS["sipuni"], sipuni(event="1"))
    assert (reply.body, reply.headers["Content-Type"]) == (b'{"success":true}', "application/json")
    assert TELEPHONY.handshake(SETTINGS["sipuni"], sipuni(event="1")) is None


def test_each_phone_that_rings_is_an_event_and_the_end_is_one():
    first, second = sipuni(event="1", short_dst_num="201"), sipuni(event="1", short_dst_num="202")
    assert TELEPHONY.event_id(first) != TELEPHONY.event_id(second)
    ends = sipuni(event="2", timestamp="1"), sipuni(event="2", timestamp="2")
    assert len({TELEPHONY.event_id(each) for each in ends}) == 1


def test_a_secret_in_the_address_of_sipuni():
    assert verified("sipuni", sipuni(event="1", secret="s3"), secret="s3")
    assert not verified("sipuni", sipuni(event="1"), secret="s3")


# MegaFon -------------------------------------------------------------------------------------------------------------


def test_megafon_from_the_ring_to_the_history():
    rings = call("megafon", megafon(cmd="event", type="INCOMING", diversion="74951112233", ext="101"))
    assert (rings.state, rings.phone, rings.dialled) == ("ringing", CLIENT, LINE)
    taken = call("megafon", megafon(cmd="event", type="ACCEPTED", user="olga"))
    assert (taken.state, taken.answered_by) == ("answered", "olga")
    history = megafon(
        cmd="history", type="in", status="success", start="20261123T101500Z", duration="50", user="olga",
        link="https://records.example/a.mp3", diversion="74951112233",
    )  # fmt: skip
    ended = call("megafon", history)
    assert (ended.state, ended.seconds, ended.recording.url) == ("ended", 50, "https://records.example/a.mp3")
    assert ended.at == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    assert {rings.external_id, taken.external_id, ended.external_id} == {"43294397431"}


@pytest.mark.parametrize("status", ["Missed", "missed", "Cancel", "Busy", "NotAvailable", "NotFound", ""])
def test_megafon_missed(status):
    one = call("megafon", megafon(cmd="history", type="in", status=status, duration="0"))
    assert (one.state, one.seconds, one.answered_by) == ("missed", 0, "")


def test_megafon_out_and_what_is_no_news():
    assert call("megafon", megafon(cmd="event", type="OUTGOING")).direction == "out"
    for kind in ("COMPLETED", "CANCELLED", "TRANSFERRED"):
        ignored("megafon", megafon(cmd="event", type=kind))
    ignored("megafon", megafon(cmd="rating", rating="5"))
    assert "colleagues" in ignored("megafon", megafon(cmd="event", type="INCOMING", phone="102"))


def test_the_key_of_our_crm():
    assert verified("megafon", megafon(cmd="history"))
    assert not verified("megafon", megafon(cmd="history", crm_token="other"))
    assert not verified("megafon", megafon(cmd="history"), crm_token="")


def test_who_is_calling_is_answered_at_once_and_stored_nowhere():
    asked = megafon(cmd="contact")
    assert TELEPHONY.handshake(SETTINGS["megafon"], asked).body == b"{}"
    forged = megafon(cmd="contact", crm_token="other")
    assert TELEPHONY.handshake(SETTINGS["megafon"], forged).status == 401


# Twilio --------------------------------------------------------------------------------------------------------------


def test_a_call_to_twilio_rings_the_owners_phone():
    request = twilio({"CallSid": "CA1", "CallStatus": "ringing"})
    one = call("twilio", request)
    assert (one.state, one.phone, one.dialled, one.touch.number) == ("ringing", CLIENT, LINE, LINE)
    reply = TELEPHONY.acknowledge(SETTINGS["twilio"], request)
    assert reply.headers["Content-Type"] == "text/xml"
    assert b'<Dial action="dial"' in reply.body
    assert b">+79139999999</Dial>" in reply.body


@pytest.mark.parametrize("more", [{"ForwardedFrom": "+79139999999"}, {"From": "+79139999999"}])
def test_a_call_never_goes_round_in_a_circle(more):
    reply = TELEPHONY.acknowledge(
        SETTINGS["twilio"], twilio({"CallSid": "CA1", "CallStatus": "ringing", **more})
    )
    assert b"<Reject" in reply.body
    assert b"Dial" not in reply.body


def test_without_a_phone_to_ring_the_line_is_busy_and_the_call_missed():
    settings = {**SETTINGS["twilio"], "forward_to": ""}
    request = twilio({"CallSid": "CA1", "CallStatus": "ringing"})
    assert b"<Reject" in TELEPHONY.acknowledge(settings, request).body
    assert (
        call("twilio", twilio({"CallSid": "CA1", "CallStatus": "busy"}, "status"), forward_to="").state
        == "missed"
    )


def test_a_mobile_that_forwards_its_missed_calls_names_itself():
    one = call("twilio", twilio({"CallSid": "CA1", "CallStatus": "ringing", "ForwardedFrom": "+79137777777"}))
    assert (one.dialled, one.touch.number) == (LINE, "+79137777777")


@pytest.mark.parametrize(
    ("fields", "path", "state", "seconds"),
    [
        ({"DialCallStatus": "completed", "DialCallDuration": "40"}, "dial", "ended", 40),
        ({"DialCallStatus": "no-answer"}, "dial", "missed", 0),
        ({"DialCallStatus": "busy"}, "dial", "missed", 0),
        ({"DialCallStatus": "canceled"}, "dial", "missed", 0),
        ({"CallStatus": "no-answer"}, "status", "missed", 0),
    ],
)
def test_how_the_dialling_ended_is_how_the_call_ended(fields, path, state, seconds):
    request = twilio({"CallSid": "CA1", **fields}, path)
    one = call("twilio", request)
    assert (one.external_id, one.state, one.seconds) == ("CA1", state, seconds)
    reply = TELEPHONY.acknowledge(SETTINGS["twilio"], request)
    assert reply.status in (200, 204)
    assert b"Dial" not in reply.body


def test_a_completed_call_says_nothing_of_the_owners_phone():
    request = twilio({"CallSid": "CA1", "CallStatus": "completed", "CallDuration": "31"}, "status")
    ignored("twilio", request)
    assert call("twilio", request, forward_to="").seconds == 31


def test_the_leg_to_the_owner_is_no_call_of_its_own():
    ignored(
        "twilio", twilio({"CallSid": "CA9", "ParentCallSid": "CA1", "Direction": "outbound-dial"}, "status")
    )
    out = call("twilio", twilio({"CallSid": "CA5", "Direction": "outbound-api", "From": LINE, "To": CLIENT}))
    assert (out.direction, out.phone, out.dialled) == ("out", CLIENT, LINE)


def test_a_recording_of_twilio():
    told = {
        "CallSid": "CA1",
        "RecordingSid": "RE1",
        "RecordingUrl": "https://api.twilio.com/RE1",
        "RecordingDuration": "40",
    }
    one = call("twilio", twilio(told, "recording"))
    assert (one.state, one.recording.url, one.recording.seconds) == (
        "recorded",
        "https://api.twilio.com/RE1.mp3",
        40,
    )


def test_a_json_body_is_bound_by_its_hash_in_the_address():
    body = b'{"CallSid":"CA1"}'
    url = f"{wires.VOICE}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    proof = base64.b64encode(
        hmac.new(wires.AUTH_TOKEN.encode(), url.encode(), hashlib.sha1).digest()
    ).decode()
    good = HookRequest(headers={"x-twilio-signature": proof}, body=body, url=url)
    assert verified("twilio", good)
    assert not verified("twilio", HookRequest(headers=good.headers, body=body + b" ", url=url))


def test_a_shared_key_signs_by_another_hash():
    url, body = wires.VOICE, b"CallSid=CA1"
    proof = base64.b64encode(
        hmac.new(b"shared", f"{url}CallSidCA1".encode(), hashlib.sha256).digest()
    ).decode()
    headers = {
        "x-twilio-signature": proof,
        "x-twilio-webhooks-signature-settings": "key=k1,algorithm=HMAC_SHA256",
    }
    request = HookRequest(headers=headers, body=body, url=url)
    assert verified("twilio", request, shared_key="shared")
    assert not verified("twilio", request)


# All of them ---------------------------------------------------------------------------------------------------------


SAME_LANGUAGE = {"zadarma": "novofon", "novofon": "zadarma"}


@pytest.mark.parametrize("provider", SETTINGS)
def test_no_event_of_another_provider_is_taken_for_a_call(provider):
    for wire in wires.WIRES:
        if wire.settings["provider"] in (provider, SAME_LANGUAGE.get(provider)):
            continue
        for foreign in wire.requests.values():
            if verified(provider, foreign):
                with pytest.raises(ParseError):
                    TELEPHONY.parse(SETTINGS[provider], foreign)


@pytest.mark.parametrize(
    ("provider", "request_"),
    [
        ("mango", mango({}, "events/summary")),
        ("mango", mango({"call_direction": 1}, "events/summary")),
        ("mango", mango({"entry_id": "e1"}, "events/record/added")),
        ("zadarma", zadarma({"event": "NOTIFY_START"})),
        ("zadarma", zadarma({"event": "NOTIFY_RECORD", "pbx_call_id": "in_1"})),
        ("uis", uis({"event": "record"})),
        ("uis", uis({"event": "lost_call", "call_session_id": None})),
        ("sipuni", sipuni(event="2", call_id="")),
        ("megafon", megafon(cmd="history", callid="")),
        ("twilio", twilio({"CallStatus": "ringing"})),
    ],
)
def test_what_cannot_be_read_is_a_parse_error(provider, request_):
    with pytest.raises(ParseError):
        TELEPHONY.parse(SETTINGS[provider], request_)


def test_what_poll_fetched_is_not_let_in_from_outside():
    told = {"entry_id": "e1", "call_direction": 1, "from": {"number": "79990000000"}}
    request = HookRequest(subpath="polled/mango/events/summary", body=json.dumps(told).encode())
    assert not verified("mango", request)
    assert not verified("uis", HookRequest(subpath="polled/uis", body=b'{"call_session_id":1}'), secret="")
