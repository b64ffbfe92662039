"""Files that go out: one message each, a caption where it fits, stored before anything is promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from connections.hooks import Door
from connections.models import Connection
from conversations import outbox, uploads
from conversations.models import Author, Conversation, Delivery, MediaFile, Message
from fakes.s3 import FakeS3
from fakes.telegram import FakeTelegram
from fakes.telegram_person import PICTURE
from integrations.protocols.channel import Capabilities
from kit import filetypes, storage
from tests.conftest import Api, Salon
from tests.connections import telegram
from tests.conversations import pictures
from work import sweep

TELEGRAM = frozenset({"image", "voice", "audio", "video", "document"})


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def bot(settings: Any) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


@pytest.fixture
def writer(live_db: Any, salon: Salon, bot: FakeTelegram) -> telegram.Writer:
    with salon.work():
        salon.tenant.settings |= {"assistant": {"mode": "off"}}
        salon.tenant.save(update_fields=["settings"])
    writer = telegram.Writer(Door(), telegram.connect(salon))
    writer.say("Здравствуйте")
    sweep.run(sweep.queue("inbound"))
    return writer


def hand_in(
    salon: Salon, content: bytes = PICTURE, name: str = "прайс.png", owner: str = "user:1"
) -> MediaFile:
    with salon.work():
        capabilities = uploads.capabilities_of(Conversation.objects.select_related("connection").get())
        now = salon.now()
    return uploads.hand_in(
        SimpleUploadedFile(name, content), tenant_id=salon.id, owner=owner, capabilities=capabilities, now=now
    )


def say(salon: Salon, text: str, *files: MediaFile, key: str = "k") -> Message:
    with salon.work():
        thread = Conversation.objects.get()
        return outbox.say(thread, text=text, author=Author.MANAGER, key=key, now=salon.now(), files=files)


def carry() -> None:
    while sweep.run(sweep.queue(outbox.QUEUE)):
        pass


def sent(bot: FakeTelegram, writer: telegram.Writer) -> list[tuple[str, str]]:
    """(method, text or caption) of what arrived."""
    return [
        (one.get("method", "sendMessage"), one.get("text") or one.get("caption") or "")
        for one in bot.sent_to(writer.chat)
    ]


def messages(salon: Salon) -> list[Message]:
    with salon.work():
        return list(Message.objects.filter(direction="out").order_by("id"))


# Bubbles -------------------------------------------------------------------------------------------------------------


def test_a_short_text_is_the_caption_of_the_first_file(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    say(salon, "Вот цены", hand_in(salon), hand_in(salon, b"%PDF-1.7 prices", "Прайс.pdf"))
    carry()
    assert sent(bot, writer) == [("sendPhoto", "Вот цены"), ("sendDocument", "")]
    photo, paper = bot.sent_to(writer.chat)
    assert (photo["content"], photo["name"], photo["mime"]) == (PICTURE, "прайс.png", "image/png")
    assert (paper["content"], paper["name"]) == (b"%PDF-1.7 prices", "Прайс.pdf")
    assert [(m.kind, m.state) for m in messages(salon)] == [("image", "sent"), ("document", "sent")]


def test_a_long_text_goes_before_the_file(writer: telegram.Writer, salon: Salon, bot: FakeTelegram) -> None:
    say(salon, "я" * 1025, hand_in(salon))
    carry()
    assert sent(bot, writer) == [("sendMessage", "я" * 1025), ("sendPhoto", "")]


def test_a_file_alone_is_enough(writer: telegram.Writer, salon: Salon, bot: FakeTelegram) -> None:
    say(salon, "", hand_in(salon, pictures.ogg(), "ответ.ogg"))
    carry()
    assert sent(bot, writer) == [("sendVoice", "")]
    with salon.work():
        assert Conversation.objects.get().last_text == "Голосовое"


def test_the_same_wish_is_sent_once(writer: telegram.Writer, salon: Salon, bot: FakeTelegram) -> None:
    files = [hand_in(salon), hand_in(salon)]
    assert say(salon, "Вот", *files).pk == say(salon, "Вот", *files).pk
    carry()
    assert len(bot.sent_to(writer.chat)) == 2


def test_a_file_goes_out_once_and_with_it_all_or_nothing(writer: telegram.Writer, salon: Salon) -> None:
    first, second = hand_in(salon), hand_in(salon)
    say(salon, "", first)
    with pytest.raises(outbox.CannotWrite):
        say(salon, "Вот", second, first, key="other")
    assert len(messages(salon)) == 1
    with salon.work():
        assert Delivery.objects.count() == 1
        assert MediaFile.objects.get(pk=second.pk).message_id is None


def test_a_lost_answer_is_uncertain_and_send_again_sends_the_file(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    bot.break_off("drop", method="sendPhoto")
    message = say(salon, "Вот", hand_in(salon))
    carry()
    assert messages(salon)[0].state == "in_doubt"
    with salon.work():
        outbox.send_again(Message.objects.get(pk=message.pk), now=salon.now())
    carry()
    assert messages(salon)[0].state == "sent"
    assert [one["content"] for one in bot.sent_to(writer.chat)] == [PICTURE, PICTURE]


def test_a_file_that_is_not_in_the_storage_any_more_is_not_sent(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram
) -> None:
    file = hand_in(salon)
    say(salon, "Вот", file)
    storage.delete(file.key)
    carry()
    assert messages(salon)[0].state == "failed"
    assert messages(salon)[0].error
    assert bot.sent_to(writer.chat) == []


def test_a_storage_that_is_away_puts_the_message_off(
    writer: telegram.Writer, salon: Salon, bot: FakeTelegram, settings: Any
) -> None:
    with FakeS3() as store:
        settings.S3 = {
            "endpoint": store.url, "bucket": store.bucket, "key": "fake-key", "secret": "fake-secret",
            "region": "eu-north-1",
        }  # fmt: skip
        say(salon, "Вот", hand_in(salon))
        assert list(store.files.values()) == [PICTURE]
        down = store.when("GET", fault="refuse")
        carry()
        assert messages(salon)[0].state == "pending"
        store.rules.remove(down)
        with salon.work():
            Delivery.objects.update(due_at=salon.now())
        carry()
    assert messages(salon)[0].state == "sent"


# What may go where ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "media", "kind"),
    [
        (pictures.png(), TELEGRAM, "image"),
        (pictures.png(), {"document"}, "document"),
        (pictures.ogg(), TELEGRAM, "voice"),
        (pictures.ogg(), {"audio", "document"}, "audio"),
        (pictures.wav(), TELEGRAM, "audio"),
        (b"II*\0", TELEGRAM, "document"),
        (b"\0\0\0\x20ftypisom", {"image", "document"}, "document"),
        (b"%PDF-", TELEGRAM, "document"),
        (b"<svg/>", TELEGRAM, "document"),
    ],
)
def test_a_file_goes_as_what_the_channel_takes(head: bytes, media: set[str], kind: str) -> None:
    capabilities = Capabilities(media=frozenset(media))
    assert uploads.kind_for(filetypes.look(head), size=10, capabilities=capabilities) == kind


@pytest.mark.parametrize(
    ("capabilities", "size", "words"),
    [
        (Capabilities(), 10, "ссылк|link"),
        (Capabilities(media=frozenset({"image"})), 10, "ссылк|link"),
        (Capabilities(media=TELEGRAM), 20_000_001, "20"),
        (Capabilities(media=TELEGRAM, max_media=5_000_000), 5_000_001, "5"),
        (Capabilities(media=TELEGRAM), 0, "."),
    ],
)
def test_what_does_not_go_is_refused_with_what_to_do_instead(
    capabilities: Capabilities, size: int, words: str
) -> None:
    with pytest.raises(uploads.CannotAttach, match=words):
        uploads.kind_for(filetypes.look(b"%PDF-"), size=size, capabilities=capabilities)


def test_somebody_elses_file_is_not_there(writer: telegram.Writer, salon: Salon, other_salon: Salon) -> None:
    file = hand_in(salon, owner="user:1")
    with salon.work():
        assert uploads.handed_in([file.token], owner="user:1") == [file]
        for owner in ("user:2", "user:", f"chat:{file.pk}"):
            with pytest.raises(uploads.Gone):
                uploads.handed_in([file.token], owner=owner)
        with pytest.raises(uploads.Gone):
            uploads.handed_in([file.token, "x" * 43], owner="user:1")
    with other_salon.work(), pytest.raises(uploads.Gone):
        uploads.handed_in([file.token], owner="user:1")


def test_what_cannot_be_stored_leaves_no_row(
    writer: telegram.Writer, salon: Salon, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "no-folder").write_text("a file stands where the folder should")
    settings.MEDIA_ROOT = tmp_path / "no-folder"
    with pytest.raises(uploads.CannotAttach):
        hand_in(salon)
    with salon.work():
        assert not MediaFile.objects.exists()


# The API -------------------------------------------------------------------------------------------------------------


def post(api: Api, told: dict[str, Any], **headers: str) -> Any:
    """A form with files, as scripts send it."""
    sent = {"Authorization": f"Bearer {api.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return api._client.post("/api/v1/messages/", told, headers=sent)


def paper(content: bytes = b"%PDF-1.7 prices") -> SimpleUploadedFile:
    return SimpleUploadedFile("Прайс.pdf", content)


@pytest.fixture
def conversation(writer: telegram.Writer, salon: Salon) -> int:
    with salon.work():
        return int(Conversation.objects.get().pk)


def test_a_script_sends_a_file_and_reads_it_back(
    conversation: int, api: Api, boris_api: Api, bot: FakeTelegram, writer: telegram.Writer
) -> None:
    answer = post(api, {"conversation": conversation, "text": "Цены", "file": paper()})
    assert answer.status_code == 201, answer.content
    (file,) = answer.json()["files"]
    assert (file["kind"], file["name"], file["state"]) == ("document", "Прайс.pdf", "done")
    carry()
    assert sent(bot, writer) == [("sendDocument", "Цены")]
    assert b"".join(api.get(file["url"]).streaming_content) == b"%PDF-1.7 prices"
    part = api.get(file["url"], Range="bytes=0-3")
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"%PDF")
    assert boris_api.get(file["url"]).status_code == 404
    listed = api.get(f"messages/?conversation={conversation}").json()["results"]
    assert [len(message["files"]) for message in listed] == [1, 0]


def test_a_form_repeated_with_its_key_is_one_message(conversation: int, api: Api, salon: Salon) -> None:
    told = {"conversation": conversation, "text": "Цены"}
    first = post(api, {**told, "file": paper()}, Idempotency_Key="a")
    again = post(api, {**told, "file": paper()}, Idempotency_Key="a")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    other = post(api, {**told, "file": paper(b"%PDF other")}, Idempotency_Key="a")
    assert other.status_code == 422
    assert len(messages(salon)) == 1


def test_json_still_needs_words(conversation: int, api: Api) -> None:
    for told in ({}, {"text": " "}, {"text": None}):
        answer = api.post("messages/", {"conversation": conversation, **told})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["text"])
    assert api.post("messages/", {"conversation": conversation, "text": "Да"}).json()["files"] == []
    refused = post(api, {"conversation": conversation, "file": paper(b"")})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["file"])


def test_a_channel_without_files_says_what_to_do(salon: Salon, api: Api) -> None:
    from connections import accounts
    from tests.inbox import stage

    with salon.work():
        form = accounts.create("form", settings={})
    thread = stage.write(salon, bot=form)
    answer = post(api, {"conversation": thread.pk, "file": paper()})
    assert answer.status_code == 400
    assert answer.json()["fields"]["file"]
    with salon.work():
        assert Connection.objects.count() == 1
        assert not MediaFile.objects.exists()
