"""Sending text messages through a server that answers, refuses and breaks off as the providers do."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fakes import sms as fake
from fakes import sms_twilio
from fakes.server import Answer
from fakes.sms import FakeSms
from integrations import errors, registry
from integrations.protocols.channel import Button, HookRequest, Media, Outgoing, OutgoingMedia, Sent
from kit import http

SMS = registry.channel("sms")
HOOK = "https://marzha.example/hooks/sms/0123456789abcdef/"
SMSC = {"provider": "smsc", "login": fake.LOGIN, "password": fake.PASSWORD, "sender": "SALON"}
AERO = {"provider": "smsaero", "login": fake.AERO_LOGIN, "password": fake.AERO_KEY, "sender": "SALON"}
TWILIO = {
    "provider": "twilio",
    "login": sms_twilio.SID,
    "password": sms_twilio.TOKEN,
    "sender": "+15017122661",
}
ALL = pytest.mark.parametrize("settings_", [SMSC, AERO, TWILIO], ids=["smsc", "smsaero", "twilio"])
ANNA = "+79131234567"
CALL = {"smsc": "send", "smsaero": "sms/send", "twilio": "POST Messages"}


@pytest.fixture
def sms(settings):
    with FakeSms() as server:
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


def message(text="Ждём вас завтра в 15:00", chat=ANNA, key="42", **more):
    return Outgoing(chat=chat, text=text, key=key, **more)


def send(settings_, *args, **more):
    return http.run(SMS.send(settings_, message(*args, **more)))


def refused(settings_, *args, **more):
    with pytest.raises(errors.Rejected) as refusal:
        send(settings_, *args, **more)
    return refusal.value


def ago(**how):
    return datetime.now(UTC) - timedelta(**how)


# Any provider --------------------------------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \u200b\n"}, "empty_text"),
        ({"text": "я" * 641}, "too_long"),
        ({"chat": "79131234567"}, "bad_number"),
        ({"chat": "+7913"}, "bad_number"),
        ({"chat": "MTS"}, "bad_number"),
        ({"buttons": ((Button("Да", "t1"),),)}, "text_only"),
        ({"media": OutgoingMedia(kind="image", name="a", mime="image/png", content=b"a")}, "text_only"),
    ],
)
def test_what_no_provider_takes_is_not_even_sent(sms, settings_, more, code):
    assert refused(settings_, **more).code == code
    assert sms.ledger == []


@ALL
@pytest.mark.parametrize("fault", ["drop", "reset", "truncate", "garbage"])
def test_a_lost_answer_is_uncertain_and_settled_by_the_providers_record(sms, settings_, go, fault):
    sms.when(CALL[settings_["provider"]], fault=fault, times=1)
    since = datetime.now(UTC)
    with pytest.raises(errors.Uncertain):
        go(SMS.send(settings_, message()))
    found = go(SMS.settle(settings_, message(), since))
    assert isinstance(found, Sent)
    assert found.external_id
    assert len(sms.calls(CALL[settings_["provider"]])) == 1


@ALL
def test_what_never_arrived_may_be_sent_again_but_not_before_it_would_show(sms, settings_, go):
    with pytest.raises(errors.Retry) as early:
        go(SMS.settle(settings_, message(), datetime.now(UTC)))
    assert 0 < early.value.after <= 180
    assert go(SMS.settle(settings_, message(), ago(minutes=10))) is None


@ALL
def test_a_server_that_fails_after_sending_is_uncertain(sms, settings_, go):
    sms.when(CALL[settings_["provider"]], Answer(502, "<html>Bad gateway</html>"))
    with pytest.raises(errors.Uncertain):
        go(SMS.send(settings_, message()))


@ALL
def test_a_server_that_is_not_there_is_unreachable(sms, settings_, go):
    sms.stop()
    with pytest.raises(errors.Unreachable):
        go(SMS.send(settings_, message()))


@ALL
def test_too_many_calls_rest_the_whole_account(sms, settings_, go):
    sms.when(CALL[settings_["provider"]], Answer(429, {"message": "Too many requests", "code": 20429}))
    with pytest.raises(errors.Retry) as later:
        go(SMS.send(settings_, message()))
    assert later.value.whole_account


@ALL
def test_dead_keys_park_the_connection_and_show_nowhere(sms, settings_):
    wrong = {**settings_, "password": "very-secret-but-wrong"}
    told = refused(wrong)
    assert told.revoked
    with pytest.raises(errors.Rejected) as refusal:
        http.run(SMS.connect(wrong, HOOK))
    assert refusal.value.revoked
    assert "very-secret" not in told.reason + repr(told) + str(refusal.value)


@ALL
def test_connecting_and_health(sms, settings_, go):
    connected = go(SMS.connect(settings_, HOOK))
    assert connected.external_id == settings_["login"]
    assert connected.name
    again = go(SMS.connect(settings_, HOOK))
    assert again == connected
    assert go(SMS.health(settings_, HOOK)).ok
    sms.smsc.balance = sms.aero.balance = 0.0
    sms.twilio.balance = "-0.10"
    told = go(SMS.health(settings_, HOOK))
    assert not told.ok
    assert str(told.reason)


@ALL
def test_the_first_look_leaves_history_out_and_the_next_brings_what_the_hook_missed(sms, settings_, go):
    sent = go(SMS.send(settings_, message()))
    if settings_ is SMSC:
        sms.smsc.report(sent.external_id, 1)
    elif settings_ is AERO:
        sms.aero.report(int(sent.external_id), 1)
    else:
        sms.twilio.report(sent.external_id, "delivered")
    first = go(SMS.poll(settings_, ""))
    assert first.requests == ()
    second = go(SMS.poll(settings_, first.cursor))
    (request,) = second.requests
    (receipt,) = SMS.parse(settings_, request)
    assert (receipt.external_id, receipt.state) == (sent.external_id, "delivered")
    assert SMS.verify(settings_, request) is False


def test_no_provider_no_connection(sms):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(SMS.connect({"password": "a"}, HOOK))
    assert refusal.value.code == "missing"


# SMSC ----------------------------------------------------------------------------------------------------------------


def test_smsc_takes_a_message_and_says_what_it_costs(sms, go):
    sent = go(SMS.send(SMSC, message("Ждём вас завтра в 15:00. " * 4, expires_in_seconds=5400)))
    assert sent == Sent("m42", cost="9.30", parts=2)
    (call,) = sms.calls("send")
    told = call.params()
    assert (call.method, told["phones"], told["id"], told["sender"]) == ("POST", ANNA, "m42", "SALON")
    assert (told["valid"], told["fmt"], told["charset"]) == ("01:30", "3", "utf-8")
    assert call.query == {}


@pytest.mark.parametrize(
    ("seconds", "valid"), [(10, "00:05"), (3600, "01:00"), (999_999, "24:00"), (None, None)]
)
def test_how_long_a_message_lives_at_smsc(sms, seconds, valid):
    send(SMSC, expires_in_seconds=seconds)
    assert sms.calls("send")[0].params().get("valid") == valid


def test_an_api_key_stands_for_login_and_password(sms):
    send({"provider": "smsc", "password": fake.API_KEY})
    told = sms.calls("send")[0].params()
    assert told["apikey"] == fake.API_KEY
    assert "psw" not in told


def test_any_key_of_ours_makes_an_id_that_smsc_takes(sms, go):
    sent = go(SMS.send(SMSC, message(key="reminder:17:2026-11-23T10:00")))
    assert sent.external_id.startswith("h")
    assert go(SMS.settle(SMSC, message(key="reminder:17:2026-11-23T10:00"), ago(minutes=1))) is not None


def test_without_a_key_smsc_numbers_the_message_and_nothing_settles_it(sms, go):
    assert go(SMS.send(SMSC, message(key=""))).external_id == "501"
    with pytest.raises(errors.Uncertain):
        go(SMS.settle(SMSC, message(key=""), ago(minutes=10)))


def test_the_same_message_within_a_minute_is_known_as_taken(sms, go):
    first = go(SMS.send(SMSC, message()))
    again = go(SMS.send(SMSC, message()))
    assert again.external_id == first.external_id
    assert len(sms.smsc.messages) == 1
    with pytest.raises(errors.Retry) as later:  # another message with the same words
        go(SMS.send(SMSC, message(key="43")))
    assert later.value.after > 60


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (1, errors.Rejected, {"code": "bad_request"}),
        (2, errors.Rejected, {"revoked": True}),
        (3, errors.Retry, {"whole_account": True}),
        (4, errors.Retry, {"whole_account": True, "after": 600}),
        (5, errors.Rejected, {"code": "bad_request"}),
        (6, errors.Rejected, {"content": True, "code": "forbidden_text"}),
        (7, errors.Rejected, {"blocked": True, "code": "bad_number"}),
        (8, errors.Rejected, {"blocked": False, "code": "undeliverable"}),
        (77, errors.Rejected, {"code": "rejected"}),
    ],
)
def test_errors_of_smsc(sms, code, kind, expected):
    sms.when("send", fake.smsc_error(code, "some words"))
    with pytest.raises(kind) as failure:
        send(SMSC)
    assert {name: getattr(failure.value, name) for name in expected} == expected
    assert failure.value.reason


def test_smsc_refuses_what_it_would_refuse(sms):
    assert refused({**SMSC, "sender": "STRANGER"}).code == "forbidden_text"
    sms.smsc.balance = 1.0
    with pytest.raises(errors.Retry) as later:
        send(SMSC)
    assert later.value.whole_account


def test_an_old_message_that_smsc_forgot_is_not_sent_again(sms, go):
    with pytest.raises(errors.Uncertain):
        go(SMS.settle(SMSC, message(), ago(days=5)))


def test_reports_and_answers_of_smsc(sms):
    settings_ = {**SMSC, "callback_secret": fake.CALLBACK_SECRET}
    sent = send(settings_)
    headers, body = sms.smsc.report(sent.external_id, 20, err=1)
    request = HookRequest(headers=headers, body=body)
    assert SMS.verify(settings_, request)
    (receipt,) = SMS.parse(settings_, request)
    assert (receipt.external_id, receipt.state, receipt.blocked) == (sent.external_id, "failed", True)
    headers, body = sms.smsc.said("79131234567", "Спасибо, буду")
    request = HookRequest(headers=headers, body=body)
    assert SMS.verify(settings_, request)
    (said,) = SMS.parse(settings_, request)
    assert (said.chat, said.text) == (ANNA, "Спасибо, буду")
    cursor = http.run(SMS.poll(settings_, "")).cursor
    polled = http.run(SMS.poll(settings_, cursor)).requests
    assert {SMS.event_id(each) for each in polled} >= {SMS.event_id(request)}


# SMS Aero ------------------------------------------------------------------------------------------------------------


def test_sms_aero_takes_a_message_and_is_told_where_to_report(sms, go):
    sent = go(SMS.send({**AERO, "hook_url": HOOK}, message()))
    assert (sent.external_id, sent.cost, sent.parts, sent.raw_state) == ("12345", "5.49", 1, "queue")
    told = sms.calls("sms/send")[0].params()
    assert told == {
        "number": 79131234567,
        "text": "Ждём вас завтра в 15:00",
        "sign": "SALON",
        "callbackUrl": f"{HOOK}?key=42",
    }


@pytest.mark.parametrize(
    ("answer", "kind", "expected"),
    [
        (fake.aero_error(401, "Your request was made with invalid credentials."), errors.Rejected, {"revoked": True}),
        (fake.aero_error(402, "No money"), errors.Retry, {"whole_account": True}),
        (Answer(200, {"result": "no credits"}), errors.Retry, {"whole_account": True}),
        (Answer(200, {"result": "reject", "reason": "sign"}), errors.Rejected, {"code": "rejected"}),
        (fake.aero_error(400, "Validation error.", {"number": ["a"]}), errors.Rejected, {"blocked": True}),
        (fake.aero_error(400, "Validation error.", {"sign": ["a"]}), errors.Rejected, {"code": "bad_sender"}),
        (fake.aero_error(200, "Validation error.", {"text": ["a"]}), errors.Rejected, {"content": True}),
        (Answer(403, "<html>"), errors.Rejected, {"code": "rejected"}),
        (Answer(200, {"anything": 1}), errors.Uncertain, {}),
        (Answer(200, {"success": True, "data": {}}), errors.Uncertain, {}),
    ],
)  # fmt: skip
def test_errors_of_sms_aero(sms, answer, kind, expected):
    sms.when("sms/send", answer)
    with pytest.raises(kind) as failure:
        send(AERO)
    assert {name: getattr(failure.value, name) for name in expected} == expected


def test_the_list_of_sms_aero_settles_only_the_same_words_to_the_same_phone(sms, go):
    go(SMS.send(AERO, message("Другие слова")))
    assert go(SMS.settle(AERO, message(), ago(minutes=10))) is None
    assert go(SMS.settle(AERO, message("Другие слова"), ago(minutes=1))).external_id == "12345"


# Twilio --------------------------------------------------------------------------------------------------------------


def test_twilio_takes_a_message(sms, go):
    sent = go(SMS.send({**TWILIO, "hook_url": HOOK}, message(expires_in_seconds=100_000)))
    assert sent.external_id.startswith("SM")
    assert (sent.raw_state, sent.parts) == ("queued", 1)
    told = sms.calls("POST Messages")[0].params()
    assert told == {
        "To": ANNA,
        "From": "+15017122661",
        "Body": "Ждём вас завтра в 15:00",
        "StatusCallback": f"{HOOK}?key=42",
        "ValidityPeriod": "36000",
    }


def test_a_messaging_service_sends_by_its_id(sms):
    send({**TWILIO, "sender": "MG0123"})
    told = sms.calls("POST Messages")[0].params()
    assert told["MessagingServiceSid"] == "MG0123"
    assert "From" not in told


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 21211, {"code": "bad_number", "blocked": True}),
        (400, 21212, {"code": "bad_sender", "blocked": False}),
        (400, 21408, {"code": "region_off"}),
        (400, 21606, {"code": "bad_sender"}),
        (400, 21610, {"code": "stopped", "blocked": True}),
        (400, 21612, {"code": "no_route"}),
        (400, 21614, {"code": "not_mobile", "blocked": True}),
        (400, 21617, {"code": "too_long", "content": True}),
        (400, 30034, {"code": "unregistered"}),
        (400, 99999, {"code": "rejected"}),
        (401, 20003, {"code": "revoked", "revoked": True}),
        (404, 0, {"code": "not_found"}),
    ],
)
def test_errors_of_twilio(sms, status, code, expected):
    sms.when("POST Messages", sms_twilio.refusal(status, code, "some words"))
    told = refused(TWILIO)
    assert {name: getattr(told, name) for name in expected} == expected


@pytest.mark.parametrize("code", [20429, 21611, 30001])
def test_a_full_queue_at_twilio_means_later(sms, code):
    sms.when("POST Messages", sms_twilio.refusal(400, code, "some words"))
    with pytest.raises(errors.Retry):
        send(TWILIO)


def test_connecting_leads_answers_of_the_number_to_us_and_health_sees_it(sms, go):
    assert not go(SMS.health(TWILIO, HOOK)).ok
    go(SMS.connect(TWILIO, HOOK))
    assert sms.twilio.numbers[0]["sms_url"] == HOOK
    assert go(SMS.health(TWILIO, HOOK)).ok
    sms.twilio.numbers[0]["sms_url"] = "https://other.example/"
    assert not go(SMS.health(TWILIO, HOOK)).ok
    go(SMS.disconnect(TWILIO, HOOK))
    assert sms.twilio.numbers[0]["sms_url"] == "https://other.example/"
    go(SMS.connect(TWILIO, HOOK))
    go(SMS.disconnect(TWILIO, HOOK))
    assert sms.twilio.numbers[0]["sms_url"] == ""


def test_a_person_stops_and_starts(sms):
    headers, body = sms_twilio.signed(HOOK, sms.twilio.said(ANNA, "STOP"))
    request = HookRequest(headers=headers, body=body, url=HOOK)
    assert SMS.verify(TWILIO, request)
    assert [type(fact).__name__ for fact in SMS.parse(TWILIO, request)] == ["MessageReceived", "ChatBlocked"]
    assert refused(TWILIO).code == "stopped"
    sms.twilio.said(ANNA, "START")
    send(TWILIO)


def test_a_report_names_our_key(sms):
    sent = send({**TWILIO, "hook_url": HOOK})
    url = sms.calls("POST Messages")[0].params()["StatusCallback"]
    headers, body = sms_twilio.signed(url, sms.twilio.report(sent.external_id, "undelivered", "30005"))
    request = HookRequest(headers=headers, body=body, url=url, query={"key": "42"})
    assert SMS.verify(TWILIO, request)
    (receipt,) = SMS.parse(TWILIO, request)
    assert (receipt.external_id, receipt.key, receipt.state, receipt.blocked) == (
        sent.external_id, "42", "failed", True,
    )  # fmt: skip


def test_a_picture_is_fetched_with_the_accounts_keys_and_never_with_them_elsewhere(sms, go):
    url = f"{sms.url}/2010-04-01/Accounts/{sms_twilio.SID}/Messages/MM1/Media/ME1"
    sms.when(
        lambda seen: seen.path.endswith("ME1"), Answer(307, b"", {"Location": "https://media.example/f"})
    )
    request = go(SMS.locate(TWILIO, Media(kind="image", url=url)))
    assert (request.url, dict(request.headers)) == ("https://media.example/f", {})
    assert "authorization" in sms.ledger[-1].headers
    foreign = go(SMS.locate(TWILIO, Media(kind="image", url="https://elsewhere.example/f")))
    assert dict(foreign.headers) == {}
    assert SMS.locate(SMSC, Media(kind="image", url=url)) is None
