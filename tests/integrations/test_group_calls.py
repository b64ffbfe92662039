"""Calls into groups of colleagues: topics of Telegram, talks of VK, chats of MAX, and what their refusals mean."""

import pytest

from fakes.max import FakeMax
from fakes.server import Answer
from fakes.telegram import FakeTelegram
from fakes.telegram import error as refused
from fakes.vk import FakeVk
from integrations import errors, registry
from integrations.max.group import NO_ADMIN as MAX_NO_ADMIN
from integrations.protocols import group
from integrations.protocols.channel import Button, OutgoingMedia, Person, StaffPressed
from integrations.protocols.group import Looked, Posting
from integrations.telegram.group import NO_ADMIN, NO_RIGHT, NO_TOPICS
from kit import http

TELEGRAM, VK, MAX = (registry.groups[kind] for kind in ("telegram", "vk", "max"))
BOT = {"bot_token": "700000001:AAtest"}
COMMUNITY = {"group_id": "214000001", "access_token": "vk1.a.key"}
MAX_BOT = {"bot_token": "f9LHodD0cOK_token"}
CHAT, TALK, ROOM = "-1001234567890", "2000000066", "-70801090403050"
ROWS = ((Button("Take", "take:1"), Button("Free times", "times:1")), (Button("Close", "close:1"),))
PICTURE = OutgoingMedia(kind="image", name="a.png", mime="image/png", content=b"\x89PNG picture")


@pytest.fixture
def telegram(settings):
    with FakeTelegram() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        server.group(int(CHAT), token=BOT["bot_token"])
        yield server


@pytest.fixture
def here(telegram):
    return telegram.groups[CHAT]


def go(call):
    return http.run(call)


def test_a_topic_from_its_making_to_its_closing(here):
    topic = go(TELEGRAM.open_topic(BOT, CHAT, "Анна · Telegram"))
    assert here.topics[topic] == {"name": "Анна · Telegram", "closed": False}
    for _time in range(2):  # a repeat is no failure
        go(TELEGRAM.rename_topic(BOT, CHAT, topic, "Анна К."))
        go(TELEGRAM.close_topic(BOT, CHAT, topic, closed=True))
    assert here.topics[topic] == {"name": "Анна К.", "closed": True}
    go(TELEGRAM.close_topic(BOT, CHAT, topic, closed=False))
    assert not here.topics[topic]["closed"]


def test_words_buttons_and_a_pin_in_a_topic(here):
    topic = go(TELEGRAM.open_topic(BOT, CHAT, "Анна"))
    sent = go(TELEGRAM.post(BOT, Posting(chat=CHAT, topic=topic, text="Карточка", buttons=ROWS, pin=True)))
    card = here.card(topic)
    assert sent.external_id == f"{CHAT}:{card['message_id']}"
    assert [len(row) for row in card["reply_markup"]["inline_keyboard"]] == [2, 1]
    for _time in range(2):
        go(TELEGRAM.edit(BOT, CHAT, sent.external_id, "Иначе", ROWS[:1]))
    assert here.card(topic)["text"] == "Иначе"
    go(TELEGRAM.post(BOT, Posting(chat=CHAT, topic=topic, text="Ответ", reply_to=f"{CHAT}:77")))
    assert here.shown(topic)[-1]["reply_parameters"]["message_id"] == 77


def test_a_pin_that_is_refused_leaves_the_message(telegram, here):
    telegram.when("pinChatMessage", refused(400, "Bad Request: not enough rights to pin a message"))
    assert go(TELEGRAM.post(BOT, Posting(chat=CHAT, text="Карточка", pin=True))).external_id


def test_a_picture_in_a_topic(here):
    topic = go(TELEGRAM.open_topic(BOT, CHAT, "Анна"))
    go(TELEGRAM.post(BOT, Posting(chat=CHAT, topic=topic, text="Анна", media=PICTURE)))
    (shown,) = here.shown(topic)
    assert (shown["method"], shown["caption"], shown["content"]) == ("sendPhoto", "Анна", PICTURE.content)


@pytest.mark.parametrize(
    ("rights", "lacks"),
    [({}, ""), ({"forum": False}, NO_TOPICS), ({"admin": False}, NO_ADMIN), ({"manages": False}, NO_RIGHT)],
)
def test_what_a_group_lacks(here, rights, lacks):
    for name, value in rights.items():
        setattr(here, name, value)
    assert go(TELEGRAM.look(BOT, CHAT)) == Looked(title="Shift", lacks=lacks)


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (403, "Forbidden: bot was kicked from the supergroup chat", group.GONE),
        (403, "Forbidden: bot is not a member of the supergroup chat", group.GONE),
        (403, "Forbidden: the group chat was deleted", group.GONE),
        (400, "Bad Request: chat not found", group.GONE),
        (400, "Bad Request: message thread not found", group.TOPIC_LOST),
        (400, "Bad Request: TOPIC_DELETED", group.TOPIC_LOST),
        (400, "Bad Request: the chat is not a forum", group.LACKS),
        (400, "Bad Request: not enough rights to create a topic", group.LACKS),
        (400, "Bad Request: CHAT_ADMIN_REQUIRED", group.LACKS),
        (400, "Bad Request: message is too long", "too_long"),
    ],
)
def test_what_a_refusal_means(telegram, status, said, code):
    telegram.when("sendMessage", refused(status, said))
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEGRAM.post(BOT, Posting(chat=CHAT, topic="7", text="а")))
    assert refusal.value.code == code
    assert not refusal.value.blocked


def test_a_message_that_is_gone_cannot_be_changed(here):
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEGRAM.edit(BOT, CHAT, f"{CHAT}:5", "а", ()))
    assert refusal.value.code == group.MESSAGE_LOST


def test_a_flood_concerns_this_group_alone(telegram, here):
    here.most = 0
    topic = go(TELEGRAM.open_topic(BOT, CHAT, "Анна"))
    with pytest.raises(errors.Retry) as failure:
        go(TELEGRAM.post(BOT, Posting(chat=CHAT, topic=topic, text="а")))
    assert failure.value.after
    assert not failure.value.whole_account


def test_other_failures_are_those_of_every_call(telegram):
    telegram.when("sendMessage", Answer(502, "<html>"), times=1)
    with pytest.raises(errors.Uncertain):
        go(TELEGRAM.post(BOT, Posting(chat=CHAT, text="а")))
    telegram.revoked.add(BOT["bot_token"])
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEGRAM.look(BOT, CHAT))
    assert refusal.value.revoked
    assert BOT["bot_token"] not in repr(refusal.value)


def press(chat):
    return StaffPressed(
        external_id="p", chat=chat, person=Person(external_id="5"), value="take:1", acknowledge="77"
    )


def test_a_press_is_answered_with_a_word(telegram):
    go(TELEGRAM.acknowledge(BOT, press(CHAT), "Yours now " * 40))
    (seen,) = telegram.calls("answerCallbackQuery")
    assert len(seen.params()["text"]) == 200
    telegram.when("answerCallbackQuery", refused(400, "Bad Request: query is too old"))
    go(TELEGRAM.acknowledge(BOT, press(CHAT), "Late"))  # nothing is left to be done then


def test_the_link_asks_for_the_rights():
    link = TELEGRAM.link("https://t.me/omsk_bot", "AbC-12_x")
    assert link == "https://t.me/omsk_bot?startgroup=AbC-12_x&admin=manage_topics+pin_messages"
    assert TELEGRAM.link("", "AbC") is None
    assert TELEGRAM.link("https://t.me/omsk_bot", "a b") is None
    assert VK.link("https://vk.me/salon", "AbC") is None


# VK and MAX ----------------------------------------------------------------------------------------------------------
@pytest.fixture(params=["vk", "max"])
def flat(request, settings):
    """(wire, settings, chat, server) of a group without topics."""
    kind = request.param
    with FakeVk() if kind == "vk" else FakeMax() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, kind: server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield (VK, COMMUNITY, TALK, server) if kind == "vk" else (MAX, MAX_BOT, ROOM, server)


def test_words_and_buttons_in_a_talk(flat):
    wire, own, chat, server = flat
    sent = go(wire.post(own, Posting(chat=chat, text="Анна · VK\nПривет", buttons=ROWS, key="k1")))
    (shown,) = server.in_talk(int(chat))
    assert str(shown.get("conversation_message_id") or shown["mid"]) in sent.external_id
    go(wire.edit(own, chat, sent.external_id, "Иначе", ROWS[:1]))
    assert server.in_talk(int(chat))[0]["text"] == "Иначе"
    go(wire.post(own, Posting(chat=chat, text="Ответ", reply_to=sent.external_id, key="k2")))
    go(wire.post(own, Posting(chat=chat, text="Анна", media=PICTURE, key="k3")))
    assert len(server.in_talk(int(chat))) == 3


def test_a_talk_that_the_account_is_not_in(flat):
    wire, own, chat, server = flat
    server.gone.add(int(chat))
    with pytest.raises(errors.Rejected) as refusal:
        go(wire.post(own, Posting(chat=chat, text="а", key="k")))
    assert refusal.value.code == group.GONE
    for wrong in ("", "x"):
        with pytest.raises(errors.Rejected):
            go(wire.post(own, Posting(chat=wrong, text="а", key="k")))


def test_a_press_in_a_talk_is_answered(flat):
    wire, own, chat, server = flat
    go(wire.acknowledge(own, press(chat), "Yours now"))
    assert server.told_pressers() == ["Yours now"]


def test_a_bot_that_does_not_see_the_chat(settings):
    with FakeMax() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "max": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        assert go(MAX.look(MAX_BOT, ROOM)) == Looked(title="Shift")
        server.talks.admin = False
        assert go(MAX.look(MAX_BOT, ROOM)).lacks == MAX_NO_ADMIN


def test_floods_of_talks_concern_them_alone(flat):
    wire, own, chat, server = flat
    if wire is VK:
        server.refuse(6, "Too many requests per second")
    else:
        server.refuse(429, "too.many.requests")
    with pytest.raises(errors.Retry) as failure:
        go(wire.post(own, Posting(chat=chat, text="а", key="k")))
    assert not failure.value.whole_account
