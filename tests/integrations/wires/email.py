"""E-mail for the battery."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from integrations.protocols.channel import HookRequest, Outgoing
from tests.integrations.cases import JSON, Wire

BASIC = {"authorization": "Basic " + base64.b64encode(b"any:hook-password-1").decode()}
KEY = "mailgun-signing-key-1"


def raw(text: str, charset: str = "utf-8") -> HookRequest:
    """A raw letter as a mail service or our own poll brings it."""
    body = text.replace("\n", "\r\n").encode(charset)
    return HookRequest(headers={"content-type": "message/rfc822", **BASIC}, body=body)


def letter(ident: str, text: str = "Можно завтра?", **more: str) -> HookRequest:
    head = {
        "From": "Anna <anna@example.ru>",
        "To": "salon@salon.example",
        "Subject": "Booking",
        "Date": "Mon, 23 Nov 2026 12:00:00 +0300",
        "Message-ID": f"<{ident}>",
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return raw("".join(f"{name}: {value}\n" for name, value in head.items()) + f"\n{text}\n")


def mailgun(**fields: str) -> HookRequest:
    stamp, token = str(int(time.time())), "t" * 50
    signature = hmac.new(KEY.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    proof = {"timestamp": stamp, "token": token, "signature": signature}
    headers = {"content-type": "application/x-www-form-urlencoded", **BASIC}
    return HookRequest(headers=headers, body=urlencode({**fields, **proof}).encode())


def postmark(**parts) -> HookRequest:
    told = {
        "FromFull": {"Email": "boris@example.ru", "Name": "Борис"},
        "From": "boris@example.ru",
        "To": "salon@salon.example",
        "Subject": "Вопрос",
        "TextBody": "Сколько стоит?",
        "MessageID": "0b7e6c5a-1111",
        "Headers": [{"Name": "Message-ID", "Value": "<pm-1@example.ru>"}],
        **parts,
    }
    return HookRequest(headers={**JSON, **BASIC}, body=json.dumps(told, ensure_ascii=False).encode())


def signed(body: bytes) -> HookRequest:
    return HookRequest(headers={**JSON, **BASIC}, body=body)


WIRE = Wire(
    kind="email",
    settings={
        "address": "salon@salon.example",
        "smtp_url": "smtps://salon%40salon.example:pass-of-ours@smtp.example.com:465",
        "imap_url": "imaps://salon%40salon.example:pass-of-ours@imap.example.com:993",
        "mailgun_signing_key": KEY,
        "hook_password": "hook-password-1",
        "hook_password_previous": "hook-password-0",
        "thread_secret": "thread-secret-of-ours",
    },
    requests={
        "raw": letter("a1@example.ru"),
        "newsletter": letter("a2@example.ru", List_Id="<news.example.ru>"),
        "by a site": letter(
            "a3@example.ru",
            "Имя: Анна\nТелефон: 8 905 123-45-67",
            From="wordpress@site.example",
            Reply_To="anna@example.ru",
        ),
        "postmark": postmark(),
    },
    sign=signed,
    forge=[
        {},
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"any:wrong").decode()},
        {"authorization": "Bearer hook-password-1"},
    ],
    outgoing=Outgoing(chat="anna@example.ru", text="Да, приходите", key="1001", subject="Booking"),
)
