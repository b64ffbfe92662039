"""Files in the site chat: a visitor hands them in, and nobody but the visitor sees them again."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from connections.models import Connection
from conversations import uploads, visitors
from conversations.models import Conversation, MediaFile, Message
from tests.conftest import Salon
from tests.conversations import pictures, visitor
from tests.conversations.test_webchat_page import fields
from tests.conversations.visitor import Visitor

PHOTO = pictures.png(40, 30)


@pytest.fixture(autouse=True)
def shelf(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def chat(salon: Salon) -> Connection:
    with salon.work():
        salon.tenant.settings |= {"assistant": {"mode": "off"}}
        salon.tenant.save(update_fields=["settings"])
    return visitor.connect(salon)


@pytest.fixture
def anna(live_db: Any, chat: Connection) -> Visitor:
    anna = Visitor(chat)
    anna.open()
    return anna


def hand_in(who: Visitor, content: bytes = PHOTO, name: str = "стрижка.png", **headers: str) -> Any:
    return who.browser.post(
        f"{who.path}files/",
        {"file": SimpleUploadedFile(name, content)},
        headers={"X-Chat-Session": who.session} | headers,
    )


def send(who: Visitor, *files: dict[str, Any], text: str = "") -> None:
    named = [{"file": file["token"], "kind": file["kind"], "name": file["name"]} for file in files]
    who.say(text, files=named)


def addresses(html: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'src="(/w/[^"]+)"', html)]


def test_a_photo_is_handed_in_and_said(anna: Visitor, salon: Salon) -> None:
    told = hand_in(anna).json()
    assert (told["kind"], told["name"], told["size"]) == ("image", "стрижка.png", len(PHOTO))
    send(anna, told, text="Хочу так же")
    with salon.work():
        message = Message.objects.get()
        file = MediaFile.objects.get()
    assert (message.kind, message.text, file.message_id, file.state) == (
        "image",
        "Хочу так же",
        message.pk,
        "done",
    )
    assert (file.width, file.height) == (40, 30)
    html = anna.read()
    (address,) = addresses(html)
    assert b"".join(anna.browser.get(address).streaming_content) == PHOTO


def test_files_alone_are_a_message(anna: Visitor, salon: Salon) -> None:
    told = [hand_in(anna, name=f"{number}.png").json() for number in range(3)]
    send(anna, *told)
    with salon.work():
        assert [file.position for file in MediaFile.objects.order_by("id")] == [0, 1, 2]
        assert Conversation.objects.get().last_text == "Фото"
    assert len(addresses(anna.read())) == 3


def test_before_it_is_taken_in_it_is_shown_as_on_its_way(anna: Visitor) -> None:
    told = hand_in(anna).json()
    anna.post(files=[{"file": told["token"], "kind": "image", "name": told["name"]}])
    assert "стрижка.png" in anna.read()
    visitor.take_in()
    assert len(addresses(anna.read())) == 1


# Whose file it is ----------------------------------------------------------------------------------------------------


def test_nobody_else_sees_it(anna: Visitor, chat: Connection, other_salon: Salon) -> None:
    send(anna, hand_in(anna).json())
    (address,) = addresses(anna.read())
    assert Client().get(address).status_code == 200  # the address holds the proof: frames keep no cookies
    plain, proof = address.split("?p=")
    stranger = Visitor(chat)
    stranger.open()
    send(stranger, hand_in(stranger).json())
    (their_address,) = addresses(stranger.read())
    their_proof = their_address.split("?p=")[1]
    for wrong in (
        plain,
        f"{plain}?p=",
        f"{plain}?p={their_proof}",
        f"{plain}?p={proof[:-1]}",
        f"{plain}?p=%00я",
    ):
        assert Client().get(wrong).status_code == 404, wrong
    elsewhere = visitor.connect(other_salon)
    moved = address.replace(visitor.token_of(chat), visitor.token_of(elsewhere))
    assert Client().get(moved).status_code == 404


def test_an_address_lasts_until_tomorrow(anna: Visitor, salon: Salon) -> None:
    send(anna, hand_in(anna).json())
    with salon.work():
        token = MediaFile.objects.get().token
    account = visitors.account_of(visitor.token_of(anna.connection))
    assert account is not None
    her = visitors.by_session(account, anna.session)
    assert her is not None
    today = int(time.time() // 86400)
    shown = {
        day: visitors.file_proof(her, token, day=day) for day in (today - 2, today - 1, today, today + 1)
    }
    seen = {day: visitors.may_see_file(account, her.ident, token, proof) for day, proof in shown.items()}
    assert seen == {today - 2: False, today - 1: True, today: True, today + 1: False}


def test_another_visitors_file_is_not_hers_to_send(anna: Visitor, chat: Connection, salon: Salon) -> None:
    boris = Visitor(chat)
    boris.open()
    stolen = hand_in(boris).json()
    send(anna, stolen, text="Моё")
    with salon.work():
        message = Message.objects.get()
        assert message.text == "Моё"
        assert [file.state for file in MediaFile.objects.filter(message=message)] == ["dead"]
        assert MediaFile.objects.get(token=stolen["token"]).message_id is None
    assert addresses(anna.read()) == []
    send(boris, stolen)
    assert len(addresses(boris.read())) == 1


def test_handing_in_wants_a_session(anna: Visitor, chat: Connection) -> None:
    url = f"{anna.path}files/"
    for headers in ({}, {"X-Chat-Session": "forged.forged"}):
        answer = Client().post(url, {"file": SimpleUploadedFile("a", b"x")}, headers=headers)
        assert answer.status_code == 403
    assert anna.browser.get(url).status_code == 405
    assert anna.browser.post(url, headers={"X-Chat-Session": anna.session}).status_code == 400


def test_the_answer_of_the_salon_is_seen(anna: Visitor, salon: Salon) -> None:
    anna.say("Здравствуйте")
    with salon.work():
        thread = Conversation.objects.select_related("connection").get()
        now = salon.now()
    file = uploads.hand_in(
        SimpleUploadedFile("Прайс.pdf", b"%PDF-1.7"),
        tenant_id=salon.id,
        owner="user:1",
        capabilities=uploads.capabilities_of(thread),
        now=now,
    )
    said = visitor.answer(salon, anna, "Вот цены", files=[file], send=False)
    assert "Прайс.pdf" not in anna.read()  # it may still be taken back
    address = f"{anna.path}files/{file.token}/"
    visitor.carry()
    html = anna.read()
    assert "Прайс.pdf" in html
    (saved,) = re.findall(r'href="(/w/[^"]+save)"', html)
    answer = anna.browser.get(saved.replace("&amp;", "&"))
    assert b"".join(answer.streaming_content) == b"%PDF-1.7"
    assert "attachment" in answer["Content-Disposition"]
    with salon.work():
        Message.objects.filter(pk=said.pk).update(deleted_at=now)
    assert anna.browser.get(saved.replace("&amp;", "&")).status_code == 404
    assert anna.browser.get(address).status_code == 404


# Limits --------------------------------------------------------------------------------------------------------------


def test_too_large_is_said_in_words(anna: Visitor, salon: Salon, settings: Any) -> None:
    answer = hand_in(anna, b"x" * 20_000_001)
    assert answer.status_code == 409
    assert "20" in answer.json()["message"]
    with salon.work():
        assert not MediaFile.objects.exists()


def test_a_flood_of_files_is_slowed(anna: Visitor) -> None:
    answers = [hand_in(anna, b"x").status_code for _ in range(20)]
    assert answers == [200] * 20
    # However slow the machine is, it hands in faster than one file in five seconds
    assert any(hand_in(anna, b"x").status_code == 429 for _ in range(60))


@pytest.mark.parametrize(
    "files",
    [
        None,
        "x",
        [None],
        [{}],
        [{"file": 7}],
        [{"file": "../../x"}],
        [{"file": "x" * 300}],
        [["a"]],
        {"file": "x"},
    ],
)
def test_nonsense_for_files_is_no_message(anna: Visitor, files: Any) -> None:
    assert anna.post(files=files).status == 200
    visitor.take_in()
    assert "mz-paper" not in anna.read()


# Without scripts -----------------------------------------------------------------------------------------------------


def test_the_plain_form_takes_files_too(anna: Visitor, salon: Salon) -> None:
    carried = fields(anna.open(), "data-chat-write")
    told = carried | {"text": "Вот", "attached": SimpleUploadedFile("a.png", PHOTO)}
    assert anna.browser.post(anna.path, told).status_code == 303
    visitor.take_in()
    assert len(addresses(anna.open())) == 1
    told = carried | {"attached": SimpleUploadedFile("a.png", b"x" * 20_000_001)}
    answer = anna.browser.post(anna.path, told)
    assert (answer.status_code, "refused" in answer["Location"]) == (303, True)
    assert "20" in anna.open("?refused=1").split('role="alert"')[1][:400]
