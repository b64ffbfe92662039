"""WhatsApp and Instagram behind one Graph API."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import time
from typing import Any

from fakes.meta import FakeMeta
from fakes.meta_answers import error
from fakes.meta_state import ACCOUNT, NUMBER
from fakes.server import Answer
from tests.conformance.kit import Arrived, HttpKind, Letter, Person, fresh_number

WA_SECRET, IG_SECRET = "wa_app_secret", "ig_app_secret"
WA_TOKEN, IG_TOKEN = "EAAconformance0123456789", "IGconformance0123456789"


class _Meta(HttpKind):
    sending = "messages"
    secret = ""
    token = ""

    def start(self) -> dict[str, str]:
        self.server = FakeMeta(app_secret=WA_SECRET, instagram_secret=IG_SECRET).start()
        return {"meta": self.server.url}

    def signed(self, letter: Letter) -> Letter:
        proof = hmac.new(self.secret.encode(), letter.body, hashlib.sha256).hexdigest()
        return dataclasses.replace(
            letter, headers={**letter.headers, "x-hub-signature-256": f"sha256={proof}"}
        )

    def revoke(self) -> None:
        self.server.revoked.add(self.token)


class WhatsAppPerson(Person):
    """Somebody in WhatsApp."""

    def __init__(self, meta: FakeMeta, hook: str) -> None:
        self.chat = self.address = f"791{fresh_number()}"
        self.meta, self.hook = meta, hook
        self.wire = meta.whatsapp_person(self.address, "Анна", hook=hook)

    def say(self, text: str) -> str:
        return self._wrote(type="text", text={"body": text})

    def _wrote(self, **parts: Any) -> str:
        message = self.wire.message(**parts)
        told = {"contacts": [self.wire.contact()], "messages": [message]}
        self.meta.deliver_whatsapp(told, hook=self.hook)
        return str(message["id"])

    def press(self, arrived: Arrived, label: str) -> None:
        replies = [button["reply"] for button in arrived.raw["interactive"]["action"]["buttons"]]
        pressed = next(reply for reply in replies if reply["title"] == label)
        self.wire.press(arrived.raw, pressed["id"], pressed["title"])

    def edit(self, handle: Any, text: str) -> None:
        self.wire.edit(handle, text)

    def take_back(self, handle: Any) -> None:
        self.wire.take_back(handle)

    def own_app(self, text: str) -> None:
        self.wire.hear_from_owner(text)

    def hear_us(self, arrived: Arrived) -> None:
        """Only what was written in the app comes back by documentation; a copy of ours would come like this."""
        echo = {
            "from": "79990000000",
            "to": self.address,
            "id": arrived.raw["external_id"],
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": arrived.text},
        }
        told = {"contacts": [self.wire.contact()], "message_echoes": [echo]}
        self.meta.deliver_whatsapp(told, field="smb_message_echoes", hook=self.hook)

    def report(self, arrived: Arrived, state: str) -> None:
        more: dict[str, Any] = {}
        if state == "failed":
            more["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
        self.meta.report(arrived.raw, state, hook=self.hook, **more)

    def unknown(self) -> None:
        self.meta.deliver_whatsapp({"something": [{"id": "1"}]}, field="brand_new", hook=self.hook)

    def got(self) -> list[Arrived]:
        return [Arrived(_words(sent), sent) for sent in self.meta.sent_to(self.address)]


def _words(sent: dict[str, Any]) -> str:
    if "interactive" in sent:
        return str(sent["interactive"]["body"]["text"])
    return str((sent.get("text") or {}).get("body", ""))


class WhatsApp(_Meta):
    """A number of the Cloud API."""

    kind = "whatsapp"
    secret, token = WA_SECRET, WA_TOKEN
    settings = {
        "phone_number_id": NUMBER,
        "access_token": WA_TOKEN,
        "app_secret": WA_SECRET,
        "verify_token": "wa_verify",
    }
    lacks = {
        "album": "pictures sent together come as messages that share nothing",
        "block": "nobody tells of a block; it shows when sending",
        "unblock": "nobody tells of a block; it shows when sending",
        "evidence": "there is no key against repeats and no history; a receipt may settle it, see the receipts",
    }

    def person(self) -> Person:
        return WhatsAppPerson(self.server, self.hook)

    def too_many(self, after: int | None) -> Answer:
        if after is None:
            return error(400, 130429, "(#130429) Rate limit hit")
        return Answer(429, {"error": {"code": 80007, "message": "too many"}}, {"Retry-After": str(after)})

    def joined(self, letters: list[Letter]) -> Letter:
        """All messages in one change; one of them is no message at all."""
        events = [json.loads(letter.body) for letter in letters]
        whole = events[0]
        value = whole["entry"][0]["changes"][0]["value"]
        others = [event["entry"][0]["changes"][0]["value"] for event in events[1:]]
        value["messages"] += [17, *(message for other in others for message in other["messages"])]
        value["contacts"] += [contact for other in others for contact in other["contacts"]]
        return self.signed(dataclasses.replace(letters[0], body=json.dumps(whole).encode()))


class InstagramPerson(Person):
    """Somebody in Instagram."""

    def __init__(self, meta: FakeMeta, hook: str) -> None:
        self.chat = self.address = f"17841{fresh_number():011d}"
        self.meta, self.hook = meta, hook
        self.wire = meta.instagram_person(self.address, "anna", hook=hook)
        meta.chats.setdefault(self.address, [])

    def say(self, text: str) -> str:
        mid = f"aWdfZAG{time.time_ns()}{fresh_number()}"
        self.wire.deliver(message={"mid": mid, "text": text})
        return mid

    def press(self, arrived: Arrived, label: str) -> None:
        replies = arrived.raw["message"]["quick_replies"]
        pressed = next(reply for reply in replies if reply["title"] == label)
        self.wire.press(pressed["payload"], pressed["title"])

    def edit(self, handle: Any, text: str) -> None:
        self.wire.deliver(message_edit={"mid": handle, "text": text, "num_edit": 1})

    def take_back(self, handle: Any) -> None:
        self.wire.take_back(handle)

    def album(self) -> None:
        url = f"{self.meta.url}/cdn/{self.meta.store(b'picture', 'image/jpeg')}"
        self.wire.write(attachments=[{"type": "image", "payload": {"url": url}} for _ in range(3)])

    def own_app(self, text: str) -> None:
        self.wire.hear(text)

    def hear_us(self, arrived: Arrived) -> None:
        self.wire.hear(arrived.text, mid=arrived.raw["external_id"], app_id=700100200300)

    def report(self, arrived: Arrived, state: str) -> None:
        self.wire.see(arrived.raw["external_id"])

    def unknown(self) -> None:
        self.wire.deliver(brand_new={"x": 1})

    def got(self) -> list[Arrived]:
        return [
            Arrived(str(sent["message"].get("text", "")), sent) for sent in self.meta.sent_to(self.address)
        ]


class Instagram(_Meta):
    """A professional account."""

    kind = "instagram"
    secret, token = IG_SECRET, IG_TOKEN
    settings = {
        "account_id": ACCOUNT,
        "access_token": IG_TOKEN,
        "app_secret": IG_SECRET,
        "verify_token": "ig_verify",
    }
    lacks = {
        "sent": "only «seen» is reported",
        "delivered": "only «seen» is reported",
        "failed": "only «seen» is reported",
        "block": "nobody tells of a block; it shows when sending",
        "unblock": "nobody tells of a block; it shows when sending",
    }

    def person(self) -> Person:
        return InstagramPerson(self.server, self.hook)

    def too_many(self, after: int | None) -> Answer:
        if after is None:
            return error(400, 613, "(#613) Calls to this api have exceeded the rate limit.")
        return Answer(429, {"error": {"code": 4, "message": "too many"}}, {"Retry-After": str(after)})

    def joined(self, letters: list[Letter]) -> Letter:
        """All items in one entry; one of them is no item at all."""
        events = [json.loads(letter.body) for letter in letters]
        whole = events[0]
        whole["entry"][0]["messaging"] += [
            17,
            *(item for event in events[1:] for item in event["entry"][0]["messaging"]),
        ]
        return self.signed(dataclasses.replace(letters[0], body=json.dumps(whole).encode()))


KINDS = [WhatsApp, Instagram]
