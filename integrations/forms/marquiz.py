"""Marquiz quizzes: `contacts`, `quiz`, `answers` [{q, a}], `extra` (utm, href, cookies), `created`.

Source: the published webhook format (marquiz.ru/help/integration/webhooks). The campaign stands in `extra.utm.name`.
There is no id of a submission: quiz, time and phone together are one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols import attribution
from integrations.protocols.channel import Fact, Settings


def matches(submission: Submission) -> bool:
    """Contacts beside a quiz."""
    tree = submission.tree
    return isinstance(tree.get("contacts"), Mapping) and any(k in tree for k in ("quiz", "answers", "extra"))


def event_id(submission: Submission) -> str | None:
    """Of quiz, moment and phone; None without a moment (then two answers of one person could look alike)."""
    tree = submission.tree
    given = fields.scalar(tree.get("id"))
    if given:
        return given[:128]
    created = fields.scalar(tree.get("created"))
    if not created:
        return None
    contacts = _part(tree, "contacts")
    who = fields.scalar(contacts.get("phone")) or fields.scalar(contacts.get("email"))
    text = "\n".join((fields.scalar(_part(tree, "quiz").get("id")), created, who))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One submission with the quiz's answers in order."""
    tree = submission.tree
    extra, quiz = _part(tree, "extra"), _part(tree, "quiz")
    utm = {str(key): fields.scalar(value) for key, value in _part(extra, "utm").items()}
    utm.setdefault("campaign", utm.pop("name", ""))
    cookies = {str(key): fields.scalar(value) for key, value in _part(extra, "cookies").items()}
    page = fields.scalar(extra.get("href"))
    contacts = dict(_part(tree, "contacts"))
    return [
        generic.fact(
            {"contacts": contacts, "page_url": page, "referrer": extra.get("referrer")},
            settings,
            {},
            provider="marquiz",
            external_id=event_id(submission) or "",
            cookies=cookies,
            parameters={f"utm_{key}": value for key, value in utm.items()},
            page_url=attribution.address(page),
            answers=_answers(tree.get("answers")),
            form_id=fields.scalar(quiz.get("id"))[:128],
            form_name=fields.scalar(quiz.get("name"))[:255],
            submitted_at=_time(fields.scalar(tree.get("created"))),
        )
    ]


def _answers(raw: Any) -> tuple[tuple[str, str], ...]:
    items = list(raw.values()) if isinstance(raw, Mapping) else raw if isinstance(raw, list) else []
    return tuple((field.label, field.value) for field in fields.flatten({"answers": items}) if field.value)


def _part(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, Mapping) else {}


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
