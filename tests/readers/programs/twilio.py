# mypy: disable-error-code="import-not-found"
"""Twilio's own library makes the same calls, the same TwiML and the same signatures."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, VoiceResponse

from .compare import compare

KNOWN: dict[str, str] = {}
Parts = dict[str, Any]
made: list[Parts] = []


class Recorder(HttpClient):
    """Keeps the library's request instead of sending it."""

    def __init__(self) -> None:
        pass

    def request(self, method: str, uri: str, **more: Any) -> Response:
        user, password = more["auth"]
        shown = base64.b64encode(f"{user}:{password}".encode()).decode()
        made.append(
            {
                "method": method,
                "path": uri.removeprefix("https://api.twilio.com"),
                "query": {key: str(value) for key, value in (more.get("params") or {}).items()},
                "form": {key: str(value) for key, value in (more.get("data") or {}).items()},
                "authorization": f"Basic {shown}",
            }
        )
        listed = {"Messages": "messages", "IncomingPhoneNumbers": "incoming_phone_numbers"}
        name = listed.get(uri.rpartition("/")[2].removesuffix(".json"))
        told: Parts = {name: []} if method == "GET" and name else {"sid": "XX1"}
        return Response(201 if method == "POST" else 200, json.dumps(told))


def differences(case: Parts) -> list[str]:
    """A case is a signed "hook", an answer in "twiml", or a "call" of the account "sid" with its "token"."""
    if "hook" in case:
        return _hook(case["hook"])
    if "twiml" in case:
        return compare(_tree(case["twiml"]), _tree(str(_voice(case["meant"]))))
    call = case["call"]
    client = Client(case["sid"], case["token"], http_client=Recorder())
    made.clear()
    what = re.fullmatch(rf"/2010-04-01/Accounts/{case['sid']}(?:/(\w+))?(?:/(\w+))?\.json", call["path"])
    if what is None:
        return [f"path: {call['path']} is no place of the API"]
    CALLS[call["method"], what[1], bool(what[2])](client, call, what[2])
    return compare(call, made[0])


def _named(fields: dict[str, str]) -> Parts:
    """Fields as arguments of the library's methods, which refuse a name that they do not know."""
    special = {"From": "from_", "DateSent>": "date_sent_after", "PageSize": "page_size"}
    found: Parts = {
        special.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value
        for name, value in fields.items()
    }
    return found | ({"page_size": int(found["page_size"])} if "page_size" in found else {})


CALLS: dict[tuple[str, str | None, bool], Callable[[Client, Parts, str], Any]] = {
    ("POST", "Messages", False): lambda client, call, _sid: client.messages.create(**_named(call["form"])),
    ("GET", "Messages", False): lambda client, call, _sid: client.messages.list(**_named(call["query"])),
    ("GET", "Balance", False): lambda client, _call, _sid: client.balance.fetch(),
    ("GET", None, False): lambda client, _call, _sid: client.api.v2010.accounts(client.account_sid).fetch(),
    ("GET", "IncomingPhoneNumbers", False): lambda client, call, _sid: client.incoming_phone_numbers.list(
        **_named(call["query"])
    ),
    ("POST", "IncomingPhoneNumbers", True): lambda client, call, sid: client.incoming_phone_numbers(
        sid
    ).update(**_named(call["form"])),
}


def _hook(hook: Parts) -> list[str]:
    fields = dict(parse_qsl(hook["body"], keep_blank_values=True))
    validator = RequestValidator(hook["token"])
    good = validator.validate(hook["url"], fields, hook["signature"])
    if good == hook["taken"]:
        return []
    return [f"signature: the product says {hook['taken']}, Twilio's library {good}"]


def _voice(meant: Parts) -> VoiceResponse:
    """What the number's address is to answer: ring a phone, say "busy", or hang up."""
    answer = VoiceResponse()
    if meant["what"] == "ring":
        dial = Dial(action="dial", method="POST", answer_on_bridge=True, timeout=25)
        dial.append(meant["phone"])
        answer.append(dial)
    elif meant["what"] == "busy":
        answer.reject(reason="busy")
    elif meant["what"] == "hang up":
        answer.hangup()
    return answer


def _tree(xml: str) -> Parts:
    def inside(one: ElementTree.Element) -> Parts:
        return {"tag": one.tag, **one.attrib, "text": one.text or "", "parts": [inside(part) for part in one]}

    return inside(ElementTree.fromstring(xml.encode()))
