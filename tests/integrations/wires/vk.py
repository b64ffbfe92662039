"""VK for the battery. The secret stands in the body, so forged headers prove nothing: see `test_vk_parse`."""

import json

from integrations.protocols.channel import Button, HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire

GROUP = 214000001
SETTINGS = {
    "group_id": str(GROUP),
    "access_token": "vk1.a.key_of_the_community",
    "secret": "s3cret_s3cret",
    "secret_previous": "former_secret",
    "confirmation": "a1b2c3d4",
}
ANNA = 555001
TALK = 2000000066


def message(**parts) -> dict:
    """A message that Anna wrote."""
    return {
        "id": 501,
        "date": 1795400000,
        "from_id": ANNA,
        "peer_id": ANNA,
        "out": 0,
        "conversation_message_id": 41,
        "text": "",
        "attachments": [],
        "fwd_messages": [],
        "random_id": 0,
        **parts,
    }


def callback(kind: str, about: dict, **parts) -> bytes:
    """A callback as VK sends it."""
    envelope = {"group_id": GROUP, "type": kind, "event_id": f"e-{kind}", "v": "5.199", "object": about}
    return json.dumps({**envelope, "secret": SETTINGS["secret"], **parts}, ensure_ascii=False).encode()


def vk(body: bytes) -> HookRequest:
    return HookRequest(headers=JSON, body=body)


def new(name: str, **parts) -> HookRequest:
    return vk(callback("message_new", {"message": message(**parts), "client_info": {}}, event_id=name))


PHOTO = {
    "type": "photo",
    "photo": {
        "id": 9,
        "owner_id": ANNA,
        "access_key": "ab",
        "sizes": [
            {"type": "w", "width": 1600, "height": 1200, "url": "https://sun9-1.userapi.com/w.jpg"},
            {"type": "s", "width": 75, "height": 56, "url": "https://sun9-1.userapi.com/s.jpg"},
        ],
    },
}
PLACE = {"type": "point", "coordinates": {"latitude": 54.98, "longitude": 73.36}, "place": {"title": "Омск"}}
LEAD = {
    "lead_id": 9001,
    "user_id": ANNA,
    "form_id": 3,
    "form_name": "Запись",
    "answers": [
        {"key": "first_name", "question": "Имя", "answer": "Анна"},
        {"key": "phone_number", "question": "Телефон", "answer": "8 913 123-45-67"},
        {"key": "custom_0", "question": "Когда?", "answer": ["утром", "вечером"]},
    ],
}
ORDER = {
    "id": 77,
    "user_id": ANNA,
    "date": 1795400000,
    "display_order_id": "555001-1",
    "comment": "Позвоните",
    "recipient": {"name": "Анна К", "phone": "+79131234567"},
    "total_price": {"amount": "250000", "text": "2 500 ₽"},
    "preview_order_items": [{"title": "Сертификат", "quantity": 2}],
}

WIRE = Wire(
    kind="vk",
    settings=SETTINGS,
    requests={
        "text": new("text", text="Можно завтра?", ref="autumn_sale", ref_source="VK_ads"),
        "start": new("start", text="Начать", payload='{"command":"start"}'),
        "photo": new("photo", attachments=[PHOTO]),
        "place": new("place", geo=PLACE),
        "flat": vk(callback("message_new", message(text="старый формат"), event_id="flat", v="5.95")),
        "press": vk(
            callback(
                "message_event",
                {"user_id": ANNA, "peer_id": ANNA, "event_id": "4a1f0e", "payload": {"b": "a:1"}},
            )
        ),
        "edit": vk(callback("message_edit", message(text="Нет, в 16", update_time=1795400050))),
        "colleague": vk(
            callback("message_reply", message(text="Ждём", out=1, from_id=-GROUP, admin_author_id=7))
        ),
        "own": vk(
            callback(
                "message_reply", message(text="Ждём", out=1, from_id=-GROUP, random_id=77), event_id="own"
            )
        ),
        "allow": vk(callback("message_allow", {"user_id": ANNA, "key": "site_main"})),
        "deny": vk(callback("message_deny", {"user_id": ANNA})),
        "read": vk(
            callback("message_read", {"from_id": ANNA, "peer_id": ANNA, "conversation_message_id": 48})
        ),
        "lead": vk(callback("lead_forms_new", LEAD)),
        "order": vk(callback("market_order_new", ORDER)),
        "unknown": vk(callback("brand_new", {"a": 1})),
        "colleague in a talk": new("colleague in a talk", peer_id=TALK, id=0, text="Сейчас отвечу"),
        "code in a talk": new("code", peer_id=TALK, id=0, text=f"[club{GROUP}|@salon] /connect AbC-12_x"),
        "added to a talk": new(
            "added", peer_id=TALK, id=0, action={"type": "chat_invite_user", "member_id": -GROUP}
        ),
        "press in a talk": vk(
            callback(
                "message_event",
                {"user_id": ANNA, "peer_id": TALK, "event_id": "5b2f0e", "payload": {"b": "take:3"}},
                event_id="press in a talk",
            )
        ),
    },
    sign=vk,
    forge=[],
    outgoing=Outgoing(
        chat=str(ANNA),
        text="Записать вас на 15:00?",
        buttons=(
            (Button("Да", "t1"), Button("Нет", "t2")),
            (Button("Сайт", "https://salon.example", "url"),),
        ),
        key="k1",
        reply_to=f"{ANNA}:41",
    ),
)
