"""Yandex Forms, integration "HTTP request". Source: yandex.ru/support/forms/ru/send-request.

Two kinds: JSON-RPC (`params` holds the owner's variables) and a body that the owner writes, for which we hand out a
template with `"source": "yandex_forms"`. The answer's id is the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.forms import fields, generic
from integrations.forms.body import Submission
from integrations.protocols.channel import Fact, Settings


def matches(submission: Submission) -> bool:
    """JSON-RPC, or our template."""
    tree = submission.tree
    rpc = "jsonrpc" in tree and isinstance(tree.get("params"), Mapping)
    return rpc or tree.get("source") == "yandex_forms"


def event_id(submission: Submission) -> str | None:
    """`answer_id`."""
    ident = fields.scalar(_params(submission).get("answer_id"))
    return f"yandex:{ident[:64]}" if ident else None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One answer."""
    params = {key: value for key, value in _params(submission).items() if key not in ("form", "source")}
    return [
        generic.fact(
            params,
            settings,
            {},
            provider="yandex_forms",
            external_id=event_id(submission) or "",
            form_id=fields.scalar(_params(submission).get("form"))[:128],
        )
    ]


def _params(submission: Submission) -> Mapping[str, Any]:
    params = submission.tree.get("params")
    return params if "jsonrpc" in submission.tree and isinstance(params, Mapping) else submission.tree
