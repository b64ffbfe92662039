"""Files to and from Telegram: the right method with a caption, and never the token where a browser could see it."""

import asyncio
import io

import pytest

from fakes.server import Answer
from fakes.telegram import FakeTelegram, error
from fakes.telegram_person import PICTURE
from integrations import errors, registry
from integrations.protocols.channel import Button, Media, Outgoing, OutgoingMedia, Sent
from integrations.telegram import files
from kit import download, http

TELEGRAM = registry.channel("telegram")
SETTINGS = {"bot_token": "700000001:AAtest", "secret_token": "s3cret_s3cret"}


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


def send(kind="image", content=PICTURE, name="прайс.png", mime="image/png", *, text="", chat="5", **more):
    media = OutgoingMedia(kind=kind, name=name, mime=mime, content=content)
    return TELEGRAM.send(SETTINGS, Outgoing(chat=chat, text=text, media=media, **more))


def locate(media):
    return http.run(TELEGRAM.locate(SETTINGS, media))


@pytest.mark.parametrize(
    ("kind", "method"),
    [("image", "sendPhoto"), ("voice", "sendVoice"), ("audio", "sendAudio"), ("video", "sendVideo"),
     ("document", "sendDocument")],
)  # fmt: skip
def test_each_kind_has_its_method(telegram, go, kind, method):
    assert go(send(kind)) == Sent("5:1001")
    (sent,) = telegram.sent_to(5)
    assert (sent["method"], sent["content"], sent["name"]) == (method, PICTURE, "прайс.png")
    assert "caption" not in sent
    assert set(TELEGRAM.capabilities.media) == set(files.METHODS)


def test_a_caption_buttons_and_a_quote_go_with_it(telegram, go):
    go(send(text="Вот <b>прайс</b>", buttons=((Button("Да", "t:1"),),), reply_to="5:77"))
    (sent,) = telegram.sent_to(5)
    assert sent["caption"] == "Вот <b>прайс</b>"
    assert sent["reply_markup"] == '{"inline_keyboard":[[{"text":"Да","callback_data":"t:1"}]]}'
    assert sent["reply_parameters"] == '{"message_id":77,"allow_sending_without_reply":true}'


def test_a_business_chat_gets_it_through_its_connection(telegram, go):
    assert go(send(chat="bc_1:5")) == Sent("bc_1:5:1001")
    assert telegram.sent_to(5)[0]["business_connection_id"] == "bc_1"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"content": b""}, "bad_file"),
        ({"kind": "sticker"}, "bad_file"),
        ({"text": "😀" * 513}, "too_long"),
        ({"chat": "@salon"}, "chat_not_found"),
    ],
)
def test_what_telegram_would_refuse_is_not_even_sent(telegram, go, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        go(send(**more))
    assert refusal.value.code == code
    assert telegram.ledger == []


def test_a_picture_that_is_none_for_telegram_goes_as_a_file(telegram, go):
    go(send(content=b"II*\0 a TIFF"))
    (sent,) = telegram.sent_to(5)
    assert (sent["method"], sent["content"]) == ("sendDocument", b"II*\0 a TIFF")
    go(send(content=PICTURE + b"\0" * files.LARGEST_PHOTO))
    assert telegram.sent_to(5)[1]["method"] == "sendDocument"


@pytest.mark.parametrize("fault", ["drop", "reset", "truncate", "garbage"])
def test_a_lost_answer_is_uncertain_and_was_executed_once(telegram, go, fault):
    telegram.break_off(fault, method="sendPhoto")
    with pytest.raises(errors.Uncertain):
        go(send())
    assert len(telegram.sent_to(5)) == 1


def test_refusals_mean_the_same_as_for_words(telegram, go):
    telegram.blocked.add("5")
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert refusal.value.blocked
    telegram.blocked.clear()
    telegram.when(
        "sendPhoto", Answer(413, {"ok": False, "error_code": 413, "description": "Request Entity Too Large"})
    )
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert (refusal.value.code, refusal.value.content) == ("too_big", True)


# Files that came in --------------------------------------------------------------------------------------------------


def test_a_file_is_fetched_by_the_address_that_getfile_names(telegram):
    telegram.files["AgACphoto"] = PICTURE
    into = io.BytesIO()
    download.fetch(locate(Media(kind="image", ref="AgACphoto")), into, largest=1000)
    assert into.getvalue() == PICTURE
    assert [seen.name for seen in telegram.ledger] == ["getFile", "file"]


def test_a_file_without_a_handle_cannot_be_had(telegram):
    assert TELEGRAM.locate(SETTINGS, Media(kind="image")) is None


def test_too_large_for_a_bot_is_said_in_words(telegram):
    with pytest.raises(errors.Rejected, match="20"):
        locate(Media(kind="video", ref="x", size=30_000_000))
    assert telegram.ledger == []
    telegram.when("getFile", error(400, "Bad Request: file is too big"))
    with pytest.raises(errors.Rejected, match="20") as refusal:
        locate(Media(kind="video", ref="x"))
    assert refusal.value.code == "too_big"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "../../bot1:A/getMe",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "a\\b",
        "a b",
        "a?b",
        "a%2e",
        7,
        None,
    ],
)
def test_a_path_that_leads_elsewhere_is_not_followed(telegram, path):
    telegram.when("getFile", Answer(200, {"ok": True, "result": {"file_id": "x", "file_path": path}}))
    with pytest.raises(errors.Rejected):
        locate(Media(kind="image", ref="x"))


def test_the_token_shows_in_no_error_and_no_repr(telegram):
    telegram.files["x"] = PICTURE
    request = locate(Media(kind="image", ref="x"))
    assert "AAtest" not in repr(request)
    telegram.files.clear()
    with pytest.raises(download.Refused) as failure:
        download.fetch(request, io.BytesIO(), largest=1000)
    assert "AAtest" not in str(failure.value)


def test_a_dead_token_is_told_as_such(telegram):
    telegram.revoked.add(SETTINGS["bot_token"])
    with pytest.raises(errors.Rejected) as refusal:
        locate(Media(kind="image", ref="x"))
    assert refusal.value.revoked
