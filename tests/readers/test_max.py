"""What we send to MAX, and what our fake of it sends to us, read by maxapi."""

import datetime as dt

import pytest

from fakes.max import FakeMax
from integrations import registry
from integrations.max.group import GROUP
from integrations.protocols.channel import (
    Button,
    ButtonPressed,
    Media,
    Outgoing,
    OutgoingMedia,
    Person,
    StaffPressed,
)
from integrations.protocols.group import Posting
from kit import http
from tests.integrations.wires.max import SETTINGS
from tests.readers import reading

MAX = registry.channel("max")
HOOK = "https://marzha.example/hooks/max/token/"
ANNA, SHIFT = "54321", "-70801090403050"
ROWS = (
    (Button("Да", "t:1"), Button("Нет", "t:2")),
    (Button("Сайт", "https://salon.example", "url"), Button("Отправить телефон", kind="contact")),
)


def file(kind: str) -> OutgoingMedia:
    return OutgoingMedia(kind=kind, name=f"{kind}.bin", mime="image/jpeg", content=b"\xff\xd8\xff")


def say(**more):
    return http.run(MAX.send(SETTINGS, Outgoing(**{"chat": ANNA, "text": "Здравствуйте", **more})))


def post(**more):
    return http.run(GROUP.post(SETTINGS, Posting(**{"chat": SHIFT, "text": "Анна: можно завтра?", **more})))


def pressed(fact, chat: str):
    return fact(external_id="77", chat=chat, person=Person(external_id="5"), value="x", acknowledge="cb.77")


def make_every_call() -> None:
    """Every call of the Bot API that the product makes."""
    first = say()
    say(buttons=ROWS, reply_to=first.external_id)
    for kind in sorted(MAX.capabilities.media):
        say(media=file(kind), buttons=ROWS, reply_to=first.external_id)
    say(text="", media=file("image"))
    since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    http.run(MAX.settle(SETTINGS, Outgoing(chat=ANNA, text="Здравствуйте"), since))
    http.run(MAX.react(SETTINGS, pressed(ButtonPressed, ANNA)))
    http.run(MAX.typing(SETTINGS, ANNA))
    http.run(MAX.connect(SETTINGS, HOOK))
    http.run(MAX.health(SETTINGS, HOOK))
    http.run(MAX.disconnect(SETTINGS, HOOK))
    http.run(MAX.locate(SETTINGS, Media(kind="video", ref="t_film")))
    http.run(GROUP.look(SETTINGS, SHIFT))
    posted = post(buttons=ROWS)
    post(media=file("voice"), reply_to=posted.external_id)
    http.run(GROUP.edit(SETTINGS, SHIFT, posted.external_id, "Анна: в 16", ROWS))
    http.run(GROUP.acknowledge(SETTINGS, pressed(StaffPressed, SHIFT), "Взято"))


def sent(server: FakeMax) -> dict[str, dict]:
    server.films["t_film"] = {"mp4_720": f"{server.url}/films/1.mp4"}
    make_every_call()
    calls = [seen for seen in server.calls() if not seen.path.startswith(("/upload/", "/films/"))]
    return {
        f"{number} {seen.name}": {
            "method": seen.method,
            "path": seen.path,
            "query": seen.query,
            "body": reading.body(seen) if seen.body else None,
        }
        for number, seen in enumerate(calls)
    }


def told(server: FakeMax) -> dict[str, dict]:
    """Updates by people of the fake."""
    with reading.hook() as hook:
        anna = server.person(int(ANNA), hook=hook.url, secret="s3cret_s3cret")
        anna.start("vk_autumn")
        anna.say("Можно завтра?")
        anna.send_photo(text="Вот")
        anna.send_voice()
        anna.send_film()
        anna.share_contact("+79131234567")
        anna.share_contact("+79137654321", own=False)
        asked = next(one for one in server.sent_to(ANNA) if one["attachments"])
        anna.press(asked, "Да")
        anna.press(asked, "Да", with_chat=True)
        anna.edit("mid.1", "Нет, в 16")
        anna.remove("mid.1")
        anna.stop()
        lena = server.colleague(int(SHIFT), 300100, "Lena")
        lena.hook = hook.url
        card = next(one for one in server.in_talk(int(SHIFT)) if one["attachments"])
        lena.say("/connect AbC-12_x")
        lena.reply(card, "Сейчас отвечу")
        lena.send_photo_in_talk(card, b"\xff\xd8", "Вот")
        lena.press_in_talk(card, "Да")
        lena.put_out()
        lena.bring_in()
        updates = [reading.body(seen) for seen in hook.ledger]
    return {f"{number} {one['update_type']}": {"update": one} for number, one in enumerate(updates)}


def wrong(ours: dict[str, dict], told: dict[str, dict]) -> dict[str, tuple[str, dict]]:
    def message(change):
        case = next(case for case in ours.values() if case["path"] == "/messages" and case["body"]["link"])
        return reading.spoilt(case, lambda it: change(it["body"]))

    def button(change):
        return message(lambda it: change(it["attachments"][0]["payload"]["buttons"][0][0]))

    subscribing = next(case for case in ours.values() if case["path"] == "/subscriptions" and case["body"])
    started = next(case for case in told.values() if case["update"]["update_type"] == "bot_started")
    return {
        "a button without a label": ("text: Field required", button(lambda it: it.pop("text"))),
        "a button of no kind": ("type", button(lambda it: it.update(type="reply"))),
        "a button with a misspelt field": (".data: ours 'a'", button(lambda it: it.update(data="a"))),
        "a quotation without its message": ("mid: Field required", message(lambda it: it["link"].pop("mid"))),
        "a field that there is not": ("body.silent: ", message(lambda it: it.update(silent=True))),
        "a message that is too long": ("4000", message(lambda it: it.update(text="я" * 4001))),
        "an event that there is not": (
            "message_liked",
            reading.spoilt(subscribing, lambda it: it["body"]["update_types"].append("message_liked")),
        ),
        "an update without a person": (
            "user: Field required",
            reading.spoilt(started, lambda it: it["update"].pop("user")),
        ),
    }


@pytest.fixture(scope="module")
def read():
    with FakeMax() as server, reading.served(max=server.url):
        ours, theirs = sent(server), told(server)
    return reading.Reading.of("max", ours, theirs, wrong(ours, theirs))


def test_maxapi_makes_the_same_calls(read):
    assert read.against_ours() == {}
    assert {(case["method"], case["path"].split("/")[1]) for case in read.ours.values()} == {
        *(("POST", "messages"), ("PUT", "messages"), ("GET", "messages"), ("POST", "answers")),
        *(("GET", "me"), ("POST", "uploads"), ("GET", "videos"), ("GET", "chats"), ("POST", "chats")),
        *(("GET", "subscriptions"), ("POST", "subscriptions"), ("DELETE", "subscriptions")),
    }


def test_maxapi_reads_every_update_of_the_fake(read):
    assert read.against_the_fake() == {}
    assert {case["update"]["update_type"] for case in read.told.values()} == {
        *("message_created", "message_edited", "message_removed", "message_callback"),
        *("bot_started", "bot_stopped", "dialog_removed", "bot_added", "bot_removed"),
    }


def test_maxapi_refuses_what_is_wrong(read):
    assert read.let_pass() == {}
    assert read.idle == []
