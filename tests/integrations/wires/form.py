"""Site forms for the battery."""

from integrations.protocols.channel import HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire


def form(body: bytes) -> HookRequest:
    return HookRequest(headers={"content-type": "application/x-www-form-urlencoded"}, body=body)


WIRE = Wire(
    kind="form",
    settings={"allowed_origins": "https://salon.example, *.salon.example"},
    requests={
        "plain": form("name=Анна&phone=89131234567&message=Перезвоните".encode()),
        "json": HookRequest(headers=JSON, body='{"name":"Анна","phone":"89131234567"}'.encode()),
        "tilda": form(b"Phone=89131234567&tranid=1:2&formid=form3"),
    },
    sign=form,
    forge=[
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://salon.example.evil.com"},
    ],
    outgoing=Outgoing(chat="x", text="Здравствуйте"),
    sends=False,
)
