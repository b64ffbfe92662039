"""What an event of Avito says, read as facts."""

import json
from datetime import UTC, datetime

import pytest

from integrations import errors, registry
from integrations.protocols.channel import (
    Ad,
    HookRequest,
    Ignored,
    Location,
    Media,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Person,
    Touch,
)
from tests.integrations.wires.avito import CHAT, SIZES, WIRE, avito, avito_event, avito_request

AVITO = registry.channel("avito")


def fact(*args, **more):
    (found,) = AVITO.parse(WIRE.settings, avito_request(*args, **more))
    return found


def test_a_text_about_a_listing():
    assert fact(1) == MessageReceived(
        external_id=f"{1:032x}",
        chat=CHAT,
        person=Person(external_id="121185841"),
        text="Ещё актуально?",
        sent_at=datetime.fromtimestamp(1795400001, UTC),
        touch=Touch(source="avito", campaign="3363702577", ad=Ad(external_id="3363702577")),
    )


def test_a_chat_of_the_profile_names_no_listing():
    assert fact(1, chat_type="u2u", item_id=None).touch == Touch(source="avito")


def test_the_seller_answering_elsewhere_is_an_echo():
    echo = fact(2, author_id=353207078)
    assert isinstance(echo, OperatorEcho)
    assert (echo.chat, echo.text, echo.external_id) == (CHAT, "Ещё актуально?", f"{2:032x}")


def test_the_same_message_under_two_envelopes_is_one_event():
    one, two = avito_event(1), {**avito_event(1), "id": "another"}
    ids = {AVITO.event_id(avito(json.dumps(event).encode())) for event in (one, two)}
    assert ids == {f"{1:032x}"}


def test_a_deletion_is_an_event_of_its_own():
    request = avito_request(1, "deleted", {})
    assert AVITO.event_id(request) != AVITO.event_id(avito_request(1))
    assert AVITO.parse(WIRE.settings, request) == [MessagesDeleted(chat=CHAT, external_ids=(f"{1:032x}",))]


def test_a_picture_comes_in_its_largest_size():
    found = fact(3, "image", {"image": {"sizes": {**SIZES, "odd": "x", "9x9": "javascript:alert(1)"}}})
    assert (found.kind, found.text) == ("image", "")
    assert found.media == (
        Media(kind="image", url="https://img.example/l.jpg", mime="image/jpeg", width=1280, height=960),
    )


def test_a_recording_is_named_by_its_id():
    found = fact(4, "voice", {"voice": {"voice_id": "v-1"}})
    assert (found.kind, found.media) == ("voice", (Media(kind="voice", ref="v-1", mime="audio/mp4"),))


def test_a_place():
    content = {
        "location": {
            "lat": 55.6,
            "lon": 37.6,
            "title": "Москва",
            "text": "Варшавское шоссе",
            "kind": "street",
        }
    }
    assert fact(5, "location", content).location == Location(
        latitude=55.6, longitude=37.6, title="Москва", address="Варшавское шоссе"
    )
    assert fact(5, "location", {"location": {"lat": 955, "lon": 37}}).location is None


def test_a_missed_call_is_a_message_to_answer():
    found = fact(6, "call", {"call": {"status": "missed", "target_user_id": 353207078}})
    assert (found.kind, found.text, found.note) == ("call", "", "A missed call in Avito.")


@pytest.mark.parametrize(
    ("kind", "ours"), [("video", "video"), ("file", "document"), ("appCall", "call"), ("hologram", "other")]
)
def test_what_the_api_does_not_show_is_to_be_opened_there(kind, ours):
    found = fact(7, kind, {})
    assert (found.kind, found.note) == (ours, "Open the chat in Avito to see it.")


def test_links_and_listings_are_lines_of_text():
    assert fact(8, "link", {"link": {"text": "см. https://a.example", "url": "https://a.example"}}).text == (
        "см. https://a.example"
    )
    item = {"title": "Маникюр", "price_string": "1 500 ₽", "item_url": "https://avito.ru/1", "image_url": "x"}
    assert fact(8, "item", {"item": item}).text == "Маникюр, 1 500 ₽\nhttps://avito.ru/1"


def test_a_quoted_message_is_named():
    assert fact(9, quote={"id": "abc", "type": "text", "author_id": 1}).reply_to == "abc"


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "system", "author_id": 1, "chat_type": "a2u", "item_id": None},
        {"author_id": 0},
        {"chat_type": "a2u"},
        {"user_id": 1},
    ],
)
def test_what_is_none_of_ours_is_ignored(more):
    assert isinstance(fact(10, **more), Ignored)


def test_unknown_events_are_kept():
    event = avito_event(11)
    event["payload"]["type"] = "brand_new"
    (found,) = AVITO.parse(WIRE.settings, avito(json.dumps(event).encode()))
    assert found == Ignored("an event of kind brand_new")


@pytest.mark.parametrize("more", [{"id": None}, {"chat_id": "a b"}, {"chat_id": ".."}, {"author_id": None}])
def test_a_message_that_cannot_be_answered_goes_to_a_person(more):
    with pytest.raises(errors.ParseError):
        fact(12, **more)


def test_the_probe_is_answered_and_stored_nowhere():
    for request in (HookRequest(body=b"{}"), HookRequest(body=b""), HookRequest(method="GET")):
        assert AVITO.handshake({}, request).status == 200
    assert AVITO.handshake({}, avito_request(1)) is None
