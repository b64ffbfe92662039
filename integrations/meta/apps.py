"""The app behind a token: who it is and where its events go.

An app has one address for each kind of object; a phone number may have one of its own beside it. Whoever shares an app
with others keeps its address, so an address that is not ours is never replaced here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.meta import values
from integrations.meta.client import Graph, object_id
from kit import http


@dataclasses.dataclass(frozen=True, slots=True)
class App:
    """An app's number and a way to speak in its own name."""

    number: str
    own: Graph


def of(graph: Graph, expected: str = "") -> http.Call[App]:
    """The app that a token of Facebook belongs to. Raises Rejected when it is not `expected`, `integrations.errors`."""
    answer = yield from graph.call("GET", "app", query={"fields": "id,name"})
    number = object_id(values.ident(answer, "id"), "app's id")
    if expected and expected != number:
        # Events are signed with the secret of the app that the token belongs to: ours would not fit.
        raise errors.Rejected(
            str(_("The access token was made with another app: its id is %s.") % number), code="wrong_app"
        )
    # An app signs for itself with "<id>|<secret>"; the proof of a user's token would be wrong there.
    own = dataclasses.replace(graph, token=f"{number}|{graph.app_secret}", app_secret="")
    return App(number, own)


def subscribe(
    app: App, kind: str, fields: Sequence[str], hook_url: str, verify_token: str
) -> http.Call[bool]:
    """Registers `hook_url` for objects of `kind` unless another address stands there. Is ours in force?

    Raises Rejected `bad_app_secret` when the app's secret is wrong, and `integrations.errors`.
    """
    try:
        answer = yield from app.own.call("GET", f"{app.number}/subscriptions")
    except errors.Rejected as refusal:
        if not refusal.revoked:
            raise
        raise errors.Rejected(
            str(_("The app secret does not belong to the app of this access token.")), code="bad_app_secret"
        ) from None
    for subscription in values.items(answer, "data"):
        if values.text(subscription, "object") == kind and subscription.get("active") is not False:
            url = values.text(subscription, "callback_url")
            if url and url != hook_url:
                return False
            if url and set(fields) <= _fields(subscription):
                return True
    form = {
        "object": kind,
        "callback_url": hook_url,
        "verify_token": verify_token,
        "fields": ",".join(fields),
    }
    yield from app.own.call("POST", f"{app.number}/subscriptions", form=form)
    return True


def granted(app: App, token: str, scope: str) -> http.Call[list[str]]:
    """The ids of the objects on which `token` holds `scope`, as far as Meta tells."""
    answer = yield from app.own.call("GET", "debug_token", query={"input_token": token})
    for row in values.items(values.child(answer, "data"), "granular_scopes"):
        if values.text(row, "scope") == scope:
            targets = row.get("target_ids")
            return [str(target) for target in targets] if isinstance(targets, list) else []
    return []


def _fields(subscription: Any) -> set[str]:
    """Fields come as objects `{"name", "version"}`, in older answers as plain names."""
    given = subscription.get("fields")
    return (
        {str(field.get("name") if isinstance(field, dict) else field) for field in given}
        if isinstance(given, list)
        else set()
    )
