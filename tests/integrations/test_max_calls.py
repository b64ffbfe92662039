"""Calls of MAX's Bot API against a server that answers, refuses and breaks off as MAX does."""

import asyncio
import datetime as dt

import pytest

from fakes.max import FakeMax, buttons
from fakes.server import Answer, FakeServer
from integrations import errors, registry
from integrations.max import client
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
from kit import http

MAX = registry.channel("max")
SETTINGS = {"bot_token": "f9LHodD0cOK_token_of_the_bot", "secret": "s3cret_s3cret"}
HOOK = "https://marzha.example/hooks/max/token/"
ANNA = "54321"


@pytest.fixture
def server(settings):
    with FakeMax() as running:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "max": running.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield running


def in_loop(call):
    async def there():
        async with http.async_client() as client:
            return await http.arun(call, client=client)

    return asyncio.run(there())


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def send(chat=ANNA, text="Здравствуйте", **more):
    return MAX.send(SETTINGS, Outgoing(chat=chat, text=text, **more))


# Sending -------------------------------------------------------------------------------------------------------------


def test_a_text_is_sent_plain_to_the_person(server, go):
    sent = go(send(text="Цена <b>3&5</b> 😀"))
    (got,) = server.sent_to(ANNA)
    assert sent == Sent(got["mid"])
    assert got["text"] == "Цена <b>3&5</b> 😀"
    assert "format" not in got
    (seen,) = server.calls("POST /messages")
    assert seen.headers["authorization"] == SETTINGS["bot_token"]
    assert seen.query == {"user_id": ANNA, "disable_link_preview": "true"}


def test_every_call_believes_the_authority_behind_max():
    """The host stands behind a certificate that no public list knows."""
    steps = [
        MAX.connect(SETTINGS, HOOK),
        MAX.health(SETTINGS, HOOK),
        MAX.typing(SETTINGS, ANNA),
        send(),
        send(media=OutgoingMedia(kind="image", name="a", mime="image/png", content=b"a")),
    ]
    for call in steps:
        assert next(call).trust == "russian"
        call.close()


def test_buttons_and_replies(server, go):
    rows = (
        (Button("Да", "t:1"), Button("Нет", "t:2")),
        (),
        (Button("Сайт", "https://salon.example", "url"), Button("Отправить телефон", kind="contact")),
    )
    go(send(buttons=rows, reply_to="mid.7"))
    (sent,) = server.sent_to(ANNA)
    assert sent["attachments"] == [
        {
            "type": "inline_keyboard",
            "payload": {
                "buttons": [
                    [
                        {"type": "callback", "text": "Да", "payload": "t:1"},
                        {"type": "callback", "text": "Нет", "payload": "t:2"},
                    ],
                    [
                        {"type": "link", "text": "Сайт", "url": "https://salon.example"},
                        {"type": "request_contact", "text": "Отправить телефон"},
                    ],
                ]
            },
        }
    ]
    assert sent["link"] == {"type": "reply", "mid": "mid.7"}
    assert [button["text"] for button in buttons(sent)] == ["Да", "Нет", "Сайт", "Отправить телефон"]


@pytest.mark.parametrize("with_chat", [False, True])
def test_a_press_comes_back_into_the_persons_chat(server, with_chat):
    http.run(send(buttons=((Button("Да", "t:1"),),)))
    with FakeServer() as hook:
        anna = server.person(int(ANNA), hook=hook.url, secret=SETTINGS["secret"])
        anna.press(server.sent_to(ANNA)[0], "Да", with_chat=with_chat)
        request = HookRequest(headers=hook.ledger[0].headers, body=hook.ledger[0].body)
    assert MAX.verify(SETTINGS, request)
    (pressed,) = MAX.parse(SETTINGS, request)
    assert (pressed.chat, pressed.value) == (ANNA, "t:1")
    assert pressed.message_external_id == server.sent_to(ANNA)[0]["mid"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 4001}, "too_long"),
        ({"buttons": ((Button("Да", ""),),)}, "bad_buttons"),
        ({"buttons": ((Button("Да", "я" * 1025),),)}, "bad_buttons"),
        ({"buttons": ((Button("я" * 129, "t"),),)}, "bad_buttons"),
        ({"buttons": ((Button(" ", "t"),),)}, "bad_buttons"),
        ({"buttons": (tuple(Button(str(n), "t") for n in range(8)),)}, "bad_buttons"),
        ({"buttons": (tuple(Button(str(n), kind="contact") for n in range(4)),)}, "bad_buttons"),
        ({"buttons": tuple((Button(str(n), "t"),) for n in range(31))}, "bad_buttons"),
        ({"buttons": ((Button("Сайт", "javascript:1", "url"),),)}, "bad_buttons"),
        ({"media": OutgoingMedia(kind="sticker", name="a", mime="image/png", content=b"a")}, "bad_file"),
        ({"chat": "@salon"}, "chat_not_found"),
        ({"chat": "-5"}, "chat_not_found"),
        ({"chat": ""}, "chat_not_found"),
    ],
)
def test_what_max_would_refuse_is_not_even_sent(server, go, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        go(send(**more))
    assert refusal.value.code == code
    assert server.ledger == []


@pytest.mark.parametrize("token", ["", "a b", "token\n", "токен", "t" * 2000])
def test_a_malformed_token_reaches_no_server(server, go, token):
    with pytest.raises(errors.Rejected) as refusal:
        go(MAX.send({"bot_token": token}, Outgoing(chat=ANNA, text="a")))
    assert refusal.value.revoked
    assert server.ledger == []


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("image", "image"), ("video", "video"), ("voice", "audio"), ("audio", "audio"), ("document", "file")],
)
def test_a_file_goes_up_and_out_with_its_words(server, go, kind, asked):
    file = OutgoingMedia(kind=kind, name="до/по\x00сле.jpg", mime="image/jpeg", content=b"\xff\xd8file")
    go(send(text="Вот так", media=file, buttons=((Button("Да", "t:1"),),)))
    (sent,) = server.sent_to(ANNA)
    attached, keyboard = sent["attachments"]
    assert attached["type"] == asked
    assert attached["payload"]["token"].startswith("token_")
    assert keyboard["type"] == "inline_keyboard"
    upload = next(seen for seen in server.ledger if seen.path == f"/upload/{asked}")
    assert b"\xff\xd8file" in upload.body
    assert "до_по_сле.jpg".encode() in upload.body
    # The file's server is another one: it must not learn the token.
    assert "authorization" not in upload.headers


def test_a_file_that_is_not_ready_is_waited_for(server, go, monkeypatch):
    monkeypatch.setattr("integrations.max.channel.NOT_READY_PAUSES", (0.05, 0.1))
    server.not_ready = 2
    picture = OutgoingMedia(kind="image", name="a.jpg", mime="image/jpeg", content=b"\xff\xd8")
    go(send(text="", media=picture))
    assert len(server.sent_to(ANNA)) == 1
    # Uploaded once, however often it had to be sent.
    assert len(server.calls("POST /uploads")) == 1
    server.not_ready = 3
    with pytest.raises(errors.Retry) as failure:
        go(send(text="", media=picture))
    assert failure.value.after == 5.0
    assert len(server.sent_to(ANNA)) == 1


def test_an_upload_that_breaks_off_may_be_done_again(server, go):
    """Nothing has reached the person yet, so it is no doubt but a delay."""
    picture = OutgoingMedia(kind="image", name="a.jpg", mime="image/jpeg", content=b"\xff\xd8")
    server.when(lambda seen: seen.path == "/upload/image", fault="drop", times=1)
    with pytest.raises(errors.Retry):
        go(send(media=picture))
    server.when(lambda seen: seen.path == "/upload/image", Answer(502, "<html>"), times=1)
    with pytest.raises(errors.Retry):
        go(send(media=picture))
    server.when(lambda seen: seen.path == "/upload/image", Answer(200, {"error": "bad"}), times=1)
    with pytest.raises(errors.Rejected) as refusal:
        go(send(media=picture))
    assert (refusal.value.code, refusal.value.content) == ("bad_file", True)
    assert server.sent_to(ANNA) == []


def test_files_of_clients_are_fetched_where_max_says(server, go):
    picture = Media(kind="image", ref="t", url=server.serve("photo", b"\xff\xd8"))
    request = go(MAX.locate(SETTINGS, picture))
    assert (request.url, request.headers) == (picture.url, {})
    server.films["t_film"] = {"mp4_1080": f"{server.url}/files/1080", "mp4_720": f"{server.url}/files/720"}
    film = Media(kind="video", ref="t_film", url=f"{server.url}/player")
    assert go(MAX.locate(SETTINGS, film)).url == f"{server.url}/files/720"
    server.films["t_film"] = {}
    assert go(MAX.locate(SETTINGS, film)).url == film.url
    with pytest.raises(errors.Rejected):
        go(MAX.locate(SETTINGS, Media(kind="video", ref="gone/../x")))
    assert MAX.locate(SETTINGS, Media(kind="image", ref="t")) is None


# The table of errors: status and code → what it means -----------------------------------------------------------------

BLOCKED = {"blocked": True, "revoked": False, "content": False}
CONTENT = {"blocked": False, "revoked": False, "content": True}
REVOKED = {"blocked": False, "revoked": True, "content": False}
SOFT = {"blocked": False, "revoked": False, "content": False}
TABLE = [
    (400, "proto.payload", "text: size must be between 0 and 4000", "bad_request", CONTENT),
    (401, "verify.token", "Invalid access_token", "revoked", REVOKED),
    (403, "chat.denied", "Key: error.dialog.suspended", "blocked", BLOCKED),
    (403, "access.denied", "You don't have access", "forbidden", SOFT),
    (404, "chat.not.found", "Chat not found", "chat_not_found", BLOCKED),
    (404, "dialog.not.found", "Key: error.dialog.not.found", "chat_not_found", BLOCKED),
    (404, "chat.not.found", "dialog.not.found", "chat_not_found", BLOCKED),
    (404, "message.not.found", "Message not found", "not_found", SOFT),
    (404, "method.not.found", "Path is not recognized", "not_found", SOFT),
    (405, "method.not.allowed", "Method is not allowed", "refused", SOFT),
    (413, "", "", "bad_file", CONTENT),
]


@pytest.mark.parametrize(("status", "word", "said", "code", "facts"), TABLE)
def test_refusals(server, status, word, said, code, facts):
    server.refuse(status, word, said)
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    told = refusal.value
    assert told.code == code
    assert {name: getattr(told, name) for name in facts} == facts
    assert told.reason
    assert server.sent_to(ANNA) == []


def test_people_who_never_started_and_people_who_stopped(server, go):
    server.strict = True
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert refusal.value.code == "chat_not_found"
    anna = server.person(int(ANNA), hook="http://127.0.0.1:9/")
    anna.start()
    go(send())
    anna.stop()
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert (refusal.value.code, refusal.value.blocked) == ("blocked", True)


def test_too_many_requests(server, go):
    server.refuse(429, "too.many.requests", "slow down")
    with pytest.raises(errors.Retry) as failure:
        go(send())
    assert (failure.value.after, failure.value.whole_account) == (1.0, True)
    server.when("POST /messages", Answer(429, "", {"Retry-After": "7"}), times=1)
    with pytest.raises(errors.Retry) as failure:
        go(send())
    assert failure.value.after == 7.0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_page_is_a_doubt(server, go, status):
    server.fail(status)
    with pytest.raises(errors.Uncertain):
        go(send())


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "<html>"),
        Answer(200, b""),
        Answer(200, []),
        Answer(200, {}),
        Answer(200, {"message": {"body": {"mid": 5}}}),
        Answer(200, {"message": {"body": None}}),
    ],
)
def test_an_answer_that_names_no_message_is_a_doubt(server, go, answer):
    server.when("POST /messages", answer)
    with pytest.raises(errors.Uncertain):
        go(send())


def test_a_refusal_with_status_200_is_a_refusal(server, go):
    server.when("POST /messages", Answer(200, {"success": False, "message": "no"}), times=1)
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert (refusal.value.code, refusal.value.reason) == ("refused", "no")


def test_no_token_in_any_reason(server):
    server.revoked.add(SETTINGS["bot_token"])
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    assert refusal.value.revoked
    assert SETTINGS["bot_token"] not in repr(refusal.value) + refusal.value.reason


# Courtesies and evidence ---------------------------------------------------------------------------------------------


def pressed(**more):
    return ButtonPressed(
        external_id="press:1",
        chat=ANNA,
        person=Person(external_id=ANNA),
        value="t:1",
        **{"acknowledge": "f9LHodD0+/=", **more},
    )


def test_a_pressed_button_stops_spinning(server, go):
    assert go(MAX.react(SETTINGS, pressed())) is None
    (seen,) = server.calls("POST /answers")
    assert (seen.query["callback_id"], seen.body) == ("f9LHodD0+/=", b"{}")
    assert MAX.react(SETTINGS, pressed(acknowledge="")) is None
    assert MAX.react(SETTINGS, Ignored("x")) is None


def test_a_press_answered_too_late_is_no_failure(server, go):
    server.refuse(404, "callback.not.found", method="POST /answers")
    assert go(MAX.react(SETTINGS, pressed())) is None
    server.revoked.add(SETTINGS["bot_token"])
    with pytest.raises(errors.Rejected):
        go(MAX.react(SETTINGS, pressed()))


def test_typing_is_shown_in_the_dialog_of_bot_and_person(server, go):
    go(MAX.typing(SETTINGS, ANNA))
    (seen,) = server.calls("POST /chats/…/actions")
    assert seen.path == f"/chats/{server.dialog(int(ANNA))}/actions"
    assert seen.params()["action"] == "typing_on"


def test_what_arrived_in_spite_of_a_broken_connection_is_found(server, go):
    since = dt.datetime.now(dt.UTC)
    outgoing = Outgoing(chat=ANNA, text="Ждём вас", key="m1")
    assert go(MAX.settle(SETTINGS, outgoing, since)) is None
    server.break_off()
    with pytest.raises(errors.Uncertain):
        go(MAX.send(SETTINGS, outgoing))
    assert go(MAX.settle(SETTINGS, outgoing, since)) == Sent(server.sent_to(ANNA)[0]["mid"])
    assert go(MAX.settle(SETTINGS, outgoing, since + dt.timedelta(hours=1))) is None
    assert go(MAX.settle(SETTINGS, Outgoing(chat=ANNA, text="Другое"), since)) is None
    assert not MAX.capabilities.idempotent_send


def test_words_of_the_person_are_no_evidence(server, go):
    since = dt.datetime.now(dt.UTC)
    anna = server.person(int(ANNA))
    server.history[server.dialog(int(ANNA))].append(anna.message("Ждём вас"))
    assert go(MAX.settle(SETTINGS, Outgoing(chat=ANNA, text="Ждём вас"), since)) is None


def test_a_history_that_is_closed_settles_nothing(server, go):
    """A refusal must not read as "it did not arrive": that would send it twice."""
    server.refuse(403, "chat.denied", "no access", method="GET /messages")
    with pytest.raises(errors.Rejected):
        go(MAX.settle(SETTINGS, Outgoing(chat=ANNA, text="a"), dt.datetime.now(dt.UTC)))


def test_a_file_without_words_leaves_no_evidence():
    picture = OutgoingMedia(kind="image", name="a", mime="image/png", content=b"a")
    outgoing = Outgoing(chat=ANNA, text="", media=picture)
    assert MAX.settle(SETTINGS, outgoing, dt.datetime.now(dt.UTC)) is None


# The account ---------------------------------------------------------------------------------------------------------


def test_connecting(server, go):
    found = go(MAX.connect(SETTINGS, HOOK))
    assert (found.external_id, found.name) == (str(server.bot), "Salon")
    assert found.link_base == "https://max.ru/salon_omsk_bot"
    assert MAX.link(found.link_base, "vk_autumn") == "https://max.ru/salon_omsk_bot?start=vk_autumn"
    (one,) = server.subscriptions.values()
    assert {"message_created", "message_callback", "bot_started", "dialog_removed"} <= set(
        one["update_types"]
    )
    assert server.secrets[HOOK] == SETTINGS["secret"]


def test_connecting_again_is_harmless_and_takes_old_addresses_away(server, go):
    server.subscriptions["https://marzha.example/hooks/max/old-token/"] = {
        "url": "https://marzha.example/hooks/max/old-token/"
    }
    server.subscriptions["https://other.example/max/"] = {"url": "https://other.example/max/"}
    for _ in range(2):
        go(MAX.connect(SETTINGS, HOOK))
    assert sorted(server.subscriptions) == [HOOK, "https://other.example/max/"]


def test_an_address_that_max_does_not_take(server, go):
    server.https_only = True
    with pytest.raises(errors.Rejected) as refusal:
        go(MAX.connect(SETTINGS, "http://marzha.example/hooks/max/token/"))
    assert refusal.value.code == "bad_hook"
    assert "Invalid url" in refusal.value.reason


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "s3cret!"}, "bad_secret"),
        ({"secret": "abc"}, "bad_secret"),
        ({"bot_token": "dead"}, "revoked"),
    ],
)
def test_wrong_settings_are_told(server, go, change, code):
    server.revoked.add("dead")
    with pytest.raises(errors.Rejected) as refusal:
        go(MAX.connect({**SETTINGS, **change}, HOOK))
    assert refusal.value.code == code
    assert server.subscriptions == {}


def test_health(server, go):
    go(MAX.connect(SETTINGS, HOOK))
    assert go(MAX.health(SETTINGS, HOOK)).ok
    # MAX drops an address that has not answered for eight hours.
    server.subscriptions.clear()
    told = go(MAX.health(SETTINGS, HOOK))
    assert (told.ok, told.code) == (False, "hook")
    assert "8 hours" in str(told.reason)
    go(MAX.connect(SETTINGS, HOOK))
    assert go(MAX.health(SETTINGS, HOOK)).ok
    server.revoked.add(SETTINGS["bot_token"])
    with pytest.raises(errors.Rejected) as refusal:
        go(MAX.health(SETTINGS, HOOK))
    assert refusal.value.revoked


def test_disconnecting_takes_our_subscription_away_and_no_other(server, go):
    go(MAX.connect(SETTINGS, HOOK))
    server.subscriptions["https://other.example/"] = {"url": "https://other.example/"}
    for _ in range(2):
        go(MAX.disconnect(SETTINGS, HOOK))
    assert list(server.subscriptions) == ["https://other.example/"]


def test_what_max_may_be_asked_for_at_most():
    capabilities = MAX.capabilities
    assert (capabilities.per_second, capabilities.per_chat_per_second) == (30.0, 2.0)
    assert (capabilities.max_text, capabilities.max_buttons, capabilities.max_button_label) == (
        4000,
        210,
        128,
    )
    assert client.DEFAULT_URL == "https://platform-api2.max.ru"
