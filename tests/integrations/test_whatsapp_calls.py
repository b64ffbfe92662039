"""Calls of the WhatsApp Cloud API against a server that takes, refuses and breaks off as Meta does."""

import json

import pytest

from fakes.meta import FakeMeta
from fakes.meta_answers import buttons, error
from fakes.server import Answer
from integrations import errors, registry
from integrations.meta import meanings
from integrations.protocols.channel import (
    Button,
    Ignored,
    Media,
    MessageReceived,
    Outgoing,
    OutgoingMedia,
    Person,
    Sent,
    Template,
)
from kit import http
from tests.integrations.meta_door import in_loop
from tests.integrations.wires.whatsapp import WIRE

WHATSAPP = registry.channel("whatsapp")
SETTINGS = WIRE.settings
ANNA = "79161234567"
BSUID = "RU.13491208655302741918"
YES_NO = ((Button("Да", "t:1"),), (Button("Нет", "t:2"),))


@pytest.fixture
def meta(settings):
    with FakeMeta() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "meta": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield server


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def send(chat=ANNA, text="Здравствуйте", **more):
    return WHATSAPP.send(SETTINGS, Outgoing(chat=chat, text=text, **more))


def picture(**more):
    return OutgoingMedia(
        **{"kind": "image", "name": "до.jpg", "mime": "image/jpeg", "content": b"\xff\xd8", **more}
    )


# Words -------------------------------------------------------------------------------------------------------------


def test_a_text_carries_our_key_and_quotes(meta, go):
    assert go(send(key="out:018f3c", reply_to="wamid.IN1")) == Sent("wamid.OUT1", raw_state="accepted")
    (sent,) = meta.sent_to(ANNA)
    assert sent["to"] == ANNA
    assert sent["text"] == {"body": "Здравствуйте", "preview_url": False}
    assert sent["biz_opaque_callback_data"] == "out:018f3c"
    assert sent["context"] == {"message_id": "wamid.IN1"}
    assert "recipient" not in sent


def test_a_person_without_a_phone_is_reached_by_their_id(meta, go):
    go(send(chat=BSUID))
    (sent,) = meta.sent_to(BSUID)
    assert sent["recipient"] == BSUID
    assert "to" not in sent


def test_an_id_that_is_not_whatsapps_own_is_not_quoted(meta):
    http.run(send(reply_to="unnamed:12"))
    assert "context" not in meta.sent_to(ANNA)[0]


def test_up_to_three_answers_are_buttons(meta, go):
    go(send(text="Подтверждаете?", buttons=YES_NO))
    (sent,) = meta.sent_to(ANNA)
    assert sent["interactive"]["type"] == "button"
    assert sent["interactive"]["body"] == {"text": "Подтверждаете?"}
    assert buttons(sent) == [("Да", "t:1"), ("Нет", "t:2")]


def test_more_answers_or_a_long_text_make_a_list(meta):
    http.run(send(buttons=tuple((Button(f"Мастер {n}", f"m:{n}"),) for n in range(10))))
    http.run(send(text="а" * 1025, buttons=YES_NO))
    many, long = meta.sent_to(ANNA)
    assert many["interactive"]["type"] == long["interactive"]["type"] == "list"
    assert buttons(many)[9] == ("Мастер 9", "m:9")


def test_a_single_link_and_the_request_for_a_phone(meta):
    http.run(send(buttons=((Button("Сайт", "https://salon.example", "url"),),)))
    http.run(send(buttons=((Button("Отправить телефон", kind="contact"),), (Button("Нет", "t:2"),))))
    link, ask = meta.sent_to(ANNA)
    assert link["interactive"]["action"]["parameters"] == {
        "display_text": "Сайт",
        "url": "https://salon.example",
    }
    assert ask["interactive"]["type"] == "request_contact_info"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 4097}, "too_long"),
        ({"text": "", "buttons": YES_NO, "media": picture()}, "empty_text"),
        ({"text": "я" * 1025, "media": picture()}, "too_long"),
        ({"media": picture(content=b"1" * (100 * 1024 * 1024 + 1))}, "bad_media"),
        ({"buttons": ((Button("Да", ""),),)}, "bad_buttons"),
        ({"buttons": ((Button("Да", "я" * 101),),)}, "bad_buttons"),
        ({"buttons": ((Button("Двадцать одна буква!!", "t"),),)}, "bad_buttons"),
        ({"buttons": tuple((Button(str(n), f"{n}"),) for n in range(11))}, "bad_buttons"),
        ({"buttons": ((Button("Сайт", "https://a.example", "url"), Button("Да", "t")),)}, "bad_buttons"),
        ({"chat": "@anna"}, "chat_not_found"),
        ({"chat": "+79161234567"}, "chat_not_found"),
        ({"chat": "79161234567/../x"}, "chat_not_found"),
        ({"late": True}, "window_closed"),
        ({"template": Template(name="visit"), "media": picture()}, "bad_template"),
    ],
)
def test_what_whatsapp_would_refuse_is_not_even_sent(meta, go, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        go(send(**more))
    assert refusal.value.code == code
    assert meta.ledger == []


# Files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "text", "kind"),
    [
        (picture(), "до и после", "image"),
        (picture(mime="image/gif"), "", "document"),
        (picture(content=b"1" * (5 * 1024 * 1024 + 1)), "", "document"),
        (picture(kind="voice", mime="audio/ogg; codecs=opus", name="v.ogg"), "", "audio"),
        (picture(kind="voice", mime="audio/ogg", name="v.ogg"), "послушайте", "document"),
        (picture(kind="video", mime="video/mp4"), "", "video"),
        (picture(kind="sticker", mime="image/webp"), "", "sticker"),
        (picture(kind="document", mime="application/pdf", name="смета.pdf"), "смета", "document"),
    ],
)
def test_a_file_is_uploaded_and_sent_by_its_id(meta, go, media, text, kind):
    go(send(text=text, media=media))
    (sent,) = meta.sent_to(ANNA)
    assert sent["type"] == kind
    content, mime = meta.files[sent[kind]["id"]]
    assert (content, mime) == (media.content, media.mime.partition(";")[0])
    assert sent[kind].get("caption", "") == text
    assert sent[kind].get("filename") == (media.name if kind == "document" else None)
    assert sent[kind].get("voice") is (True if kind == "audio" else None)


def test_a_picture_above_buttons(meta):
    http.run(send(text="Выберите", media=picture(), buttons=YES_NO))
    (sent,) = meta.sent_to(ANNA)
    assert sent["interactive"]["header"]["type"] == "image"
    assert buttons(sent) == [("Да", "t:1"), ("Нет", "t:2")]


@pytest.mark.parametrize("fault", ["drop", "garbage"])
def test_a_broken_upload_has_said_nothing_and_may_be_repeated(meta, go, fault):
    meta.break_off(fault, name="media")
    with pytest.raises(errors.Retry):
        go(send(text="", media=picture()))
    assert meta.sent_to(ANNA) == []
    go(send(text="", media=picture()))
    assert len(meta.sent_to(ANNA)) == 1


def test_a_received_file_is_fetched_with_the_token(meta, go):
    number = meta.store(b"picture", "image/jpeg")
    request = go(WHATSAPP.locate(SETTINGS, Media(kind="image", ref=number)))
    assert request.url == f"{meta.url}/files/{number}"
    (asked,) = meta.calls(number) or meta.calls("node")
    assert asked.query["phone_number_id"] == SETTINGS["phone_number_id"]

    def fetch():
        return (yield request)

    assert http.run(fetch()).body == b"picture"


def test_the_token_goes_to_no_stranger(meta, go):
    elsewhere = go(WHATSAPP.locate(SETTINGS, Media(kind="image", url="https://evil.example/x.jpg")))
    assert "authorization" not in elsewhere.headers
    own = go(WHATSAPP.locate(SETTINGS, Media(kind="image", url="https://lookaside.fbsbx.com/x.jpg")))
    assert "authorization" in own.headers
    assert WHATSAPP.locate(SETTINGS, Media(kind="image")) is None


# Refusals ----------------------------------------------------------------------------------------------------------


def sheet(kind):
    return [
        (code, meaning)
        for code, meaning in meanings.WHATSAPP.items()
        if isinstance(code, int) and meaning.kind == kind
    ]


@pytest.mark.parametrize(("code", "meaning"), sheet("rejected"))
def test_refusals(meta, code, meaning):
    meta.fail(code, details="The details.")
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    told = refusal.value
    assert told.code == meaning.word
    assert (told.blocked, told.revoked, told.content) == (meaning.blocked, meaning.revoked, meaning.content)
    assert told.reason.startswith(str(meaning.text))
    assert meta.sent_to(ANNA) == []


@pytest.mark.parametrize(("code", "meaning"), sheet("later"))
def test_later(meta, code, meaning):
    meta.fail(code, status=500 if code in (131000, 131016) else 400)
    with pytest.raises(errors.Retry) as later:
        http.run(send())
    assert (later.value.after, later.value.whole_account) == (meaning.after, meaning.whole_account)


@pytest.mark.parametrize(
    ("code", "word", "flag"),
    [
        (190, "revoked", "revoked"),
        (0, "revoked", "revoked"),
        (131026, "unreachable", "blocked"),
        (131047, "window_closed", ""),
        (131050, "marketing_stopped", ""),
        (131062, "need_phone", ""),
        (131042, "payment", ""),
        (132001, "no_template", "content"),
        (200, "rights", ""),
        (299, "rights", ""),
        (10, "rights", ""),
        (99999, "rejected", ""),
    ],
)
def test_what_the_most_important_refusals_mean(meta, code, word, flag):
    meta.fail(code)
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send())
    assert refusal.value.code == word
    flags = {name for name in ("blocked", "revoked", "content") if getattr(refusal.value, name)}
    assert flags == ({flag} if flag else set())


def test_one_slow_person_does_not_pause_the_account(meta):
    meta.fail(131056)
    with pytest.raises(errors.Retry) as later:
        http.run(send())
    assert (later.value.after, later.value.whole_account) == (6.0, False)


def test_meta_says_how_long_the_pause_is(meta):
    usage = json.dumps({"102290129340398": [{"type": "messaging", "estimated_time_to_regain_access": 7}]})
    meta.fail(80007, headers={"X-Business-Use-Case-Usage": usage})
    with pytest.raises(errors.Retry) as later:
        http.run(send())
    assert (later.value.after, later.value.whole_account) == (420.0, True)
    meta.when("messages", Answer(429, b"", {"Retry-After": "9"}), times=1)
    with pytest.raises(errors.Retry) as later:
        http.run(send())
    assert (later.value.after, later.value.whole_account) == (9.0, True)


def test_a_wrong_app_secret_is_named(meta):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.send({**SETTINGS, "app_secret": "wrong"}, Outgoing(chat=ANNA, text="a")))
    assert refusal.value.code == "bad_app_secret"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, "<html>Bad Gateway</html>"),
        Answer(503, b""),
        Answer(200, "<html>hello</html>"),
        Answer(200, []),
        Answer(200, {}),
        Answer(200, {"messages": []}),
        Answer(200, {"messages": [{"id": ""}]}),
        Answer(302, b"", {"Location": "https://elsewhere.example/"}),
        error(500, 1, "An unknown error occurred"),
        error(500, 123456, "Something new"),
    ],
)
def test_answers_that_do_not_say_what_happened_are_uncertain(meta, go, answer):
    meta.when("messages", answer)
    with pytest.raises(errors.Uncertain):
        go(send())


@pytest.mark.parametrize("fault", ["drop", "reset", "truncate", "garbage"])
def test_a_lost_answer_is_uncertain_and_was_executed_once(meta, go, fault):
    meta.break_off(fault)
    with pytest.raises(errors.Uncertain):
        go(send(key="out:7"))
    # No look-up exists, but every status brings our key.
    (sent,) = meta.sent_to(ANNA)
    assert sent["biz_opaque_callback_data"] == "out:7"


def test_a_server_that_is_not_there_is_unreachable(meta, go):
    meta.stop()
    with pytest.raises(errors.Unreachable):
        go(send())


@pytest.mark.parametrize("token", ["", "EAA x", "EAA\n", "ЕАА"])
def test_a_malformed_token_reaches_no_server(meta, token):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.send({**SETTINGS, "access_token": token}, Outgoing(chat=ANNA, text="a")))
    assert refusal.value.revoked
    assert meta.ledger == []


def test_a_token_shows_in_no_error(meta, go):
    token = SETTINGS["access_token"]
    meta.when("messages", error(400, 131009, "refused", details=f"Malformed access token {token}"))
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert token not in refusal.value.reason
    assert "…" in refusal.value.reason


# Around messages ---------------------------------------------------------------------------------------------------


def received(external_id="wamid.IN1", **more):
    return MessageReceived(external_id=external_id, chat=ANNA, person=Person(external_id=ANNA), **more)


def test_a_message_is_marked_as_read_and_we_are_writing(meta, go):
    assert go(WHATSAPP.react(SETTINGS, received())) is None
    (call,) = meta.calls("messages")
    told = call.params()
    assert (told["status"], told["message_id"]) == ("read", "wamid.IN1")
    assert told["typing_indicator"] == {"type": "text"}


def test_a_mark_that_comes_too_late_is_no_failure(meta, go):
    meta.fail(131009)
    assert go(WHATSAPP.react(SETTINGS, received())) is None
    meta.fail(190, status=401)
    with pytest.raises(errors.Rejected):
        go(WHATSAPP.react(SETTINGS, received()))


def test_other_facts_need_no_answer():
    assert WHATSAPP.react(SETTINGS, Ignored("x")) is None
    assert WHATSAPP.react(SETTINGS, received(automatic="another program")) is None
