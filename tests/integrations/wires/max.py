"""MAX for the battery."""

import json

from integrations.protocols.channel import Button, HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire

ANNA, BOT = 54321, 229229229
DIALOG = ANNA ^ BOT
SETTINGS = {
    "bot_token": "f9LHodD0cOK_token_of_the_bot",
    "secret": "s3cret_s3cret",
    "secret_previous": "former_secret",
}
HEADER = "x-max-bot-api-secret"
AT = 1795400000123


def user(ident: int = ANNA, **parts) -> dict:
    return {
        "user_id": ident,
        "first_name": "Анна",
        "last_name": "К",
        "is_bot": False,
        "last_activity_time": AT,
        "name": "Анна К",
        **parts,
    }


def message(*, body: dict | None = None, **parts) -> dict:
    """A message that Anna wrote in the dialog."""
    return {
        "sender": user(),
        "recipient": {"chat_id": DIALOG, "chat_type": "dialog", "user_id": BOT},
        "timestamp": AT,
        "body": {"mid": "mid.1", "seq": 1, "text": "", **(body or {})},
        **parts,
    }


def update(kind: str, **parts) -> bytes:
    """An update as MAX sends it."""
    told = {"update_type": kind, "timestamp": AT, "user_locale": "ru", **parts}
    return json.dumps(told, ensure_ascii=False).encode()


def signed(body: bytes) -> HookRequest:
    return HookRequest(headers={**JSON, HEADER: SETTINGS["secret"]}, body=body)


def new(*attachments: dict, mid: str = "mid.1", text: str | None = "", **parts) -> HookRequest:
    body = {"mid": mid, "text": text, "attachments": list(attachments)}
    return signed(update("message_created", message=message(body=body, **parts)))


IMAGE = {
    "type": "image",
    "payload": {"photo_id": 7001, "token": "tok_img", "url": "https://i.oneme.ru/i?r=abc"},
}
PLACE = {"type": "location", "latitude": 54.98, "longitude": 73.36}
CARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:ez-vcard\r\nTEL;TYPE=cell:79131234567\r\nFN:Анна\r\nEND:VCARD\r\n"
)
OWN = {"type": "contact", "payload": {"vcf_info": CARD, "hash": "deadbeef", "max_info": user()}}
PRESS = {"timestamp": AT, "callback_id": "f9LHodD0cOJf4", "payload": "t:1", "user": user()}
UNDER = {
    "sender": user(BOT, is_bot=True),
    "recipient": {"chat_id": DIALOG, "chat_type": "dialog", "user_id": ANNA},
    "timestamp": AT,
    "body": {"mid": "mid.out1", "seq": 2, "text": "Записать?"},
}
TALK = {"chat_id": -70801090403050, "chat_type": "chat"}
ABOUT = {"chat_id": DIALOG, "user": user(), "user_id": ANNA}

WIRE = Wire(
    kind="max",
    settings=SETTINGS,
    requests={
        "text": new(mid="mid.text", text="Можно завтра?"),
        "start as text": new(mid="mid.start", text="/start vk_autumn"),
        "image": new(IMAGE, mid="mid.image", text="Вот"),
        "place": new(PLACE, mid="mid.place", text=None),
        "contact": new(OWN, mid="mid.contact"),
        "edit": signed(update("message_edited", message=message(body={"mid": "mid.text", "text": "В 16"}))),
        "removal": signed(update("message_removed", message_id="mid.text", chat_id=DIALOG, user_id=ANNA)),
        "press": signed(update("message_callback", callback=PRESS, message=UNDER)),
        "press of what is gone": signed(
            update("message_callback", callback={**PRESS, "callback_id": "gone"}, message=None)
        ),
        "started": signed(update("bot_started", payload="vk_autumn", **ABOUT)),
        "stopped": signed(update("bot_stopped", **ABOUT)),
        "removed": signed(update("dialog_removed", **ABOUT)),
        "cleared": signed(update("dialog_cleared", **ABOUT)),
        "unknown": signed(update("brand_new", x=1)),
        "colleague": new(mid="mid.g1", text="Сейчас отвечу", recipient=TALK),
        "code in a chat": new(mid="mid.g2", text="/connect AbC-12_x", recipient=TALK),
        "press in a chat": signed(
            update(
                "message_callback",
                callback={**PRESS, "callback_id": "in a chat"},
                message={**UNDER, "recipient": TALK},
            )
        ),
        "added to a chat": signed(
            update("bot_added", chat_id=TALK["chat_id"], user=user(), is_channel=False)
        ),
    },
    sign=signed,
    forge=[
        {},
        {HEADER: ""},
        {HEADER: "wrong"},
        {HEADER: "s3cret_s3cret, s3cret_s3cret"},
        {HEADER: "s3cret_s3cre\u0442"},
        {HEADER: "\udcff\udcfe"},
        {"x-max-bot-api-key": "s3cret_s3cret"},
    ],
    outgoing=Outgoing(
        chat=str(ANNA),
        text="Записать вас на 15:00?",
        buttons=(
            (Button("Да", "t1"), Button("Нет", "t2")),
            (Button("Сайт", "https://salon.example", "url"),),
        ),
        key="k1",
        reply_to="mid.1",
    ),
)
