"""Avito for the battery."""

import json

from integrations.protocols.channel import HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire

CHAT = "u2i-AbCdEf~GhIj"


def avito_event(number: int, kind: str = "text", content: dict | None = None, **more) -> dict:
    value = {
        "id": f"{number:032x}",
        "chat_id": CHAT,
        "user_id": 353207078,
        "author_id": 121185841,
        "created": 1795400000 + number,
        "type": kind,
        "chat_type": "u2i",
        "content": {"text": "Ещё актуально?"} if content is None else content,
        "item_id": 3363702577,
        "published_at": "2026-11-23T10:00:00Z",
        "read": None,
        **more,
    }
    envelope = {"id": f"e-{number}", "version": "v3.0.0", "timestamp": 1795400000 + number}
    return {**envelope, "payload": {"type": "message", "value": value}}


def avito(body: bytes) -> HookRequest:
    return HookRequest(headers={**JSON, "x-avito-messenger-signature": "ab" * 32}, body=body)


def avito_request(number: int, *args, **more) -> HookRequest:
    return avito(json.dumps(avito_event(number, *args, **more), ensure_ascii=False).encode())


SIZES = {"32x32": "https://img.example/s.jpg", "1280x960": "https://img.example/l.jpg"}

WIRE = Wire(
    kind="avito",
    settings={"user_id": "353207078", "client_id": "cid_of_ours", "client_secret": "csecret_of_ours"},
    requests={
        "text": avito_request(1),
        "echo": avito_request(2, author_id=353207078),
        "image": avito_request(3, "image", {"image": {"sizes": SIZES}}),
        "voice": avito_request(4, "voice", {"voice": {"voice_id": "a2b3c4d5-0000-4000-8000-000000000001"}}),
        "missed call": avito_request(5, "call", {"call": {"status": "missed", "target_user_id": 353207078}}),
        "location": avito_request(6, "location", {"location": {"lat": 55.6, "lon": 37.6, "title": "Москва"}}),
        "video": avito_request(7, "video", {}),
        "deleted": avito_request(1, "deleted", {}),
        "system": avito_request(8, "system", author_id=1, chat_type="a2u", item_id=None),
        "profile chat": avito_request(9, chat_type="u2u", item_id=None),
        "link": avito_request(
            10, "link", {"link": {"text": "см. https://a.example", "url": "https://a.example"}}
        ),
        "item": avito_request(11, "item", {"item": {"title": "Маникюр", "item_url": "https://avito.ru/1"}}),
    },
    sign=avito,
    forge=[],
    outgoing=Outgoing(chat=CHAT, text="Да, актуально", key="k1"),
)
