"""Calls to a number at Twilio: read as facts, answered by what rings the owner's phone."""

import base64
import hashlib
import hmac

import pytest

from integrations.protocols.channel import HookRequest
from tests.integrations.wires import telephony as wires
from tests.integrations.wires.telephony import (
    CLIENT,
    LINE,
    SETTINGS,
    TELEPHONY,
    call,
    ignored,
    twilio,
    verified,
)


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
