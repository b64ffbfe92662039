"""A provider in trouble: each message arrives once, or is shown as uncertain or failed; nobody else waits."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from connections.models import Connection
from conversations.models import Delivery, Message
from tests.conformance.kit import Kind, Person, having
from tests.conformance.stage import Stage
from tests.conftest import Salon

OVER = ("sent", "delivered", "read")
# What a second salon may wait for its message while the first one's provider is in trouble, in seconds.
DELAY = 3.0


@having("storm", "send")
def test_each_message_of_a_storm_arrives_once_or_is_shown_as_uncertain(
    kind: Kind, stage: Stage, new_salon: Callable[[], Salon]
) -> None:
    neighbour = Stage.beside(stage, new_salon())
    fates: dict[str, tuple[Person, Message]] = {}
    for name, begin in kind.storms().items():
        person = kind.person()
        stage.know(person)
        begin(person)
        fates[name] = person, stage.say(person, f"Слово: {name}")
        if not kind.strikes_one:
            stage.settle()
    _goes_out_at_once(kind, neighbour)
    stage.settle()
    for name, (person, message) in fates.items():
        state, arrived = stage.fresh(message).state, [one.text for one in person.got()]
        told = (name, state, arrived, stage.fresh(message).error)
        assert arrived in ([], [f"Слово: {name}"]), told
        if state in OVER:
            assert len(arrived) == 1, told
        else:
            assert state in ("in_doubt", "failed"), told
        if name in ("calm", "flood", "flood without a time"):
            assert state in OVER, told
        if name.startswith("executed"):
            assert len(arrived) == 1, told
            assert state in (OVER if kind.has("evidence") else (*OVER, "in_doubt")), told
        elif kind.has("evidence"):
            assert state in OVER or (state, arrived) == ("failed", []), told


def _goes_out_at_once(kind: Kind, neighbour: Stage) -> None:
    """A message of another salon, said when ten of the first one's are in trouble."""
    person = kind.person()
    neighbour.know(person)
    message = neighbour.say(person, "Слово соседа")
    began = time.monotonic()
    neighbour.carry()
    assert neighbour.fresh(message).state == "sent"
    assert time.monotonic() - began < DELAY


@having("storm", "evidence", "send")
def test_an_unknown_outcome_becomes_known_and_is_shown_as_it_is(kind: Kind, stage: Stage) -> None:
    storms = kind.storms()
    name = next(name for name in storms if name in ("executed, then lost", "executed, then reset"))
    person = kind.person()
    stage.know(person)
    storms[name](person)
    message = stage.say(person, "Ждём вас завтра")
    stage.settle()
    known = stage.fresh(message)
    assert (known.state, bool(known.external_id), known.error) == ("sent", True, "")
    assert [one.text for one in person.got()] == ["Ждём вас завтра"]
    with stage.salon.work():
        assert {delivery.state for delivery in Delivery.objects.all()} == {"done"}


@having("storm", "send", "delivered")
def test_a_report_settles_what_nobody_could_look_up(kind: Kind, stage: Stage) -> None:
    if kind.has("evidence"):
        pytest.skip("evidence: the outcome is looked up before a report comes")
    person = kind.person()
    stage.know(person)
    kind.storms()["executed, then lost"](person)
    message = stage.say(person, "Ждём вас завтра")
    stage.settle()
    assert stage.fresh(message).state == "in_doubt"
    person.report(person.got()[0], "delivered")
    stage.settle()
    assert stage.fresh(message).state == "delivered"
    assert len(person.got()) == 1


@having("revoke", "send")
def test_a_dead_key_parks_the_account_and_loses_nothing(kind: Kind, stage: Stage) -> None:
    kind.revoke()
    people = [kind.person() for _ in range(3)]
    messages = []
    for number, person in enumerate(people):
        stage.know(person)
        messages.append(stage.say(person, f"Слово {number}"))
    stage.settle(rounds=3)
    assert [stage.fresh(message).state for message in messages] == ["pending"] * 3
    with stage.salon.work():
        assert Connection.objects.get().state == "broken"
    kind.calm()
    with stage.salon.work():
        Connection.objects.update(state="ok")
    stage.settle()
    assert [stage.fresh(message).state for message in messages] == ["sent"] * 3
    assert [len(person.got()) for person in people] == [1, 1, 1]
