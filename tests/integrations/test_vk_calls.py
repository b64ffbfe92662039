"""Calls of VK's API against a server that answers, refuses and breaks off as VK does."""

import asyncio
import dataclasses
import datetime as dt
import io
import json

import pytest

from fakes.server import Answer, FakeServer
from fakes.vk import GROUP, FakeVk, buttons, error
from integrations import errors, registry
from integrations.protocols.channel import (
    Button,
    ButtonPressed,
    HookRequest,
    Ignored,
    Media,
    Outgoing,
    OutgoingMedia,
    Person,
    Sent,
)
from integrations.vk import sending
from kit import download, http

VK = registry.channel("vk")
SETTINGS = {
    "group_id": str(GROUP),
    "access_token": "vk1.a.key_of_the_community",
    "secret": "s3cret_s3cret",
    "confirmation": "a1b2c3d4",
}
HOOK = "https://marzha.example/hooks/vk/token/"
ANNA = "555001"


@pytest.fixture
def vk(settings):
    with FakeVk() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "vk": server.url}
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


def send(chat=ANNA, text="Здравствуйте", **more):
    return VK.send(SETTINGS, Outgoing(chat=chat, text=text, **more))


# Sending -------------------------------------------------------------------------------------------------------------


def test_a_text_is_sent_and_named_by_its_number_in_the_chat(vk, go):
    assert go(send(text="Цена <b>3&5</b> 😀", key="m1")) == Sent(f"{ANNA}:40")
    (sent,) = vk.sent_to(ANNA)
    assert sent["message"] == "Цена <b>3&5</b> 😀"
    assert (sent["dont_parse_links"], sent["v"]) == ("1", "5.199")
    assert "keyboard" not in sent
    (seen,) = vk.calls("messages.send")
    assert seen.headers["authorization"] == "Bearer vk1.a.key_of_the_community"
    assert "access_token" not in seen.params()


def test_the_same_message_sent_twice_arrives_once(vk, go):
    first = go(send(key="m1"))
    assert go(send(key="m1")) == first
    assert len(vk.sent_to(ANNA)) == 1
    assert go(send(key="m2")) != first
    assert go(send(chat="555002", key="m1")) == Sent("555002:40")


def test_the_number_of_a_message_is_made_of_our_key():
    assert sending.random_id("m1") == sending.random_id("m1") != sending.random_id("m2")
    numbers = {sending.random_id(f"key {number}") for number in range(2000)}
    assert len(numbers) == 2000
    assert all(0 < number < 2**31 for number in numbers)
    assert sending.random_id("") != sending.random_id("")


def test_a_lost_answer_can_be_asked_for_again(vk, go):
    vk.break_off()
    with pytest.raises(errors.Uncertain):
        go(send(key="m1"))
    assert go(send(key="m1")) == Sent(f"{ANNA}:40")
    assert len(vk.sent_to(ANNA)) == 1
    assert VK.capabilities.idempotent_send


def test_buttons_and_replies(vk, go):
    rows = (
        (Button("Да", "t:1"), Button("Нет", "t:2")),
        (),
        (Button("Сайт", "https://salon.example", "url"),),
    )
    go(send(buttons=rows, reply_to=f"{ANNA}:77"))
    (sent,) = vk.sent_to(ANNA)
    keyboard = json.loads(sent["keyboard"])
    assert keyboard["inline"] is True
    assert [len(row) for row in keyboard["buttons"]] == [2, 1]
    assert buttons(sent) == [("Да", '{"b":"t:1"}'), ("Нет", '{"b":"t:2"}'), ("Сайт", "https://salon.example")]
    assert json.loads(sent["forward"]) == {
        "peer_id": int(ANNA),
        "conversation_message_ids": [77],
        "is_reply": 1,
    }


def test_ten_options_below_each_other_are_set_in_pairs(vk, go):
    """VK takes ten buttons, but six rows."""
    go(send(buttons=tuple((Button(f"{hour}:00", f"t:{hour}"),) for hour in range(10, 20))))
    (sent,) = vk.sent_to(ANNA)
    assert [len(row) for row in json.loads(sent["keyboard"])["buttons"]] == [2] * 5
    assert [label for label, _ in buttons(sent)] == [f"{hour}:00" for hour in range(10, 20)]


def test_a_press_comes_back_with_its_value(vk):
    http.run(send(buttons=((Button("Да", "t:1"),),)))
    with FakeServer() as hook:
        anna = vk.person(int(ANNA), hook=hook.url, secret=SETTINGS["secret"])
        anna.press(vk.sent_to(ANNA)[0], "Да")
        request = HookRequest(body=hook.ledger[0].body)
    assert VK.verify(SETTINGS, request)
    (pressed,) = VK.parse(SETTINGS, request)
    assert (pressed.value, pressed.message_external_id) == ("t:1", f"{ANNA}:40")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 4097}, "too_long"),
        ({"buttons": ((Button("Да", ""),),)}, "bad_buttons"),
        ({"buttons": ((Button("Да", "я" * 256),),)}, "bad_buttons"),
        ({"buttons": ((Button("я" * 41, "t"),),)}, "bad_buttons"),
        ({"buttons": ((Button("", "t"),),)}, "bad_buttons"),
        ({"buttons": (tuple(Button(str(n), "t") for n in range(6)),)}, "bad_buttons"),
        ({"buttons": tuple((Button(str(n), "t"),) for n in range(11))}, "bad_buttons"),
        ({"buttons": ((Button("Телефон", kind="contact"),),)}, "bad_buttons"),
        ({"buttons": ((Button("Сайт", "javascript:1", "url"),),)}, "bad_buttons"),
        ({"media": OutgoingMedia(kind="sticker", name="a", mime="image/png", content=b"a")}, "bad_file"),
        ({"chat": "club1"}, "chat_not_found"),
        ({"chat": "-5"}, "chat_not_found"),
        ({"chat": ""}, "chat_not_found"),
    ],
)
def test_what_vk_would_refuse_is_not_even_sent(vk, go, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        go(send(**more))
    assert refusal.value.code == code
    assert vk.ledger == []


@pytest.mark.parametrize("key", ["", "a b", "key\n", "ключ", "k" * 2000])
def test_a_malformed_key_reaches_no_server(vk, go, key):
    with pytest.raises(errors.Rejected) as refusal:
        go(VK.send({**SETTINGS, "access_token": key}, Outgoing(chat=ANNA, text="a")))
    assert refusal.value.revoked
    assert vk.ledger == []


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_picture_goes_up_and_out_with_its_words(vk, go):
    picture = OutgoingMedia(kind="image", name="до.jpg", mime="image/jpeg", content=b"\xff\xd8picture")
    go(send(text="Вот так", media=picture))
    (sent,) = vk.sent_to(ANNA)
    assert sent["message"] == "Вот так"
    assert sent["attachment"] == f"photo-{GROUP}_500_k9"
    upload = next(seen for seen in vk.ledger if seen.path == "/upload/photo")
    assert b"\xff\xd8picture" in upload.body
    # The file's server is another one: it must not learn the key.
    assert "authorization" not in upload.headers


@pytest.mark.parametrize(
    ("kind", "asked"), [("document", "doc"), ("video", "doc"), ("voice", "audio_message")]
)
def test_files_and_voices_go_as_documents(vk, go, kind, asked):
    file = OutgoingMedia(kind=kind, name="a/b\\c\x00.pdf", mime="application/pdf", content=b"%PDF")
    go(send(text="", media=file))
    (sent,) = vk.sent_to(ANNA)
    assert sent["attachment"] == f"doc-{GROUP}_500"
    assert vk.calls("docs.getMessagesUploadServer")[0].params()["type"] == asked
    assert vk.calls("docs.save")[0].params()["title"] == "a_b_c_.pdf"


def test_an_upload_that_breaks_off_may_be_done_again(vk, go):
    """Nothing has reached the person yet, so it is no doubt but a delay."""
    picture = OutgoingMedia(kind="image", name="a.jpg", mime="image/jpeg", content=b"\xff\xd8")
    vk.when(lambda seen: seen.path == "/upload/photo", fault="drop", times=1)
    with pytest.raises(errors.Retry):
        go(send(media=picture, key="m1"))
    vk.when(lambda seen: seen.path == "/upload/photo", Answer(200, {"photo": "[]"}), times=1)
    with pytest.raises(errors.Rejected) as refusal:
        go(send(media=picture, key="m1"))
    assert (refusal.value.code, refusal.value.content) == ("bad_file", True)
    assert vk.sent_to(ANNA) == []
    assert go(send(media=picture, key="m1")) == Sent(f"{ANNA}:40")


def test_files_of_clients_are_fetched_where_vk_says(vk, go):
    """A document's address leads on to the file, which the fetching follows."""
    vk.serve("scan.pdf", b"%PDF-1.7")
    document = Media(kind="document", url=f"{vk.url}/docs/scan.pdf")
    request = go(VK.locate(SETTINGS, document))
    assert (request.url, request.headers) == (document.url, {})
    got = io.BytesIO()
    download.fetch(request, got, largest=1000)
    assert got.getvalue() == b"%PDF-1.7"
    assert VK.locate(SETTINGS, Media(kind="video", ref="video1_2")) is None


# The table of errors: code → what it means ---------------------------------------------------------------------------

BLOCKED = {"blocked": True, "revoked": False, "content": False}
CONTENT = {"blocked": False, "revoked": False, "content": True}
REVOKED = {"blocked": False, "revoked": True, "content": False}
SOFT = {"blocked": False, "revoked": False, "content": False}
TABLE = [
    (5, "revoked", REVOKED),
    (7, "no_rights", SOFT),
    (14, "captcha", SOFT),
    (15, "no_rights", SOFT),
    (17, "validation", SOFT),
    (18, "deleted", BLOCKED),
    (27, "revoked", REVOKED),
    (100, "bad_parameter", CONTENT),
    (113, "chat_not_found", BLOCKED),
    (203, "no_rights", SOFT),
    (900, "blacklisted", BLOCKED),
    (901, "not_allowed", BLOCKED),
    (902, "privacy", BLOCKED),
    (911, "bad_buttons", CONTENT),
    (912, "bots_off", SOFT),
    (913, "too_many_forwarded", CONTENT),
    (914, "too_long", CONTENT),
    (917, "chat_gone", BLOCKED),
    (922, "chat_gone", BLOCKED),
    (925, "chat_gone", BLOCKED),
    (932, "chat_gone", BLOCKED),
    (936, "chat_not_found", BLOCKED),
    (943, "bad_intent", SOFT),
    (944, "bad_intent", SOFT),
    (945, "chat_gone", BLOCKED),
    (946, "chat_gone", BLOCKED),
    (950, "window_closed", SOFT),
    (983, "not_accepted", BLOCKED),
    (985, "notifications_only", SOFT),
    (1117, "revoked", REVOKED),
    (2000, "too_many_servers", SOFT),
    (99_999, "rejected", SOFT),
]


@pytest.mark.parametrize(("number", "code", "facts"), TABLE)
def test_refusals(vk, number, code, facts):
    vk.refuse(number, "words of VK")
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    told = refusal.value
    assert told.code == code
    assert {name: getattr(told, name) for name in facts} == facts
    assert told.reason
    assert vk.sent_to(ANNA) == []


@pytest.mark.parametrize(
    ("number", "after", "whole_account"),
    [
        (1, None, False),
        (6, 1.0, True),
        (9, 300.0, False),
        (10, None, False),
        (22, None, False),
        (29, 3600.0, True),
    ],
)
def test_not_now(vk, go, number, after, whole_account):
    vk.refuse(number, "later")
    with pytest.raises(errors.Retry) as failure:
        go(send())
    assert (failure.value.after, failure.value.whole_account) == (after, whole_account)


def test_an_error_of_the_person_stands_in_the_answer_of_the_call(vk, go):
    vk.forbidden.add(ANNA)
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert (refusal.value.code, refusal.value.blocked) == ("not_allowed", True)
    vk.deleted.add("555002")
    with pytest.raises(errors.Rejected) as refusal:
        go(send(chat="555002"))
    assert refusal.value.code == "deleted"
    row = {"peer_id": int(ANNA), "message_id": 0, "error": {"error_code": 6, "error_msg": "too many"}}
    vk.when("messages.send", Answer(200, {"response": [row]}), times=1)
    with pytest.raises(errors.Retry):
        go(send())


def test_no_access_is_asked_about_whose_fault_it_is(vk, go):
    """ "Access denied" may be our key's or the person's: VK is asked which."""
    vk.refuse(7, "Permission to perform this action is denied")
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert (refusal.value.code, refusal.value.blocked) == ("no_rights", False)
    vk.forbidden.add(ANNA)
    vk.refuse(7, "Permission to perform this action is denied")
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert (refusal.value.code, refusal.value.blocked) == ("not_allowed", True)
    assert len(vk.calls("messages.isMessagesFromGroupAllowed")) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_page_is_a_doubt(vk, go, status):
    vk.fail(status)
    with pytest.raises(errors.Uncertain):
        go(send())


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "<html>"),
        Answer(200, b""),
        Answer(200, {"response": []}),
        Answer(200, {"response": 5}),
        Answer(200, {"response": [{"peer_id": 5, "message_id": 1}]}),
        Answer(200, {"response": [{"peer_id": int(ANNA)}]}),
        Answer(200, {"error": "?"}),
        Answer(200, []),
    ],
)
def test_an_answer_that_names_no_message_is_a_doubt(vk, go, answer):
    vk.when("messages.send", answer)
    with pytest.raises(errors.Uncertain):
        go(send())


def test_http_refusals(vk, go):
    vk.when("messages.send", Answer(429, "slow down"), times=1)
    with pytest.raises(errors.Retry) as failure:
        go(send())
    assert failure.value.whole_account
    vk.when("messages.send", Answer(404, "<html>"), times=1)
    with pytest.raises(errors.Rejected):
        go(send())


def test_no_key_in_any_reason(vk):
    vk.revoked.add(SETTINGS["access_token"])
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    assert refusal.value.revoked
    assert SETTINGS["access_token"] not in repr(refusal.value) + refusal.value.reason


# Courtesies and evidence ---------------------------------------------------------------------------------------------


def pressed(**more):
    return ButtonPressed(
        external_id="press:1",
        chat=ANNA,
        person=Person(external_id=ANNA),
        value="t:1",
        **{"acknowledge": "4a1f", **more},
    )


def test_a_pressed_button_stops_spinning(vk, go):
    assert go(VK.react(SETTINGS, pressed())) is None
    params = vk.calls("messages.sendMessageEventAnswer")[0].params()
    assert (params["event_id"], params["user_id"], params["peer_id"]) == ("4a1f", ANNA, ANNA)
    assert "event_data" not in params
    assert VK.react(SETTINGS, pressed(acknowledge="")) is None
    assert VK.react(SETTINGS, Ignored("x")) is None


def test_a_press_answered_too_late_is_no_failure(vk, go):
    vk.refuse(100, "event_id is expired", method="messages.sendMessageEventAnswer")
    assert go(VK.react(SETTINGS, pressed())) is None
    vk.revoked.add(SETTINGS["access_token"])
    with pytest.raises(errors.Rejected):
        go(VK.react(SETTINGS, pressed()))


def test_typing_and_names(vk, go):
    vk.person(int(ANNA), "Анна")
    go(VK.typing(SETTINGS, ANNA))
    assert vk.calls("messages.setActivity")[0].params()["peer_id"] == ANNA
    assert go(VK.profile(SETTINGS, ANNA, Person(external_id=ANNA))) == Person(
        external_id=ANNA, name="Анна K", username=f"id{ANNA}"
    )
    assert go(VK.profile(SETTINGS, "5", Person(external_id="5"))) is None


def test_what_arrived_in_spite_of_a_broken_connection_is_found(vk, go):
    since = dt.datetime.now(dt.UTC)
    outgoing = Outgoing(chat=ANNA, text="Ждём вас", key="m1")
    assert go(VK.settle(SETTINGS, outgoing, since)) is None
    vk.break_off()
    with pytest.raises(errors.Uncertain):
        go(VK.send(SETTINGS, outgoing))
    assert go(VK.settle(SETTINGS, outgoing, since)) == Sent(f"{ANNA}:40")
    other = dataclasses.replace(outgoing, key="m2", text="Другое")
    assert go(VK.settle(SETTINGS, other, since)) is None
    assert go(VK.settle(SETTINGS, outgoing, since + dt.timedelta(hours=1))) is None


def test_a_message_without_words_is_found_by_its_number_alone(vk):
    since = dt.datetime.now(dt.UTC)
    picture = OutgoingMedia(kind="image", name="a.jpg", mime="image/jpeg", content=b"\xff\xd8")
    http.run(send(text="", media=picture, key="m1"))
    unlike = Outgoing(chat=ANNA, text="", media=picture, key="m2")
    assert http.run(VK.settle(SETTINGS, unlike, since)) is None
    assert http.run(VK.settle(SETTINGS, dataclasses.replace(unlike, key="m1"), since)) == Sent(f"{ANNA}:40")


def test_links():
    assert VK.link("https://vk.me/salon_omsk", "vk_autumn") == "https://vk.me/salon_omsk?ref=vk_autumn"
    assert VK.link("https://vk.me/salon_omsk", "a b") is None
    assert VK.link("https://elsewhere.example/", "vk_autumn") is None


def test_what_vk_may_be_asked_for_at_most():
    capabilities = VK.capabilities
    assert (capabilities.per_second, capabilities.max_text, capabilities.max_buttons) == (20.0, 4096, 10)
    assert not capabilities.can_write_first


def test_the_fakes_refusal_has_vks_form(vk):
    assert error(6, "x").body["error"]["error_code"] == 6
