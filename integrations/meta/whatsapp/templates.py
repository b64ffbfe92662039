"""Message templates: what may be sent when the 24 hours are over. Made here, approved by WhatsApp.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates – `GET` and `POST
/<WABA id>/message_templates`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from integrations import errors
from integrations.meta import values
from integrations.meta.client import Graph
from integrations.meta.values import Json
from kit import http

CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
_NAME = re.compile(r"[a-z0-9_]{1,512}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?\Z")
_PLACE = re.compile(r"\{\{\s*([0-9]{1,3})\s*\}\}")
_MAX_BODY = 1024
_MAX_REPLIES = 10
_MAX_REPLY_LABEL = 25
_PAGES = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A template as WhatsApp has it. `status` is its word (APPROVED, PENDING, REJECTED, PAUSED, DISABLED …).

    `places` is the number of values the text takes, `replies` the labels of its quick-reply buttons, `reason` why it
    was refused.
    """

    external_id: str = ""
    name: str
    language: str
    category: str = ""
    status: str = ""
    text: str = ""
    places: int = 0
    replies: tuple[str, ...] = ()
    reason: str = ""


def listed(graph: Graph, account_id: str) -> http.Call[list[Listed]]:
    """All templates of a WhatsApp Business account. Raises `integrations.errors`."""
    found: list[Listed] = []
    query: dict[str, Any] = {
        "limit": 100,
        "fields": "id,name,language,category,status,components,rejected_reason",
    }
    for _page in range(_PAGES):
        answer = yield from graph.call("GET", f"{account_id}/message_templates", query=query)
        found += [_listed(item) for item in values.items(answer, "data") if values.text(item, "name")]
        paging = values.child(answer, "paging")
        after = values.text(values.child(paging, "cursors"), "after", 1000)
        if not after or not paging.get("next"):
            break
        query = {**query, "after": after}
    return found


def create(
    graph: Graph,
    account_id: str,
    *,
    name: str,
    text: str,
    language: str = "ru",
    category: str = "UTILITY",
    examples: Sequence[str] = (),
    replies: Sequence[str] = (),
) -> http.Call[Listed]:
    """Hands a template in for approval. `text` has places {{1}}, {{2}} …, `examples` a value for each of them.

    Raises Rejected (content) for what WhatsApp would refuse anyway, and `integrations.errors`.
    """
    places = _check(name, text, language, category, examples, replies)
    body: dict[str, Any] = {"type": "BODY", "text": text}
    if places:
        body["example"] = {"body_text": [list(examples)]}
    components = [body]
    if replies:
        buttons = [{"type": "QUICK_REPLY", "text": label} for label in replies]
        components.append({"type": "BUTTONS", "buttons": buttons})
    answer = yield from graph.call(
        "POST",
        f"{account_id}/message_templates",
        json={"name": name, "category": category, "language": language, "components": components},
    )
    return Listed(
        external_id=values.ident(answer, "id"),
        name=name,
        language=language,
        category=values.text(answer, "category", 32) or category,
        status=values.text(answer, "status", 32) or "PENDING",
        text=text,
        places=places,
        replies=tuple(replies),
    )


def _check(
    name: str, text: str, language: str, category: str, examples: Sequence[str], replies: Sequence[str]
) -> int:
    """The number of places; raises Rejected."""
    if not _NAME.match(name):
        raise _bad("a template's name has small Latin letters, digits and _ only", "template_name")
    if not _LANGUAGE.match(language) or category not in CATEGORIES:
        raise _bad("no such language or category", "bad_template")
    if not text.strip() or len(text) > _MAX_BODY:
        raise _bad(f"a template's text has 1 to {_MAX_BODY} characters", "too_long")
    numbers = [int(number) for number in _PLACE.findall(text)]
    places = len(set(numbers))
    if set(numbers) != set(range(1, places + 1)):
        raise _bad("places are numbered {{1}}, {{2}} … without gaps", "template_places")
    bare = text.strip()
    if places and (_PLACE.match(bare) or _PLACE.fullmatch(bare[bare.rfind("{{") :])):
        raise _bad("a template neither begins nor ends with a place", "template_places")
    if len(examples) != places or not all(example.strip() for example in examples):
        raise _bad("every place needs an example", "template_examples")
    if len(replies) > _MAX_REPLIES or not all(0 < len(label) <= _MAX_REPLY_LABEL for label in replies):
        raise _bad("at most ten buttons of 1 to 25 characters", "bad_buttons")
    return places


def _bad(reason: str, code: str) -> errors.Rejected:
    return errors.Rejected(reason, code=code, content=True)


def _listed(item: Json) -> Listed:
    components = values.items(item, "components")
    body = next((part for part in components if values.text(part, "type").upper() == "BODY"), {})
    buttons = [
        button
        for part in components
        if values.text(part, "type").upper() == "BUTTONS"
        for button in values.items(part, "buttons")
    ]
    text = values.text(body, "text")
    reason = values.text(item, "rejected_reason", 200)
    return Listed(
        external_id=values.ident(item, "id"),
        name=values.text(item, "name", 512),
        language=values.text(item, "language", 16),
        category=values.text(item, "category", 32),
        status=values.text(item, "status", 32),
        text=text,
        places=len(set(_PLACE.findall(text))),
        replies=tuple(
            values.text(button, "text", 64)
            for button in buttons
            if values.text(button, "type").upper() == "QUICK_REPLY"
        ),
        reason="" if reason == "NONE" else reason,
    )
