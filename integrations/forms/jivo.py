"""Jivo's webhook: chats and messages that visitors left in its widget. Source: its public webhook format.

`event_name` beside `visitor` {name, phone, email}, `page` {url}, `session` {utm_json}. The widget stays Jivo's; here a
visitor who left a phone or an address is a lead. The answer must be `{"result": "ok"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols import attribution
from integrations.protocols.channel import Fact, Ignored, Settings

_LEADS = ("chat_finished", "offline_message", "client_updated")


def matches(submission: Submission) -> bool:
    """An event about a visitor."""
    tree = submission.tree
    return isinstance(tree.get("event_name"), str) and isinstance(tree.get("visitor"), Mapping)


def event_id(submission: Submission) -> str | None:
    """The chat or the offline message; an update of a visitor has no id of its own."""
    tree = submission.tree
    ident = fields.scalar(tree.get("chat_id")) or fields.scalar(tree.get("offline_message_id"))
    name = fields.scalar(tree.get("event_name"))
    return f"jivo:{name[:40]}:{ident[:80]}" if ident and name != "client_updated" else None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One lead, where there is a way to answer it."""
    tree = submission.tree
    name = fields.scalar(tree.get("event_name"))
    visitor, page, session = (_part(tree, key) for key in ("visitor", "page", "session"))
    if name not in _LEADS:
        return [Ignored(f"no lead in it ({name[:60]})")]
    if not fields.scalar(visitor.get("phone")) and not fields.scalar(visitor.get("email")):
        return [Ignored("the visitor left neither a phone nor an e-mail")]
    utm = {f"utm_{key}": fields.scalar(value) for key, value in _part(session, "utm_json").items()}
    url = fields.scalar(page.get("url"))
    told = {key: visitor.get(key) for key in ("name", "phone", "email")}
    return [
        generic.fact(
            {**told, "message": _words(tree), "page_url": url},
            settings,
            {},
            provider="jivo",
            external_id=event_id(submission) or "",
            parameters=utm,
            page_url=attribution.address(url),
            form_name="Jivo",
        )
    ]


def _words(tree: Mapping[str, Any]) -> str:
    """What the visitor wrote: the offline message, or their lines of the chat."""
    left = fields.scalar(tree.get("message"))
    if left:
        return left
    listed = _part(tree, "chat").get("messages")
    lines = [
        fields.scalar(line.get("message"))
        for line in (listed if isinstance(listed, list) else [])[:200]
        if isinstance(line, Mapping) and line.get("type") == "visitor"
    ]
    return "\n".join(filter(None, lines))[: fields.LONGEST_VALUE]


def _part(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, Mapping) else {}
