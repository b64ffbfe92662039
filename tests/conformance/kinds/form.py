"""Forms of a site."""

from __future__ import annotations

import json
import urllib.request

from tests.conformance.kit import Kind, Person, fresh_number

ONE_WAY = "a form brings requests and takes nothing"
LACKS = dict.fromkeys(
    (
        "say", "send", "press", "edit", "take_back", "album", "batch", "own_app", "hear_us", "sent", "delivered",
        "read", "failed", "block", "unblock", "storm", "revoke", "evidence",
    ),
    ONE_WAY,
)  # fmt: skip


class Guest(Person):
    """Somebody who fills a form in."""

    def __init__(self, kind: Form) -> None:
        self.kind = kind
        self.number = f"791{fresh_number()}"

    def reach(self) -> None:
        told = {
            "submission_id": f"s{fresh_number()}",
            "name": "Анна",
            "phone": self.number,
            "message": "Перезвоните",
        }
        body = json.dumps(told, ensure_ascii=False).encode()
        request = urllib.request.Request(self.kind.hook, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()


class Form(Kind):
    """The generic form; its builders are shown in tests/integrations/test_forms.py."""

    kind = "form"
    lacks = {**LACKS, "unknown": "whatever fields come, they are somebody's request"}

    def start(self) -> dict[str, str]:
        return {}

    def person(self) -> Person:
        return Guest(self)


KINDS = [Form]
