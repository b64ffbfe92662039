"""Events of Sipuni and of MegaFon's virtual PBX, which are not signed, read as facts."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from integrations.protocols.channel import HookRequest
from tests.integrations.wires.telephony import (
    CLIENT,
    LINE,
    SETTINGS,
    TELEPHONY,
    call,
    ignored,
    megafon,
    sipuni,
    verified,
)

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
