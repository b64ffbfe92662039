"""One battery of cases that every channel's wire must pass: `Wire` describes a kind, `test_channels.py` runs it.

A new channel adds one module to `wires/` and gets every test of the battery.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable
from datetime import datetime

from integrations import registry
from integrations.protocols.channel import Fact, HookRequest, Outgoing, Receipt

JSON = {"content-type": "application/json"}
FACTS = typing.get_args(Fact)


@dataclasses.dataclass(frozen=True)
class Wire:
    """A kind of channel as the battery needs it.

    `requests` are good events by name. `sign` puts the provider's proof on any body. `forge` lists headers that must
    be refused (beside the right body), [] when the path's token is the only proof.
    """

    kind: str
    settings: dict[str, str]
    requests: dict[str, HookRequest]
    sign: Callable[[bytes], HookRequest]
    forge: list[dict[str, str]]
    outgoing: Outgoing
    sends: bool = True

    @property
    def channel(self):
        return registry.channel(self.kind)


def update(number: int, **parts) -> bytes:
    return json.dumps({"update_id": number, **parts}).encode()


ANNA = {"id": 812345678, "is_bot": False, "first_name": "Анна", "last_name": "К", "language_code": "ru"}
CHAT = {"id": 812345678, "type": "private", "first_name": "Анна"}


def telegram_message(**parts) -> dict:
    return {"message_id": 10, "from": ANNA, "chat": CHAT, "date": 1795400000, **parts}


def hostile_bodies() -> dict[str, bytes]:
    """Bodies that break naive readers; none may raise anything but ParseError, none may take long."""
    return {
        "empty": b"",
        "blank": b" \r\n\t ",
        "null": b"null",
        "number": b"5",
        "list": b"[]",
        "string": b'"text"',
        "true": b"true",
        "empty object": b"{}",
        "not json": b"<xml/>",
        "cut": b'{"update_id": 5, "message": {"te',
        "nul bytes": b"\x00" * 100,
        "escaped nul": update(5, message=telegram_message(text="a\x00b")),
        "lone surrogate": b'{"update_id":6,"message":{"message_id":1,"date":1,"text":"\\ud800","chat":{"id":1,"type":'
        b'"private"},"from":{"id":1,"first_name":"\\udfff"}},"name":"\\ud800","phone":"89131234567"}',
        "deep list": b"[" * 100_000,
        "deep object": b'{"a":' * 50_000,
        "deep but whole": b'{"a":' * 200 + b'"x"' + b"}" * 200,
        "endless int": b'{"update_id":' + b"9" * 5000 + b',"message":' + b"9" * 5000 + b"}",
        "not finite": b'{"update_id":NaN,"message":{"date":1e999,"chat":{"id":Infinity}},"phone":-Infinity}',
        "doubled keys": b'{"update_id":1,"update_id":2,"message":{},"message":{"text":"a"},"name":"a","name":"b"}',
        "1251": '{"update_id":7,"message":{"text":"привет"},"name":"Анна"}'.encode("windows-1251"),
        "utf-16": '{"update_id":7,"name":"Анна"}'.encode("utf-16"),
        "bom": b"\xef\xbb\xbf" + update(8, message=telegram_message(text="hi")),
        "invalid utf-8": b'{"name":"\xff\xfe\xfd","phone":"\x80"}',
        "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 50,
        "wrong types": b'{"update_id":[],"message":[1],"callback_query":"x","id":{},"session":[],"kind":1,"text":{}}',
        "wrong inner types": b'{"update_id":1,"message":{"chat":"x","from":[],"text":5,"photo":{},"date":"now"}}',
        "null parts": b'{"update_id":null,"message":null,"contacts":null,"data":null,"params":null}',
        "many fields": b"&".join(b"f%d=v" % n for n in range(10_000)),
        "many brackets": b"a" + b"[b]" * 5000 + b"=1",
        "clashing names": b"a=1&a[b]=2&a[b][c]=3&a[]=4&[]=5&[x]=6&=7&a[=8&a]=9",
        "broken escapes": b"name=%zz%&phone=%D0%9&a=%FF%FE",
        "long phone": b"phone=" + b"8" * 65_536,
        "long everything": b"name=" + b"a" * 900_000,
        "multipart cut": b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nAnna',
        "emoji, rtl, zalgo": update(
            9,
            message=telegram_message(
                text="\u202e😀e\u0301\u0302\u0303" * 50, caption="\u200f\u0627\u0644\u0639"
            ),
        ),
        "big": b'{"update_id":1,"x":"' + b"a" * 1_000_000 + b'"}',
    }


def strings(value) -> list[str]:
    """Every string inside a fact, whatever the nesting."""
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value):
        return [s for field in dataclasses.fields(value) for s in strings(getattr(value, field.name))]
    if isinstance(value, dict):
        return [s for pair in value.items() for part in pair for s in strings(part)]
    if isinstance(value, tuple | list):
        return [s for part in value for s in strings(part)]
    return []


def assert_sound(fact) -> None:
    """What holds for every fact of every wire."""
    assert isinstance(fact, FACTS)
    for string in strings(fact):
        string.encode("utf-8")
        assert "\x00" not in string
    for field in dataclasses.fields(fact):
        value = getattr(fact, field.name)
        if isinstance(value, datetime):
            assert value.tzinfo is not None
        if field.name in ("external_id", "chat") and not isinstance(fact, Receipt):
            assert len(value) <= 200
    person = getattr(fact, "person", None)
    if person is not None:
        assert person.external_id
        assert person.phone is None or (person.phone.startswith("+") and person.phone[1:].isdigit())
