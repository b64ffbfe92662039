"""Our own site chat for the battery."""

import json

from integrations.protocols.channel import HookRequest, Outgoing
from integrations.webchat import session
from tests.integrations.cases import JSON, Wire

WEBCHAT = {"session_key": "key-of-the-connection"}
VISITOR = "visitor-0123456789"


def webchat_body(**parts) -> bytes:
    told = {"id": "0b7e6c5a-1111", "session": session.issue(WEBCHAT, VISITOR), "kind": "message", **parts}
    return json.dumps(told, ensure_ascii=False).encode()


def webchat(body: bytes) -> HookRequest:
    return HookRequest(headers=JSON, body=body)


WIRE = Wire(
    kind="webchat",
    settings={**WEBCHAT, "session_key_previous": "former-key"},
    requests={
        "text": webchat(webchat_body(text="Здравствуйте", page_url="https://salon.example/?utm_source=vk")),
        "press": webchat(webchat_body(id="0b7e6c5a-2222", kind="button", value="a:1", message="m1")),
        "contact": webchat(
            webchat_body(id="0b7e6c5a-3333", kind="contact", phone="89131234567", name="Анна")
        ),
        "start": webchat(webchat_body(id="0b7e6c5a-4444", kind="start")),
    },
    sign=webchat,
    forge=[],
    outgoing=Outgoing(chat=VISITOR, text="Записать вас?", key="k1"),
)
