"""Calls of Instagram's API against a server that takes, refuses and breaks off as Meta does, and people who write."""

from datetime import UTC, datetime, timedelta

import pytest

from fakes.meta import FakeMeta
from fakes.meta_answers import buttons, error
from fakes.meta_state import ACCOUNT, APP
from fakes.server import Answer
from integrations import errors, registry
from integrations.meta import client, meanings
from integrations.protocols.channel import (
    Button,
    ChatOpened,
    Ignored,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Outgoing,
    OutgoingMedia,
    Person,
    Sent,
    Template,
)
from kit import http
from tests.integrations.meta_door import Door, in_loop
from tests.integrations.wires.instagram import ANNA, WIRE

INSTAGRAM = registry.channel("instagram")
SETTINGS = WIRE.settings
PAGE = {**SETTINGS, "access_token": "EAApage0123456789", "app_secret": "wa_app_secret"}
HOOK = "https://marzha.example/hooks/instagram/token/"
YES_NO = ((Button("Да", "t:1"), Button("Нет", "t:2")),)


@pytest.fixture
def meta(settings):
    with FakeMeta() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "meta": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield server


@pytest.fixture
def door():
    with Door(INSTAGRAM, SETTINGS) as server:
        yield server


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def outgoing(chat=ANNA, text="Здравствуйте", **more):
    return Outgoing(chat=chat, text=text, **more)


def send(*args, **more):
    return INSTAGRAM.send(SETTINGS, outgoing(*args, **more))


def picture(**more):
    return OutgoingMedia(
        **{"kind": "image", "name": "до.jpg", "mime": "image/jpeg", "content": b"\xff\xd8", **more}
    )


# Sending -----------------------------------------------------------------------------------------------------------


def test_a_text_with_quick_replies(meta, go):
    sent = go(send(text="Подтверждаете?", buttons=YES_NO))
    (taken,) = meta.sent_to(ANNA)
    assert sent == Sent(taken["external_id"])
    assert taken["recipient"] == {"id": ANNA}
    assert taken["message"]["text"] == "Подтверждаете?"
    assert buttons(taken) == [("Да", "t:1"), ("Нет", "t:2")]
    assert "tag" not in taken


def test_a_comment_is_answered_in_private_once(meta, go):
    go(send(reply_to="comment:17900000000000001", late=True))
    (taken,) = meta.sent_to("17900000000000001")
    assert taken["recipient"] == {"comment_id": "17900000000000001"}
    with pytest.raises(errors.Rejected) as refusal:
        go(send(reply_to="comment:17900000000000001"))
    assert refusal.value.code == "comment_closed"


def test_another_message_is_not_quoted(meta):
    http.run(send(reply_to="m1"))
    assert meta.sent_to(ANNA)[0]["recipient"] == {"id": ANNA}


def test_after_a_day_only_a_person_may_write(meta, go):
    meta.closed.add(ANNA)
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert refusal.value.code == "window_closed"
    go(send(late=True, by_person=True))
    (taken,) = meta.sent_to(ANNA)
    assert (taken["messaging_type"], taken["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 501}, "too_long"),
        ({"media": picture()}, "bad_media"),
        ({"text": "", "media": picture(), "buttons": YES_NO}, "bad_media"),
        ({"text": "", "media": picture(content=b"1" * (8 * 1024 * 1024 + 1))}, "bad_media"),
        ({"text": "", "media": picture(kind="document", mime="application/msword")}, "bad_media"),
        ({"text": "", "media": picture(kind="sticker")}, "bad_media"),
        ({"template": Template(name="visit")}, "bad_template"),
        ({"buttons": ((Button("Да", ""),),)}, "bad_buttons"),
        ({"buttons": ((Button("Двадцать одна буква!!", "t"),),)}, "bad_buttons"),
        ({"buttons": (tuple(Button(str(n), f"{n}") for n in range(14)),)}, "bad_buttons"),
        ({"buttons": ((Button("Сайт", "https://a.example", "url"),),)}, "bad_buttons"),
        ({"chat": "anna"}, "chat_not_found"),
        ({"chat": ""}, "chat_not_found"),
        ({"late": True}, "window_closed"),
    ],
)
def test_what_instagram_would_refuse_is_not_even_sent(meta, go, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        go(send(**more))
    assert refusal.value.code == code
    assert meta.ledger == []


@pytest.mark.parametrize(
    ("kind", "mime", "sent"),
    [
        ("image", "image/jpeg", "image"),
        ("video", "video/mp4", "video"),
        ("voice", "audio/mp4", "audio"),
        ("document", "application/pdf", "file"),
    ],
)
def test_a_file_is_uploaded_and_sent_by_its_id(meta, go, kind, mime, sent):
    go(send(text="", media=picture(kind=kind, mime=mime)))
    (taken,) = meta.sent_to(ANNA)
    attachment = taken["message"]["attachment"]
    assert attachment["type"] == sent
    assert meta.files[attachment["payload"]["attachment_id"]] == (b"\xff\xd8", sent)


def test_a_broken_upload_has_said_nothing_and_may_be_repeated(meta, go):
    meta.break_off("drop", name="message_attachments")
    with pytest.raises(errors.Retry):
        go(send(text="", media=picture()))
    assert meta.sent_to(ANNA) == []


# Refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "subcode", "word", "flag"),
    [
        (190, 463, "revoked", "revoked"),
        (10, 2534022, "window_closed", ""),
        (10, 2018278, "window_closed", ""),
        (10, 0, "rights", ""),
        (100, 2534014, "unreachable", "blocked"),
        (100, 2018001, "unreachable", "blocked"),
        (551, 0, "unreachable", "blocked"),
        (200, 1545041, "unreachable", "blocked"),
        (200, 0, "rights", ""),
        (100, 0, "bad_parameter", "content"),
        (368, 0, "restricted", ""),
        (10903, 0, "comment_closed", ""),
        (99999, 0, "rejected", ""),
    ],
)
def test_refusals(meta, code, subcode, word, flag):
    meta.fail(code, subcode=subcode)
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    assert refusal.value.code == word
    flags = {name for name in ("blocked", "revoked", "content") if getattr(refusal.value, name)}
    assert flags == ({flag} if flag else set())


@pytest.mark.parametrize("code", [4, 17, 32, 613, 2])
def test_later(meta, code):
    meta.fail(code)
    with pytest.raises(errors.Retry) as later:
        http.run(send())
    assert (later.value.after, later.value.whole_account) == (meanings.INSTAGRAM[code].after, code != 2)


@pytest.mark.parametrize(
    "answer",
    [
        error(500, 1, "An unknown error occurred"),
        Answer(502, "<html>Bad Gateway</html>"),
        Answer(200, "<html>hello</html>"),
        Answer(200, {"recipient_id": "1"}),
    ],
)
def test_answers_that_do_not_say_what_happened_are_uncertain(meta, go, answer):
    meta.when("messages", answer)
    with pytest.raises(errors.Uncertain):
        go(send())


def test_a_token_shows_in_no_error(meta):
    meta.revoked.add(SETTINGS["access_token"])
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    assert refusal.value.revoked
    assert SETTINGS["access_token"] not in refusal.value.reason


def test_each_login_has_its_host(settings):
    settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "meta": client.FACEBOOK_URL}
    first = next(INSTAGRAM.send(SETTINGS, outgoing()))
    second = next(INSTAGRAM.send(PAGE, outgoing()))
    assert first.url.startswith("https://graph.instagram.com/v25.0/me/messages")
    assert second.url.startswith("https://graph.facebook.com/v25.0/me/messages")
    assert "appsecret_proof" in second.query
    assert "appsecret_proof" not in first.query


# Evidence ----------------------------------------------------------------------------------------------------------


def lost(meta):
    meta.break_off("drop")
    with pytest.raises(errors.Uncertain):
        http.run(send(text="Ждём вас в 15:00"))


def settle(since, **more):
    return INSTAGRAM.settle(SETTINGS, outgoing(text="Ждём вас в 15:00", **more), since)


def test_a_message_whose_answer_was_lost_is_found_in_the_chat(meta, go):
    since = datetime.now(UTC)
    lost(meta)
    assert go(settle(since)).external_id == meta.sent_to(ANNA)[0]["external_id"]


def test_a_message_that_never_came_may_be_sent_again(meta, go):
    http.run(send(text="Другое"))
    assert go(settle(datetime.now(UTC) - timedelta(minutes=1))) is None


def test_an_old_message_with_the_same_words_is_no_evidence(meta, go):
    lost(meta)
    assert go(settle(datetime.now(UTC) + timedelta(minutes=1))) is None


def test_a_chat_that_cannot_be_seen_proves_nothing(meta, go):
    with pytest.raises(errors.Uncertain):
        go(settle(datetime.now(UTC)))
    for _ in range(20):
        http.run(send(text="Другое"))
    with pytest.raises(errors.Uncertain):
        go(settle(datetime.now(UTC) - timedelta(hours=1)))


def test_files_and_answers_to_comments_leave_no_evidence():
    assert settle(datetime.now(UTC), media=picture()) is None
    assert settle(datetime.now(UTC), reply_to="comment:179") is None


# The account -------------------------------------------------------------------------------------------------------


def test_connecting_by_instagrams_own_login(meta, go):
    connected = go(INSTAGRAM.connect(SETTINGS, HOOK))
    assert (connected.external_id, connected.name) == (ACCOUNT, "Salon")
    assert connected.link_base == "https://ig.me/m/salon_omsk"
    assert {"messages", "messaging_postbacks", "comments"} <= set(meta.subscribed[ACCOUNT])
    assert meta.app_hooks == {}  # set by hand in the dashboard: the token says nothing of the app
    assert go(INSTAGRAM.connect(SETTINGS, HOOK)) == connected


def test_connecting_through_a_page_registers_the_hook_too(meta, go):
    connected = go(INSTAGRAM.connect(PAGE, HOOK))
    assert (connected.external_id, connected.settings["app_id"]) == (ACCOUNT, APP)
    assert meta.app_hooks["instagram"]["callback_url"] == HOOK
    assert "comments" in meta.app_hooks["instagram"]["fields"]
    # A page knows no field of Instagram.
    assert "comments" not in meta.subscribed[ACCOUNT]


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"account_id": "9988776655"}, "wrong_account"), ({"account_id": "@salon"}, "bad_settings")],
)
def test_connecting_another_account(meta, changed, code):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(INSTAGRAM.connect({**SETTINGS, **changed}, HOOK))
    assert refusal.value.code == code
    assert meta.subscribed == {}


def test_health_and_disconnecting(meta, go):
    assert go(INSTAGRAM.health(SETTINGS, HOOK)).code == "hook"
    go(INSTAGRAM.connect(SETTINGS, HOOK))
    assert go(INSTAGRAM.health(SETTINGS, HOOK)).ok
    assert go(INSTAGRAM.health({**SETTINGS, "app_id": APP}, HOOK)).ok
    assert not go(INSTAGRAM.health({**SETTINGS, "app_id": "5"}, HOOK)).ok
    go(INSTAGRAM.disconnect(SETTINGS, HOOK))
    assert not go(INSTAGRAM.health(SETTINGS, HOOK)).ok
    go(INSTAGRAM.disconnect(SETTINGS, HOOK))


def test_a_token_is_renewed_before_it_ends(meta, go):
    renewed = go(INSTAGRAM.renew(SETTINGS))
    assert renewed.changes == {"access_token": SETTINGS["access_token"] + "2"}
    assert renewed.seconds > 59 * 24 * 3600
    assert SETTINGS["access_token"] not in repr(renewed)
    assert go(INSTAGRAM.renew(PAGE)) is None


def test_names_are_asked_for(meta, go):
    person = Person(external_id=ANNA, username="anna_omsk")
    assert go(INSTAGRAM.profile(SETTINGS, ANNA, person)) is None  # no consent
    meta.profiles[ANNA] = {"name": "Анна  К", "username": "anna.k"}
    found = go(INSTAGRAM.profile(SETTINGS, ANNA, person))
    assert (found.external_id, found.name, found.username) == (ANNA, "Анна К", "anna.k")


def test_seen_and_writing(meta, go):
    fact = MessageReceived(external_id="m1", chat=ANNA, person=Person(external_id=ANNA))
    assert go(INSTAGRAM.react(SETTINGS, fact)) is None
    assert go(INSTAGRAM.typing(SETTINGS, ANNA)) is None
    assert [call.params()["sender_action"] for call in meta.calls("messages")] == ["mark_seen", "typing_on"]
    meta.fail(10, subcode=2534022)
    assert go(INSTAGRAM.typing(SETTINGS, ANNA)) is None
    comment = MessageReceived(
        external_id="comment:1", chat=ANNA, person=Person(external_id=ANNA), kind="comment"
    )
    assert INSTAGRAM.react(SETTINGS, comment) is None
    assert INSTAGRAM.react(SETTINGS, Ignored("x")) is None


# People ------------------------------------------------------------------------------------------------------------


def test_a_talk(meta, door):
    anna = meta.instagram_person(ANNA, "anna_omsk", hook=door.url)
    assert anna.comment("Сколько стоит?", "17900000000000001") == 200
    asked = door.last()
    http.run(send(text="Ответили вам", reply_to=asked.external_id))
    assert meta.sent_to("17900000000000001")

    anna.say("Спасибо")
    said = door.last()
    assert said.chat == asked.chat == ANNA
    http.run(send(text="Записать?", buttons=YES_NO))
    (sent,) = meta.sent_to(ANNA)
    anna.see(sent["external_id"])
    assert (door.last().external_id, door.last().through) == (sent["external_id"], True)
    anna.press("t:1", "Да")
    assert door.last().button == "t:1"
    anna.press_icebreaker("PRICES", "Цены")
    assert door.last().button == "PRICES"
    anna.answer_story("Красиво")
    assert (door.last().kind, door.last().text) == ("story", "Красиво")
    anna.mention_in_story()
    assert door.last().kind == "story"
    anna.open_link("vk_autumn")
    assert isinstance(door.last(), ChatOpened)
    anna.take_back(said.external_id)
    assert door.last() == MessagesDeleted(chat=ANNA, external_ids=(said.external_id,))
    anna.hear("Я на месте")
    assert isinstance(door.last(), OperatorEcho)
    door.settings = {**SETTINGS, "app_id": APP}
    anna.hear("Записать?", mid=sent["external_id"], app_id=int(APP))
    assert isinstance(door.last(), Ignored)

    anna.send_file(b"picture")
    request = http.run(INSTAGRAM.locate(SETTINGS, door.last().media[0]))

    def fetch():
        return (yield request)

    assert "authorization" not in request.headers
    assert http.run(fetch()).body == b"picture"


def test_strangers_are_not_let_in(meta, door):
    meta.instagram_secret = "stolen"
    assert meta.instagram_person(ANNA, hook=door.url).say("Привет") == 403
    assert door.facts == []
