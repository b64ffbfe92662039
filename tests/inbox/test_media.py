"""Files in the inbox: shown to whom they belong, in place only where nothing can run, and said when missing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from connections import accounts
from conversations import receive
from conversations.models import Contact, Conversation, MediaFile, Message
from integrations.protocols import channel
from kit import storage
from tests.conftest import Person, Salon
from tests.conversations import pictures
from tests.inbox import stage
from work.rows import State

HTMX = {"HX-Request": "true"}
PHOTO = pictures.png(40, 30)


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def came(
    salon: Salon,
    content: bytes | None = PHOTO,
    *,
    kind: str = "image",
    mime: str = "image/png",
    name: str = "",
    group: str | None = None,
    text: str = "",
    chat: str = "900100",
    **facts: Any,
) -> MediaFile:
    """A file that a client sent; None for one that is not fetched yet."""
    import io

    bot = stage.bot_of(salon)
    with salon.work():
        number = Message.objects.count() + 1000
        told = channel.MessageReceived(
            external_id=f"{chat}:{number}",
            chat=chat,
            person=channel.Person(external_id=chat, name="Анна"),
            kind=kind,  # type: ignore[arg-type]
            text=text,
            group_key=group,
            media=(channel.Media(kind=kind, ref="x", name=name, **facts),),
        )
        receive.hear(connection=bot, event=None, fact=told)  # type: ignore[arg-type]
        file = MediaFile.objects.order_by("-id")[0]
        if content is not None:
            key = f"{salon.id}/test/{file.pk}"
            storage.put(key, io.BytesIO(content))
            MediaFile.objects.filter(pk=file.pk).update(
                state=State.DONE, key=key, mime=mime, size=len(content)
            )
        return MediaFile.objects.select_related("message").get(pk=file.pk)


def url(file: MediaFile) -> str:
    return f"/inbox/files/{file.pk}/"


def page_of(person: Person, file: MediaFile) -> str:
    assert file.message is not None
    html: str = person.get(f"/inbox/{file.message.conversation_id}/").content.decode()
    return html


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


# Who sees it ---------------------------------------------------------------------------------------------------------


def test_colleagues_see_it_and_nobody_else(
    salon: Salon, olga: Person, masha: Person, pasha: Person, boris: Person, client: Any
) -> None:
    file = came(salon)
    for person in (olga, masha):
        answer = person.get(url(file))
        assert (answer.status_code, body(answer)) == (200, PHOTO)
    assert pasha.get(url(file)).status_code == 403
    assert boris.get(url(file)).status_code == 404
    assert client.get(url(file)).status_code == 302
    assert boris.post(f"{url(file)}again/").status_code == 404


def test_a_private_chat_is_the_owners_alone(salon: Salon, olga: Person, masha: Person) -> None:
    file = came(salon)
    with salon.work():
        Conversation.objects.update(is_private=True)
    assert olga.get(url(file)).status_code == 200
    assert masha.get(url(file)).status_code == 404
    assert masha.post(f"{url(file)}again/").status_code == 404
    assert file.message is not None
    attach = f"/inbox/{file.message.conversation_id}/files/"
    assert masha.post(attach, {"file": SimpleUploadedFile("a", b"x")}).status_code == 404


def test_what_was_handed_in_and_not_sent_has_no_address(salon: Salon, olga: Person) -> None:
    file = came(salon)
    with salon.work():
        MediaFile.objects.update(message=None)
    assert olga.get(url(file)).status_code == 404


# How it is given -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mime", ["image/png", "audio/ogg", "video/mp4"])
def test_what_cannot_run_is_shown_in_place(salon: Salon, olga: Person, mime: str) -> None:
    answer = olga.get(url(came(salon, mime=mime)))
    assert answer["Content-Type"] == mime
    assert not answer.get("Content-Disposition", "").startswith("attachment")


@pytest.mark.parametrize(
    "mime", ["image/svg+xml", "text/html", "application/xhtml+xml", "application/pdf", "text/xml"]
)
def test_anything_else_is_saved_and_never_shown(salon: Salon, olga: Person, mime: str) -> None:
    file = came(salon, b"<script>alert(1)</script>", mime=mime, name="счёт.html")
    answer = olga.get(url(file))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "filename*=utf-8''%D1%81" in answer["Content-Disposition"]
    assert f'src="{url(file)}"' not in page_of(olga, file)


def test_every_answer_is_kept_apart_from_the_rest_of_the_house(salon: Salon, olga: Person) -> None:
    answer = olga.get(url(came(salon)))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cache-Control"].startswith("private")


def test_saving_is_asked_for(salon: Salon, olga: Person) -> None:
    answer = olga.get(f"{url(came(salon))}?save")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("bytes=0-1", 206, slice(0, 2), "bytes 0-1/{size}"),
        ("bytes=5-", 206, slice(5, None), "bytes 5-{last}/{size}"),
        ("bytes=-4", 206, slice(-4, None), "bytes {tail}-{last}/{size}"),
        ("bytes=0-99999999", 206, slice(0, None), "bytes 0-{last}/{size}"),
        ("bytes=0-0", 206, slice(0, 1), "bytes 0-0/{size}"),
        ("bytes=99999999-", 416, None, "bytes */{size}"),
        ("bytes=-0", 416, None, "bytes */{size}"),
        ("bytes=9-3", 200, slice(0, None), ""),
        ("bytes=0-1,4-5", 200, slice(0, None), ""),
        ("bytes=-", 200, slice(0, None), ""),
        ("lines=0-1", 200, slice(0, None), ""),
        ("bytes=0-" + "9" * 40, 200, slice(0, None), ""),
    ],
)
def test_players_ask_for_parts(
    salon: Salon, olga: Person, asked: str, status: int, part: slice | None, told: str
) -> None:
    answer = olga.get(url(came(salon)), headers={"Range": asked})
    size = len(PHOTO)
    assert answer.status_code == status
    assert answer.get("Content-Range", "") == told.format(size=size, last=size - 1, tail=size - 4)
    if part is not None:
        assert body(answer) == PHOTO[part]
        assert answer["Content-Length"] == str(len(PHOTO[part]))
        assert answer["Accept-Ranges"] == "bytes"


def test_a_part_of_another_version_is_not_mixed_in(salon: Salon, olga: Person) -> None:
    file = came(salon)
    tag = olga.get(url(file))["ETag"]
    assert olga.get(url(file), headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == 206
    assert olga.get(url(file), headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200
    assert olga.get(url(file), headers={"If-None-Match": tag}).status_code == 304


def test_asking_for_the_head_alone(salon: Salon, olga: Person) -> None:
    answer = olga.head(url(came(salon)))
    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, str(len(PHOTO)), b"")


def test_what_is_not_in_the_storage(salon: Salon, olga: Person) -> None:
    file = came(salon)
    storage.delete(file.key)
    assert olga.get(url(file)).status_code == 404
    assert olga.get(url(came(salon, None))).status_code == 404


# What the thread shows -----------------------------------------------------------------------------------------------


def test_each_kind_has_its_look(salon: Salon, olga: Person) -> None:
    photo = came(salon, width=1280, height=853)
    html = page_of(olga, photo)
    assert re.search(rf'<a class="mz-picture" href="{url(photo)}" data-lightbox', html)
    assert 'width="1280" height="853"' in html
    voice = came(salon, pictures.ogg(), kind="voice", mime="audio/ogg", seconds=12)
    html = page_of(olga, voice)
    assert f'<audio src="{url(voice)}"' in html
    assert "0:12" in html
    film = came(salon, b"x", kind="video", mime="video/mp4")
    assert f'src="{url(film)}"' in page_of(olga, film)
    sticker = came(salon, PHOTO, kind="sticker", mime="image/webp")
    assert f'<img class="mz-sticker" src="{url(sticker)}"' in page_of(olga, sticker)
    paper = came(salon, b"%PDF", kind="document", mime="application/pdf", name="Прайс <b>.pdf")
    html = page_of(olga, paper)
    assert f'href="{url(paper)}?save"' in html
    assert "Прайс b .pdf" in html
    heic = came(salon, b"x", mime="image/heic")
    assert f'src="{url(heic)}"' not in page_of(olga, heic)


def test_what_is_on_its_way_and_what_is_lost_say_so(salon: Salon, olga: Person) -> None:
    file = came(salon, None)
    assert "mz-paper--wait" in page_of(olga, file)
    with salon.work():
        MediaFile.objects.update(state=State.DEAD, last_error="Слишком большой")
    html = page_of(olga, file)
    assert "mz-paper--lost" in html
    assert "Слишком большой" in html
    assert olga.post(f"{url(file)}again/", headers=HTMX).status_code == 200
    assert stage.fresh(salon, file).state == "pending"
    assert "mz-paper--wait" in page_of(olga, file)
    assert olga.post(f"{url(file)}again/", headers=HTMX).status_code == 409


def test_an_album_is_one_bubble(salon: Salon, olga: Person) -> None:
    first = came(salon, group="g", text="Вот")
    for _ in range(2):
        last = came(salon, group="g")
    came(salon, group="other")
    html = page_of(olga, first)
    assert html.count("mz-msg__files--album") == 1
    assert len(re.findall(r'id="m-\d+"', html)) == 2
    assert html.count("data-lightbox data-save") == 4
    # What is seen is seen to its last part
    assert last.message is not None
    upto = re.search(r'hx-vals="upto:(\d+)"', html)
    assert upto
    assert int(upto[1]) >= last.message.pk


def test_a_place_and_a_card(salon: Salon, olga: Person) -> None:
    stage.calm_assistant(salon)  # it would take the number for Anna's own
    bot = stage.bot_of(salon)
    with salon.work():
        person = channel.Person(external_id="900100", name="Анна")
        place = channel.Location(latitude=54.98934, longitude=73.36821)
        card = channel.ContactCard(name="Пётр", phone="+79131112233", phone_typed="+79131112233")
        for told in (
            channel.MessageReceived(
                external_id="1", chat="900100", person=person, kind="location", location=place
            ),
            channel.MessageReceived(
                external_id="2", chat="900100", person=person, kind="contact", contact=card
            ),
        ):
            receive.hear(connection=bot, event=None, fact=told)  # type: ignore[arg-type]
        thread = Conversation.objects.get()
        message = Message.objects.get(kind="contact")
    html = olga.get(f"/inbox/{thread.pk}/").content.decode()
    assert "pt=73.36821,54.98934" in html
    assert "54.98934, 73.36821" in html
    assert 'href="tel:+79131112233"' in html
    answer = olga.post(f"/inbox/messages/{message.pk}/contact/", headers=HTMX)
    assert answer.status_code == 200
    with salon.work():
        contact = Contact.objects.get(phone="+79131112233")
    assert contact.name == "Пётр"
    assert f"contact={contact.pk}" in answer["HX-Trigger"]
    olga.post(f"/inbox/messages/{message.pk}/contact/", headers=HTMX)
    with salon.work():
        assert Contact.objects.filter(phone="+79131112233").count() == 1


def test_a_word_is_no_card(anna: Conversation, salon: Salon, olga: Person, boris: Person) -> None:
    with salon.work():
        message = Message.objects.get()
    assert olga.post(f"/inbox/messages/{message.pk}/contact/", headers=HTMX).status_code == 409
    assert boris.post(f"/inbox/messages/{message.pk}/contact/", headers=HTMX).status_code == 404


# Attaching -----------------------------------------------------------------------------------------------------------


def attach(person: Person, thread: Conversation, content: bytes = PHOTO, name: str = "а.png") -> Any:
    return person.post(f"/inbox/{thread.pk}/files/", {"file": SimpleUploadedFile(name, content)})


def reply(person: Person, thread: Conversation, **told: Any) -> Any:
    return person.post(f"/inbox/{thread.pk}/reply/", {"text": "", "client_key": "k", **told}, headers=HTMX)


def outgoing(salon: Salon) -> list[tuple[str, str, int]]:
    with salon.work():
        found = Message.objects.filter(direction="out").order_by("id")
        return [(message.text, message.kind, message.files.count()) for message in found]


def test_files_are_handed_in_and_go_with_the_reply(anna: Conversation, salon: Salon, olga: Person) -> None:
    first, second = attach(olga, anna).json(), attach(olga, anna, b"%PDF-1", "Прайс.pdf").json()
    assert (first["kind"], second["kind"], second["name"]) == ("image", "document", "Прайс.pdf")
    tokens = [first["token"], second["token"]]
    answer = reply(olga, anna, text="Вот", file=tokens)
    assert answer.status_code == 200
    assert "data-lightbox" in answer.content.decode()
    assert outgoing(salon) == [("Вот", "image", 1), ("", "document", 1)]
    assert reply(olga, anna, text="Вот", file=tokens).status_code == 200  # the network ate the first answer
    assert len(outgoing(salon)) == 2
    assert stage.fresh(salon, anna).holder == "person"


def test_nothing_is_not_sent_and_a_foreign_file_is_not_there(
    anna: Conversation, salon: Salon, olga: Person, masha: Person
) -> None:
    assert reply(olga, anna, file=[""]).status_code == 409
    token = attach(masha, anna).json()["token"]
    answer = reply(olga, anna, file=[token])
    assert answer.status_code == 409
    assert outgoing(salon) == []
    assert reply(masha, anna, file=[token]).status_code == 200


def test_a_page_without_scripts_sends_files_at_once(anna: Conversation, salon: Salon, olga: Person) -> None:
    told = {"text": "Вот", "client_key": "x", "attached": [SimpleUploadedFile("a.png", PHOTO)]}
    assert olga.post(f"/inbox/{anna.pk}/reply/", told).status_code == 302
    assert outgoing(salon) == [("Вот", "image", 1)]


def test_a_channel_that_takes_no_files_says_what_to_do(salon: Salon, olga: Person) -> None:
    with salon.work():
        form = accounts.create("form", settings={})
    thread = stage.write(salon, bot=form)
    answer = attach(olga, thread)
    assert answer.status_code == 409
    assert answer.json()["message"]


def test_strangers_masters_and_get(anna: Conversation, boris: Person, pasha: Person, olga: Person) -> None:
    assert attach(boris, anna).status_code == 404
    assert attach(pasha, anna).status_code == 403
    assert olga.get(f"/inbox/{anna.pk}/files/").status_code == 405
    assert olga.post(f"/inbox/{anna.pk}/files/").status_code == 400


def test_the_thread_still_costs_two_statements(salon: Salon, olga: Person) -> None:
    for _ in range(20):
        file = came(salon)
    page_of(olga, file)
    assert file.message is not None
    thread_id = file.message.conversation_id
    assert len(stage.statements(lambda: olga.get(f"/inbox/{thread_id}/"))) == 2


def test_the_list_names_what_came(salon: Salon, olga: Person) -> None:
    came(salon, kind="voice", seconds=12)
    assert "0:12" in olga.get("/inbox/").content.decode()
