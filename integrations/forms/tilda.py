"""Tilda's webhook: form-encoded fields under the names of the block, service fields `tranid`, `formid`, `formname`.

Source: help-ru.tilda.cc/forms/webhook. `tranid` is unique for a submission and the same in its repeats (two, a minute
apart, when we do not answer within 5 s). `COOKIES` is the site's whole cookie string when the owner ticked it.
"""

from __future__ import annotations

from html import unescape

from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols import attribution
from integrations.protocols.channel import Fact, Settings


def matches(submission: Submission) -> bool:
    """A transaction number marks Tilda."""
    return bool(event_id(submission))


def event_id(submission: Submission) -> str | None:
    """`tranid`."""
    return fields.scalar(submission.tree.get("tranid"))[:128] or None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One submission; tags of own hidden fields win over the cookie's."""
    tree = dict(submission.tree)
    cookies = attribution.cookies_of(fields.scalar(tree.pop("COOKIES", "") or tree.pop("cookies", "")))
    tags: dict[str, object] = dict(generic.flat_parameters(tree))
    if not tags.get("utm_source"):
        # The cookie remembers one visit; mixed with the tags of another it would tell of a visit that never was.
        tags = {**attribution.utm_pairs(unescape(cookies.get("TILDAUTM", "")), "|||"), **tags}
    if cookies.get("yclid"):
        tags.setdefault("yclid", cookies["yclid"])
    return [
        generic.fact(
            tree,
            settings,
            submission.headers,
            provider="tilda",
            external_id=event_id(submission) or "",
            cookies=cookies,
            parameters=tags,
        )
    ]
