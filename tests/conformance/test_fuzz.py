"""Requests that no documentation shows: never a 5xx, what is authentic is kept and stands before somebody.

Some thirty for each kind; with `--soak` many more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections import accounts, intake
from connections.models import InboundEvent
from integrations import registry
from integrations.protocols.channel import HookRequest
from leads.models import Lead, Task
from tests.conformance import mutating
from tests.conformance.kit import Person, having
from tests.conformance.post import Letter, Post
from tests.conformance.stage import Stage

Deed = Callable[[Person], object]
EXAMPLES, SOAKED = 30, 300
REPORTS = ("sent", "delivered", "read", "failed")


def deeds_of(stage: Stage) -> list[Deed]:
    """All that people of the kind can make the provider post, each time with ids of its own."""
    kind, found = stage.kind, list[Deed]()
    if kind.has("reach"):
        found.append(operator.methodcaller("reach"))
    for name in ("album", "block", "unblock", "unknown"):
        if kind.has(name):
            found.append(operator.methodcaller(name))
    if kind.has("own_app") and kind.kind != "email":  # that one comes by the poll
        found.append(operator.methodcaller("own_app", "Добрый день"))
    if kind.has("edit"):
        found.append(lambda person: person.edit(person.say("Было"), "Стало"))
    if kind.has("take_back"):
        found.append(lambda person: person.take_back(person.say("Лишнее")))
    return [*found, *(_report(stage, state) for state in REPORTS if kind.has(state))]


def _report(stage: Stage, state: str) -> Deed:
    person = stage.kind.person()
    stage.know(person)
    stage.say(person, "Ждём вас завтра")
    stage.carry()
    (arrived,) = person.got()
    return lambda _person: person.report(arrived, state)


def is_authentic(stage: Stage, letter: Letter) -> bool:
    """Whether the wire says that an event came from the provider."""
    parts = urlsplit(stage.post.url + letter.path)
    request = HookRequest(
        method=letter.method,
        subpath=parts.path.split("/", 4)[4],
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=letter.headers,
        body=letter.body,
        url=stage.post.url + letter.path,
    )
    wire = registry.channel(stage.kind.kind)
    with stage.salon.work():
        values = accounts.settings_of(stage.connection)
    return wire.handshake(values, request) is None and wire.verify(values, request)


def is_stored(stage: Stage, letter: Letter) -> bool:
    """Whether the event stands, or one with the provider's same id does."""
    parts = urlsplit(stage.post.url + letter.path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    request = HookRequest(letter.method, parts.path.split("/", 4)[4], query, letter.headers, letter.body)
    ident = registry.channel(stage.kind.kind).event_id(request)
    with stage.salon.work():
        events = InboundEvent.objects.filter(connection=stage.connection)
        if ident:
            return events.filter(external_id=ident).exists()
        return events.filter(raw=letter.body, method=letter.method).exists()


def assert_ended(stage: Stage, *, since: int = 0) -> None:
    """Everything that came after the event `since` was read, ignored or stands unreadable before a person, once."""
    events = stage.events(since=since)
    assert {event.state for event in events} <= {"done", "ignored", "dead"}
    with stage.salon.work():
        for event in events:
            if event.state == "dead":
                assert event.last_error
                assert Lead.objects.filter(event=event).count() == 1, event.last_error
                assert Task.objects.filter(key=f"raw:{event.pk}", done_at=None).count() == 1


@having()
def test_whatever_comes_is_kept_and_ends_before_somebody(
    stage: Stage, post: Post, request: pytest.FixtureRequest
) -> None:
    deeds = deeds_of(stage)
    examples = SOAKED if request.config.getoption("--soak") else EXAMPLES

    @settings(
        max_examples=examples, deadline=None, derandomize=examples == EXAMPLES, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        deed, last = data.draw(st.sampled_from(range(len(deeds)))), stage.last_event()
        with post.held() as letters:
            deeds[deed](stage.kind.person())
        for letter in letters:
            strange = stage.kind.signed(data.draw(mutating.changed(letter)))
            status = post.deliver(strange).status
            assert status < 500
            if is_authentic(stage, strange):
                assert status < 300
                assert is_stored(stage, strange)
            else:
                assert status in (200, 204, 401, 403, 405)
        stage.take_all_in()
        assert_ended(stage, since=last)

    fuzz()
    dead = [event for event in stage.events() if event.state == "dead"]
    if not dead:
        return
    stage.settle()
    before = stage.story()
    with stage.salon.work():
        for event in dead[:3]:
            intake.replay(event)
    stage.settle()
    assert_ended(stage)
    assert stage.story() == before, "reading it again changes nothing while the reader is the same"
