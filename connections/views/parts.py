"""What the pages of an account share."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from connections import condition, errands, kinds
from connections.models import Connection, ConnectionState, Errand
from integrations import registry
from tenants.models import Role, User
from work.rows import State


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the progress: `state` is done, now, wait or failed."""

    title: str
    state: str
    text: str = ""


def person(request: HttpRequest) -> User:
    """Who asks; pages here are guarded, so somebody does."""
    assert isinstance(request.user, User)
    return request.user


def is_owner(request: HttpRequest) -> bool:
    """Whether an owner looks."""
    return bool(request.seat.role == Role.OWNER)  # type: ignore[attr-defined]


def channel_or_404(pk: int) -> Connection:
    """A channel of this tenant that was not deleted."""
    found = get_object_or_404(Connection, pk=pk, deleted_at=None)
    if found.kind not in registry.channels or found.account.get("history"):
        raise Http404
    return found


def provider(connection: Connection) -> str:
    """The provider that was chosen, "" where the kind is one itself."""
    return str(connection.account.get(kinds.PROVIDER) or "")


def progress(connection: Connection, errand: Errand | None) -> list[Line]:
    """How far connecting has come, down to the first word of a client."""
    names = {"provider": condition.provider_of(connection)}
    titles = {
        Errand.Step.ASK: _("%(provider)s is asked whether the key is right") % names,
        Errand.Step.HOOK: _("Our address is registered there") % names,
        Errand.Step.CHECK: _("%(provider)s confirms that it reports to us") % names,
    }
    order = list(titles)
    at = order.index(Errand.Step(errand.step)) if errand else len(order)
    lines = []
    for place, step in enumerate(order):
        state = "done" if place < at or (errand and errand.state == State.DONE) else "wait"
        if errand and place == at:
            if errand.state == State.DEAD:
                state = "failed"
            elif errands.under_way(errand):
                state = "now"
        lines.append(Line(titles[step], state))
    if not kinds.calls(connection.kind, connection.account):
        lines = []
    connected = connection.state == ConnectionState.OK and not errands.under_way(errand)
    heard = connection.last_event_at is not None
    first = (
        _("The first word of a client arrives") if connection.kind != "form" else _("The first form arrives")
    )
    return [*lines, Line(first, "done" if heard else "now" if connected else "wait")]


def failure(errand: Errand | None) -> dict[str, str] | None:
    """Title and advice of an errand that failed."""
    if errand is None or errand.state != State.DEAD:
        return None
    title, _newline, advice = errand.last_error.partition("\n")
    return {"title": title, "text": advice}


def done(text: str, *, event: str, **more: Any) -> HttpResponse:
    """An answer without a page: a toast, and an event at which parts of the page read themselves again."""
    said = {"toast": {"text": text, "tone": "gain", **more}, event: True}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(said)})


def again(url: str) -> HttpResponse:
    """Tells a part that polls that the whole page has changed."""
    return HttpResponse(status=200, headers={"HX-Redirect": url})
