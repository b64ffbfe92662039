"""Files that clients send: promised with the message, fetched beside it, and what is said when they cannot be had."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from connections import accounts
from connections.hooks import Door
from connections.models import Connection
from conversations import fetching, media, outbox, receive, signals, uploads
from conversations.models import Author, Conversation, MediaFile, Message
from fakes.server import Answer
from fakes.telegram import FakeTelegram, error
from fakes.telegram_person import PICTURE, Person
from integrations.protocols import channel
from kit import storage
from tests import asgi
from tests.conftest import Salon
from tests.connections import telegram
from tests.conversations import pictures
from tests.integrations.wires import email
from work import sweep
from work.rows import State


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Any) -> Any:
    """Files lie in a folder of this test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def bot(settings: Any) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


class Anna(Person):
    """A client in Telegram whose updates go to our own door and are taken in at once."""

    def __init__(self, fake: FakeTelegram, salon: Salon) -> None:
        super().__init__(fake, 900100, "Анна", hook="-", secret="", token="")
        self.writer = telegram.Writer(Door(), telegram.connect(salon))

    def post(self, update: dict[str, Any], *, update_id: int | None = None) -> int:
        answer = self.writer.post(update)
        while sweep.run(sweep.queue("inbound")):
            pass
        return answer.status


@pytest.fixture
def anna(live_db: Any, salon: Salon, bot: FakeTelegram) -> Anna:
    """The assistant is switched off: nobody answers by machine here."""
    with salon.work():
        salon.tenant.settings |= {"assistant": {"mode": "off"}}
        salon.tenant.save(update_fields=["settings"])
    return Anna(bot, salon)


def fetch_all() -> None:
    """What is due is fetched."""
    queue = sweep.queue(media.QUEUE)
    while sweep.run(queue) or fetching.wait():
        pass


def due_now(salon: Salon) -> None:
    """As if the pause before the next attempt were over."""
    with salon.work():
        MediaFile.objects.filter(state=State.PENDING).update(due_at=salon.now() - dt.timedelta(seconds=1))


def files(salon: Salon) -> list[MediaFile]:
    with salon.work():
        return list(MediaFile.objects.select_related("message").order_by("id"))


def thread(salon: Salon) -> Conversation:
    with salon.work():
        return Conversation.objects.get()


# What comes in -------------------------------------------------------------------------------------------------------


def test_a_photo_is_promised_with_its_message_and_fetched_beside_it(anna: Anna, salon: Salon) -> None:
    anna.send_photo("Хочу так же")
    (file,) = files(salon)
    assert (file.state, file.kind, file.key, file.message.text) == ("pending", "image", "", "Хочу так же")
    assert thread(salon).last_text == "Хочу так же"
    fetch_all()
    (file,) = files(salon)
    assert (file.state, file.mime, file.size) == ("done", "image/png", len(PICTURE))
    assert file.key.startswith(f"{salon.id}/")
    assert storage.read(file.key) == PICTURE
    assert anna.telegram.files
    assert [seen.name for seen in anna.telegram.ledger] == ["getFile", "file"]


def test_the_source_lies_sealed(anna: Anna, salon: Salon) -> None:
    anna.send_photo()
    (file,) = files(salon)
    assert b"AgAC" not in bytes(file.sealed_source)
    with salon.work():
        assert media.source_of(file).ref.startswith("AgAC")
        assert file.message.media == []


@pytest.mark.parametrize(
    ("field", "facts", "words"),
    [
        ("voice", {"duration": 12, "mime_type": "audio/ogg"}, "Голосовое 0:12"),
        ("video", {"duration": 75}, "Видео 1:15"),
        ("document", {"file_name": "план.pdf"}, "Файл: план.pdf"),
        ("sticker", {"width": 512, "height": 512}, "Стикер"),
    ],
)
def test_a_list_says_what_came_when_nothing_was_written(
    anna: Anna, salon: Salon, field: str, facts: dict[str, Any], words: str
) -> None:
    anna.send_file(field, pictures.ogg(), **facts)
    assert thread(salon).last_text.lower() == words.lower()


def test_the_list_speaks_the_salons_language(anna: Anna, salon: Salon) -> None:
    with salon.work():
        salon.tenant.language = "en"
        salon.tenant.save(update_fields=["language"])
    anna.send_photo()
    assert thread(salon).last_text == "Photo"


def test_a_place_and_a_card_are_facts_of_the_message(anna: Anna, salon: Salon) -> None:
    anna.send_place(54.98934, 73.36821)
    anna.share_contact("+79131112233", own=False)
    with salon.work():
        place, card = Message.objects.filter(direction="in").order_by("id")
    assert (place.kind, place.media[0]["latitude"]) == ("location", 54.98934)
    assert (card.kind, card.media[0]["phone"]) == ("contact", "+79131112233")
    assert files(salon) == []


def test_what_a_file_is_shows_in_its_bytes_and_not_in_its_name(anna: Anna, salon: Salon) -> None:
    anna.send_file("document", b"<svg onload='alert(1)'/>", file_name="фото.png", mime_type="image/png")
    fetch_all()
    (file,) = files(salon)
    assert (file.state, file.mime, file.name) == ("done", "application/octet-stream", "фото.png")


def test_a_name_cannot_mislead(anna: Anna, salon: Salon) -> None:
    anna.send_file("document", b"x", file_name="../../etc/счёт\u202efdp.exe\n" + "x" * 210 + ".pdf")
    (file,) = files(salon)
    assert "/" not in file.name
    assert "\u202e" not in file.name
    assert file.name.endswith(".pdf")
    assert len(file.name) <= 200


def test_a_picture_of_unknown_size_gets_its_own(anna: Anna, salon: Salon) -> None:
    anna.send_photo(content=pictures.png(40, 30))
    fetch_all()
    assert [(file.width, file.height) for file in files(salon)] == [(40, 30)]


def test_what_the_owner_sends_from_their_phone_is_fetched_too(
    live_db: Any, salon: Salon, bot: FakeTelegram
) -> None:
    with salon.work():
        account = accounts.create("telegram", settings=telegram.BOT)
        bot.files["AgACmine"] = PICTURE
        picture = channel.Media(kind="image", ref="AgACmine")
        told = channel.OperatorEcho(external_id="5:1", chat="5", kind="image", media=(picture,))
        receive.hear(connection=account, event=None, fact=told)  # type: ignore[arg-type]
    fetch_all()
    (file,) = files(salon)
    assert (file.state, file.message.direction) == ("done", "out")


# Albums --------------------------------------------------------------------------------------------------------------


def test_an_album_is_one_word(anna: Anna, salon: Salon) -> None:
    anna.send_photo("Вот", group="g1")
    before = thread(salon).generation
    for _ in range(3):
        anna.send_photo(group="g1")
    now = thread(salon)
    assert (now.generation, now.unread, now.last_text) == (before, 4, "Вот")
    anna.send_photo(group="g2")
    assert thread(salon).generation == before + 1
    with salon.work():
        keys = Message.objects.filter(direction="in").order_by("id").values_list("group_key", flat=True)
        assert list(keys) == ["g1"] * 4 + ["g2"]


# What cannot be had --------------------------------------------------------------------------------------------------


def test_an_address_that_died_is_asked_for_anew(anna: Anna, salon: Salon, bot: FakeTelegram) -> None:
    bot.when("file", Answer(404, b"gone"), times=1)
    anna.send_photo()
    fetch_all()
    assert files(salon)[0].state == "pending"
    due_now(salon)
    fetch_all()
    assert files(salon)[0].state == "done"
    assert [seen.name for seen in bot.ledger] == ["getFile", "file", "getFile", "file"]


def test_a_file_that_is_gone_says_so_and_can_be_tried_again(
    anna: Anna, salon: Salon, bot: FakeTelegram
) -> None:
    bot.when("file", Answer(404, b"gone"))
    anna.send_photo()
    for _ in range(fetching.DEAD_ADDRESSES):
        due_now(salon)
        fetch_all()
    (file,) = files(salon)
    assert file.state == "dead"
    assert file.last_error
    bot.calm()
    with salon.work():
        assert media.again(file, now=salon.now())
        assert not media.again(file, now=salon.now())
    fetch_all()
    assert files(salon)[0].state == "done"


def test_trouble_on_the_way_passes(anna: Anna, salon: Salon, bot: FakeTelegram) -> None:
    bot.when("file", fault="reset", times=1)
    bot.when("getFile", error(429, "Too Many Requests: retry after 1", retry_after=1), times=1)
    anna.send_photo()
    for _ in range(3):
        due_now(salon)
        fetch_all()
    assert files(salon)[0].state == "done"


def test_a_refusal_is_the_end_in_the_providers_words(anna: Anna, salon: Salon, bot: FakeTelegram) -> None:
    bot.when("getFile", error(400, "Bad Request: wrong file_id or the file is temporarily unavailable"))
    anna.send_photo()
    fetch_all()
    (file,) = files(salon)
    assert (file.state, file.last_error) == (
        "dead",
        "Bad Request: wrong file_id or the file is temporarily unavailable",
    )


def test_a_dead_token_breaks_the_channel_and_keeps_the_promise(
    anna: Anna, salon: Salon, bot: FakeTelegram
) -> None:
    anna.send_photo()
    bot.revoked.add(telegram.BOT["bot_token"])
    fetch_all()
    assert files(salon)[0].state == "pending"
    with salon.work():
        assert Connection.objects.get().state == "broken"


def test_too_large_is_not_even_begun(anna: Anna, salon: Salon, bot: FakeTelegram) -> None:
    anna.post(
        {"message": anna.message(document={"file_id": "x", "file_unique_id": "u", "file_size": 60_000_000})}
    )
    fetch_all()
    (file,) = files(salon)
    assert file.state == "dead"
    assert "50" in file.last_error
    assert bot.ledger == []


def test_an_empty_file_is_none(anna: Anna, salon: Salon) -> None:
    anna.send_file("document", b"")
    fetch_all()
    assert files(salon)[0].state == "dead"


def test_a_full_disk_is_no_end(anna: Anna, salon: Salon, settings: Any, tmp_path: Any) -> None:
    (tmp_path / "no-folder").write_text("a file stands where the folder should")
    settings.MEDIA_ROOT = tmp_path / "no-folder"
    anna.send_photo()
    fetch_all()
    assert files(salon)[0].state == "pending"
    settings.MEDIA_ROOT = tmp_path / "media"
    due_now(salon)
    fetch_all()
    assert files(salon)[0].state == "done"


def test_one_slow_file_holds_up_no_other(anna: Anna, salon: Salon, bot: FakeTelegram) -> None:
    anna.send_photo()
    slow = files(salon)[0]
    with salon.work():
        ref = media.source_of(slow).ref
    bot.when(lambda seen: seen.path.endswith(ref), Answer(200, PICTURE, delay=2))
    for _ in range(3):
        anna.send_photo()
    sweep.run(sweep.queue(media.QUEUE))
    assert [file.state for file in files(salon)] == ["claimed", "done", "done", "done"]
    fetching.wait()
    assert files(salon)[0].state == "done"


def test_a_worker_that_died_leaves_nothing_undone(anna: Anna, salon: Salon) -> None:
    anna.send_photo()
    with salon.work():
        MediaFile.objects.update(
            state=State.CLAIMED, lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), lease_token=None
        )
    fetch_all()
    assert files(salon)[0].state == "done"


def test_pages_hear_when_it_is_there(anna: Anna, salon: Salon) -> None:
    told: list[tuple[int, str]] = []

    def hear(sender: Any, file: MediaFile, message: Message, **_: Any) -> None:
        told.append((message.conversation_id, file.state))

    signals.file_settled.connect(hear)
    try:
        anna.send_photo()
        fetch_all()
    finally:
        signals.file_settled.disconnect(hear)
    assert told == [(thread(salon).pk, "done")]


# Edits ---------------------------------------------------------------------------------------------------------------


def test_a_changed_caption_fetches_nothing_anew(anna: Anna, salon: Salon, bot: FakeTelegram) -> None:
    anna.send_photo("Вот")
    fetch_all()
    with salon.work():
        ref = media.source_of(MediaFile.objects.get()).ref
    sizes = [{"file_id": ref, "file_unique_id": "l", "width": 1280, "height": 853}]
    message = {**anna.message(photo=sizes, caption="Вот так"), "edit_date": 1795400050}
    anna.post({"edited_message": message | {"message_id": _number(salon)}})
    fetch_all()
    assert len(files(salon)) == 1
    assert len(bot.ledger) == 2
    with salon.work():
        assert Message.objects.get(direction="in").text == "Вот так"


def test_another_photo_in_its_place_is_fetched_and_the_first_one_goes(
    anna: Anna, salon: Salon, bot: FakeTelegram
) -> None:
    anna.send_photo("Вот")
    fetch_all()
    key = files(salon)[0].key
    bot.files["other"] = pictures.png(9, 9)
    sizes = [{"file_id": "other", "file_unique_id": "l", "width": 9, "height": 9}]
    message = {**anna.message(photo=sizes, caption="Вот"), "edit_date": 1795400050}
    anna.post({"edited_message": message | {"message_id": _number(salon)}})
    fetch_all()
    (file,) = files(salon)
    assert (file.state, storage.read(file.key)) == ("done", pictures.png(9, 9))
    with pytest.raises(storage.Missing):
        storage.open(key)


def _number(salon: Salon) -> int:
    with salon.work():
        return int(Message.objects.get(direction="in").external_id.rpartition(":")[2])


# Files inside the stored event ---------------------------------------------------------------------------------------


def test_the_file_of_a_letter_is_taken_out_of_the_letter(live_db: Any, salon: Salon) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = (
        "anna@example.ru",
        "salon@salon.example",
        "<1@example.ru>",
    )
    letter.set_content("Вот план")
    letter.add_attachment(b"%PDF-1.7 plan", maintype="application", subtype="pdf", filename="план.pdf")
    with salon.work():
        settings = {k: v for k, v in email.WIRE.settings.items() if not k.endswith("_previous")}
        account = accounts.create("email", settings=settings, name="Почта")
        path = accounts.hook_path(account)
    headers = {"Content-Type": "message/rfc822", "Authorization": email.BASIC["authorization"]}
    assert asgi.call(Door(), "POST", path, letter.as_bytes(), headers).status == 200
    while sweep.run(sweep.queue("inbound")):
        pass
    fetch_all()
    (file,) = files(salon)
    assert (file.state, file.name, file.mime) == ("done", "план.pdf", "application/pdf")
    assert storage.read(file.key) == b"%PDF-1.7 plan"


# Files that were handed in and never sent ----------------------------------------------------------------------------


def hand_in(salon: Salon, content: bytes = PICTURE, *, owner: str = "user:1") -> MediaFile:
    with salon.work():
        now = salon.now()
        made = uploads.reserve(
            io.BytesIO(content),
            owner=owner,
            name="a.png",
            size=len(content),
            capabilities=channel.Capabilities(media=frozenset({"image", "document"})),
            now=now,
        )
    uploads.fill(made, io.BytesIO(content))
    return made


def test_what_nobody_sent_goes_away_after_a_day(live_db: Any, salon: Salon) -> None:
    made = hand_in(salon)
    fetch_all()
    assert storage.read(made.key) == PICTURE
    with salon.work():
        MediaFile.objects.update(due_at=salon.now() - dt.timedelta(seconds=1))
    fetch_all()
    assert files(salon) == []
    with pytest.raises(storage.Missing):
        storage.open(made.key)


def test_what_was_sent_stays(anna: Anna, salon: Salon) -> None:
    anna.say("Здравствуйте")
    made = hand_in(salon)
    with salon.work():
        thread = Conversation.objects.get()
        outbox.say(thread, text="", author=Author.MANAGER, key="k", now=salon.now(), files=[made])
        MediaFile.objects.update(due_at=salon.now() - dt.timedelta(days=2))
    fetch_all()
    assert storage.read(made.key) == PICTURE


def test_a_tenants_files_can_be_taken_away_together(live_db: Any, salon: Salon, other_salon: Salon) -> None:
    mine, theirs = hand_in(salon), hand_in(other_salon)
    assert storage.delete_all(f"{salon.id}/") == 1
    with pytest.raises(storage.Missing):
        storage.open(mine.key)
    assert storage.read(theirs.key) == PICTURE
