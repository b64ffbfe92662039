"""Lead forms of VK Ads, pushed by a subscription to the resource LEAD.

Source: the "Subscriptions" page of the VK Ads API. There is no signature: the path's token stands alone. Campaign,
group and banner come as ids, which is what the spend is reported by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.errors import ParseError
from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols.channel import Fact, Settings, Touch

# Go prints times as "2023-01-31 09:25:41.26 +0000 UTC".
_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


def matches(submission: Submission) -> bool:
    """A resource with contact data."""
    data = submission.tree.get("data")
    return "resource" in submission.tree and isinstance(data, Mapping) and "contact_info" in data


def event_id(submission: Submission) -> str | None:
    """`data.id`: the lead, not the notification, so a repeated push is the same event."""
    data = submission.tree.get("data")
    ident = fields.scalar(data.get("id")) if isinstance(data, Mapping) else ""
    return f"vkads:{ident[:64]}" if ident else None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One lead."""
    data = submission.tree["data"]
    contact = data["contact_info"]
    if not isinstance(contact, Mapping):
        raise ParseError("contact data without fields")
    asked = _answers(data.get("answers"))
    known = ("first_name", "last_name", "phone", "email", "social_media_profile")
    more = tuple(
        (key, text) for key, raw in contact.items() if key not in known and (text := fields.scalar(raw))
    )
    profile = fields.scalar(contact.get("social_media_profile"))
    return [
        generic.fact(
            {key: contact.get(key) for key in ("first_name", "last_name", "phone", "email")},
            settings,
            {},
            provider="vkads",
            external_id=event_id(submission) or "",
            answers=asked + more,
            messengers={"vk": profile[:255]} if profile else {},
            form_id=fields.scalar(data.get("form_id"))[:128],
            touch=Touch(
                source="vk",
                medium="cpc",
                campaign=fields.scalar(data.get("ad_plan_id"))[:64],
                content=fields.scalar(data.get("banner_id"))[:64],
                term=fields.scalar(data.get("ad_group_id"))[:64],
            ),
            submitted_at=_time(fields.scalar(data.get("created_at"))),
        )
    ]


def _answers(raw: Any) -> tuple[tuple[str, str], ...]:
    """Free text, else the chosen options."""
    found = []
    for item in raw[:100] if isinstance(raw, list) else []:
        if not isinstance(item, Mapping):
            continue
        options = item.get("answer_options")
        chosen = [
            fields.scalar(option.get("text"))
            for option in (options if isinstance(options, list) else [])
            if isinstance(option, Mapping)
        ]
        text = fields.scalar(item.get("answer_text")) or ", ".join(filter(None, chosen))
        if text:
            found.append((fields.scalar(item.get("question_text"))[:500], text[:2000]))
    return tuple(found)


def _time(text: str) -> datetime | None:
    match = _GO_TIME.search(text)
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
