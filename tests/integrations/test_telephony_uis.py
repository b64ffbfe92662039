"""Notifications of UIS read as facts, whatever their template made of them."""

import json
from datetime import UTC, datetime

import pytest

from integrations.errors import ParseError
from integrations.protocols.channel import HookRequest
from integrations.telephony import uis as uis_wire
from tests.integrations.wires.telephony import (
    CLIENT,
    LINE,
    SETTINGS,
    TELEPHONY,
    call,
    ignored,
    uis,
    verified,
)


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
