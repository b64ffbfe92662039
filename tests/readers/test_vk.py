"""What we send to VK, and what our fake of it sends to us, read by vkbottle-types and vkbottle."""

import datetime as dt
import json

import pytest

from fakes.vk import FakeVk
from integrations import errors, registry
from integrations.protocols.channel import (
    Button,
    ButtonPressed,
    Outgoing,
    OutgoingMedia,
    Person,
    StaffPressed,
)
from integrations.protocols.group import Posting
from integrations.vk.group import GROUP
from kit import http
from tests.integrations.wires.vk import SETTINGS
from tests.readers import reading

VK = registry.channel("vk")
HOOK = "https://marzha.example/hooks/vk/token/"
ANNA, SHIFT = "555001", "2000000066"
ROWS = (
    (Button("Да", "t:1"), Button("Нет", "t:2")),
    (Button("Сайт", "https://salon.example", "url"),),
)


def file(kind: str) -> OutgoingMedia:
    return OutgoingMedia(kind=kind, name=f"{kind}.bin", mime="image/jpeg", content=b"\xff\xd8\xff")


def say(**more):
    return http.run(VK.send(SETTINGS, Outgoing(**{"chat": ANNA, "text": "Здравствуйте", "key": "k", **more})))


def post(**more):
    return http.run(GROUP.post(SETTINGS, Posting(**{"chat": SHIFT, "text": "Анна: можно завтра?", **more})))


def pressed(fact, chat: str):
    return fact(external_id="77", chat=chat, person=Person(external_id="5"), value="x", acknowledge="4a1f0e")


def make_every_call(vk: FakeVk) -> None:
    """Every method that the product calls."""
    first = say()
    say(key="k2", buttons=ROWS, reply_to=first.external_id)
    for kind in sorted(VK.capabilities.media):
        say(key=kind, media=file(kind), buttons=ROWS, reply_to=first.external_id)
    since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    http.run(VK.settle(SETTINGS, Outgoing(chat=ANNA, text="Здравствуйте", key="k"), since))
    http.run(VK.react(SETTINGS, pressed(ButtonPressed, ANNA)))
    http.run(VK.typing(SETTINGS, ANNA))
    http.run(VK.profile(SETTINGS, ANNA, Person(external_id=ANNA)))
    http.run(VK.connect(SETTINGS, HOOK))
    http.run(VK.connect({**SETTINGS, "secret": "another_s3cret"}, HOOK))
    http.run(VK.health(SETTINGS, HOOK))
    http.run(VK.disconnect(SETTINGS, HOOK))
    vk.refuse(15)
    with pytest.raises(errors.Rejected):
        say(key="k3")
    http.run(GROUP.look(SETTINGS, SHIFT))
    posted = post(buttons=ROWS)
    post(media=file("voice"), reply_to=posted.external_id)
    http.run(GROUP.edit(SETTINGS, SHIFT, posted.external_id, "Анна: в 16", ROWS))
    http.run(GROUP.acknowledge(SETTINGS, pressed(StaffPressed, SHIFT), "Взято"))


def sent(vk: FakeVk) -> dict[str, dict]:
    make_every_call(vk)
    calls = [seen for seen in vk.calls() if seen.path.startswith("/method/")]
    return {
        f"{number} {seen.name}": {"method": seen.name, "params": seen.params()}
        for number, seen in enumerate(calls)
    }


def told(vk: FakeVk) -> dict[str, dict]:
    """Callbacks by people of the fake."""
    with reading.hook() as hook:
        anna = vk.person(int(ANNA), hook=hook.url, secret="s3cret_s3cret")
        asked = next(one for one in vk.sent_to(ANNA) if "keyboard" in one)
        anna.start()
        anna.say("Можно завтра?", ref="autumn_sale", ref_source="VK_ads")
        anna.press(asked, "Да")
        anna.send_photo(text="Вот")
        anna.send_voice()
        anna.send_document(b"1")
        anna.edit(41, "Нет, в 16")
        anna.read(asked)
        anna.deny()
        anna.allow("site_main")
        anna.send_form({"first_name": "Anna", "phone_number": "8 913 123-45-67"})
        anna.hear_admin("Ждём")
        anna.hear_us(asked)
        lena = vk.colleague(int(SHIFT), 300100, "Lena")
        lena.hook = hook.url
        card = next(one for one in vk.in_talk(int(SHIFT)) if one.get("keyboard"))
        lena.say("/connect AbC-12_x")
        lena.reply(card, "Сейчас отвечу")
        lena.send_photo_in_talk(card, b"\xff\xd8", "Вот")
        lena.press_in_talk(card, "Да")
        lena.put_out()
        lena.bring_in()
        events = [reading.body(seen) for seen in hook.ledger]
    return {f"{number} {one['type']}": {"event": one} for number, one in enumerate(events)}


def wrong(ours: dict[str, dict], told: dict[str, dict]) -> dict[str, tuple[str, dict]]:
    def message(**changed):
        case = next(case for case in ours.values() if "forward" in case["params"])
        return reading.spoilt(case, lambda it: it["params"].update(changed))

    def keyboard(change):
        case = next(case for case in ours.values() if "keyboard" in case["params"])
        buttons = json.loads(case["params"]["keyboard"])
        change(buttons["buttons"])
        return message(keyboard=json.dumps(buttons))

    def event(kind, change):
        case = next(case for case in told.values() if case["event"]["type"] == kind)
        return reading.spoilt(case, lambda it: change(it["event"]["object"]))

    return {
        "a parameter with a misspelt name": ("messages.send.mesage: unknown", message(mesage="a")),
        "a number that is a word": ("random_id: ", message(random_id="any")),
        "a switch that is a word": ("dont_parse_links: ", message(dont_parse_links="often")),
        "another version of the API": ("version: ", message(v="5.95")),
        "a quotation of a word": (
            "conversation_message_ids.0: ",
            message(forward='{"conversation_message_ids": ["a"]}'),
        ),
        "a quotation with a misspelt field": ("forward.is_answer: ", message(forward='{"is_answer": 1}')),
        "a file without an owner": ("attachment: ", message(attachment="photo9")),
        "a link with a colour": (
            "keyboard.buttons[1][0].color",
            keyboard(lambda rows: rows[1][0].update(color="secondary")),
        ),
        "a colour that there is not": ("pink", keyboard(lambda rows: rows[0][0].update(color="pink"))),
        "a press without a person": (
            "object.user_id: ",
            event("message_event", lambda it: it.pop("user_id")),
        ),
        "a message from a word": (
            "object.message.from_id: ",
            event("message_new", lambda it: it["message"].update(from_id="Anna")),
        ),
    }


@pytest.fixture(scope="module")
def read():
    with FakeVk() as vk, reading.served(vk=vk.url):
        ours, theirs = sent(vk), told(vk)
    return reading.Reading.of("vk", ours, theirs, wrong(ours, theirs))


def test_vkbottle_would_make_the_same_calls(read):
    assert read.against_ours() == {}
    assert {case["method"] for case in read.ours.values()} == {
        *("messages.send", "messages.edit", "messages.sendMessageEventAnswer", "messages.setActivity"),
        *("messages.getHistory", "messages.getConversationsById", "messages.isMessagesFromGroupAllowed"),
        *("photos.getMessagesUploadServer", "photos.saveMessagesPhoto"),
        *("docs.getMessagesUploadServer", "docs.save", "users.get"),
        *("groups.getById", "groups.getTokenPermissions", "groups.getCallbackConfirmationCode"),
        *("groups.setSettings", "groups.setCallbackSettings", "groups.getCallbackServers"),
        *("groups.addCallbackServer", "groups.editCallbackServer", "groups.deleteCallbackServer"),
    }


def test_vkbottle_reads_every_event_of_the_fake(read):
    assert read.against_the_fake() == {}
    assert {case["event"]["type"] for case in read.told.values()} == {
        *("message_new", "message_edit", "message_reply", "message_event", "message_read"),
        *("message_allow", "message_deny", "lead_forms_new"),
    }


def test_vkbottle_refuses_what_is_wrong(read):
    assert read.let_pass() == {}
    assert read.idle == []
