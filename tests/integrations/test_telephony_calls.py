"""Asking the providers of telephony: keys, addresses, recordings, and the calls that no event told of."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fakes import sms_twilio
from fakes import telephony as fake
from fakes.server import Answer
from fakes.telephony import FakeTelephony
from integrations import errors, registry
from integrations.protocols.channel import HookRequest, Media, Outgoing
from kit import http

TELEPHONY = registry.channel("telephony")
HOOK = "https://marzha.example/hooks/telephony/0123456789abcdef/"
MANGO = {"provider": "mango", "vpbx_api_key": fake.MANGO_KEY, "vpbx_api_salt": fake.MANGO_SALT}
ZADARMA = {"provider": "zadarma", "api_key": fake.API_KEY, "api_secret": fake.API_SECRET}
NOVOFON = {**ZADARMA, "provider": "novofon"}
UIS = {"provider": "uis", "access_token": fake.UIS_TOKEN}
SIPUNI = {"provider": "sipuni"}
MEGAFON = {
    "provider": "megafon",
    "crm_token": fake.CRM_TOKEN,
    "vats_domain": "salon.megapbx.ru",
    "token": fake.VATS_TOKEN,
}
TWILIO = {
    "provider": "twilio",
    "account_sid": sms_twilio.SID,
    "auth_token": sms_twilio.TOKEN,
    "forward_to": "+79139999999",
}
ALL = [MANGO, ZADARMA, NOVOFON, UIS, SIPUNI, MEGAFON, TWILIO]
SECRETS = ("vpbx_api_salt", "api_secret", "access_token", "token", "auth_token")


def each(*listed):
    return pytest.mark.parametrize("settings_", listed, ids=[one["provider"] for one in listed])


@pytest.fixture
def telephony(settings):
    with FakeTelephony() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, **server.urls()}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield server


def in_loop(call):
    async def there():
        async with http.async_client() as client:
            return await http.arun(call, client=client)

    return asyncio.run(there())


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def heard(settings_, hooks):
    """What the events of a call say, each let in, acknowledged and understood."""
    facts, events = [], set()
    for hook in hooks:
        query = hook.fields if hook.method == "GET" else {}
        request = HookRequest(
            method=hook.method,
            subpath=hook.path,
            query=query,
            headers=hook.headers,
            body=hook.body,
            url=HOOK + hook.path,
        )
        assert TELEPHONY.handshake(settings_, request) is None
        assert TELEPHONY.verify(settings_, request)
        assert TELEPHONY.acknowledge(settings_, request).status in (200, 204)
        events.add(TELEPHONY.event_id(request))
        facts += TELEPHONY.parse(settings_, request)
    assert len(events) == len(hooks)
    return facts


def ago(**how):
    return (datetime.now(UTC) - timedelta(**how)).isoformat()


# Connecting ----------------------------------------------------------------------------------------------------------


@each(*ALL)
def test_connecting_and_health(telephony, settings_, go):
    connected = go(TELEPHONY.connect(settings_, HOOK))
    assert connected.name
    assert go(TELEPHONY.connect(settings_, HOOK)) == connected
    assert go(TELEPHONY.health(settings_, HOOK)).ok
    assert go(TELEPHONY.disconnect(settings_, HOOK)) is None


@each(MANGO, ZADARMA, NOVOFON, UIS, MEGAFON, TWILIO)
def test_dead_keys_park_the_connection_and_show_nowhere(telephony, settings_, go):
    wrong = {name: "very-secret-but-wrong" if name in SECRETS else value for name, value in settings_.items()}
    for call in (TELEPHONY.connect(wrong, HOOK), TELEPHONY.health(wrong, HOOK)):
        with pytest.raises(errors.Rejected) as refusal:
            go(call)
        assert refusal.value.revoked
        assert "very-secret" not in refusal.value.reason


@each(MANGO, ZADARMA, UIS, MEGAFON)
def test_a_provider_that_fails_or_asks_for_a_pause_is_asked_later(telephony, settings_, go):
    telephony.when("", Answer(502, "<html>"), times=1)
    with pytest.raises(errors.Retry):
        go(TELEPHONY.health(settings_, HOOK))
    telephony.when("", Answer(429, {"message": "Rate limit exceeded"}), times=1)
    with pytest.raises(errors.Retry) as later:
        go(TELEPHONY.health(settings_, HOOK))
    assert later.value.whole_account


@each(MANGO, ZADARMA, UIS, MEGAFON, TWILIO)
def test_a_server_that_is_not_there_is_unreachable(telephony, settings_, go):
    telephony.stop()
    with pytest.raises(errors.Unreachable):
        go(TELEPHONY.health(settings_, HOOK))


@pytest.mark.parametrize(
    ("settings_", "named"),
    [
        ({"provider": "mango", "vpbx_api_key": "a"}, "vpbx_api_salt"),
        ({"provider": "zadarma"}, "api_key"),
        ({"provider": "megafon"}, "crm_token"),
        ({"provider": "twilio"}, "account_sid"),
        ({}, ""),
    ],
)
def test_what_is_missing_is_named(telephony, settings_, named):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(TELEPHONY.connect(settings_, HOOK))
    assert refusal.value.code == "missing"
    assert named in refusal.value.reason
    assert telephony.ledger == []


def test_providers_without_an_api_to_ask_are_connected_by_hand(telephony):
    for settings_ in (SIPUNI, {"provider": "uis"}, {"provider": "megafon", "crm_token": "a"}):
        http.run(TELEPHONY.connect(settings_, HOOK))
        assert http.run(TELEPHONY.health(settings_, HOOK)).ok
    assert telephony.ledger == []


def test_zadarma_reports_to_us_from_now_on(telephony, go):
    assert not go(TELEPHONY.health(ZADARMA, HOOK)).ok
    go(TELEPHONY.connect(ZADARMA, HOOK))
    assert telephony.zadarma.url == HOOK
    assert telephony.zadarma.notifications["notify_end"] == "true"
    telephony.zadarma.url = "https://other.example/secret"
    told = go(TELEPHONY.health(ZADARMA, HOOK))
    assert not told.ok
    assert "secret" not in str(told.reason)
    go(TELEPHONY.disconnect(ZADARMA, HOOK))
    assert telephony.zadarma.notifications["notify_end"] == "true"  # they are another's now
    telephony.zadarma.url, telephony.zadarma.balance = HOOK, 0.0
    assert not go(TELEPHONY.health(ZADARMA, HOOK)).ok


def test_twilio_rings_where_it_is_told(telephony, go):
    go(TELEPHONY.connect(TWILIO, HOOK))
    (number,) = telephony.twilio.numbers
    assert (number["voice_url"], number["status_callback"]) == (HOOK, f"{HOOK}status")
    number["voice_url"] = "https://other.example/"
    assert not go(TELEPHONY.health(TWILIO, HOOK)).ok
    telephony.twilio.numbers.append(telephony.twilio.number("PN2", "+15550001111"))
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEPHONY.connect(TWILIO, HOOK))
    assert refusal.value.code == "missing"
    go(TELEPHONY.connect({**TWILIO, "number": "+15550001111"}, HOOK))
    assert telephony.twilio.numbers[1]["voice_url"] == HOOK
    with pytest.raises(errors.Rejected):
        go(TELEPHONY.connect({**TWILIO, "forward_to": "101"}, HOOK))


def test_a_pbx_with_an_odd_address_is_not_called(telephony):
    for domain in ("a/../b", "salon.megapbx.ru:80/x?", "a b", "@evil.example"):
        with pytest.raises(errors.Rejected) as refusal:
            http.run(TELEPHONY.connect({**MEGAFON, "vats_domain": domain}, HOOK))
        assert refusal.value.code == "missing"
    assert telephony.ledger == []


def test_nothing_can_be_written_to_a_call(telephony):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(TELEPHONY.send(MANGO, Outgoing(chat="+79131234567", text="Здравствуйте")))
    assert refusal.value.code == "inbound_only"


# Calls as they happen ------------------------------------------------------------------------------------------------


def states(facts):
    return [getattr(fact, "state", "ignored") for fact in facts]


@pytest.mark.parametrize("talk", [0, 60])
def test_a_call_from_the_ring_to_its_end_at_each_provider(telephony, talk):
    calls = [
        (MANGO, telephony.mango.call("79131234567", "74951112233", talk=talk)),
        (ZADARMA, telephony.zadarma.call("+79131234567", "+74951112233", talk=talk)),
        (NOVOFON, telephony.zadarma.call("+79131234567", "+74951112233", talk=talk)),
        (MEGAFON, telephony.megafon.call("89131234567", "74951112233", talk=talk)),
        (SIPUNI, telephony.sipuni_call("79131234567", "74951112233", talk=talk)),
        (TWILIO, telephony.twilio_call(HOOK, "+79131234567", sid="CA1", talk=talk)),
    ]
    for settings_, hooks in calls:
        facts = [fact for fact in heard(settings_, hooks) if hasattr(fact, "external_id")]
        told = states(facts)
        assert told[0] == "ringing", settings_["provider"]
        assert ("ended" if talk else "missed") in told, settings_["provider"]
        assert ("missed" if talk else "ended") not in told, settings_["provider"]
        assert len({fact.external_id for fact in facts}) == 1, settings_["provider"]
        assert {fact.phone for fact in facts if fact.phone_typed} == {"+79131234567"}, settings_["provider"]
        final = next(fact for fact in facts if fact.state in ("ended", "missed"))
        assert final.seconds == talk, settings_["provider"]


# Recordings ----------------------------------------------------------------------------------------------------------


def fetched(settings_, media):
    return http.run(one(http.run(TELEPHONY.locate(settings_, media))))


def one(request):
    response = yield request
    return response.body


def test_a_recording_of_mango_lies_behind_a_signature(telephony):
    facts = heard(MANGO, telephony.mango.call("79131234567", "74951112233", talk=60))
    media = next(fact.recording for fact in facts if fact.state == "recorded")
    assert fetched(MANGO, media) == fake.AUDIO
    with pytest.raises(errors.Rejected) as refusal:
        fetched(MANGO, Media(kind="audio", ref="unknown"))
    assert refusal.value.code == "gone"


def test_a_recording_of_zadarma_takes_a_while(telephony):
    facts = heard(ZADARMA, telephony.zadarma.call("+79131234567", "+74951112233", talk=60))
    media = next(fact.recording for fact in facts if fact.state == "recorded")
    assert fetched(ZADARMA, media) == fake.AUDIO
    telephony.zadarma.recordings.clear()
    with pytest.raises(errors.Retry) as later:
        fetched(ZADARMA, media)
    assert later.value.after


def test_a_recording_of_twilio_needs_the_accounts_keys_and_no_other_place_sees_them(telephony):
    url = f"{telephony.url}/2010-04-01/Accounts/{sms_twilio.SID}/Recordings/RE1.mp3"
    request = http.run(TELEPHONY.locate(TWILIO, Media(kind="audio", url=url)))
    assert "Authorization" in request.headers
    foreign = http.run(TELEPHONY.locate(TWILIO, Media(kind="audio", url="https://evil.example/RE1.mp3")))
    assert "Authorization" not in foreign.headers


def test_other_recordings_lie_open_for_a_while(telephony):
    media = Media(kind="audio", url=f"{telephony.url}/media/a")
    for settings_ in (UIS, SIPUNI, MEGAFON):
        assert fetched(settings_, media) == fake.AUDIO
    with pytest.raises(errors.Rejected):
        http.run(TELEPHONY.locate(SIPUNI, Media(kind="audio")))


# What no event told --------------------------------------------------------------------------------------------------


@each(ZADARMA, SIPUNI, TWILIO)
def test_some_are_not_looked_at(telephony, settings_):
    assert TELEPHONY.poll(settings_, "") is None


@each(MANGO, UIS, MEGAFON)
def test_history_is_left_out_at_the_first_look(telephony, settings_, go):
    first = go(TELEPHONY.poll(settings_, ""))
    assert first.requests == ()
    assert first.cursor
    assert telephony.ledger == []


def test_the_statistics_of_mango_are_asked_for_and_fetched_later(telephony, go):
    hooks = telephony.mango.call("79131234567", "74951112233", talk=60)
    telephony.mango.call("79130000000", "74951112233")
    asked = go(TELEPHONY.poll(MANGO, ago(minutes=15)))
    assert asked.requests == ()
    waiting = go(TELEPHONY.poll(MANGO, asked.cursor))
    assert (waiting.requests, waiting.cursor) == ((), asked.cursor)
    ready = go(TELEPHONY.poll(MANGO, waiting.cursor))
    assert datetime.fromisoformat(ready.cursor) > datetime.now(UTC) - timedelta(minutes=1)
    facts = [fact for request in ready.requests for fact in TELEPHONY.parse(MANGO, request)]
    assert states(facts) == ["ended", "recorded", "missed"]
    assert (facts[0].phone, facts[0].dialled, facts[0].seconds) == ("+79131234567", "+74951112233", 60)
    # What the events told already is the same event: stored once.
    known = {
        TELEPHONY.event_id(HookRequest(subpath=hook.path, headers=hook.headers, body=hook.body))
        for hook in hooks
    }
    assert {TELEPHONY.event_id(request) for request in ready.requests[:2]} <= known


def test_statistics_that_mango_lost_are_asked_for_again(telephony, go):
    start = ago(minutes=15)
    lost = go(TELEPHONY.poll(MANGO, f"{start} gone~{ago(minutes=1)}"))
    assert lost.cursor == start


def test_the_report_of_uis_tells_whence_the_visitor_came(telephony, go):
    telephony.uis.report.append(
        {
            "id": 4501234567,
            "start_time": "2026-11-23 12:00:00",
            "direction": "in",
            "is_lost": False,
            "contact_phone_number": "79131234567",
            "virtual_phone_number": "74951112233",
            "talk_duration": 62,
            "wait_duration": 8,
            "utm_source": "Yandex",
            "utm_medium": "cpc",
            "utm_campaign": "autumn",
            "communication_page_url": "https://salon.example/?utm_source=yandex",
            "communication_id": 99,
            "call_records": ["abc"],
        }
    )
    polled = go(TELEPHONY.poll(UIS, ago(minutes=15)))
    (request,) = polled.requests
    (call,) = TELEPHONY.parse(UIS, request)
    assert (call.external_id, call.state, call.seconds, call.waited) == ("4501234567", "ended", 62, 8)
    assert (call.touch.source, call.touch.campaign, call.touch.number) == ("yandex", "autumn", "+74951112233")
    assert call.recording.url == "https://app.uiscom.ru/system/media/talk/99/abc/"
    assert TELEPHONY.event_id(request).startswith("report:4501234567")
    assert TELEPHONY.poll({"provider": "uis"}, "") is None


def test_the_history_of_megafon_holds_the_same_calls(telephony, go):
    hooks = telephony.megafon.call("89131234567", "74951112233", talk=60, media=f"{telephony.url}/media/a")
    telephony.megafon.call("89130000000", "74951112233")
    polled = go(TELEPHONY.poll(MEGAFON, ago(minutes=1)))
    facts = [fact for request in polled.requests for fact in TELEPHONY.parse(MEGAFON, request)]
    assert states(facts) == ["ended", "missed"]
    assert (facts[0].phone, facts[0].seconds, facts[0].waited) == ("+79131234567", 60, 8)
    last = hooks[-1]
    assert TELEPHONY.event_id(polled.requests[0]) == TELEPHONY.event_id(
        HookRequest(headers=last.headers, body=last.body)
    )
    assert not TELEPHONY.verify(MEGAFON, polled.requests[0])
