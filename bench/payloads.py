"""What each provider would post about a client's words: the n-th request, signed as the provider signs it.

The shapes are those that our parsers read; see the module of each channel below `integrations`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

SECRET, PHONE, MOMENT = "bench-secret", "79131234567", 1_795_400_000
GROUP, NUMBER, ACCOUNT, SELLER = 214000001, "1122334455667", "17841400000000000", "353207078"
VPBX_KEY, VPBX_SALT = "bench-vpbx-key", "bench-vpbx-salt"
WORDS = "Good day! Is there a free time tomorrow after six, for a cut and a beard trim? " * 3
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclasses.dataclass(frozen=True)
class Source:
    """A kind of channel: the settings its account is made with, and what its provider posts."""

    kind: str
    settings: Mapping[str, str]
    # (body, headers) of the n-th request.
    post: Callable[[int], tuple[bytes, dict[str, str]]]
    subpath: str = ""


def _json(told: Any, **headers: str) -> tuple[bytes, dict[str, str]]:
    return json.dumps(told).encode(), {"Content-Type": JSON, **headers}


def _telegram(number: int) -> tuple[bytes, dict[str, str]]:
    person = {"id": number, "is_bot": False, "first_name": "Client", "language_code": "ru"}
    chat = {"id": number, "type": "private", "first_name": "Client"}
    message = {"message_id": 1, "from": person, "chat": chat, "date": MOMENT, "text": WORDS}
    return _json({"update_id": number, "message": message}, **{"X-Telegram-Bot-Api-Secret-Token": SECRET})


def _meta(told: Any) -> tuple[bytes, dict[str, str]]:
    body, headers = _json(told)
    proof = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {**headers, "X-Hub-Signature-256": f"sha256={proof}"}


def _whatsapp(number: int) -> tuple[bytes, dict[str, str]]:
    sender = f"7913{number % 10_000_000:07}"
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "79990000000", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": "Client"}, "wa_id": sender}],
        "messages": [
            {
                "from": sender,
                "id": f"wamid.{number}",
                "timestamp": str(MOMENT),
                "type": "text",
                "text": {"body": WORDS},
            }
        ],
    }
    change = {"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}
    return _meta({"object": "whatsapp_business_account", "entry": [change]})


def _instagram(number: int) -> tuple[bytes, dict[str, str]]:
    item = {
        "sender": {"id": str(number)},
        "recipient": {"id": ACCOUNT},
        "timestamp": MOMENT * 1000,
        "message": {"mid": f"m{number}", "text": WORDS},
    }
    return _meta(
        {"object": "instagram", "entry": [{"id": ACCOUNT, "time": MOMENT * 1000, "messaging": [item]}]}
    )


def _vk(number: int) -> tuple[bytes, dict[str, str]]:
    message = {
        "id": number,
        "date": MOMENT,
        "from_id": number,
        "peer_id": number,
        "out": 0,
        "conversation_message_id": 1,
        "text": WORDS,
        "attachments": [],
        "fwd_messages": [],
    }
    return _json(
        {
            "group_id": GROUP,
            "type": "message_new",
            "event_id": f"{number:040x}",
            "v": "5.199",
            "object": {"message": message, "client_info": {}},
            "secret": SECRET,
        }
    )


def _max(number: int) -> tuple[bytes, dict[str, str]]:
    sender = {"user_id": number, "first_name": "Client", "is_bot": False, "name": "Client"}
    message = {
        "sender": sender,
        "recipient": {"chat_id": number, "chat_type": "dialog", "user_id": 1},
        "timestamp": MOMENT * 1000,
        "body": {"mid": f"mid.{number}", "seq": number, "text": WORDS},
    }
    told = {"update_type": "message_created", "timestamp": MOMENT * 1000, "message": message}
    return _json(told, **{"X-Max-Bot-Api-Secret": SECRET})


def _avito(number: int) -> tuple[bytes, dict[str, str]]:
    value = {
        "id": f"{number:032x}",
        "chat_id": f"u2i-{number}",
        "user_id": int(SELLER),
        "author_id": number,
        "created": MOMENT,
        "type": "text",
        "chat_type": "u2i",
        "content": {"text": WORDS},
        "item_id": 3363702577,
    }
    envelope = {"id": f"e-{number}", "version": "v3.0.0", "timestamp": MOMENT}
    return _json({**envelope, "payload": {"type": "message", "value": value}})


def _sms(number: int) -> tuple[bytes, dict[str, str]]:
    told = {"phone": PHONE, "mes": WORDS, "to": "79160000000", "sms_id": str(number)}
    signed = f"{told['phone']}:{told['mes']}:{told['to']}:{SECRET}"
    told["md5"] = hashlib.md5(signed.encode()).hexdigest()
    return urlencode(told).encode(), {"Content-Type": FORM}


def _telephony(number: int) -> tuple[bytes, dict[str, str]]:
    told = json.dumps(
        {
            "entry_id": f"e{number}",
            "call_id": f"leg{number}",
            "timestamp": MOMENT,
            "seq": 1,
            "call_state": "Appeared",
            "location": "abonent",
            "from": {"number": PHONE},
            "to": {"extension": "101", "line_number": "74951112233"},
        }
    )
    proof = hashlib.sha256(f"{VPBX_KEY}{told}{VPBX_SALT}".encode()).hexdigest()
    fields = {"vpbx_api_key": VPBX_KEY, "sign": proof, "json": told}
    return urlencode(fields).encode(), {"Content-Type": FORM}


def _form(number: int) -> tuple[bytes, dict[str, str]]:
    told = {"name": "Client", "phone": f"8913{number % 10_000_000:07}", "message": f"{number} {WORDS}"}
    return _json(told)


_META = {"access_token": "EAAbench0123456789", "app_secret": SECRET, "verify_token": "bench"}
SOURCES = (
    Source("telegram", {"bot_token": "1:bench", "secret_token": SECRET}, _telegram),
    Source("whatsapp", {"phone_number_id": NUMBER, **_META}, _whatsapp),
    Source("instagram", {"account_id": ACCOUNT, **_META}, _instagram),
    Source("vk", {"group_id": str(GROUP), "access_token": "vk1.a.bench", "secret": SECRET}, _vk),
    Source("max", {"bot_token": "bench-token-of-the-bot", "secret": SECRET}, _max),
    Source("avito", {"user_id": SELLER, "client_id": "bench", "client_secret": "bench"}, _avito),
    Source(
        "sms",
        {"provider": "smsc", "login": "bench", "password": "bench", "callback_secret": SECRET},
        _sms,
    ),
    Source(
        "telephony",
        {"provider": "mango", "vpbx_api_key": VPBX_KEY, "vpbx_api_salt": VPBX_SALT},
        _telephony,
        subpath="events/call",
    ),
    Source("form", {}, _form),
)
