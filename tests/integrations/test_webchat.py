"""Our own site chat."""

import json

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import (
    ButtonPressed,
    ChatOpened,
    HookRequest,
    MessageReceived,
    Outgoing,
    Sent,
)
from integrations.webchat import session
from kit import http

WEBCHAT = registry.channel("webchat")
SALON = {"session_key": "key-of-the-salon"}
OTHER = {"session_key": "key-of-another"}
VISITOR = "visitor-0123456789"


def event(settings=SALON, **parts):
    told = {"id": "0b7e6c5a-1111", "session": session.issue(settings, VISITOR), "kind": "message", **parts}
    return HookRequest(body=json.dumps(told).encode())


def fact(**parts):
    (one,) = WEBCHAT.parse(SALON, event(**parts))
    return one


def test_a_visitor_proves_who_they_are():
    token = session.issue(SALON)
    visitor = session.visitor_of(SALON, token)
    assert token.startswith(visitor)
    assert session.issue(SALON) != token
    assert session.visitor_of(OTHER, token) is None
    assert (
        session.visitor_of({"session_key": "new", "session_key_previous": "key-of-the-salon"}, token)
        == visitor
    )
    assert session.visitor_of({}, token) is None
    assert session.visitor_of({}, session.issue({})) is not None
    assert session.visitor_of(SALON, session.issue({})) is None


@pytest.mark.parametrize(
    "token",
    [
        *(
            None,
            5,
            "",
            ".",
            "a.b",
            VISITOR,
            f"{VISITOR}.",
            f"{VISITOR}.{'a' * 32}",
            f"other-0123456789.{'a' * 32}",
        ),
        *(f"{VISITOR}.{'я' * 32}", f"{VISITOR}.\ud800{'a' * 31}", "x" * 100_000),
        session.issue(OTHER, VISITOR),
        session.issue(SALON, VISITOR) + "\n",
        session.issue(SALON, VISITOR).replace(VISITOR, "visitor-9999999999"),
    ],
)
def test_forged_sessions_are_refused(token):
    assert not WEBCHAT.verify(SALON, event(session=token))
    assert session.visitor_of(SALON, token) is None


def test_a_message():
    one = fact(
        text="Здравствуйте\x00",
        page_url="https://salon.example/?utm_source=VK&yclid=5",
        sent_at=1795400000000,
    )
    assert isinstance(one, MessageReceived)
    assert (one.text, one.chat, one.person.external_id) == ("Здравствуйте\ufffd", VISITOR, VISITOR)
    assert one.external_id == f"{VISITOR}:0b7e6c5a-1111" == WEBCHAT.event_id(event(text="x"))
    assert (one.touch.source, one.touch.click_ids) == ("vk", {"yclid": "5"})
    assert one.sent_at.year == 2026


def test_utm_and_code_beside_the_page():
    one = fact(text="a", utm={"source": "yandex", "utm_campaign": "nov", "gclid": "G"})
    assert (one.touch.source, one.touch.campaign, one.touch.click_ids) == ("yandex", "nov", {"gclid": "G"})
    one = fact(text="a", page_url="https://marzha.example/w/x/?start=vk_autumn")
    assert (one.touch.code, one.touch.source, one.touch.campaign) == ("vk_autumn", "vk", "autumn")
    assert fact(text="a").touch is None


def test_a_button():
    one = fact(kind="button", value="t:1", message="m:5")
    assert isinstance(one, ButtonPressed)
    assert (one.value, one.message_external_id, one.chat) == ("t:1", "m:5", VISITOR)


def test_a_contact_is_not_verified():
    one = fact(kind="contact", phone="8 913 123-45-67", name="Анна")
    assert (one.kind, one.person.phone, one.person.phone_verified) == ("contact", "+79131234567", False)
    assert (one.contact.phone, one.contact.own, one.person.name) == ("+79131234567", False, "Анна")
    assert fact(kind="contact", phone="вечером").contact.phone_typed == "вечером"


def test_opening_the_chat_is_no_message():
    one = fact(kind="start", referrer="https://ya.ru/", page_url="https://salon.example/")
    assert isinstance(one, ChatOpened)
    assert one.touch.referrer == "https://ya.ru/"


@pytest.mark.parametrize(
    "parts",
    [
        {"text": ""},
        {"text": "  "},
        {"text": 5},
        {"kind": "button"},
        {"kind": "contact"},
        {"kind": "shout", "text": "a"},
        {"kind": None, "text": "a"},
        {"id": "", "text": "a"},
        {"id": "../..", "text": "a"},
        {"id": None, "text": "a"},
        {"session": None, "text": "a"},
    ],
)
def test_what_is_no_event_is_a_parse_error(parts):
    with pytest.raises(ParseError):
        fact(**parts)


def test_sending_needs_no_network():
    outgoing = Outgoing(chat=VISITOR, text="Здравствуйте", key="k1")
    assert http.run(WEBCHAT.send(SALON, outgoing)) == Sent(f"{VISITOR}:k1", "stored")


def test_a_widget_on_another_site_may_ask_first():
    reply = WEBCHAT.handshake(
        SALON, HookRequest(method="OPTIONS", headers={"origin": "https://salon.example"})
    )
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Access-Control-Allow-Credentials" not in reply.headers


FILE = "A" * 43


def test_files_are_named_by_the_tokens_that_were_given_for_them():
    one = fact(
        text="", files=[{"file": FILE, "kind": "image", "name": "a.png"}, {"file": FILE, "kind": "shout"}]
    )
    assert (one.kind, one.text) == ("image", "")
    assert [(medium.kind, medium.ref, medium.name) for medium in one.media] == [
        ("image", f"upload:{FILE}", "a.png"),
        ("document", f"upload:{FILE}", ""),
    ]


@pytest.mark.parametrize(
    "files", [None, 7, "x", {}, [7], [None], [{}], [{"file": 7}], [{"file": "../x"}], [{"file": "a b"}]]
)
def test_files_that_are_none_leave_the_words(files):
    assert fact(text="Вот", files=files).media == ()
    with pytest.raises(ParseError):
        fact(text="", files=files)


def test_no_more_files_than_a_message_has():
    assert len(fact(text="", files=[{"file": FILE}] * 500).media) == 10
