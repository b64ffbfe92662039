"""Instagram for the battery."""

import hashlib
import hmac
import json

from integrations.protocols.channel import Button, HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire

SECRET = "ig_app_secret"
ACCOUNT = "17841400000000000"
ANNA = "1784140000000001"


def signed(body: bytes, secret: str = SECRET) -> HookRequest:
    proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return HookRequest(headers={**JSON, "x-hub-signature-256": f"sha256={proof}"}, body=body)


def entry(account: str = ACCOUNT, **parts) -> dict:
    return {"id": account, "time": 1795400000456, **parts}


def event(*entries: dict) -> bytes:
    return json.dumps({"object": "instagram", "entry": list(entries)}).encode()


def direct(**parts) -> dict:
    """An item of `messaging`, from Anna to the account."""
    sides = {"sender": {"id": ANNA}, "recipient": {"id": ACCOUNT}}
    return {**sides, "timestamp": 1795400000123, **parts}


def echo(**message) -> dict:
    sides = {"sender": {"id": ACCOUNT}, "recipient": {"id": ANNA}}
    return {**sides, "timestamp": 1795400001123, "message": {"is_echo": True, **message}}


def messaging(*items: dict) -> bytes:
    return event(entry(messaging=list(items)))


def comment(**value) -> bytes:
    whole = {
        "id": "17900000000000001",
        "from": {"id": ANNA, "username": "anna_omsk"},
        "text": "Сколько стоит?",
        "media": {"id": "18000000000000001", "media_product_type": "FEED"},
        **value,
    }
    return event(entry(time=1795400100, changes=[{"field": "comments", "value": whole}]))


WIRE = Wire(
    kind="instagram",
    settings={
        "account_id": ACCOUNT,
        "access_token": "IGtest0123456789",
        "app_secret": SECRET,
        "app_secret_previous": "former_secret",
        "verify_token": "ig_verify",
    },
    requests={
        "text": signed(messaging(direct(message={"mid": "m1", "text": "Здравствуйте"}))),
        "press": signed(
            messaging(direct(message={"mid": "m2", "text": "Да", "quick_reply": {"payload": "a:1"}}))
        ),
        "story": signed(
            messaging(
                direct(
                    message={
                        "mid": "m3",
                        "text": "Как красиво",
                        "reply_to": {"story": {"id": "9", "url": "https://cdn.example/story.jpg"}},
                    }
                )
            )
        ),
        "picture": signed(
            messaging(
                direct(
                    message={
                        "mid": "m4",
                        "attachments": [{"type": "image", "payload": {"url": "https://cdn.example/1.jpg"}}],
                    }
                )
            )
        ),
        "unsend": signed(messaging(direct(message={"mid": "m1", "is_deleted": True}))),
        "edit": signed(messaging(direct(message_edit={"mid": "m1", "text": "Добрый день", "num_edit": 1}))),
        "seen": signed(messaging(direct(read={"mid": "m9"}))),
        "echo": signed(messaging(echo(mid="m5", text="Ждём вас"))),
        "postback": signed(
            messaging(direct(postback={"mid": "m6", "title": "Узнать цены", "payload": "PRICES"}))
        ),
        "link": signed(
            messaging(
                direct(
                    referral={"ref": "vk_autumn", "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"},
                )
            )
        ),
        "comment": signed(comment()),
        "unknown": signed(messaging(direct(brand_new={"x": 1}))),
    },
    sign=signed,
    forge=[
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha256=" + hashlib.sha256(b"").hexdigest()},
        {"x-hub-signature-256": "sha256=\udcff"},
        {"x-hub-signature": "sha1=" + "0" * 40},
    ],
    outgoing=Outgoing(
        chat=ANNA,
        text="Записать вас на 15:00?",
        buttons=((Button("Да", "t1"), Button("Нет", "t2")),),
        key="k1",
    ),
)
