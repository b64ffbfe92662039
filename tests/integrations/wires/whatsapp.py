"""WhatsApp for the battery."""

import hashlib
import hmac
import json

from integrations.protocols.channel import Button, HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire

SECRET = "wa_app_secret"
NUMBER = "1122334455667"
ANNA = {
    "profile": {"name": "Анна", "username": "anna.k"},
    "wa_id": "79161234567",
    "user_id": "RU.13491208655302741918",
}


def signed(body: bytes, secret: str = SECRET) -> HookRequest:
    proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return HookRequest(headers={**JSON, "x-hub-signature-256": f"sha256={proof}"}, body=body)


def change(field: str = "messages", *, number: str = NUMBER, contacts: list | None = None, **lists) -> dict:
    """One change as Meta sends it; `lists` are messages, statuses and so on."""
    metadata = {"display_phone_number": "79990000000", "phone_number_id": number}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **lists}
    if contacts is not None:
        value["contacts"] = contacts
    return {"field": field, "value": value}


def event(*changes: dict) -> bytes:
    entry = [{"id": "102290129340398", "changes": list(changes)}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def message(number: int = 1, **parts) -> dict:
    sender = {"from": "79161234567", "from_user_id": "RU.13491208655302741918"}
    return {**sender, "id": f"wamid.IN{number}", "timestamp": "1795400000", **parts}


def said(text: str, number: int = 1, **parts) -> dict:
    return message(number, type="text", text={"body": text}, **parts)


def news(field: str, **value) -> bytes:
    """A change that speaks of the account and names no number."""
    return event({"field": field, "value": value})


STATUS = {
    "id": "wamid.OUT1",
    "status": "delivered",
    "timestamp": "1795400100",
    "recipient_id": "79161234567",
    "biz_opaque_callback_data": "out:018f3c",
}
ECHO = {
    "from": "79990000000",
    "to": "79161234567",
    "id": "wamid.ECHO1",
    "timestamp": "1795400200",
    "type": "text",
    "text": {"body": "Ждём вас"},
}

WIRE = Wire(
    kind="whatsapp",
    settings={
        "phone_number_id": NUMBER,
        "access_token": "EAAtest0123456789",
        "app_secret": SECRET,
        "app_secret_previous": "former_secret",
        "verify_token": "wa_verify",
    },
    requests={
        "text": signed(event(change(contacts=[ANNA], messages=[said("Здравствуйте")]))),
        "press": signed(
            event(
                change(
                    contacts=[ANNA],
                    messages=[
                        message(
                            2,
                            type="interactive",
                            interactive={
                                "type": "button_reply",
                                "button_reply": {"id": "a:1", "title": "Да"},
                            },
                        )
                    ],
                )
            )
        ),
        "voice": signed(
            event(
                change(
                    contacts=[ANNA],
                    messages=[
                        message(3, type="audio", audio={"id": "77", "mime_type": "audio/ogg", "voice": True})
                    ],
                )
            )
        ),
        "edit": signed(
            event(
                change(
                    contacts=[ANNA],
                    messages=[
                        message(
                            4,
                            type="edit",
                            edit={
                                "original_message_id": "wamid.IN1",
                                "message": {"type": "text", "text": {"body": "Добрый день"}},
                            },
                        )
                    ],
                )
            )
        ),
        "revoke": signed(
            event(
                change(
                    contacts=[ANNA],
                    messages=[message(5, type="revoke", revoke={"original_message_id": "wamid.IN1"})],
                )
            )
        ),
        "without a phone": signed(
            event(
                change(
                    contacts=[
                        {"profile": {"name": "Анна", "username": "anna.k"}, "user_id": ANNA["user_id"]}
                    ],
                    messages=[
                        {
                            "from_user_id": ANNA["user_id"],
                            "id": "wamid.IN6",
                            "timestamp": "1795400000",
                            "type": "text",
                            "text": {"body": "Можно завтра?"},
                        }
                    ],
                )
            )
        ),
        "status": signed(event(change(statuses=[STATUS]))),
        "echo": signed(event(change("smb_message_echoes", message_echoes=[ECHO]))),
        "preference": signed(
            event(
                change(
                    "user_preferences",
                    contacts=[ANNA],
                    user_preferences=[
                        {
                            "wa_id": "79161234567",
                            "category": "marketing_messages",
                            "value": "stop",
                            "timestamp": 1795400300,
                        }
                    ],
                )
            )
        ),
        "new number": signed(
            event(
                change(
                    messages=[
                        {
                            "from": "79161234567",
                            "id": "wamid.SYS1",
                            "timestamp": "1795400400",
                            "type": "system",
                            "system": {"type": "user_changed_number", "wa_id": "79160000001"},
                        }
                    ]
                )
            )
        ),
        "template": signed(
            news(
                "message_template_status_update",
                event="REJECTED",
                message_template_name="visit",
                message_template_language="ru",
                reason="INVALID_FORMAT",
            )
        ),
        "unknown": signed(event(change("brand_new", something=[{"id": "1"}]))),
    },
    sign=signed,
    forge=[
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha256=" + hashlib.sha256(b"").hexdigest()},
        {"x-hub-signature-256": "sha256=\udcff"},
        {"x-hub-signature": "sha1=" + "0" * 40},
    ],
    outgoing=Outgoing(
        chat="79161234567",
        text="Записать вас на 15:00?",
        buttons=((Button("Да", "t1"),), (Button("Нет", "t2"),)),
        key="k1",
        reply_to="wamid.IN1",
    ),
)
