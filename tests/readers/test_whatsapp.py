"""What we send to WhatsApp, said by pywa too; what our fake of it sends to us, read by both."""

import dataclasses
from typing import Any

import pytest
from django.utils.translation import gettext

from fakes.meta import FakeMeta
from fakes.meta_state import BUSINESS
from fakes.server import Seen
from integrations import registry
from integrations.protocols.channel import (
    Button,
    HookRequest,
    Media,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Outgoing,
    OutgoingMedia,
    Person,
    Receipt,
    Template,
)
from kit import http
from tests.integrations.wires.whatsapp import WIRE
from tests.readers import reading

WHATSAPP = registry.channel("whatsapp")
SETTINGS = {**WIRE.settings, "business_account_id": BUSINESS}
HOOK = "https://marzha.example/hooks/whatsapp/token/"
ANNA, BSUID = "79161234567", "RU.13491208655302741918"
YES_NO = ((Button("Да", "t:1"),), (Button("Нет", "t:2"),))
MASTERS = tuple((Button(f"Мастер {number}", f"m:{number}"),) for number in range(10))
SITE = ((Button("Сайт", "https://salon.example", "url"),),)
ASK = ((Button("Отправить телефон", kind="contact"),),)
VISIT = Template(name="visit", values=("Анна", "24.11 15:00"))
TEXT = "Ждём вас, {{1}}, в {{2}} по адресу"
KINDS = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "document": "application/pdf",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "sticker": "image/webp",
}


def file(kind: str) -> OutgoingMedia:
    return OutgoingMedia(kind=kind, name=f"{kind}.bin", mime=KINDS[kind], content=b"\xff\xd8")


def sayings() -> list[Outgoing]:
    """Every shape of a message."""
    plain = Outgoing(chat=ANNA, text="Здравствуйте", key="out:018f3c", reply_to="wamid.IN1")
    say = dataclasses.replace
    return [
        say(plain, key="", reply_to=None),
        plain,
        say(plain, chat=BSUID),
        *(say(plain, buttons=buttons) for buttons in (YES_NO, MASTERS, SITE, ASK)),
        say(plain, text="а" * 1025, buttons=YES_NO),
        *(say(plain, media=file(kind)) for kind in ("image", "video", "document")),
        *(say(plain, text="", media=file(kind)) for kind in KINDS),
        *(say(plain, media=file(kind), buttons=YES_NO) for kind in ("image", "video", "document")),
        say(plain, media=file("image"), buttons=SITE),
        say(plain, text="", template=VISIT),
        say(plain, text="", template=VISIT, buttons=YES_NO),
        say(plain, text="", template=Template(name="hello")),
    ]


def recorded(seen: Seen) -> dict:
    form = "multipart" in seen.headers.get("content-type", "")
    return {
        "method": seen.method,
        "path": seen.path.removeprefix("/v25.0/"),
        "body": reading.body(seen) if seen.body and not form else None,
        "form": sorted([*seen.params().keys() - {"appsecret_proof"}]) if form else None,
    }


def meant(outgoing: Outgoing, seen: Seen) -> dict:
    """What was to be said, without looking at how we said it; only the file's id must come from there."""
    told = dataclasses.asdict(dataclasses.replace(outgoing, media=None))
    if outgoing.media is not None:
        message = reading.body(seen)
        part = message[message["type"]]
        part = part["header"][part["header"]["type"]] if "header" in part else part
        told["media"] = {"kind": outgoing.media.kind, "name": outgoing.media.name, "id": part["id"]}
    long = len(outgoing.buttons) > 3 or len(outgoing.text) > 1024
    return {"what": "message", **told, "list": gettext("Choose") if long else ""}


def sent(meta: FakeMeta) -> dict[str, dict]:
    found: dict[str, dict] = {}

    def made(what: str, call: http.Call, number: int = -1, **more) -> None:
        http.run(call)
        found[f"{len(found)} {what}"] = {
            "meant": {"what": what, **more},
            "sent": recorded(meta.calls()[number]),
        }

    for name, text, examples in (("visit", TEXT, ("Анна", "15:00")), ("hello", "Здравствуйте", ())):
        told: dict[str, Any] = {"name": name, "text": text, "examples": examples}
        told |= {"language": "ru", "category": "UTILITY", "replies": ("Да", "Нет")}
        made("template", WHATSAPP.create_template(SETTINGS, **told), **told)
        meta.templates[-1]["status"] = "APPROVED"
    for outgoing in sayings():
        http.run(WHATSAPP.send(SETTINGS, outgoing))
        seen = meta.calls()[-1]
        found[f"{len(found)} message"] = {"meant": meant(outgoing, seen), "sent": recorded(seen)}
    made("upload", WHATSAPP.send(SETTINGS, Outgoing(chat=ANNA, text="", media=file("image"))), number=-2)
    said = MessageReceived(external_id="wamid.IN1", chat=ANNA, person=Person(external_id=ANNA))
    made("seen", WHATSAPP.react(SETTINGS, said), id="wamid.IN1")
    ident = meta.store(b"1", "image/jpeg")
    made("file", WHATSAPP.locate(SETTINGS, Media(kind="image", ref=ident)), id=ident)
    made("hook", WHATSAPP.connect(SETTINGS, HOOK), url=HOOK, token=SETTINGS["verify_token"])
    made("no hook", WHATSAPP.disconnect(SETTINGS, HOOK))
    return found


def told(meta: FakeMeta) -> dict[str, dict]:
    """Events by people of the fake, and what of each the product has read."""
    with reading.hook() as hook:
        anna = meta.whatsapp_person(ANNA, hook=hook.url)
        hidden = meta.whatsapp_person("79160000001", hook=hook.url, bsuid=BSUID, hides_phone=True)
        ours = meta.sent_to(ANNA)
        offered, listed, template = (
            next(
                one
                for one in ours
                if (one.get("interactive") or {}).get("type") == kind or one["type"] == kind
            )
            for kind in ("button", "list", "template")
        )
        anna.say("Можно завтра?")
        hidden.say("Можно завтра?")
        anna.press(offered, "t:1")
        anna.press(listed, "m:1")
        anna.press_template(template, "t:1")
        anna.send_file(b"1", "image/jpeg", caption="Вот")
        anna.send_file(b"1", "audio/ogg", "audio", voice=True)
        anna.send_file(b"1", "application/pdf", "document", filename="scan.pdf")
        anna.come_from_ad("Здравствуйте", headline="Стрижка")
        anna.edit("wamid.IN1", "Нет, в 16")
        anna.take_back("wamid.IN1")
        anna.share_phone()
        anna.stop_marketing()
        anna.hear_from_owner("Ждём вас")
        for status in ("sent", "delivered", "read"):
            meta.report(offered, status, hook=hook.url)
        error = {"code": 131026, "title": "Message undeliverable", "message": "Message undeliverable"}
        meta.report(offered, "failed", hook=hook.url, errors=[error])
        events = list(hook.ledger)
    found = {}
    for number, seen in enumerate(events):
        facts = WHATSAPP.parse(SETTINGS, HookRequest(headers=seen.headers, body=seen.body))
        found[f"{number} {type(facts[0]).__name__}"] = {
            "event": seen.body.decode(),
            "signature": seen.headers["x-hub-signature-256"],
            "read": {"fact": type(facts[0]).__name__, **read_by_us(facts[0])},
        }
    return found


def read_by_us(fact) -> dict:
    """A fact in words that pywa has, too."""
    match fact:
        case MessageReceived():
            told: dict[str, Any] = {"id": fact.external_id, "who": fact.chat}
            told |= {"text": fact.text} if fact.kind == "text" and not fact.button else {}
            told |= {"file": fact.media[0].ref} if fact.media else {}
            told |= {"value": fact.button, "reply_to": fact.reply_to} if fact.button else {}
            told |= {"ad": fact.touch.ad.external_id} if fact.touch and fact.touch.ad else {}
            return told | ({"phone": fact.contact.phone} if fact.contact else {})
        case MessageEdited():
            return {"original": fact.external_id, "who": fact.chat, "text": fact.text}
        case MessagesDeleted():
            return {"original": fact.external_ids[0], "who": fact.chat}
        case OperatorEcho():
            return {"id": fact.external_id, "who": fact.chat, "text": fact.text}
        case Receipt():
            return {"id": fact.external_id, "status": fact.state, "key": fact.key}
    return {"who": fact.chat}


def wrong(ours: dict[str, dict], told: dict[str, dict]) -> dict[str, tuple[str, dict]]:
    def message(change, having="interactive"):
        case = next(case for case in ours.values() if having in (case["sent"]["body"] or {}))
        return reading.spoilt(case, lambda it: change(it["sent"]["body"]))

    def event(change):
        return reading.spoilt(next(iter(told.values())), change)

    return {
        "a text that is called text": (
            "body.text.body: ",
            message(lambda it: it["text"].update(text=it["text"].pop("body")), "text"),
        ),
        "a quotation elsewhere": (
            "body.context: ",
            message(lambda it: it.update(reply_to=it.pop("context")), "context"),
        ),
        "a button without its envelope": (
            "action.buttons[0].reply: ",
            message(lambda it: it["interactive"]["action"]["buttons"][0].pop("reply")),
        ),
        "a template's values in another order": (
            "components[0].parameters[0].text: ",
            message(lambda it: it["template"]["components"][0]["parameters"].reverse(), "template"),
        ),
        "a key with a misspelt name": (
            "body.biz_opaque_data: ",
            message(lambda it: it.update(biz_opaque_data=it.pop("biz_opaque_callback_data"))),
        ),
        "another number": (
            "path: ",
            reading.spoilt(ours["2 message"], lambda it: it["sent"].update(path="1/messages")),
        ),
        "a signature of something else": (
            "signature: ",
            event(lambda it: it.update(event=it["event"] + " ")),
        ),
        "a message read as another": ("id: ", event(lambda it: it["read"].update(id="wamid.IN0"))),
        "a message of somebody else": ("who: ", event(lambda it: it["read"].update(who="79160000009"))),
    }


@pytest.fixture(scope="module")
def read():
    with FakeMeta() as meta, reading.served(meta=meta.url):
        ours, theirs = sent(meta), told(meta)
    return reading.Reading.of("whatsapp", ours, theirs, wrong(ours, theirs))


def test_pywa_says_every_message_as_we_do(read):
    assert read.against_ours() == {}
    said = [case["sent"]["body"] for case in read.ours.values() if case["meant"]["what"] == "message"]
    assert {body["type"] for body in said} == {
        *("text", "interactive", "template"),
        *("image", "video", "document", "audio", "sticker"),
    }
    assert {body["interactive"]["type"] for body in said if "interactive" in body} == {
        *("button", "list", "cta_url", "request_contact_info"),
    }


def test_pywa_reads_every_event_as_we_do(read):
    assert read.against_the_fake() == {}
    assert {name.partition(" ")[2] for name in read.told} >= {
        *("MessageReceived", "MessageEdited", "MessagesDeleted", "OperatorEcho", "Receipt"),
    }


def test_pywa_refuses_what_is_wrong(read):
    assert read.let_pass() == {}
    assert read.idle == []
