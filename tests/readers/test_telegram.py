"""What we send to Telegram, and what our fake of it sends to us, read by aiogram."""

import pytest

from fakes.telegram import UPLOADS, FakeTelegram
from integrations import registry
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
from integrations.telegram.group import GROUP
from kit import http
from tests.readers import reading

TELEGRAM = registry.channel("telegram")
TOKEN = "700000001:AAtest"
SETTINGS = {"bot_token": TOKEN, "secret_token": "s3cret_s3cret"}
HOOK = "https://marzha.example/hooks/telegram/token/"
ANNA, SHIFT = "900100", "-1001234567890"
ROWS = (
    (Button("Да", "t:1"), Button("Нет", "t:2")),
    (Button("Сайт", "https://salon.example", "url"),),
)
ASK = ((Button("Отправить телефон", kind="contact"),), (Button("Не сейчас", "t:2"),))
PICTURE = b"\xff\xd8\xff picture"


def file(kind: str) -> OutgoingMedia:
    return OutgoingMedia(kind=kind, name=f"{kind}.bin", mime="image/jpeg", content=PICTURE)


def say(**more):
    return TELEGRAM.send(SETTINGS, Outgoing(**{"chat": ANNA, "text": "Здравствуйте", **more}))


def post(**more):
    return GROUP.post(SETTINGS, Posting(**{"chat": SHIFT, "text": "Анна: можно завтра?", **more}))


def pressed(fact, chat: str):
    return fact(external_id="77", chat=chat, person=Person(external_id="5"), value="x", acknowledge="77")


def make_every_call() -> None:
    """Every call of the Bot API that the product makes."""
    http.run(say())
    http.run(say(buttons=ROWS, reply_to=f"{ANNA}:10"))
    http.run(say(buttons=ASK))
    http.run(say(chat=f"bc_1:{ANNA}", reply_to=f"bc_1:{ANNA}:10"))
    for kind in sorted(TELEGRAM.capabilities.media):
        http.run(say(media=file(kind), buttons=ROWS, reply_to=f"{ANNA}:10"))
    http.run(say(text="", media=file("image")))
    http.run(TELEGRAM.react(SETTINGS, pressed(ButtonPressed, ANNA)))
    http.run(TELEGRAM.connect(SETTINGS, HOOK))
    http.run(TELEGRAM.health(SETTINGS, HOOK))
    http.run(TELEGRAM.disconnect(SETTINGS, HOOK))
    http.run(TELEGRAM.locate(SETTINGS, Media(kind="image", ref="AgAC1")))
    http.run(GROUP.look(SETTINGS, SHIFT))
    topic = http.run(GROUP.open_topic(SETTINGS, SHIFT, "Анна"))
    http.run(GROUP.rename_topic(SETTINGS, SHIFT, topic, "Анна К."))
    http.run(GROUP.close_topic(SETTINGS, SHIFT, topic, closed=True))
    http.run(GROUP.close_topic(SETTINGS, SHIFT, topic, closed=False))
    posted = http.run(post(topic=topic, buttons=ROWS, pin=True))
    http.run(post(topic=topic, media=file("voice"), reply_to=f"{SHIFT}:3"))
    http.run(GROUP.edit(SETTINGS, SHIFT, posted.external_id, "Анна: в 16", ROWS))
    http.run(GROUP.acknowledge(SETTINGS, pressed(StaffPressed, SHIFT), "Взято"))


def sent(telegram: FakeTelegram) -> dict[str, dict]:
    telegram.files["AgAC1"] = b"1"
    telegram.group(int(SHIFT), token=TOKEN)
    make_every_call()
    found = {}
    for number, seen in enumerate(telegram.calls()):
        form = "multipart" in seen.headers.get("content-type", "")
        files = {field: upload[0] for field, upload in seen.uploads().items()} if form else None
        params = {key: value for key, value in seen.params().items() if key not in (files or {})}
        found[f"{number} {seen.name}"] = {"method": seen.name, "params": params, "files": files}
    return found


def told(telegram: FakeTelegram) -> dict[str, dict]:
    """Updates by people of the fake."""
    with reading.hook() as hook:
        anna = telegram.person(int(ANNA), hook=hook.url)
        anna.start("vk_autumn")
        anna.say("Можно завтра?")
        anna.share_contact("+79131234567")
        anna.share_contact("+79137654321", own=False)
        anna.press(telegram.sent_to(ANNA)[0], "t:1")
        anna.edit(1, "Нет, в 16")
        anna.send_photo("Вот", group="7")
        for field, facts in {
            "voice": {"duration": 3},
            "video": {"duration": 3, "width": 16, "height": 9},
            "video_note": {"duration": 3, "length": 9},
            "audio": {"duration": 3, "title": "Song"},
            "document": {"file_name": "scan.pdf", "mime_type": "application/pdf"},
        }.items():
            anna.send_file(field, b"1", **facts)
        anna.send_place(54.98, 73.36)
        anna.block()
        anna.unblock()
        group = telegram.groups[SHIFT]
        group.hook = hook.url
        lena = group.person(300100, "Lena")
        lena.say("/connect AbC-12_x")
        lena.within("2").say("Сейчас отвечу")
        lena.press_value(group.shown()[0] if group.shown() else {"message_id": 1}, "take:3")
        group.put_out(lena)
        group.bring_in(lena)
        updates = [reading.body(seen) for seen in hook.ledger]
    named = [(next(key for key in update if key != "update_id"), update) for update in updates]
    return {
        f"{number} {event}": {"update": update, "event": event}
        for number, (event, update) in enumerate(named)
    }


def wrong(ours: dict[str, dict], told: dict[str, dict]) -> dict[str, tuple[str, dict]]:
    def call(name, change):
        return reading.spoilt(next(case for case in ours.values() if case["method"] == name), change)

    def button(change):
        case = next(case for case in ours.values() if "reply_markup" in case["params"])
        return reading.spoilt(case, lambda it: change(it["params"]["reply_markup"]["inline_keyboard"][0][0]))

    message = next(case for case in told.values() if case["event"] == "message")
    return {
        "a button without a label": ("inline_keyboard", button(lambda it: it.pop("text"))),
        "a button whose data is a number": ("inline_keyboard", button(lambda it: it.update(callback_data=5))),
        "a button with a misspelt field": (
            "calback_data: unknown",
            button(lambda it: it.update(calback_data="a")),
        ),
        "a text that is called body": (
            "text: Field required",
            call("sendMessage", lambda it: it["params"].update(body=it["params"].pop("text"))),
        ),
        "a topic that is a word": (
            "message_thread_id: ",
            call("closeForumTopic", lambda it: it["params"].update(message_thread_id="first")),
        ),
        "a photo without a file": (
            "photo: Field required",
            call("sendPhoto", lambda it: it.update(files={})),
        ),
        "a message without a chat": (
            "message.chat: Field required",
            reading.spoilt(message, lambda it: it["update"]["message"].pop("chat")),
        ),
        "a kind of update that there is not": (
            "news: unknown",
            reading.spoilt(message, lambda it: it["update"].update(news={"a": 1})),
        ),
    }


@pytest.fixture(scope="module")
def read():
    with FakeTelegram() as telegram, reading.served(telegram=telegram.url):
        ours, theirs = sent(telegram), told(telegram)
    return reading.Reading.of("telegram", ours, theirs, wrong(ours, theirs))


def test_aiogram_takes_every_call_we_make(read):
    assert read.against_ours() == {}
    assert {case["method"] for case in read.ours.values()} == {
        *UPLOADS,
        *("sendMessage", "answerCallbackQuery", "editMessageText", "pinChatMessage", "getFile"),
        *("getMe", "setWebhook", "getWebhookInfo", "deleteWebhook", "getChat", "getChatMember"),
        *("createForumTopic", "editForumTopic", "closeForumTopic", "reopenForumTopic"),
    }


def test_aiogram_reads_every_update_of_the_fake(read):
    assert read.against_the_fake() == {}
    assert {case["event"] for case in read.told.values()} == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }


def test_aiogram_refuses_what_is_wrong(read):
    assert read.let_pass() == {}
    assert read.idle == []
