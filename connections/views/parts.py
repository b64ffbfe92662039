"""What the pages of an account share."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from connections import catalogue, condition, errands, kinds
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
    by_hand = catalogue.by_hand(connection.kind, provider(connection))
    titles = {
        Errand.Step.ASK: _("%(provider)s is asked whether the key is right") % names,
        Errand.Step.HOOK: _("Our address is registered there") % names,
        Errand.Step.CHECK: _("%(provider)s confirms that it reports to us") % names,
    }
    order = [Errand.Step.ASK] if by_hand else list(titles)
    lines = [Line(titles[step], _state(connection, errand, step, order)) for step in order]
    if not kinds.calls(connection.kind, connection.account):
        lines = []
    heard = connection.last_event_at is not None
    connected = connection.state == ConnectionState.OK and not errands.under_way(errand)
    last = "done" if heard else "now" if connected else "wait"
    if by_hand and lines:
        lines.append(Line(_("You paste our address at %(provider)s") % names, last))
        last = "done" if heard else "wait"
    first = (
        _("The first word of a client arrives") if connection.kind != "form" else _("The first form arrives")
    )
    return [*lines, Line(first, last)]


def _state(connection: Connection, errand: Errand | None, step: str, order: list[Errand.Step]) -> str:
    """How one check stands: where the errand is, before it, or behind it."""
    if errand is None or errand.state == State.DONE:
        return "done" if connection.accepted_at is not None else "wait"
    at = Errand.Step(errand.step)
    # A step that has no line of its own belongs to the last one that has.
    at_place = order.index(at) if at in order else len(order) - 1
    place = order.index(Errand.Step(step))
    if place != at_place:
        return "done" if place < at_place else "wait"
    if errand.state == State.DEAD:
        return "failed"
    return "now" if errands.under_way(errand) else "wait"


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
