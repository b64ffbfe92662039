"""Updates of the Bot API read as facts."""

import json
from datetime import UTC, datetime

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import (
    AccountChanged,
    ButtonPressed,
    ChatBlocked,
    ChatMigrated,
    ChatUnblocked,
    HookRequest,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Touch,
)
from tests.integrations.cases import ANNA, CHAT, telegram_message, update

TELEGRAM = registry.channel("telegram")
OLGA = {"id": 100200300, "is_bot": False, "first_name": "Ольга", "username": "olga_salon"}


def facts(**parts):
    return TELEGRAM.parse({}, HookRequest(body=update(1, **parts)))


def fact(**parts):
    (one,) = facts(**parts)
    return one


def received(**parts):
    one = fact(message=telegram_message(**parts))
    assert isinstance(one, MessageReceived)
    return one


def test_a_text():
    one = received(text="Хочу записаться\x00\ud800 😀")
    assert one.text == "Хочу записаться\ufffd\ufffd 😀"
    assert (one.kind, one.chat, one.external_id) == ("text", "812345678", "812345678:10")
    assert (one.person.external_id, one.person.name, one.person.language) == ("812345678", "Анна К", "ru")
    assert one.sent_at == datetime(2026, 11, 23, 2, 13, 20, tzinfo=UTC)
    assert (one.touch, one.command, one.button, one.media) == (None, None, None, ())


@pytest.mark.parametrize(
    ("text", "touch"),
    [
        ("/start vk_autumn", Touch(code="vk_autumn", source="vk", campaign="autumn")),
        ("/start VK_Autumn_2", Touch(code="VK_Autumn_2", source="vk", campaign="Autumn_2")),
        ("/start autumn", Touch(code="autumn", campaign="autumn")),
        ("/start@salon_bot vk_autumn", Touch(code="vk_autumn", source="vk", campaign="autumn")),
        ("/start _x", Touch(code="_x", campaign="x")),
        ("/start vk_", Touch(code="vk_", campaign="vk")),
        ("/start", None),
        ("/start ", None),
        ("/start " + "a" * 65, None),
        ("/start плохой", None),
    ],
)
def test_a_start_brings_its_code(text, touch):
    one = received(text=text)
    assert one.command == "start"
    assert one.touch == touch
    assert one.text == text


@pytest.mark.parametrize("text", ["/started vk_a", "please /start vk_a", "/start a b", "/help"])
def test_other_commands_are_plain_text(text):
    assert received(text=text).command is None


def test_own_contact_is_a_verified_phone():
    one = received(contact={"phone_number": "79161234567", "first_name": "Анна", "user_id": ANNA["id"]})
    assert one.kind == "contact"
    assert (one.person.phone, one.person.phone_verified) == ("+79161234567", True)
    assert (one.contact.own, one.contact.phone) == (True, "+79161234567")


@pytest.mark.parametrize("extra", [{}, {"user_id": 5}, {"user_id": None}, {"user_id": True}])
def test_somebody_elses_contact_is_no_phone_of_the_sender(extra):
    one = received(contact={"phone_number": "+7 495 000-00-00", "first_name": "Муж", **extra})
    assert (one.person.phone, one.person.phone_verified) == (None, False)
    assert (one.contact.own, one.contact.phone, one.contact.name) == (False, "+74950000000", "Муж")


def test_an_unreadable_own_number_is_kept_as_it_came():
    one = received(contact={"phone_number": "12", "first_name": "А", "user_id": ANNA["id"]})
    assert (one.person.phone, one.person.phone_verified, one.contact.phone_typed) == (None, False, "12")


def test_the_largest_picture_of_an_album_with_its_caption():
    sizes = [
        {"file_id": "s", "width": 90, "height": 60},
        {"file_id": "L", "width": 1280, "height": 853, "file_size": 9},
    ]
    one = received(photo=sizes, caption="Вот", media_group_id="13870001112223334")
    assert (one.kind, one.text, one.group_key) == ("image", "Вот", "13870001112223334")
    (media,) = one.media
    assert (media.ref, media.mime, media.width, media.size) == ("L", "image/jpeg", 1280, 9)


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"voice": {"file_id": "f", "duration": 2, "mime_type": "audio/ogg"}}, "voice"),
        ({"video": {"file_id": "f", "duration": 2}}, "video"),
        ({"video_note": {"file_id": "f", "length": 240, "duration": 2}}, "video"),
        ({"audio": {"file_id": "f", "duration": 2}}, "audio"),
        ({"document": {"file_id": "f", "file_name": "a.pdf", "duration": 2}}, "document"),
        ({"animation": {"file_id": "f", "duration": 2}, "document": {"file_id": "f"}}, "animation"),
        ({"sticker": {"file_id": "f", "emoji": "👍", "duration": 2}}, "sticker"),
    ],
)
def test_files(parts, kind):
    one = received(**parts)
    assert one.kind == kind
    assert [m.ref for m in one.media] == ["f"]
    assert one.media[0].seconds == 2
    assert one.text == ("👍" if kind == "sticker" else "")


def test_places():
    one = received(location={"latitude": 55.75, "longitude": 37.61})
    assert (one.kind, one.location.latitude, one.location.longitude) == ("location", 55.75, 37.61)
    venue = {"location": {"latitude": 1, "longitude": 2}, "title": "Салон", "address": "Ленина, 1"}
    one = received(venue=venue, location={"latitude": 1, "longitude": 2})
    assert (one.location.title, one.location.address) == ("Салон", "Ленина, 1")


@pytest.mark.parametrize("key", ["poll", "dice", "story", "paid_media", "game"])
def test_what_cannot_be_shown_is_still_a_message(key):
    assert received(**{key: {"id": "1"}}).kind == "other"


@pytest.mark.parametrize("key", ["pinned_message", "write_access_allowed", "users_shared", "web_app_data"])
def test_service_messages_are_ignored(key):
    assert isinstance(fact(message=telegram_message(**{key: {"a": 1}})), Ignored)


def test_a_reply_names_what_it_answers():
    assert received(text="Да", reply_to_message=telegram_message()).reply_to == "812345678:10"


def test_an_edit():
    one = fact(edited_message=telegram_message(text="в 16", edit_date=1795400050))
    assert isinstance(one, MessageEdited)
    assert (one.external_id, one.text, one.by_operator) == ("812345678:10", "в 16", False)
    assert one.edited_at == datetime(2026, 11, 23, 2, 14, 10, tzinfo=UTC)


def press(**parts):
    return {"id": "3489032175678901234", "from": ANNA, "chat_instance": "-1", "data": "c:9f3a:yes", **parts}


def test_a_pressed_button():
    one = fact(callback_query=press(message=telegram_message()))
    assert isinstance(one, ButtonPressed)
    assert (one.value, one.chat, one.message_external_id) == ("c:9f3a:yes", "812345678", "812345678:10")
    assert one.acknowledge == one.external_id == "3489032175678901234"


@pytest.mark.parametrize(
    ("message", "under"),
    [
        ({"chat": CHAT, "message_id": 2, "date": 0}, "812345678:2"),  # inaccessible
        (None, None),  # inline
        ("missing", None),
    ],
)
def test_a_button_under_a_message_that_is_gone(message, under):
    parts = {} if message == "missing" else {"message": message}
    one = fact(callback_query=press(**parts))
    assert (one.chat, one.message_external_id, one.value) == ("812345678", under, "c:9f3a:yes")


def test_game_buttons_and_buttons_in_channels_are_ignored():
    game = press()
    del game["data"]
    assert isinstance(fact(callback_query={**game, "game_short_name": "x"}), Ignored)
    group = telegram_message(chat={"id": -5, "type": "channel"})
    assert isinstance(fact(callback_query=press(message=group)), Ignored)


def membership(status, chat=CHAT):
    parts = {"chat": chat, "from": ANNA, "date": 1795400200}
    return {**parts, "old_chat_member": {"status": "member"}, "new_chat_member": {"status": status}}


def test_blocked_and_unblocked():
    blocked = fact(my_chat_member=membership("kicked"))
    assert isinstance(blocked, ChatBlocked)
    assert (blocked.chat, blocked.person.external_id) == ("812345678", "812345678")
    assert isinstance(fact(my_chat_member=membership("member")), ChatUnblocked)
    assert isinstance(fact(my_chat_member=membership("restricted")), Ignored)
    assert isinstance(fact(my_chat_member=membership("kicked", {"id": -7, "type": "channel"})), Ignored)


def test_channels_are_ignored():
    message = telegram_message(text="test", chat={"id": -100, "type": "channel"})
    for key in ("message", "edited_message"):
        one = fact(**{key: message})
        assert isinstance(one, Ignored)
        assert "channel" in one.reason
    assert isinstance(fact(channel_post={**message, "from": None}), Ignored)


def test_a_group_that_became_a_supergroup():
    group = {"id": -4001234567, "type": "group"}
    one = fact(message=telegram_message(chat=group, migrate_to_chat_id=-1002001234567))
    assert one == ChatMigrated(old_chat="-4001234567", new_chat="-1002001234567")
    group = {"id": -1002001234567, "type": "supergroup"}
    assert fact(message=telegram_message(chat=group, migrate_from_chat_id=-4001234567)) == one


@pytest.mark.parametrize(
    "sender", [{**ANNA, "is_bot": True}, {**ANNA, "id": 777000}, {**ANNA, "id": 1087968824}]
)
def test_bots_and_telegram_itself_are_ignored(sender):
    assert isinstance(fact(message={**telegram_message(text="a"), "from": sender}), Ignored)


# Telegram Business ---------------------------------------------------------------------------------------------------


def business(**parts):
    return {**telegram_message(message_id=500, **parts), "business_connection_id": "bc_1"}


def test_a_clients_message_to_a_business_account():
    one = fact(business_message=business(text="Сколько стоит?"))
    assert isinstance(one, MessageReceived)
    assert (one.chat, one.external_id) == ("bc_1:812345678", "bc_1:812345678:500")
    assert one.person.external_id == "812345678"


def test_the_owners_own_answer_is_an_echo():
    one = fact(business_message={**business(text="От 3000"), "from": OLGA})
    assert isinstance(one, OperatorEcho)
    assert (one.chat, one.text, one.person.external_id) == ("bc_1:812345678", "От 3000", "812345678")


def test_what_we_sent_through_the_connection_is_no_echo():
    sent = {**business(text="Здравствуйте"), "from": OLGA, "sender_business_bot": {"id": 1, "is_bot": True}}
    assert isinstance(fact(business_message=sent), Ignored)


def test_edits_and_deletions_of_business_chats():
    mine = fact(edited_business_message={**business(text="От 3500", edit_date=1795400050), "from": OLGA})
    theirs = fact(edited_business_message=business(text="А завтра?", edit_date=1795400050))
    assert (mine.by_operator, theirs.by_operator) == (True, False)
    assert mine.person.external_id == theirs.person.external_id == "812345678"
    gone = {"business_connection_id": "bc_1", "chat": CHAT, "message_ids": [500, 501, "x", None]}
    assert fact(deleted_business_messages=gone) == MessagesDeleted(
        chat="bc_1:812345678", external_ids=("bc_1:812345678:500", "bc_1:812345678:501")
    )


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({"is_enabled": True, "rights": {"can_reply": True}}, "connected"),
        ({"is_enabled": True, "can_reply": True}, "connected"),
        ({"is_enabled": True, "rights": {}}, "rights"),
        ({"is_enabled": False, "rights": {"can_reply": True}}, "disconnected"),
    ],
)
def test_a_business_connection(parts, state):
    one = fact(business_connection={"id": "bc_1", "user": OLGA, "user_chat_id": 1, "date": 1, **parts})
    assert isinstance(one, AccountChanged)
    assert one.state == state
    assert (one.details["business_connection_id"], one.details["business_user_id"]) == ("bc_1", "100200300")


# Odd updates ---------------------------------------------------------------------------------------------------------


def test_unknown_kinds_are_kept_with_their_name():
    assert fact(brand_new_thing={"id": "x"}) == Ignored("update of kind brand_new_thing")


def test_an_unknown_kind_beside_a_message_hides_nothing():
    both = facts(message=telegram_message(text="a"), brand_new_thing={"id": "x"})
    assert [type(one) for one in both] == [MessageReceived, Ignored]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"message": None},
        {"message": []},
        {"message": {}},
        {"message": {"chat": {"id": "x"}, "from": ANNA}},
        {"message": {"chat": CHAT, "from": {}}},
        {"message": {"chat": CHAT, "from": ANNA, "text": "a"}},
        {"callback_query": {"from": ANNA, "data": "x"}},
        {"deleted_business_messages": {"chat": CHAT}},
        {"business_connection": {"is_enabled": True}},
    ],
)
def test_what_is_no_update_is_a_parse_error(parts):
    with pytest.raises(ParseError):
        facts(**parts)


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b'{"update_id": 501, "message": {}}', "501"),
        (b' { "update_id":501}', "501"),
        (b'{"message": {"text": "\\"update_id\\": 7"}, "update_id": 501}', "501"),
        (b'{"message": {"update_id": 7}}', None),
        (b'{"update_id": "501"}', "501"),
        (b'{"update_id": 5.5}', None),
        (b'{"update_id": true}', None),
        (b'{"update_id": 99999999999999999999999}', None),
        (b"[501]", None),
        (b"", None),
    ],
)
def test_the_event_id(body, event):
    assert TELEGRAM.event_id(HookRequest(body=body)) == event


def test_the_thread_key_is_the_chat_for_messages_presses_and_blocks():
    bodies = [
        update(1, message=telegram_message(text="a")),
        update(2, callback_query=press(message=telegram_message())),
        update(3, callback_query=press()),
        update(4, my_chat_member=membership("kicked")),
        update(5, edited_message=telegram_message(text="b")),
    ]
    assert {TELEGRAM.thread_key(HookRequest(body=body)) for body in bodies} == {"812345678"}
    assert (
        TELEGRAM.thread_key(HookRequest(body=update(6, business_message=business(text="a"))))
        == "bc_1:812345678"
    )
    assert TELEGRAM.thread_key(HookRequest(body=json.dumps({"update_id": 7}).encode())) is None


@pytest.mark.parametrize("secret", ["s3cret_s3cret", "former_secret"])
def test_both_secrets_hold_while_one_is_being_exchanged(secret):
    settings = {"secret_token": "s3cret_s3cret", "secret_token_previous": "former_secret"}
    request = HookRequest(headers={"x-telegram-bot-api-secret-token": secret})
    assert TELEGRAM.verify(settings, request)
    assert TELEGRAM.verify({**settings, "secret_token_previous": ""}, request) == (secret == "s3cret_s3cret")


def test_an_empty_secret_never_matches_an_empty_header():
    request = HookRequest(headers={"x-telegram-bot-api-secret-token": ""})
    assert not TELEGRAM.verify({"secret_token": "s", "secret_token_previous": ""}, request)
