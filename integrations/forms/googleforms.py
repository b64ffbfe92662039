"""Google Forms, which has no webhook: a script of the form posts what we hand out for it.

`{"source": "google_forms", "form_id", "response_id", "answers": [{"q", "a"}]}`; the id of the response is the key.
"""

from __future__ import annotations

from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols.channel import Fact, Settings


def matches(submission: Submission) -> bool:
    """Our script's own mark."""
    return submission.tree.get("source") == "google_forms"


def event_id(submission: Submission) -> str | None:
    """`response_id`."""
    ident = fields.scalar(submission.tree.get("response_id"))
    return f"googleforms:{ident[:120]}" if ident else None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One response."""
    tree = {key: value for key, value in submission.tree.items() if key != "source"}
    return [
        generic.fact(
            tree,
            settings,
            {},
            provider="google_forms",
            external_id=event_id(submission) or "",
            form_id=fields.scalar(tree.get("form_id"))[:128],
        )
    ]
