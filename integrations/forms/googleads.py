"""Lead forms of Google Ads. Source: developers.google.com/google-ads/webhook.

The key the owner typed into the form comes back as `google_key`; `is_test` marks the "send test data" button.
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations.errors import ParseError
from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols.channel import Fact, Ignored, Settings, Touch

_COLUMNS = {
    "FULL_NAME": "name",
    "FIRST_NAME": "firstname",
    "LAST_NAME": "lastname",
    "PHONE_NUMBER": "phone",
    "EMAIL": "email",
    "WORK_EMAIL": "email",
    "WORK_PHONE": "phone",
}


def matches(submission: Submission) -> bool:
    """Its columns and its key."""
    return "user_column_data" in submission.tree and "google_key" in submission.tree


def event_id(submission: Submission) -> str | None:
    """`lead_id`."""
    return fields.scalar(submission.tree.get("lead_id"))[:128] or None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One lead; a test is ignored."""
    tree = submission.tree
    if tree.get("is_test") is True:
        return [Ignored("a test lead of Google Ads")]
    columns = tree["user_column_data"]
    if not isinstance(columns, list):
        raise ParseError("no columns")
    known: dict[str, str] = {}
    answers = []
    for column in columns[:100]:
        if not isinstance(column, Mapping):
            continue
        ident, text = fields.scalar(column.get("column_id")), fields.scalar(column.get("string_value"))
        role = _COLUMNS.get(ident)
        if role and role not in known:
            known[role] = text
        elif text:
            answers.append(((fields.scalar(column.get("column_name")) or ident)[:255], text))
    click = fields.scalar(tree.get("gcl_id"))[:255]
    return [
        generic.fact(
            known,
            settings,
            {},
            provider="googleads",
            external_id=event_id(submission) or "",
            answers=tuple(answers),
            form_id=fields.scalar(tree.get("form_id"))[:128],
            touch=Touch(
                source="google",
                medium="cpc",
                campaign=fields.scalar(tree.get("campaign_id"))[:64],
                content=fields.scalar(tree.get("creative_id"))[:64],
                term=fields.scalar(tree.get("adgroup_id"))[:64],
                click_ids={"gclid": click} if click else {},
            ),
        )
    ]
