"""Calls of Avito's API against a server that answers, refuses and breaks off as Avito does."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from fakes.avito import FakeAvito, error
from fakes.server import Answer
from integrations import errors, registry
from integrations.avito import tokens
from integrations.protocols.channel import Ad, Button, Media, Outgoing, OutgoingMedia, Person, Template
from kit import http

AVITO = registry.channel("avito")
SETTINGS = {"user_id": "353207078", "client_id": "cid", "client_secret": "csecret"}
HOOK = "https://marzha.example/hooks/avito/token-of-this-connection/"
PICTURE = OutgoingMedia(kind="image", name="a.jpg", mime="image/jpeg", content=b"\xff\xd8\xff\xe0 picture")


@pytest.fixture
def avito(settings):
    with FakeAvito() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "avito": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        tokens.shared.clear()
        yield server


@pytest.fixture
def anna(avito):
    return avito.person(121185841, "Анна")


def in_loop(call):
    async def there():
        async with http.async_client() as client:
            return await http.arun(call, client=client)

    return asyncio.run(there())


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def send(chat, text="Да, актуально", **more):
    return AVITO.send(SETTINGS, Outgoing(chat=chat, text=text, **more))


def test_a_text_is_sent_and_named(avito, anna, go):
    sent = go(send(anna.chat))
    (row,) = avito.sent_to(anna.chat)
    assert (row["content"], row["id"]) == ({"text": "Да, актуально"}, sent.external_id)


def test_the_token_is_fetched_once_and_again_when_it_is_refused(avito, anna, go):
    for _ in range(3):
        go(send(anna.chat))
    assert len(avito.calls("token")) == 1
    avito.expire_tokens()
    go(send(anna.chat))
    assert len(avito.calls("token")) == 2
    assert len(avito.sent_to(anna.chat)) == 4


def test_a_token_that_is_refused_for_ever_parks_the_account(avito, anna, go):
    go(send(anna.chat))
    avito.when("messages", error(403, "permission denied"))
    with pytest.raises(errors.Rejected) as refusal:
        go(send(anna.chat))
    assert (refusal.value.code, refusal.value.revoked) == ("no_access", True)
    assert len(avito.calls("token")) == 2


def test_tokens_are_dropped_before_they_die_and_never_a_younger_one():
    clock = [0.0]
    kept = tokens.Tokens(clock=lambda: clock[0])
    key = tokens.key("https://a", "id", "secret")
    kept.keep(key, "one", 86400)
    clock[0] = 86000
    assert kept.find(key) == "one"
    clock[0] = 86101
    assert kept.find(key) == ""
    kept.keep(key, "two", 86400)
    kept.drop(key, "one")
    assert kept.find(key) == "two"
    assert tokens.key("https://a", "id", "other secret") != key


def test_wrong_keys_and_a_token_server_that_fails(avito, anna, go):
    with pytest.raises(errors.Rejected) as refusal:
        go(AVITO.send({**SETTINGS, "client_secret": "wrong"}, Outgoing(chat=anna.chat, text="a")))
    assert (refusal.value.code, refusal.value.revoked) == ("bad_keys", True)
    assert "wrong" not in str(refusal.value)
    # The message was never under way, so it is safe to send it again.
    for answer in (Answer(502, b""), Answer(200, "<html>"), Answer(200, {})):
        avito.when("token", answer, times=1)
        with pytest.raises(errors.Unreachable):
            go(send(anna.chat))
    avito.when("token", fault="drop", times=1)
    with pytest.raises(errors.Unreachable):
        go(send(anna.chat))
    avito.when("token", error(429, "slow down"), times=1)
    with pytest.raises(errors.Retry):
        go(send(anna.chat))
    assert avito.sent_to(anna.chat) == []


def test_a_picture_is_uploaded_and_sent(avito, anna, go):
    sent = go(send(anna.chat, "", media=PICTURE))
    (row,) = avito.sent_to(anna.chat)
    assert (row["type"], row["id"]) == ("image", sent.external_id)
    assert list(avito.images.values()) == [PICTURE.content]


def test_an_upload_that_breaks_off_was_no_message(avito, anna, go):
    avito.when("uploadImages", fault="drop", times=1)
    with pytest.raises(errors.Unreachable):
        go(send(anna.chat, "", media=PICTURE))
    avito.when("uploadImages", Answer(502, b""), times=1)
    with pytest.raises(errors.Unreachable):
        go(send(anna.chat, "", media=PICTURE))
    assert avito.sent_to(anna.chat) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 1001}, "too_long"),
        ({"buttons": ((Button("Да", "1"),),)}, "bad_buttons"),
        ({"template": Template(name="x")}, "no_templates"),
        ({"text": "a", "media": PICTURE}, "no_caption"),
        (
            {"text": "", "media": OutgoingMedia(kind="image", name="a", mime="image/webp", content=b"a")},
            "bad_file",
        ),
        (
            {"text": "", "media": OutgoingMedia(kind="image", name="a", mime="image/png", content=b"")},
            "too_big",
        ),
        ({"chat": "a b"}, "chat_not_found"),
        ({"chat": "../self"}, "chat_not_found"),
    ],
)
def test_what_avito_would_refuse_is_not_even_sent(avito, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send(**{"chat": "u2i-a", **more}))
    assert refusal.value.code == code
    assert [seen for seen in avito.ledger if seen.name != "token"] == []


def test_a_profile_number_that_is_none_reaches_no_server(avito):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(AVITO.send({**SETTINGS, "user_id": "1/../2"}, Outgoing(chat="u2i-a", text="a")))
    assert refusal.value.code == "bad_user_id"
    assert avito.ledger == []


TABLE = [
    (400, "text is wrong", "bad_request", {"content": True}),
    (422, "validation", "bad_request", {"content": True}),
    (401, "unauthorized", "revoked", {"revoked": True}),
    (402, "tariff", "tariff", {"revoked": True}),
    (403, "permission denied", "no_access", {"revoked": True}),
    (403, "user is in blacklist", "blocked", {"blocked": True}),
    (404, "chat not found", "chat_not_found", {}),
    (409, "conflict", "conflict", {}),
    (413, "too big", "too_big", {"content": True}),
    (418, "teapot", "rejected", {}),
]


@pytest.mark.parametrize(("status", "message", "code", "facts"), TABLE)
def test_refusals(avito, anna, status, message, code, facts):
    avito.when("messages", error(status, message))
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send(anna.chat))
    told = refusal.value
    assert told.code == code
    assert message in told.reason
    got = {"blocked": told.blocked, "revoked": told.revoked, "content": told.content}
    assert got == {"blocked": False, "revoked": False, "content": False, **facts}


def test_reasons_of_another_shape_and_none(avito, anna):
    avito.when("messages", Answer(404, {"result": {"status": False, "message": "no such thing"}}))
    with pytest.raises(errors.Rejected, match="no such thing"):
        http.run(send(anna.chat))
    avito.when("messages", Answer(404, "<html>"))
    with pytest.raises(errors.Rejected, match="status 404"):
        http.run(send(anna.chat))


def test_a_limit_holds_the_whole_account(avito, anna, go):
    avito.when("messages", Answer(429, {}, {"Retry-After": "7"}), times=1)
    with pytest.raises(errors.Retry) as later:
        go(send(anna.chat))
    assert (later.value.after, later.value.whole_account) == (7, True)
    avito.when("messages", Answer(429, {}), times=1)
    with pytest.raises(errors.Retry) as later:
        go(send(anna.chat))
    assert later.value.after == 20


@pytest.mark.parametrize(
    "answer", [Answer(500, {}), Answer(503, b""), Answer(200, b""), Answer(200, {"id": 5})]
)
def test_answers_that_do_not_say_what_happened_are_uncertain(avito, anna, answer):
    avito.when("messages", answer)
    with pytest.raises(errors.Uncertain):
        http.run(send(anna.chat))


@pytest.mark.parametrize("fault", ["drop", "reset", "truncate", "garbage"])
def test_a_lost_answer_is_uncertain_and_is_settled_by_the_history(avito, anna, go, fault):
    since = datetime.now(UTC)
    avito.when("messages", fault=fault, times=1)
    with pytest.raises(errors.Uncertain):
        go(send(anna.chat))
    (row,) = avito.sent_to(anna.chat)
    outgoing = Outgoing(chat=anna.chat, text="Да, актуально")
    assert go(AVITO.settle(SETTINGS, outgoing, since)).external_id == row["id"]
    assert go(AVITO.settle(SETTINGS, Outgoing(chat=anna.chat, text="Другое"), since)) is None
    assert go(AVITO.settle(SETTINGS, outgoing, since + timedelta(hours=1))) is None


def test_a_picture_is_settled_by_its_kind(avito, anna, go):
    since = datetime.now(UTC)
    outgoing = Outgoing(chat=anna.chat, text="", media=PICTURE)
    assert go(AVITO.settle(SETTINGS, outgoing, since)) is None
    sent = go(AVITO.send(SETTINGS, outgoing))
    assert go(AVITO.settle(SETTINGS, outgoing, since)) == sent


def test_a_server_that_is_not_there_is_unreachable(avito, anna, go):
    avito.stop()
    with pytest.raises(errors.Unreachable) as failure:
        go(send(anna.chat))
    chain, texts = failure.value, ""
    while chain is not None:
        texts += str(chain) + repr(chain)
        chain = chain.__cause__
    assert "csecret" not in texts


# The account ---------------------------------------------------------------------------------------------------------


def test_connecting_subscribes_once_and_takes_back_what_is_stale(avito, go):
    stale = "https://marzha.example/hooks/avito/older-token/"
    foreign = "https://other.example/hooks/avito/x/"
    avito.subscriptions += [stale, foreign]
    for _ in range(2):
        connected = go(AVITO.connect(SETTINGS, HOOK))
    assert avito.subscriptions == [foreign, HOOK]
    assert (connected.external_id, connected.name) == ("353207078", "Salon")
    assert go(AVITO.health(SETTINGS, HOOK)).ok
    for _ in range(2):
        go(AVITO.disconnect(SETTINGS, HOOK))
    assert avito.subscriptions == [foreign]
    told = go(AVITO.health(SETTINGS, HOOK))
    assert (told.ok, bool(str(told.reason))) == (False, True)


def test_connecting_with_the_keys_of_another_profile(avito, go):
    with pytest.raises(errors.Rejected) as refusal:
        go(AVITO.connect({**SETTINGS, "user_id": "5"}, HOOK))
    assert refusal.value.code == "wrong_account"
    assert avito.subscriptions == []


def test_connecting_without_the_paid_plan(avito, go):
    avito.tariff = False
    with pytest.raises(errors.Rejected) as refusal:
        go(AVITO.connect(SETTINGS, HOOK))
    assert refusal.value.code == "tariff"


# Chats ---------------------------------------------------------------------------------------------------------------


def test_a_name_and_the_listing_come_from_the_chat(avito, anna, go):
    known = Person(external_id="121185841")
    assert go(AVITO.profile(SETTINGS, anna.chat, known)).name == "Анна"
    assert go(AVITO.profile(SETTINGS, anna.chat, Person(external_id="5"))) is None
    assert go(AVITO.card(SETTINGS, anna.chat)) == Ad(
        external_id="3363702577",
        title="Manicure",
        price="1 500 ₽",
        url="https://avito.ru/omsk/3363702577",
        image_url=f"{avito.url}/files/image/140x105/m.jpg",
    )
    assert go(AVITO.card(SETTINGS, avito.person(7, item=None).chat)) is None


def test_a_recording_and_a_picture_are_fetched(avito, anna, go):
    anna.send_voice(b"opus")
    anna.send_photo(b"\xff\xd8\xff jpeg")
    avito.subscriptions.clear()
    bodies = []
    for row in avito.history[anna.chat]:
        (found,) = AVITO.parse(SETTINGS, told(avito, anna, row))
        request = go(AVITO.locate(SETTINGS, found.media[0]))
        assert "authorization" not in {name.lower() for name in request.headers}
        bodies.append(go(fetched(request)))
    assert bodies == [b"opus", b"\xff\xd8\xff jpeg"]
    with pytest.raises(errors.Rejected) as refusal:
        go(AVITO.locate(SETTINGS, Media(kind="voice", ref="gone")))
    assert refusal.value.code == "no_file"


def told(avito, person, row):
    import json

    from integrations.protocols.channel import HookRequest

    return HookRequest(body=json.dumps(avito.event(person.chat, row)).encode())


def fetched(request):
    response = yield request
    return response.body


def test_a_poll_tells_what_the_hook_would_have_told(avito, anna, go):
    anna.say("Раньше")
    first = go(AVITO.poll(SETTINGS, ""))
    assert first.requests == ()
    assert abs(int(first.cursor) - time.time()) < 5
    start = str(int(first.cursor) + 1)
    boris = avito.person(7, "Борис", item=None)
    for person, text in ((anna, "Можно завтра?"), (boris, "Вы в центре?"), (anna, "Алло")):
        person.say(text)
        person.last["created"] += 5
        avito.chats[person.chat]["updated"] = person.last["created"]
    polled = go(AVITO.poll(SETTINGS, start))
    facts = [fact for request in polled.requests for fact in AVITO.parse(SETTINGS, request)]
    assert sorted(fact.text for fact in facts) == ["Алло", "Вы в центре?", "Можно завтра?"]
    by_text = {fact.text: fact for fact in facts}
    assert by_text["Можно завтра?"].touch.ad == Ad(external_id="3363702577")
    assert by_text["Вы в центре?"].touch.ad is None
    hook = told(avito, anna, anna.last)
    poll = next(r for r in polled.requests if AVITO.parse(SETTINGS, r) == [by_text["Алло"]])
    assert AVITO.event_id(hook) == AVITO.event_id(poll)
    assert AVITO.parse(SETTINGS, hook) == AVITO.parse(SETTINGS, poll)
    later = str(int(polled.cursor) + 1)
    assert go(AVITO.poll(SETTINGS, later)).requests == ()


def test_a_poll_of_many_chats_goes_on_where_it_stopped(avito, go):
    now = int(time.time())
    for number in range(30):
        person = avito.person(1000 + number, item=None)
        person.say(f"{number}")
        person.last["created"] = now + number
        avito.chats[person.chat]["updated"] = now + number
    seen, cursor = set(), str(now)
    for _ in range(3):
        polled = go(AVITO.poll(SETTINGS, cursor))
        cursor = polled.cursor
        seen |= {fact.text for request in polled.requests for fact in AVITO.parse(SETTINGS, request)}
    assert len(seen) == 30


def test_people_reach_the_hook_with_what_the_parser_reads(avito, anna):
    """The fake acts as Avito: to a subscribed address it posts what this wire understands."""
    from fakes.server import FakeServer

    with FakeServer() as ours:
        avito.subscriptions.append(f"{ours.url}/hooks/avito/x/")
        for act in (
            lambda: anna.say("Здравствуйте"),
            anna.send_photo,
            anna.send_voice,
            anna.call_in_vain,
            anna.send_video,
            anna.take_back,
            lambda: anna.answered_by_seller("Да"),
        ):
            assert act() == [200]
        from integrations.protocols.channel import HookRequest

        kinds = [
            type(fact).__name__ + ":" + getattr(fact, "kind", "")
            for seen in ours.ledger
            for fact in AVITO.parse(SETTINGS, HookRequest(headers=seen.headers, body=seen.body))
        ]
    assert kinds == [
        "MessageReceived:text",
        "MessageReceived:image",
        "MessageReceived:voice",
        "MessageReceived:call",
        "MessageReceived:video",
        "MessagesDeleted:",
        "OperatorEcho:text",
    ]
