"""What colleagues write and press in groups of Telegram, VK and MAX, read as facts."""

import dataclasses

import pytest

from integrations import registry
from integrations.protocols.channel import (
    ChatMigrated,
    GroupJoined,
    GroupLeft,
    HookRequest,
    Ignored,
    Media,
    Person,
    StaffPressed,
    StaffSaid,
)
from tests.integrations.cases import ANNA, telegram_message, update
from tests.integrations.wires import max as max_wire
from tests.integrations.wires import telegram as telegram_wire
from tests.integrations.wires import vk as vk_wire

LENA = Person(external_id="812345678", name="Анна К", language="ru")
CHAT = "-1001234567890"


def telegram(**parts):
    (one,) = registry.channel("telegram").parse({}, HookRequest(body=update(1, **parts)))
    return one


def said(**parts):
    return telegram(message=telegram_message(chat=telegram_wire.GROUP, **parts))


TOPIC = {"message_thread_id": 7, "is_topic_message": True}


def test_a_word_in_a_topic():
    one = said(text="Да, приходите", **TOPIC, reply_to_message={"message_id": 7})
    assert dataclasses.replace(one, sent_at=None) == StaffSaid(
        external_id=f"{CHAT}:10", chat=CHAT, person=LENA, topic="7", text="Да, приходите"
    )
    assert said(text="?", **TOPIC, reply_to_message={"message_id": 9}).reply_to == f"{CHAT}:9"
    assert said(text="?", message_thread_id=7).topic == ""  # a chain of answers, no topic
    assert telegram(edited_message=telegram_message(chat=telegram_wire.GROUP, text="Нет")).is_edit


def test_a_photo_with_words():
    one = said(photo=[{"file_id": "f1", "width": 90, "height": 60}], caption="Так?", **TOPIC)
    assert (one.kind, one.text) == ("image", "Так?")
    assert isinstance(one.media[0], Media)


@pytest.mark.parametrize("text", ["/start AbC-12_x", "/start@salon_bot AbC-12_x", "/connect  AbC-12_x "])
def test_a_code(text):
    one = said(text=text)
    assert isinstance(one, GroupJoined)
    assert (one.code, one.title, one.chat) == ("AbC-12_x", "Смена", CHAT)


@pytest.mark.parametrize("text", ["/start", "/connect", "/connect a b", "connect AbC", "/connects AbC"])
def test_what_is_no_code_is_a_word(text):
    assert isinstance(said(text=text), StaffSaid)


def test_an_administrator_who_stays_anonymous():
    ghost = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    one = said(text="Да", **{"from": ghost}, sender_chat={"id": int(CHAT), "title": "Смена"})
    assert one.person == Person(external_id="1087968824", name="Смена")
    other = said(text="Да", **{"from": ghost}, sender_chat={"id": -5, "title": "Канал"})
    assert isinstance(other, Ignored)


@pytest.mark.parametrize(
    "parts",
    [
        {"forum_topic_created": {"name": "Анна", "icon_color": 1}},
        {"pinned_message": {"message_id": 3}},
        {"new_chat_members": [ANNA]},
        {"text": "a", "from": {**ANNA, "is_bot": True}},
        {"text": "a", "from": {**ANNA, "id": 777000}},
        {"text": "a", "from": {}},
        {"text": "a", "message_id": None},
    ],
)
def test_service_messages_bots_and_what_cannot_be_read_are_no_words(parts):
    assert isinstance(said(**parts), Ignored)


def test_a_press_in_a_topic():
    under = telegram_message(chat=telegram_wire.GROUP, **TOPIC)
    one = telegram(callback_query={"id": "77", "from": ANNA, "data": "take:3", "message": under})
    assert one == StaffPressed(
        external_id="77",
        chat=CHAT,
        person=LENA,
        value="take:3",
        topic="7",
        message_external_id=f"{CHAT}:10",
        acknowledge="77",
    )


def member(status):
    seat = {"chat": telegram_wire.GROUP, "from": ANNA, "date": 1795400200}
    return telegram(my_chat_member={**seat, "new_chat_member": {"status": status}})


def test_the_bot_comes_and_goes():
    assert isinstance(member("administrator"), GroupJoined)
    assert member("member").code == ""
    assert isinstance(member("kicked"), GroupLeft)
    assert isinstance(member("left"), GroupLeft)
    assert isinstance(member("unheard-of"), Ignored)


def test_a_group_that_gets_topics_has_another_number():
    assert isinstance(said(migrate_to_chat_id=-1005), ChatMigrated)


# VK ------------------------------------------------------------------------------------------------------------------
TALK = str(vk_wire.TALK)
VERA = Person(external_id=str(vk_wire.ANNA))


def vk(**parts):
    told = {"peer_id": vk_wire.TALK, "id": 0, **parts}
    request = vk_wire.new("e", **told)
    (one,) = registry.channel("vk").parse(vk_wire.SETTINGS, request)
    return one


def test_a_word_in_a_talk():
    one = vk(text="Да", reply_message={"conversation_message_id": 40})
    assert dataclasses.replace(one, sent_at=None) == StaffSaid(
        external_id=f"{TALK}:41", chat=TALK, person=VERA, text="Да", reply_to=f"{TALK}:40"
    )
    named = vk(text=f"[club{vk_wire.GROUP}|@salon], запишите её")
    assert named.text == "запишите её"


def test_a_code_and_a_press_in_a_talk():
    assert vk(text=f"[club{vk_wire.GROUP}|Салон] /connect AbC-12_x").code == "AbC-12_x"
    assert vk(text="/connect AbC-12_x").code == "AbC-12_x"
    press = {"user_id": vk_wire.ANNA, "peer_id": vk_wire.TALK, "event_id": "5b", "payload": {"b": "take:3"}}
    told = vk_wire.vk(vk_wire.callback("message_event", {**press, "conversation_message_id": 44}))
    assert registry.channel("vk").parse(vk_wire.SETTINGS, told) == [
        StaffPressed(
            external_id="press:5b",
            chat=TALK,
            person=VERA,
            value="take:3",
            message_external_id=f"{TALK}:44",
            acknowledge="5b",
        )
    ]


def test_the_community_comes_to_a_talk_and_goes():
    own = -vk_wire.GROUP
    assert isinstance(vk(action={"type": "chat_invite_user", "member_id": own}), GroupJoined)
    assert isinstance(vk(action={"type": "chat_kick_user", "member_id": own}), GroupLeft)
    assert isinstance(vk(action={"type": "chat_kick_user", "member_id": 5}), Ignored)
    assert isinstance(vk(action={"type": "chat_title_update", "text": "Смена"}), Ignored)
    assert isinstance(vk(text="a", from_id=-5), Ignored)


# MAX -----------------------------------------------------------------------------------------------------------------
MIRA = Person(external_id=str(max_wire.ANNA), name="Анна К", language="ru")
ROOM = str(max_wire.TALK["chat_id"])


def in_max(request):
    (one,) = registry.channel("max").parse(max_wire.SETTINGS, request)
    return one


def max_said(**parts):
    return in_max(max_wire.new(mid="mid.g", recipient=max_wire.TALK, **parts))


def test_a_word_in_a_chat_of_max():
    one = max_said(text="Да", link={"type": "reply", "message": {"mid": "mid.out"}})
    assert dataclasses.replace(one, sent_at=None) == StaffSaid(
        external_id="mid.g", chat=ROOM, person=MIRA, text="Да", reply_to="mid.out"
    )
    assert max_said(text="/connect AbC-12_x").code == "AbC-12_x"
    assert isinstance(max_said(text="a", sender=max_wire.user(is_bot=True)), Ignored)
    assert isinstance(max_said(text="a", sender={}), Ignored)


def test_a_press_and_the_bots_place_in_max():
    under = {**max_wire.UNDER, "recipient": max_wire.TALK}
    told = max_wire.update("message_callback", callback=max_wire.PRESS, message=under)
    one = in_max(max_wire.signed(told))
    assert (one.chat, one.value, one.message_external_id) == (ROOM, "t:1", "mid.out1")
    about = {"chat_id": max_wire.TALK["chat_id"], "user": max_wire.user(), "is_channel": False}
    assert isinstance(in_max(max_wire.signed(max_wire.update("bot_added", **about))), GroupJoined)
    assert isinstance(in_max(max_wire.signed(max_wire.update("bot_removed", **about))), GroupLeft)
    channel = max_wire.update("bot_added", **{**about, "is_channel": True})
    assert isinstance(in_max(max_wire.signed(channel)), Ignored)


@pytest.mark.parametrize("kind", ["telegram", "vk", "max"])
def test_events_of_one_group_keep_their_order(kind):
    wire = {"telegram": telegram_wire, "vk": vk_wire, "max": max_wire}[kind].WIRE
    keys = {
        wire.channel.thread_key(request)
        for name, request in wire.requests.items()
        if "group" in name or "talk" in name or "chat" in name
    }
    chats = {
        fact.chat
        for name, request in wire.requests.items()
        if "group" in name or "talk" in name or "chat" in name
        for fact in wire.channel.parse(wire.settings, request)
    }
    assert keys == chats
    assert len(keys) == 1
