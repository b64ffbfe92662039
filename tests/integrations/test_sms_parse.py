"""Reports on text messages and what people answer, read as facts."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import (
    ChatBlocked,
    ChatUnblocked,
    HookRequest,
    Ignored,
    MarketingStopped,
    MessageReceived,
    Receipt,
)
from tests.integrations.wires.sms import SECRET, TOKEN, twilio, twilio_form

SMS = registry.channel("sms")
SMSC = {"provider": "smsc", "callback_secret": SECRET}
AERO = {"provider": "smsaero"}
TWILIO = {"provider": "twilio", "password": TOKEN}


def form(fields, **more):
    return HookRequest(body=urlencode(fields).encode(), **more)


def facts(settings, **fields):
    return SMS.parse(settings, form(fields))


def receipt(settings, **fields):
    (one,) = facts(settings, **fields)
    assert isinstance(one, Receipt)
    return one


# SMSC ----------------------------------------------------------------------------------------------------------------


def smsc(**fields):
    return receipt(SMSC, **{"id": "m77", "phone": "79131234567", "ts": "1795428000", "type": "0", **fields})


def test_a_delivered_message():
    one = smsc(status="1", cost="4.65")
    assert (one.external_id, one.key, one.state, one.cost) == ("m77", "77", "delivered", "4.65")
    assert one.at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "err", "state", "blocked"),
    [
        ("0", "", "sent", False),
        ("1", "0", "delivered", False),
        ("2", "", "delivered", False),
        ("4", "", "delivered", False),
        ("3", "6", "failed", False),
        ("20", "1", "failed", True),
        ("20", "6", "failed", False),
        ("20", "219", "failed", False),
        ("22", "", "failed", True),
        ("23", "254", "failed", False),
        ("23", "", "failed", False),
        ("24", "", "failed", False),
        ("25", "248", "failed", False),
        ("25", "777", "failed", False),
    ],
)
def test_states_of_smsc(status, err, state, blocked):
    one = smsc(status=status, **({"err": err} if err else {}))
    assert (one.state, one.blocked) == (state, blocked)
    assert bool(one.reason) == (state == "failed")


@pytest.mark.parametrize("status", ["-1", "-2", "-3", "77"])
def test_states_that_say_nothing_new(status):
    (one,) = facts(SMSC, id="m1", phone="79131234567", status=status)
    assert isinstance(one, Ignored)


def test_a_reason_is_in_words_and_the_more_exact_one():
    assert smsc(status="23").reason != smsc(status="23", err="254").reason


def test_a_message_of_somebody_elses_numbering_has_no_key_of_ours():
    one = smsc(id="32", status="1")
    assert (one.external_id, one.key) == ("32", None)


def test_reports_on_calls_and_letters_are_not_ours():
    (one,) = facts(SMSC, id="7", phone="79131234567", status="1", type="8")
    assert isinstance(one, Ignored)


def test_an_answer_to_a_rented_number():
    one, *rest = facts(
        SMSC, phone="79131234567", mes="Да, буду", to="79160000000", sms_id="55", time="23.11.2026 13:10:00"
    )
    assert isinstance(one, MessageReceived)
    assert rest == []
    assert (one.external_id, one.chat, one.person.phone) == ("55", "+79131234567", "+79131234567")
    assert (one.text, one.touch.number, one.automatic) == ("Да, буду", "+79160000000", "")
    assert one.sent_at == datetime(2026, 11, 23, 10, 10, tzinfo=UTC)


def test_a_name_of_letters_is_not_answered():
    (one,) = facts(SMSC, phone="MTS", mes="Баланс 5 р.", to="79160000000")
    assert (one.chat, one.person.phone, one.automatic) == ("MTS", None, "the sender is not a phone")


@pytest.mark.parametrize(
    ("text", "stopped"),
    [("СТОП", True), ("стоп!", True), (" Stop ", True), ("Отпишите меня.", True), ("старт", False)],
)
def test_a_wish_about_advertising(text, stopped):
    said, wish = facts(SMSC, phone="79131234567", mes=text, to="79160000000")
    assert isinstance(wish, MarketingStopped)
    assert (wish.chat, wish.stopped) == ("+79131234567", stopped)
    assert said.automatic


def test_a_sentence_with_the_word_in_it_is_a_message():
    assert len(facts(SMSC, phone="79131234567", mes="Стоп, а можно в среду?", to="79160000000")) == 1


def signed(names, secret=SECRET, method="md5", **fields):
    told = ":".join([*(fields[name] for name in names), secret])
    return form({**fields, method: hashlib.new(method, told.encode()).hexdigest()})


REPORT = {"id": "m77", "phone": "79131234567", "status": "1"}
NAMES = ("id", "phone", "status")


def test_the_secret_of_the_event_handler():
    assert SMS.verify(SMSC, signed(NAMES, **REPORT))
    assert SMS.verify(SMSC, signed(NAMES, method="sha1", **REPORT))
    assert not SMS.verify(SMSC, form(REPORT))
    assert not SMS.verify(SMSC, form({**REPORT, "md5": ""}))
    assert not SMS.verify(SMSC, signed(NAMES, secret="other", **REPORT))
    forged = signed(NAMES, **REPORT).body.replace(b"status=1", b"status=20")
    assert not SMS.verify(SMSC, HookRequest(body=forged))


def test_both_secrets_hold_while_one_is_being_exchanged():
    rotated = {**SMSC, "callback_secret": "new", "callback_secret_previous": SECRET}
    assert SMS.verify(rotated, signed(NAMES, **REPORT))
    assert SMS.verify(rotated, signed(NAMES, secret="new", **REPORT))
    assert not SMS.verify(rotated, signed(NAMES, secret="", **REPORT))


def test_without_a_secret_the_address_alone_proves():
    assert SMS.verify({"provider": "smsc"}, form(REPORT))


def test_a_signature_is_over_the_bytes_whatever_their_charset():
    text = "Да, буду".encode("windows-1251")
    told = b"79131234567:" + text + b":79160000000:" + SECRET.encode()
    body = b"phone=79131234567&to=79160000000&mes=" + b"".join(b"%%%02X" % byte for byte in text)
    request = HookRequest(body=body + b"&md5=" + hashlib.md5(told).hexdigest().encode())
    assert SMS.verify(SMSC, request)
    (one,) = SMS.parse(SMSC, request)
    assert one.text == "Да, буду"


def test_some_accounts_report_in_the_address():
    request = HookRequest(method="GET", query=dict(REPORT))
    assert "GET" in SMS.hook_methods
    assert SMS.handshake(SMSC, request) is None
    (one,) = SMS.parse(SMSC, request)
    assert one.state == "delivered"
    assert SMS.handshake(SMSC, HookRequest(method="GET")).body == b"OK"


def test_each_state_of_a_message_is_an_event_of_its_own():
    delivered, again, late = (form({**REPORT, "status": s}) for s in ("1", "1", "0"))
    assert SMS.event_id(delivered) == SMS.event_id(again) != SMS.event_id(late)
    assert SMS.thread_key(delivered) == "+79131234567"


def test_what_poll_fetched_is_not_let_in_from_outside():
    assert not SMS.verify({"provider": "smsaero"}, form({"id": "1", "status": "1"}, subpath="polled"))


# SMS Aero ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"), [("1", "delivered"), ("2", "failed"), ("3", "sent"), ("6", "failed")]
)
def test_states_of_sms_aero(status, state):
    one = receipt(AERO, id="12345", status=status, extendStatus="x", dateAnswer="1795428005")
    assert (one.external_id, one.state, bool(one.reason)) == ("12345", state, state == "failed")


def test_our_key_comes_back_in_the_address():
    (one,) = SMS.parse(AERO, form({"id": "12345", "status": "1"}, query={"key": "k:1"}))
    assert one.key == "k:1"


def test_a_message_on_moderation_is_news_of_nothing():
    (one,) = facts(AERO, id="12345", status="8")
    assert isinstance(one, Ignored)


# Twilio --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "state", "blocked"),
    [
        ("sent", "", "sent", False),
        ("delivered", "", "delivered", False),
        ("undelivered", "30003", "failed", False),
        ("undelivered", "30005", "failed", True),
        ("undelivered", "30006", "failed", True),
        ("failed", "30007", "failed", False),
        ("failed", "21610", "failed", True),
        ("failed", "99999", "failed", False),
        ("failed", "", "failed", False),
    ],
)
def test_states_of_twilio(status, error, state, blocked):
    one = receipt(TWILIO, MessageSid="SM1", MessageStatus=status, To="+15558675310", ErrorCode=error)
    assert (one.external_id, one.state, one.blocked) == ("SM1", state, blocked)
    assert bool(one.reason) == (state == "failed")


@pytest.mark.parametrize("status", ["accepted", "scheduled", "queued", "sending", "brand_new"])
def test_states_of_twilio_that_say_nothing_new(status):
    (one,) = facts(TWILIO, MessageSid="SM1", MessageStatus=status)
    assert isinstance(one, Ignored)


def test_stop_and_start_are_obeyed_by_twilio_itself():
    said = {"MessageSid": "SM1", "From": "+15558675310", "To": "+15017122661"}
    first, blocked = facts(TWILIO, **said, Body="STOP", OptOutType="STOP")
    assert first.text == "STOP"
    assert first.automatic
    assert isinstance(blocked, ChatBlocked)
    _first, free = facts(TWILIO, **said, Body="START", OptOutType="START")
    assert isinstance(free, ChatUnblocked)


def test_a_picture_comes_with_its_address():
    (one,) = facts(
        TWILIO,
        MessageSid="MM1",
        From="+15558675310",
        To="+15017122661",
        Body="",
        NumMedia="1",
        MediaUrl0="https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
        MediaContentType0="image/jpeg",
    )
    assert (one.kind, one.media[0].kind, one.media[0].mime) == ("image", "image", "image/jpeg")


def test_the_signature_covers_the_address_with_its_query():
    url = "https://marzha.example/hooks/sms/0123456789abcdef/?key=k1"
    good = twilio(b"MessageSid=SM1&MessageStatus=sent", url)
    assert SMS.verify(TWILIO, good)
    assert not SMS.verify(TWILIO, HookRequest(headers=good.headers, body=good.body, url=url + "2"))
    with_port = url.replace("marzha.example", "marzha.example:443")
    assert SMS.verify(TWILIO, twilio(good.body, with_port))
    assert SMS.verify(
        TWILIO, HookRequest(headers=twilio(good.body, with_port).headers, body=good.body, url=url)
    )
    assert not SMS.verify(TWILIO, HookRequest(headers=good.headers, body=good.body + b"&a=1", url=url))
    assert SMS.verify({**TWILIO, "password": "new", "password_previous": TOKEN}, good)
    assert not SMS.verify({**TWILIO, "password": ""}, good)


def test_twilio_wants_to_hear_xml():
    reply = SMS.acknowledge(TWILIO, twilio_form(MessageSid="SM1", Body="a"))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml")
    assert b"<Response/>" in reply.body
    assert SMS.acknowledge(SMSC, form(REPORT)).body == b"OK"


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (SMSC, {}),
        (SMSC, {"id": "1"}),
        (SMSC, {"phone": "79131234567", "status": "ok", "id": "1"}),
        (SMSC, {"phone": "79131234567", "status": "1"}),
        (AERO, {"id": "", "status": "1"}),
        (TWILIO, {"MessageSid": "SM1", "Body": "a"}),
        (TWILIO, {"id": "1", "status": "1"}),
    ],
)
def test_what_cannot_be_read_is_a_parse_error(settings, fields):
    with pytest.raises(ParseError):
        facts(settings, **fields)
