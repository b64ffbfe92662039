"""Calls of the Bot API against a server that answers, refuses and breaks off as Telegram does."""

import asyncio

import pytest

from fakes.server import Answer
from fakes.telegram import FakeTelegram, buttons, error
from integrations import errors, registry
from integrations.protocols.channel import Button, ButtonPressed, Ignored, Outgoing, Person, Sent
from kit import http

TELEGRAM = registry.channel("telegram")
SETTINGS = {"bot_token": "700000001:AAtest", "secret_token": "s3cret_s3cret"}
HOOK = "https://marzha.example/hooks/telegram/token/"


@pytest.fixture
def telegram(settings):
    with FakeTelegram() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": server.url}
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


def send(chat="5", text="Здравствуйте", **more):
    return TELEGRAM.send(SETTINGS, Outgoing(chat=chat, text=text, **more))


def test_a_text_is_sent_plain_and_named(telegram, go):
    assert go(send(text="Цена <b>3&5</b>")) == Sent("5:1001")
    (sent,) = telegram.sent_to(5)
    assert sent["text"] == "Цена <b>3&5</b>"
    assert "parse_mode" not in sent
    assert sent["link_preview_options"] == {"is_disabled": True}
    assert "reply_markup" not in sent


def test_buttons_and_replies(telegram, go):
    rows = (
        (Button("Да", "t:1"), Button("Нет", "t:2")),
        (),
        (Button("Сайт", "https://salon.example", "url"),),
    )
    go(send(buttons=rows, reply_to="5:77"))
    (sent,) = telegram.sent_to(5)
    assert sent["reply_markup"]["inline_keyboard"] == [
        [{"text": "Да", "callback_data": "t:1"}, {"text": "Нет", "callback_data": "t:2"}],
        [{"text": "Сайт", "url": "https://salon.example"}],
    ]
    assert sent["reply_parameters"] == {"message_id": 77, "allow_sending_without_reply": True}


def test_asking_for_the_phone(telegram, go):
    go(send(buttons=((Button("Отправить телефон", kind="contact"),), (Button("Не сейчас", "t:2"),))))
    (sent,) = telegram.sent_to(5)
    assert sent["reply_markup"]["keyboard"] == [
        [{"text": "Отправить телефон", "request_contact": True}],
        [{"text": "Не сейчас"}],
    ]
    assert sent["reply_markup"]["one_time_keyboard"] is True
    assert buttons(sent) == [("Отправить телефон", None), ("Не сейчас", None)]


def test_a_business_chat_is_answered_through_its_connection(telegram, go):
    assert go(send(chat="bc_1:5")) == Sent("bc_1:5:1001")
    (sent,) = telegram.sent_to(5)
    assert sent["business_connection_id"] == "bc_1"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 4097}, "too_long"),
        ({"text": "😀" * 2049}, "too_long"),
        ({"buttons": ((Button("Да", ""),),)}, "bad_buttons"),
        ({"buttons": ((Button("Да", "я" * 33),),)}, "bad_buttons"),
        ({"chat": "@salon"}, "chat_not_found"),
        ({"chat": ""}, "chat_not_found"),
    ],
)
def test_what_telegram_would_refuse_is_not_even_sent(telegram, go, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        go(send(**more))
    assert refusal.value.code == code
    assert telegram.ledger == []


@pytest.mark.parametrize("token", ["", "abc", "1:a/../b", "1:a b", "700000001:AA\n", "700000001:AA?x=1"])
def test_a_malformed_token_reaches_no_server(telegram, go, token):
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEGRAM.send({"bot_token": token}, Outgoing(chat="5", text="a")))
    assert refusal.value.revoked
    assert telegram.ledger == []


# The table of errors: (status, description, parameters) → what it means ----------------------------------------------

BLOCKED = {"blocked": True, "revoked": False, "content": False}
CONTENT = {"blocked": False, "revoked": False, "content": True}
REVOKED = {"blocked": False, "revoked": True, "content": False}
SOFT = {"blocked": False, "revoked": False, "content": False}
TABLE = [
    (400, "Bad Request: chat not found", "chat_not_found", BLOCKED),
    (400, "Bad Request: message text is empty", "empty_text", CONTENT),
    (400, "Bad Request: message is too long", "too_long", CONTENT),
    (400, "Bad Request: can't parse entities: Unsupported start tag", "bad_markup", CONTENT),
    (400, "Bad Request: BUTTON_DATA_INVALID", "bad_buttons", CONTENT),
    (400, "Bad Request: message to be replied not found", "no_such_message", SOFT),
    (400, "Bad Request: message is not modified: specified new message content", "not_modified", SOFT),
    (400, "Bad Request: query is too old and response timeout expired", "too_old", SOFT),
    (400, "Bad Request: message can't be deleted for everyone", "no_such_message", SOFT),
    (400, "Bad Request: wrong file identifier/HTTP URL specified", "bad_file", CONTENT),
    (400, "Bad Request: not enough rights to send text messages to the chat", "no_rights", SOFT),
    (400, "Bad Request: BUSINESS_CONNECTION_INVALID", "business_disconnected", SOFT),
    (400, "Bad Request: something new", "rejected", SOFT),
    (401, "Unauthorized", "revoked", REVOKED),
    (404, "Not Found", "revoked", REVOKED),
    (403, "Forbidden: bot was blocked by the user", "blocked", BLOCKED),
    (403, "Forbidden: user is deactivated", "deactivated", BLOCKED),
    (403, "Forbidden: bot can't initiate conversation with a user", "never_started", BLOCKED),
    (403, "Forbidden: bot was kicked from the group chat", "kicked", BLOCKED),
    (403, "Forbidden: the group chat was deleted", "kicked", BLOCKED),
    (403, "Forbidden: something new", "forbidden", BLOCKED),
    (409, "Conflict: terminated by other getUpdates request", "conflict", SOFT),
]


@pytest.mark.parametrize(("status", "description", "code", "facts"), TABLE)
def test_refusals(telegram, status, description, code, facts):
    telegram.when("sendMessage", error(status, description))
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    told = refusal.value
    assert (told.code, told.reason) == (code, description)
    assert {"blocked": told.blocked, "revoked": told.revoked, "content": told.content} == facts
    assert told.moved_to is None


def test_a_moved_chat_names_its_new_key(telegram, go):
    telegram.migrated["-4001"] = -1002001
    with pytest.raises(errors.Rejected) as refusal:
        go(send(chat="-4001"))
    assert (refusal.value.code, refusal.value.moved_to, refusal.value.blocked) == ("moved", "-1002001", False)


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (error(429, "Too Many Requests: retry after 17", retry_after=17), 17),
        (error(429, "Too Many Requests: retry after 9"), 9),
        (error(429, "Too Many Requests"), 1),
        (error(429, "Too Many Requests: retry after 5", retry_after="x"), 5),
    ],
)
def test_a_flood_limit_says_when_to_come_again(telegram, go, answer, after):
    telegram.when("sendMessage", answer)
    with pytest.raises(errors.Retry) as later:
        go(send())
    assert (later.value.after, later.value.whole_account) == (after, True)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}),
        Answer(502, "<html>Bad Gateway</html>"),
        Answer(503, b""),
        Answer(504, b""),
        Answer(200, {"ok": False, "error_code": 502, "description": "Bad Gateway"}),
        Answer(200, "<html>hello</html>"),
        Answer(200, b""),
        Answer(200, []),
        Answer(200, {"result": {}}),
        Answer(200, {"ok": True, "result": {}}),
        Answer(200, {"ok": True, "result": True}),
        Answer(302, b"", {"Location": "https://elsewhere.example/"}),
    ],
)
def test_answers_that_do_not_say_what_happened_are_uncertain(telegram, go, answer):
    telegram.when("sendMessage", answer)
    with pytest.raises(errors.Uncertain):
        go(send())


@pytest.mark.parametrize("fault", ["drop", "reset", "truncate", "garbage"])
def test_a_lost_answer_is_uncertain_and_was_executed_once(telegram, go, fault):
    telegram.break_off(fault)
    with pytest.raises(errors.Uncertain):
        go(send())
    assert len(telegram.sent_to(5)) == 1


def test_a_server_that_is_not_there_is_unreachable(telegram, go):
    telegram.stop()
    with pytest.raises(errors.Unreachable):
        go(send())


def test_a_refusal_without_json_is_a_refusal(telegram):
    telegram.when("sendMessage", Answer(413, {"message": "too large"}))
    with pytest.raises(errors.Rejected):
        http.run(send())


# Around messages -----------------------------------------------------------------------------------------------------


def pressed(query="77"):
    return ButtonPressed(
        external_id="77", chat="5", person=Person(external_id="5"), value="x", acknowledge=query
    )


def test_a_pressed_button_is_answered(telegram, go):
    assert go(TELEGRAM.react(SETTINGS, pressed())) is None
    (call,) = telegram.calls("answerCallbackQuery")
    assert call.params() == {"callback_query_id": "77"}


def test_too_late_an_answer_is_no_failure(telegram, go):
    telegram.when(
        "answerCallbackQuery", error(400, "Bad Request: query is too old and response timeout expired")
    )
    assert go(TELEGRAM.react(SETTINGS, pressed())) is None
    telegram.when("answerCallbackQuery", error(401, "Unauthorized"))
    with pytest.raises(errors.Rejected):
        go(TELEGRAM.react(SETTINGS, pressed()))


def test_other_facts_need_no_answer():
    assert TELEGRAM.react(SETTINGS, Ignored("x")) is None
    assert TELEGRAM.react(SETTINGS, pressed("")) is None


def test_connecting_checks_the_token_and_registers_the_hook(telegram, go):
    connected = go(TELEGRAM.connect(SETTINGS, HOOK))
    assert (connected.external_id, connected.name) == ("700000001", "Salon")
    assert connected.link_base == "https://t.me/salon700000001_bot"
    hook = telegram.webhooks[SETTINGS["bot_token"]]
    assert (hook["url"], hook["secret_token"]) == (HOOK, "s3cret_s3cret")
    assert "callback_query" in hook["allowed_updates"]
    assert "my_chat_member" in hook["allowed_updates"]
    assert (
        TELEGRAM.link(connected.link_base, "vk_autumn") == "https://t.me/salon700000001_bot?start=vk_autumn"
    )


def test_connecting_overrides_what_another_service_chose(telegram, go):
    telegram.webhooks[SETTINGS["bot_token"]] = {
        "url": "https://other.example/",
        "allowed_updates": ["message"],
    }
    go(TELEGRAM.connect(SETTINGS, HOOK))
    assert "callback_query" in telegram.webhooks[SETTINGS["bot_token"]]["allowed_updates"]


def test_connecting_with_a_dead_token_or_a_bad_secret(telegram, go):
    telegram.revoked.add(SETTINGS["bot_token"])
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEGRAM.connect(SETTINGS, HOOK))
    assert refusal.value.revoked
    with pytest.raises(errors.Rejected) as refusal:
        go(TELEGRAM.connect({**SETTINGS, "secret_token": "секрет"}, HOOK))
    assert refusal.value.code == "bad_secret"


def test_disconnecting_takes_our_own_address_back_and_nobody_elses(telegram, go):
    go(TELEGRAM.connect(SETTINGS, HOOK))
    go(TELEGRAM.disconnect(SETTINGS, HOOK))
    assert telegram.webhooks == {}
    go(TELEGRAM.disconnect(SETTINGS, HOOK))  # harmless when it is not there
    telegram.webhooks[SETTINGS["bot_token"]] = {"url": "https://other.example/"}
    go(TELEGRAM.disconnect(SETTINGS, HOOK))
    assert telegram.webhooks[SETTINGS["bot_token"]] == {"url": "https://other.example/"}
    assert [call.params()["drop_pending_updates"] for call in telegram.calls("deleteWebhook")] == [False]


def test_health(telegram, go):
    assert not go(TELEGRAM.health(SETTINGS, HOOK)).ok
    go(TELEGRAM.connect(SETTINGS, HOOK))
    assert go(TELEGRAM.health(SETTINGS, HOOK)).ok
    hook = telegram.webhooks[SETTINGS["bot_token"]]
    hook |= {"pending": 3, "last_error": "Wrong response from the webhook: 500 Internal Server Error"}
    told = go(TELEGRAM.health(SETTINGS, HOOK))
    assert (told.ok, told.pending) == (False, 3)
    assert "500" in str(told.reason)
    hook["pending"] = 0  # an old error, everything has been delivered since
    assert go(TELEGRAM.health(SETTINGS, HOOK)).ok
    hook["url"] = "https://thief.example/secret-path"
    told = go(TELEGRAM.health(SETTINGS, HOOK))
    assert not told.ok
    assert "secret-path" not in str(told.reason)


def test_a_token_shows_in_no_error(telegram, go):
    telegram.stop()
    with pytest.raises(errors.Unreachable) as failure:
        go(send())
    chain, texts = failure.value, ""
    while chain is not None:
        texts += str(chain) + repr(chain)
        chain = chain.__cause__
    assert "AAtest" not in texts
