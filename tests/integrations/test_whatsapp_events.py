"""Receipts, news of the account, whole deliveries and the door of the WhatsApp webhook."""

import json
from datetime import UTC, datetime

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import (
    AccountChanged,
    HookRequest,
    Ignored,
    MarketingStopped,
    MessageReceived,
    Receipt,
)
from tests.integrations.wires.whatsapp import (
    ANNA,
    NUMBER,
    STATUS,
    WIRE,
    change,
    event,
    message,
    news,
    said,
    signed,
)

WHATSAPP = registry.channel("whatsapp")
BSUID = ANNA["user_id"]


def facts(*changes):
    return WHATSAPP.parse(WIRE.settings, HookRequest(body=event(*changes)))


def fact(field="messages", **lists):
    (one,) = facts(change(field, **lists))
    return one


def about(field, **value):
    (one,) = WHATSAPP.parse(WIRE.settings, HookRequest(body=news(field, **value)))
    return one


# What became of ours ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("played", "read"),
        ("failed", "failed"),
    ],
)
def test_receipts_carry_our_key(word, state):
    one = fact(statuses=[{**STATUS, "status": word}])
    assert isinstance(one, Receipt)
    assert (one.state, one.external_id, one.key, one.chat) == (
        state,
        "wamid.OUT1",
        "out:018f3c",
        "79161234567",
    )
    assert one.at == datetime(2026, 11, 23, 2, 15, tzinfo=UTC)


def test_a_receipt_about_a_person_without_a_phone():
    status = {key: value for key, value in STATUS.items() if key != "recipient_id"}
    assert fact(statuses=[{**status, "recipient_user_id": BSUID}]).chat == BSUID


def failed(code, **more):
    errors = [{"code": code, "title": "Title", "error_data": {"details": "The details."}, **more}]
    return facts(change(contacts=[ANNA], statuses=[{**STATUS, "status": "failed", "errors": errors}]))


def test_a_failure_is_told_in_words():
    (one,) = failed(131047)
    assert (one.state, one.blocked) == ("failed", False)
    assert "24" in one.reason
    (unknown,) = failed(999999)
    assert unknown.reason == "The details."


def test_a_number_without_whatsapp_takes_nothing():
    (one,) = failed(131026)
    assert one.blocked


def test_a_failure_tells_that_the_person_wants_no_advertising():
    receipt, stopped = failed(131050)
    assert receipt.state == "failed"
    assert isinstance(stopped, MarketingStopped)
    assert (stopped.chat, stopped.stopped) == ("79161234567", True)


def test_a_failure_tells_the_owner_what_is_wrong_with_the_account():
    receipt, warning = failed(131042)
    assert receipt.reason == warning.reason
    assert isinstance(warning, AccountChanged)
    assert warning.state == "warning"


@pytest.mark.parametrize(("wish", "stopped"), [("stop", True), ("resume", False), ("signup", False)])
def test_a_person_switches_advertising(wish, stopped):
    preference = {
        "wa_id": "79161234567",
        "category": "marketing_messages",
        "value": wish,
        "timestamp": 1795400300,
    }
    one = fact("user_preferences", contacts=[ANNA], user_preferences=[preference])
    assert isinstance(one, MarketingStopped)
    assert (one.chat, one.stopped, one.at.year) == ("79161234567", stopped, 2026)


# The account -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (
            "message_template_status_update",
            {
                "event": "REJECTED",
                "message_template_name": "visit",
                "message_template_language": "ru",
                "reason": "SCAM",
            },
            ("visit (ru)", "scam"),
        ),
        ("message_template_status_update", {"event": "PAUSED", "message_template_name": "visit"}, ("visit",)),
        (
            "message_template_quality_update",
            {"new_quality_score": "YELLOW", "message_template_name": "visit"},
            ("visit",),
        ),
        (
            "template_category_update",
            {"new_category": "MARKETING", "message_template_name": "visit"},
            ("marketing",),
        ),
        (
            "account_update",
            {
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [{"restriction_type": "RESTRICTED_SENDING"}],
            },
            ("restricted sending",),
        ),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}},
            (),
        ),
        ("phone_number_quality_update", {"event": "FLAGGED", "current_limit": "TIER_250"}, ("tier 250",)),
        ("phone_number_name_update", {"decision": "REJECTED", "rejection_reason": "NAME_ENDCLIENT"}, ()),
        ("account_review_update", {"decision": "REJECTED"}, ()),
    ],
)
def test_bad_news_of_the_account_is_a_warning(field, value, words):
    one = about(field, **value)
    assert isinstance(one, AccountChanged)
    assert one.state == "warning"
    assert all(word in one.reason for word in words)


def test_an_account_that_was_taken_away():
    assert about("account_update", event="PARTNER_REMOVED").state == "disconnected"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_template_status_update", {"event": "APPROVED", "message_template_name": "visit"}),
        ("message_template_quality_update", {"new_quality_score": "GREEN"}),
        ("account_update", {"event": "VERIFIED_ACCOUNT"}),
        ("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}),
        ("phone_number_quality_update", {"event": "UPGRADE", "current_limit": "TIER_2K"}),
        ("account_review_update", {"decision": "APPROVED"}),
        ("history", {"messages": [{"id": "old"}]}),
        ("smb_app_state_sync", {"state_sync": []}),
        ("calls", {"calls": [{"id": "wacid.1"}]}),
        ("brand_new", {"x": 1}),
    ],
)
def test_other_news_is_kept_and_left_alone(field, value):
    assert isinstance(about(field, **value), Ignored)


# Deliveries ------------------------------------------------------------------------------------------------------


def test_a_delivery_may_hold_many_things():
    found = facts(
        change(contacts=[ANNA], messages=[said("один"), said("два", 2)]),
        change(statuses=[STATUS, {**STATUS, "id": "wamid.OUT2"}]),
    )
    assert [type(one).__name__ for one in found] == ["MessageReceived"] * 2 + ["Receipt"] * 2
    assert [one.text for one in found[:2]] == ["один", "два"]


def test_a_bad_item_does_not_lose_the_good_ones():
    good, bad = facts(change(contacts=[ANNA], messages=[{"id": "wamid.X", "type": "text"}, said("два", 2)]))
    # The only contact there is stands for the message without a sender.
    assert (good.chat, bad.text) == ("79161234567", "два")
    found = facts(change(messages=[{"id": "wamid.X", "type": "text"}, said("два", 2)]))
    assert [type(one) for one in found] == [MessageReceived, Ignored]
    assert "not readable" in found[1].reason


@pytest.mark.parametrize(
    "changed",
    [
        change(messages=[{"id": "wamid.X", "type": "text", "text": {"body": "a"}}]),
        change(messages=[]),
        change(messages="x"),
        change(statuses=[{"status": "read"}]),
        change(messages=[message(type="revoke")]),
        change(messages=[message(type="edit", edit={})]),
        change("smb_message_echoes", message_echoes=[{"id": "w", "type": "text"}]),
    ],
)
def test_what_nobody_can_read_is_an_error(changed):
    with pytest.raises(ParseError):
        facts(changed)


def test_events_of_other_numbers_are_none_of_ours():
    theirs = change(number="5550001", contacts=[ANNA], messages=[said("чужое")])
    ours = change(contacts=[ANNA], messages=[said("наше", 2)])
    found = facts(theirs, ours)
    assert [type(one) for one in found] == [Ignored, MessageReceived]
    # The dashboard's test button names a number of nobody.
    (test,) = facts(change(number="123456123", contacts=[ANNA], messages=[said("this is a text message")]))
    assert isinstance(test, Ignored)


def test_news_of_another_account_behind_the_same_app_is_none_of_ours():
    body = news("account_update", event="ACCOUNT_VIOLATION")
    (ours,) = WHATSAPP.parse(
        {**WIRE.settings, "business_account_id": "102290129340398"}, HookRequest(body=body)
    )
    assert isinstance(ours, AccountChanged)
    (theirs,) = WHATSAPP.parse({**WIRE.settings, "business_account_id": "5"}, HookRequest(body=body))
    assert isinstance(theirs, Ignored)


def test_events_of_other_products_are_left_alone():
    (one,) = WHATSAPP.parse({}, HookRequest(body=b'{"object":"page","entry":[]}'))
    assert isinstance(one, Ignored)
    with pytest.raises(ParseError):
        WHATSAPP.parse({}, HookRequest(body=b'{"hello":"world"}'))


def test_equal_deliveries_are_one_event():
    first, second = signed(event(change(statuses=[STATUS]))), signed(event(change(statuses=[STATUS])))
    other = signed(event(change(statuses=[{**STATUS, "status": "read"}])))
    assert WHATSAPP.event_id(first) == WHATSAPP.event_id(second) != WHATSAPP.event_id(other)


# The door --------------------------------------------------------------------------------------------------------


def asked(**query):
    given = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "wa_verify", **query}
    return WHATSAPP.handshake(
        {**WIRE.settings, "verify_token_previous": "former"}, HookRequest(method="GET", query=given)
    )


def test_the_handshake_gives_the_challenge_back():
    reply = asked()
    assert (reply.status, reply.body) == (200, b"1158201444")
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert asked(**{"hub.verify_token": "former"}).status == 200


@pytest.mark.parametrize(
    "query",
    [
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "1" * 1001},
    ],
)
def test_the_handshake_of_a_stranger(query):
    reply = asked(**query)
    assert (reply.status, reply.body) == (403, b"")


def test_the_signature_is_over_the_raw_bytes():
    body = b'{"object":"whatsapp_business_account","x":"\\u0430\\/b"}'
    assert WHATSAPP.verify(WIRE.settings, signed(body))
    assert WHATSAPP.verify(WIRE.settings, signed(body, "former_secret"))
    assert not WHATSAPP.verify(WIRE.settings, signed(body, "another"))
    reserialised = HookRequest(headers=signed(body).headers, body=json.dumps(json.loads(body)).encode())
    assert not WHATSAPP.verify(WIRE.settings, reserialised)
    assert not WHATSAPP.verify({"phone_number_id": NUMBER}, signed(body, ""))
