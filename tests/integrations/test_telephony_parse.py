"""Events of calls at Mango, Zadarma and Novofon read as facts, and what holds at every provider."""

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from integrations.errors import ParseError
from integrations.protocols.channel import HookRequest
from tests.integrations.wires import telephony as wires
from tests.integrations.wires.telephony import (
    CALL,
    CLIENT,
    LINE,
    MANGO_CALL,
    MANGO_SUMMARY,
    SETTINGS,
    TELEPHONY,
    call,
    ignored,
    mango,
    megafon,
    sipuni,
    twilio,
    uis,
    verified,
    zadarma,
)

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


@pytest.mark.parametrize("provider", SETTINGS)
def test_an_address_that_is_only_looked_at_is_no_call(provider):
    assert TELEPHONY.handshake(SETTINGS[provider], HookRequest(method="GET")).status == 200


def test_what_poll_fetched_is_not_let_in_from_outside():
    told = {"entry_id": "e1", "call_direction": 1, "from": {"number": "79990000000"}}
    request = HookRequest(subpath="polled/mango/events/summary", body=json.dumps(told).encode())
    assert not verified("mango", request)
    assert not verified("uis", HookRequest(subpath="polled/uis", body=b'{"call_session_id":1}'), secret="")
